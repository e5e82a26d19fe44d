"""The documents that the target refused in a run: the list, one of them whole, and the run that tries them again."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.draft import equalising
from tui_migrate.ui.look import Fault
from tui_migrate.ui.one_start import OneStart
from tui_migrate.ui.plan_reading import PlanOfRun
from tui_migrate.ui.reject_words import (
    COLUMNS,
    document_words,
    reject_rows,
    reject_sentences,
    sheet_words,
    what_blocks_retry,
)
from tui_migrate.ui.retrying import retry
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.taking_back import Begun
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import run_name
from tui_migrate.worker.rejected_documents import RejectedDocument, RejectList, read_rejected, read_rejects

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


class RejectsScreen(OperatorScreen):
    """The refused documents of the run of an id."""

    ACTIONS: ClassVar = ("run.open", "run.retry", "look.again", "table.filter", "table.sort")

    class Read(Message):
        """The list was read, or why it could not be."""

        def __init__(self, found: RejectList, fault: Fault | None = None) -> None:
            super().__init__()
            self.found = found
            self.fault = fault

    class Retried(Message):
        """The retry is recorded."""

        def __init__(self, begun: Begun) -> None:
            super().__init__()
            self.begun = begun

    class PlannedAnew(Message):
        """The plan is made that reads them again."""

        def __init__(self, plan: Plan) -> None:
            super().__init__()
            self.plan = plan

    def __init__(self, run_id: int, *, is_retry: bool = False) -> None:
        super().__init__()
        self._run_id = run_id
        self._is_retry = is_retry
        self._run: RunRecord | None = None
        self._mask = NOTHING
        self._knows_mask = False
        self._found: RejectList | None = None
        self._starting = OneStart(self)
        self._plan_reading = PlanOfRun(self)
        self._reading: Worker[Any] | None = None
        self._is_behind = False

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentence and the list."""
        yield Prose([" Reading the journal…"], id="what")
        yield FaultPane(id="rejects-fault")
        yield Table(COLUMNS, empty="Reading the refused documents…", id="rejects")

    def on_mount(self) -> None:
        """Let the keys of the table work at once."""
        super().on_mount()
        self.query_one(Table).focus()

    def subject(self) -> Subject:
        """The run."""
        return Subject(run_id=self._run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """The run, and how dangerous its target is: a retry writes there."""
        return f"run {run_name(self._run_id)}   rejects", *head_right(self._run, self.size.width)

    def help_text(self) -> str:
        """What a reject is, and what trying again does."""
        return (
            "A document that the target refuses is put aside in a file, with the reason, where the plan allows"
            " rejects; the run goes on. enter shows a document as it was to be written, without what the catalog"
            f" calls sensitive. {self.key_of('run.retry')} tries all of them again, in one of two ways. Mend what the"
            " reason names at the target, such as its validator or the document that holds a unique value, and have"
            " them written as they were kept. Or mend the documents at the source, and have them read again from there."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to open or to try again in an empty list."""
        if action_id == "run.open":
            return self.is_mounted and self.query_one(Table).cursor_key is not None
        if action_id == "run.retry":
            has_some = self._found is not None and self._found.total > 0
            is_possible = has_some and self._run is not None and not what_blocks_retry(self._run)
            return is_possible and not self._starting.is_under_way
        if action_id == "look.again":
            return self.is_mounted and bool(self.query_one("#rejects-fault", FaultPane).display)
        return True

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Read the list where the run is another than it was."""
        before, self._run = self._run, snapshot.run
        if snapshot.run is None:
            self.query_one("#what", Prose).say([f" ✗ There is no run {run_name(self._run_id)} any more."])
            self.query_one(Table).show([], empty="Nothing is left to show; esc goes back.")
            return
        plan = self._plan_reading.of(snapshot.run)
        if plan is None:
            return  # what may be shown is not known yet
        is_first = not self._knows_mask
        if is_first:
            self._mask, self._knows_mask = Mask.of_plan(plan), True
        if is_first or before is None or _standing(before) != _standing(snapshot.run):
            self._is_behind = self._is_reading  # a read that is cut short at each change would never end
            if not self._is_reading:
                self.action_look_again()
        self._draw()

    def on_rejects_screen_read(self, message: Read) -> None:
        """Show what was read."""
        self._reading = None
        if self._run is None:
            return  # it was deleted meanwhile, which is said already
        pane = self.query_one("#rejects-fault", FaultPane)
        if message.fault is not None:
            pane.explain(message.fault.message, message.fault.hint, f"{self.key_of('look.again')} reads them again.")
            self.query_one(Table).show([], empty="The list could not be read.")
        else:
            pane.clear()
            self._found = message.found
            self.query_one(Table).show(reject_rows(message.found, self._mask), empty="No document was refused.")
        self._draw()
        if self._is_behind:
            self.action_look_again()
        elif self._is_retry and message.fault is None:
            self._is_retry = False
            self.action_run_retry()

    def on_rejects_screen_retried(self, message: Retried) -> None:
        """Go over to the retry."""
        from tui_migrate.ui.screens.run import RunScreen  # which leads to this screen

        self.go_over_to(RunScreen(message.begun.run_id, message.begun.fault))

    def on_rejects_screen_planned_anew(self, message: PlannedAnew) -> None:
        """Check the plan, from where it is started."""
        from tui_migrate.ui.screens.new_migration import NewMigrationScreen  # which leads to this screen

        self.app.push_screen(NewMigrationScreen(equalising(message.plan)))

    def on_table_opened(self) -> None:
        """Show the document under the cursor."""
        self.action_run_open()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_run_open(self) -> None:
        """Show the document under the cursor."""
        key = self.query_one(Table).cursor_key
        if key is not None and self._found is not None:
            self.app.push_screen(RejectSheet(self._run_id, self._found.documents[int(key)], self._mask))

    def action_run_retry(self) -> None:
        """Ask, then begin the run that writes them again; never twice."""
        if self.is_available("run.retry"):
            self._starting.begin(self._retry, f"retry-{self._run_id}")

    def action_look_again(self) -> None:
        """Read the list."""
        self._is_behind = False
        self._reading = self.migrate_app.in_background(self._read(), f"rejects-{self._run_id}")

    def go_back(self) -> bool:
        """Stop connecting, where that is under way; nothing was started then."""
        return self._starting.stop()

    @property
    def _is_reading(self) -> bool:
        return self._reading is not None and not self._reading.is_finished

    async def _read(self) -> None:
        try:
            self.post_message(self.Read(await read_rejects(self.session.home, self._run_id)))
        except TuiMigrateError as error:
            self.post_message(self.Read(RejectList(), Fault.of(error)))

    async def _retry(self) -> None:
        if self._found is None:
            return
        begun = await retry(self.migrate_app, self._run_id, self._found.total, self._mask)
        if isinstance(begun, Plan):
            self.post_message(self.PlannedAnew(begun))
        elif begun is not None:
            self.post_message(self.Retried(begun))

    def _draw(self) -> None:
        if self._run is not None and self._found is not None:
            self.query_one("#what", Prose).say(reject_sentences(self._run, self._found, self.session.keys))
        self.refresh_frame()


def _standing(run: RunRecord) -> tuple[object, ...]:
    return run.counts.rejected, run.state


class RejectSheet(Window[None]):
    """One refused document, read when the sheet is opened."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]
    KEYS: ClassVar = (("esc", "Back"),)

    class Read(Message):
        """What stands under the head of the sheet."""

        def __init__(self, paragraphs: list[str]) -> None:
            super().__init__()
            self.paragraphs = paragraphs

    def __init__(self, run_id: int, rejected: RejectedDocument, mask: Mask) -> None:
        super().__init__()
        self._run_id = run_id
        self._rejected = rejected
        self._mask = mask

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="sheet"):
            yield Pager([*sheet_words(self._rejected, self._mask), "", "Reading the document… esc goes back."])

    def on_mount(self) -> None:
        """Let the keys move the text, and read."""
        self.query_one(Pager).focus()
        cast("MigrateApp", self.app).in_background(self._read(), "rejected-document")

    def on_reject_sheet_read(self, message: Read) -> None:
        """Show what was read."""
        head = sheet_words(self._rejected, self._mask)
        self.query_one(Pager).say([*head, "", *message.paragraphs, "", "esc goes back"])

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    async def _read(self) -> None:
        home = cast("MigrateApp", self.app).session.home
        try:
            document = await read_rejected(home, self._run_id, self._rejected.record)
            words = await asyncio.to_thread(document_words, self._rejected, document, self._mask)
            self.post_message(self.Read(list(words)))
        except TuiMigrateError as error:
            fault = Fault.of(error)
            self.post_message(self.Read([f"✗ {fault.message}", *([f"  {fault.hint}"] if fault.hint else [])]))

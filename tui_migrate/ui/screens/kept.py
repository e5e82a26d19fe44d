"""The documents that a rollback would keep because others changed them, and one of them whole."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
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
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.kept_words import COLUMNS, comparison, kept_rows, kept_sentences, sheet_words
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.screens.window import Window
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.ui.wording import local_time
from tui_migrate.wording import run_name
from tui_migrate.worker.kept_document import Versions, read_versions
from tui_migrate.worker.rollback_preview import KeptDocument

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


@dataclass(frozen=True, slots=True)
class Taken:
    """The run that is to be taken back."""

    run_id: int
    plan: Plan

    @property
    def mask(self) -> Mask:
        """What the plan's catalog hides."""
        return Mask.of_plan(self.plan)


class KeptScreen(OperatorScreen):
    """The list; `collection` is where the cursor begins."""

    ACTIONS = ("run.open", "table.filter", "table.sort")

    def __init__(self, taken: Taken, changes: Changes, collection: str = "") -> None:
        super().__init__()
        self._taken = taken
        self._changes = changes
        self._collection = collection
        self._run: RunRecord | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentence and the list."""
        yield Prose(id="what")
        yield Table(COLUMNS, empty="No document is kept.", id="kept")

    def on_mount(self) -> None:
        """Fill the list once: it is of the time at which it was made."""
        super().on_mount()
        kept = self._changes.preview.kept
        said = kept_sentences(len(kept), self._changes.preview.sum.kept, local_time(self._changes.at))
        self.query_one("#what", Prose).say(said)
        table = self.query_one(Table)
        table.show(kept_rows(kept, self._taken.mask))
        first = next((str(place) for place, one in enumerate(kept) if one.collection == self._collection), None)
        if first is not None:
            table.move_to(first)
        table.focus()

    def subject(self) -> Subject:
        """The run that is to be taken back."""
        return Subject(run_id=self._taken.run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """Which list of which run, and how dangerous its target is."""
        words = f"roll back run {run_name(self._taken.run_id)} › kept documents"
        return words, *head_right(self._run, self.size.width)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Learn how dangerous the target is; the list is of the time at which it was made."""
        self._run = snapshot.run

    def help_text(self) -> str:
        """What is kept, and what enter reads."""
        return (
            "These documents are not as the run left them: somebody changed or deleted them since. A rollback leaves"
            " them as they are and makes a finding of each. enter reads the one under the cursor from the target, and"
            " from the source if that can be reached, and shows what is different."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to open in an empty list."""
        return action_id != "run.open" or (self.is_mounted and self.query_one(Table).cursor_key is not None)

    def on_table_opened(self) -> None:
        """Show the document under the cursor."""
        self.action_run_open()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_run_open(self) -> None:
        """Show the document under the cursor."""
        if (key := self.query_one(Table).cursor_key) is not None:
            self.app.push_screen(KeptSheet(self._taken, self._changes.preview.kept[int(key)]))


class KeptSheet(Window[None]):
    """One document: what is different, read anew when the sheet is opened."""

    BINDINGS: ClassVar = [Binding("escape,q,enter", "close", show=False)]

    class Read(Message):
        """What stands under the head of the sheet."""

        def __init__(self, paragraphs: list[str]) -> None:
            super().__init__()
            self.paragraphs = paragraphs

    def __init__(self, taken: Taken, kept: KeptDocument) -> None:
        super().__init__()
        self._taken = taken
        self._kept = kept
        self._reading: Worker[Any] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="sheet"):
            yield Pager([*sheet_words(self._kept, self._taken.mask), "", "Reading the document… esc goes back."])

    def on_mount(self) -> None:
        """Let the keys move the text, and read."""
        self.query_one(Pager).focus()
        self._reading = self._migrate_app.in_background(self._read(), "kept-document")

    def on_kept_sheet_read(self, message: Read) -> None:
        """Show what was read."""
        self.query_one(Pager).say(
            [*sheet_words(self._kept, self._taken.mask), *message.paragraphs, "", "esc goes back"]
        )

    def action_close(self) -> None:
        """Go back; what is still being read is given up."""
        if self._reading is not None:
            self._reading.cancel()
        self.dismiss(None)

    @property
    def _migrate_app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    def _shown(self, versions: Versions) -> Versions:
        """Give the versions without what the plan's catalog calls sensitive."""
        mask, name, key = self._taken.mask, self._kept.collection, secrets.token_bytes(16)
        before, written, current = (
            None if one is None else mask.document(name, one, key)
            for one in (versions.before, versions.written, versions.current)
        )
        return Versions(before, written, current, versions.is_as_written)

    async def _read(self) -> None:
        session = self._migrate_app.session
        paragraphs: list[str] = []
        try:
            versions = await read_versions(
                session.home, self._taken.run_id, self._taken.plan, session.passwords, self._kept
            )
            paragraphs = await asyncio.to_thread(comparison, self._shown(versions))
        except* TuiMigrateError as group:
            fault = Fault.of(first_error(group))
            paragraphs = ["", f"✗ {fault.message}", *([f"  {fault.hint}"] if fault.hint else [])]
        self.post_message(self.Read(paragraphs))

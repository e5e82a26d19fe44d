"""The documents of a collection that a rollback touches, each with what becomes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.greeting import SLOW_SECONDS
from tui_migrate.ui.look import Fault
from tui_migrate.ui.rollback_words import COLUMNS, id_words, touched_rows, touched_sentences
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.rollback_document import RollbackDocumentScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table
from tui_migrate.wording import duration, run_name
from tui_migrate.worker.rollback_documents import TouchedDocument, TouchedList, list_touched
from tui_migrate.worker.rollback_preview import Tally


@dataclass(frozen=True, slots=True)
class Taken:
    """The run that is to be taken back; `force` takes back what others have changed, too."""

    run_id: int
    plan: Plan
    force: bool = False

    @property
    def mask(self) -> Mask:
        """What the plan's catalog hides."""
        return Mask.of_plan(self.plan)


class RollbackDocumentsScreen(OperatorScreen):
    """The list of one collection. `changes` is what was counted in the target, None where it was not."""

    ACTIONS: ClassVar = ("run.open", "look.again", "table.filter", "table.sort")

    class Listed(Message):
        """The undo log was read, or why it could not be."""

        def __init__(self, found: TouchedList | None, fault: Fault | None = None) -> None:
            super().__init__()
            self.found = found
            self.fault = fault

    def __init__(self, taken: Taken, collection: str, changes: Changes | None = None) -> None:
        super().__init__()
        self._taken = taken
        self._mask = taken.mask
        self._collection = collection
        self._changes = changes if changes is not None and changes.is_done else None
        self._found: TouchedList | None = None
        self._reading: Worker[Any] | None = None
        self._begun = 0.0
        self._run: RunRecord | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Lay out the sentences and the list."""
        yield Prose(id="what")
        yield FaultPane(id="fault")
        yield Table(COLUMNS, empty="", id="documents")

    def on_mount(self) -> None:
        """Read the list once: an undo log stays as it is."""
        self._timer: Timer = self.set_interval(1.0, self._draw_waiting, pause=True)
        self.query_one(Table).focus()
        self.action_look_again()

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        if self._reading is not None:
            self._reading.cancel()

    def subject(self) -> Subject:
        """The run that is to be taken back."""
        return Subject(run_id=self._taken.run_id)

    def where(self) -> tuple[str, Environment | None, str]:
        """Which collection of which run, and how dangerous its target is."""
        words = f"roll back run {run_name(self._taken.run_id)} › {printable(self._collection)}"
        return words, *head_right(self._run, self.size.width)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Learn how dangerous the target is."""
        self._run = snapshot.run

    def help_text(self) -> str:
        """What stands in the list, and what enter reads."""
        return (
            "The documents that the run inserted, replaced or deleted, as its undo log has them, in the order in which"
            f" they were written. What others have changed since is known where {self.key_of('rollback.look')} on the"
            " screen before has counted it, and stands first: a rollback leaves it as it is and makes a finding of it."
            " enter reads the document under the cursor from the target and shows it beside the one before the run."
        )

    def is_available(self, action_id: str) -> bool:
        """There is nothing to open in an empty list; it is read again where it could not be."""
        if action_id == "look.again":
            return self.is_mounted and bool(self.query_one("#fault", FaultPane).display)
        return action_id != "run.open" or (self.is_mounted and self.query_one(Table).cursor_key is not None)

    def copyable(self) -> Sequence[Copyable]:
        """The _id under the cursor."""
        found = self._under_cursor()
        return [] if found is None else [Copyable("_id", id_words(*found, self._mask))]

    def on_table_opened(self) -> None:
        """Show the document under the cursor."""
        self.action_run_open()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def action_run_open(self) -> None:
        """Show the document under the cursor."""
        if (found := self._under_cursor()) is not None:
            document, place = found
            shown = id_words(document, place, self._mask)
            self.app.push_screen(RollbackDocumentScreen(self._taken.run_id, self._taken.plan, document, shown))

    def action_look_again(self) -> None:
        """Read the undo log."""
        self._begun = self.session.clock()
        self.query_one("#fault", FaultPane).clear()
        self.query_one(Table).show([], empty="Reading the undo log…")
        self._reading = self.migrate_app.in_background(self._read(), f"rollback-documents-{self._taken.run_id}")
        self._timer.resume()
        self._draw_waiting()

    def on_rollback_documents_screen_listed(self, message: Listed) -> None:
        """Show what was read, or why it was not."""
        self._timer.pause()
        self._found = message.found
        if message.fault is not None:
            self.query_one("#what", Prose).say([" The undo log cannot be read: as it stands nothing is rolled back."])
            again = f"{self.key_of('look.again')} reads it again."
            self.query_one("#fault", FaultPane).explain(message.fault.message, message.fault.hint, again)
            self.query_one(Table).show([], empty="Nothing is known of its documents.")
        if message.found is not None:
            tally = self._changes.preview.collections.get(self._collection, Tally()) if self._changes else None
            said = touched_sentences(message.found, tally, self._changes, self.session.keys, force=self._taken.force)
            self.query_one("#what", Prose).say(said)
            rows = touched_rows(message.found, self._mask)
            self.query_one(Table).show(rows, empty="The run changed no document here. esc goes back.")
        self.refresh_frame()

    async def _read(self) -> None:
        kept = self._changes.preview.kept if self._changes is not None else ()
        try:
            found = await list_touched(self.session.home, self._taken.run_id, self._collection, kept)
        except TuiMigrateError as error:
            self.post_message(self.Listed(None, Fault.of(error)))
        else:
            self.post_message(self.Listed(found))

    def _draw_waiting(self) -> None:
        waited = self.session.clock() - self._begun
        slow = f", waiting for {duration(waited)}" if waited >= SLOW_SECONDS else ""
        self.query_one("#what", Prose).say([f" Reading the undo log{slow}… esc goes back."])

    def _under_cursor(self) -> tuple[TouchedDocument, int] | None:
        key = self.query_one(Table).cursor_key
        return None if key is None or self._found is None else (self._found.documents[int(key)], int(key))

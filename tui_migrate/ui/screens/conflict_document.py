"""One document of the queue: the source's and the target's as they are now, and the keys that decide between them."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.message import Message

from tui_migrate.errors import CredentialsMissing, TuiMigrateError
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, RunRecord
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.conflict_words import SIDE_COLUMNS, SIDE_NAMES, comparison, head_words, id_words, said_of
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.document_diff import diff_of, side_by_side
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.document import DocumentScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.table import Row
from tui_migrate.wording import run_name
from tui_migrate.worker.conflict_documents import Sides, read_sides

Deciding = Callable[[ConflictRecord, ConflictState], None]


class ConflictScreen(DocumentScreen):
    """Both ends' documents, read anew when the screen is opened; `decide` is told what was decided."""

    ACTIONS: ClassVar = ("conflict.keep", "conflict.replace", "look.again")
    SIDES: ClassVar = SIDE_COLUMNS
    READS: ClassVar = "conflict-document"

    class Read(Message):
        """Both ends were read: as text and as rows; or why not."""

        def __init__(self, said: Sequence[str], text: Sequence[str], rows: Sequence[Row], fault: Fault | None) -> None:
            super().__init__()
            self.said = said
            self.text = text
            self.rows = rows
            self.fault = fault

    def __init__(self, run_id: int, conflict: ConflictRecord, mask: Mask, decide: Deciding) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: RunRecord | None = None
        self._conflict = conflict
        self._mask = mask
        self._decided = decide
        self._read_last: ConflictScreen.Read | None = None

    def where(self) -> tuple[str, Environment | None, str]:
        """Which document of which run, and how dangerous the target is that the decision is about."""
        name = printable(self._conflict.collection)
        words = f"run {run_name(self._run_id)} › conflicts › {name} {id_words(self._conflict, self._mask)}"
        return words, *head_right(self._run, self.size.width)

    def subject(self) -> Subject:
        """The run that asks."""
        return Subject(run_id=self._run_id)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Learn how dangerous the target is."""
        self._run = snapshot.run

    def help_text(self) -> str:
        """How to read it, and what the keys do."""
        return (
            "- is what only the source's has, + what only the target's has. From 120 columns on both stand side by"
            f" side. {self.key_of('conflict.keep')} keeps the target's, {self.key_of('conflict.replace')} puts the"
            " source's in its place; the run writes it when it is taken up again."
        )

    def is_available(self, action_id: str) -> bool:
        """What is written cannot be decided any more; reading again waits for the reading."""
        if action_id == "look.again":
            return not self.is_reading
        return self._conflict.state in (ConflictState.OPEN, *DECISIONS)

    def copyable(self) -> Sequence[Copyable]:
        """The difference, and the _id."""
        text = self._read_last.text if self._read_last is not None else ()
        own = [Copyable("difference", "\n".join(text))] if text else []
        return [*own, Copyable("_id", id_words(self._conflict, self._mask))]

    def on_conflict_screen_read(self, message: Read) -> None:
        """Show what was read."""
        self._read_last = message
        self.has_read()

    def action_conflict_keep(self) -> None:
        """Keep the target's."""
        self._leave(ConflictState.KEEP)

    def action_conflict_replace(self) -> None:
        """Take the source's."""
        self._leave(ConflictState.REPLACE)

    def _leave(self, decision: ConflictState) -> None:
        self.app.pop_screen()
        self._decided(self._conflict, decision)

    async def read(self) -> None:
        """Read both ends."""
        app = self.migrate_app
        try:
            plan = await plan_of(app, self._run_id)
            if not await have_passwords(app, (plan.source, plan.target)):
                hint = f"{self.key_of('look.again')} asks for them again"
                raise CredentialsMissing("without the passwords the ends cannot be read", hint=hint)
            sides = await read_sides(app.session.home, plan, app.session.passwords, self._conflict)
            message = await asyncio.to_thread(self._shown, plan, sides)
        except* TuiMigrateError as group:
            message = self.Read((), (), (), Fault.of(first_error(group)))
        self.post_message(message)

    def _shown(self, plan: Plan, sides: Sides) -> Read:
        """Lay both out without what the plan's catalog calls sensitive."""
        mask, name, key = Mask.of_plan(plan), self._conflict.collection, secrets.token_bytes(16)
        ours, theirs = (None if one is None else mask.document(name, one, key) for one in (sides.ours, sides.theirs))
        masked = Sides(ours, theirs, sides.is_as_queued)
        rows = side_by_side(diff_of(ours, theirs, name, NOTHING), SIDE_NAMES)
        return self.Read(said_of(masked), comparison(masked), rows, None)

    def draw(self) -> None:
        """Draw how it stands, and what was read."""
        read = self._read_last
        if self.is_reading:
            said: Sequence[str] = [f" Reading both ends…{self.slow_words()} esc goes back."]
        else:
            said = [f" {one}" for one in read.said] if read is not None else []
        fault = read.fault if read is not None and not self.is_reading else None
        text, rows = (read.text, read.rows) if read is not None else ((), ())
        empty = "Nothing to show." if read is not None else ""
        self.draw_document([*head_words(self._conflict), *said], fault, text, rows, empty)

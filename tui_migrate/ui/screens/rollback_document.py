"""One document that a rollback touches: as it was before the run, and as it is in the target now."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual.message import Message

from tui_migrate.errors import CredentialsMissing, TuiMigrateError
from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.document_diff import side_by_side
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.rollback_words import (
    FATES,
    SIDE_COLUMNS,
    SIDE_NAMES,
    shown_versions,
    version_text,
    version_words,
)
from tui_migrate.ui.screens.document import DocumentScreen
from tui_migrate.ui.screens.run_view import head_right
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.table import Row
from tui_migrate.wording import run_name
from tui_migrate.worker.rollback_documents import TouchedDocument, Versions, read_versions


class RollbackDocumentScreen(DocumentScreen):
    """Both versions; the target's is read anew when the screen is opened. `shown_id` is as it may be shown."""

    ACTIONS: ClassVar = ("look.again",)
    SIDES: ClassVar = SIDE_COLUMNS
    READS: ClassVar = "rollback-document"

    class Read(Message):
        """The document was read: what is said of it, as text, and as rows; or why it was not."""

        def __init__(
            self, said: Sequence[str], text: Sequence[str], rows: Sequence[Row], fault: Fault | None = None
        ) -> None:
            super().__init__()
            self.said = said
            self.text = text
            self.rows = rows
            self.fault = fault

    def __init__(self, run_id: int, plan: Plan, document: TouchedDocument, shown_id: str) -> None:
        super().__init__()
        self._run_id = run_id
        self._plan = plan
        self._document = document
        self._shown_id = shown_id
        self._last: RollbackDocumentScreen.Read | None = None
        self._run: RunRecord | None = None

    def where(self) -> tuple[str, Environment | None, str]:
        """Which document of which run, and how dangerous its target is."""
        name = printable(self._document.collection)
        words = f"roll back run {run_name(self._run_id)} › {name} › {self._shown_id}"
        return words, *head_right(self._run, self.size.width)

    def subject(self) -> Subject:
        """The run that is to be taken back."""
        return Subject(run_id=self._run_id)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Learn how dangerous the target is."""
        self._run = snapshot.run

    def help_text(self) -> str:
        """How to read it."""
        return (
            "- is what the document had before the run, from the undo log; + is what it has in the target now. What a"
            " rollback does about it is told from what was read just now. From 120 columns on both stand side by side."
        )

    def is_available(self, action_id: str) -> bool:
        """It can be read again while nobody reads it."""
        return action_id != "look.again" or not self.is_reading

    def copyable(self) -> Sequence[Copyable]:
        """The difference, and the _id."""
        text = self._last.text if self._last is not None else ()
        own = [Copyable("difference", "\n".join(text))] if text else []
        return [*own, Copyable("_id", self._shown_id)]

    def on_rollback_document_screen_read(self, message: Read) -> None:
        """Show what was read."""
        self._last = message
        self.has_read()

    async def read(self) -> None:
        """Read the target, and the undo log."""
        app = self.migrate_app
        try:
            if not await have_passwords(app, (self._plan.target,)):
                hint = f"{self.key_of('look.again')} asks for it again"
                raise CredentialsMissing("without its password the target cannot be read", hint=hint)
            versions = await read_versions(
                app.session.home, self._run_id, self._plan, app.session.passwords, self._document
            )
            message = await asyncio.to_thread(self._shown, versions)
        except* TuiMigrateError as group:
            message = self.Read((), (), (), Fault.of(first_error(group)))
        self.post_message(message)

    def draw(self) -> None:
        """Draw what is done about it, and both versions."""
        last = self._last
        if self.is_reading:
            said: Sequence[str] = [f" Reading the document from the target…{self.slow_words()} esc goes back."]
        elif last is not None and last.fault is None:
            said = last.said
        else:
            said = [f" {FATES[self._document.fate]}; the target's document was not read."]
        fault = last.fault if last is not None and not self.is_reading else None
        text, rows = (last.text, last.rows) if last is not None else ((), ())
        self.draw_document(said, fault, text, rows, "Reading…" if self.is_reading else "Nothing to show.")

    def _shown(self, versions: Versions) -> Read:
        """Lay both versions out without what the plan's catalog calls sensitive."""
        shown = shown_versions(versions, self._document.collection, Mask.of_plan(self._plan))
        return self.Read(version_words(shown), version_text(shown), side_by_side(shown.diff, SIDE_NAMES))

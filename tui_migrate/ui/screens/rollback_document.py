"""One document that a rollback touches: as it was before the run, and as it is in the target now."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import Mask
from tui_migrate.ui.document_diff import side_by_side
from tui_migrate.ui.rollback_words import (
    FATES,
    SIDE_COLUMNS,
    SIDE_NAMES,
    shown_versions,
    version_text,
    version_words,
)
from tui_migrate.ui.screens.run_document import RunDocumentScreen
from tui_migrate.wording import run_name
from tui_migrate.worker.rollback_documents import TouchedDocument, Versions, read_versions


class RollbackDocumentScreen(RunDocumentScreen):
    """Both versions; the target's is read anew when the screen is opened. `shown_id` is as it may be shown."""

    SIDES: ClassVar = SIDE_COLUMNS
    READS: ClassVar = "rollback-document"

    def __init__(self, run_id: int, plan: Plan, document: TouchedDocument, shown_id: str) -> None:
        super().__init__(run_id, shown_id)
        self._plan = plan
        self._document = document

    def what(self) -> str:
        """Which document of which run."""
        return f"roll back run {run_name(self.run_id)} › {printable(self._document.collection)} › {self.shown_id}"

    def help_text(self) -> str:
        """How to read it."""
        return (
            "- is what the document has in the target now; + is what it had before the run, from the undo log. What a"
            " rollback does about it is told from what was read just now. From 120 columns on both stand side by side."
        )

    async def versions(self) -> RunDocumentScreen.Read:
        """Read the target, and the undo log."""
        await self.have_passwords(self._plan.target)
        session = self.session
        found = await read_versions(session.home, self.run_id, self._plan, session.passwords, self._document)
        return await asyncio.to_thread(self._shown, found)

    def draw(self) -> None:
        """Draw what is done about it, and both versions."""
        if self.is_reading:
            said: Sequence[str] = [f" Reading the document from the target…{self.slow_words()} esc goes back."]
        elif self.last is not None and self.last.fault is None:
            said = self.last.said
        else:
            said = [f" {FATES[self._document.fate]}; the target's document was not read."]
        self.draw_versions(said, "Reading…" if self.is_reading else "Nothing to show.")

    def _shown(self, versions: Versions) -> RunDocumentScreen.Read:
        """Lay both versions out without what the plan's catalog calls sensitive."""
        shown = shown_versions(versions, self._document.collection, Mask.of_plan(self._plan))
        return self.Read(version_words(shown), version_text(shown), side_by_side(shown.diff, SIDE_NAMES))

"""One document of the queue: the source's and the target's as they are now, and the keys that decide between them."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import ClassVar

from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState
from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.conflict_words import SIDE_COLUMNS, SIDE_NAMES, comparison, head_words, id_words, said_of
from tui_migrate.ui.document_diff import diff_of, side_by_side
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.run_document import RunDocumentScreen
from tui_migrate.wording import run_name
from tui_migrate.worker.conflict_documents import Sides, read_sides

Deciding = Callable[[ConflictRecord, ConflictState], None]


class ConflictScreen(RunDocumentScreen):
    """Both ends' documents, read anew when the screen is opened; `decide` is told what was decided."""

    ACTIONS: ClassVar = ("conflict.keep", "conflict.replace", "look.again")
    SIDES: ClassVar = SIDE_COLUMNS
    READS: ClassVar = "conflict-document"

    def __init__(self, run_id: int, conflict: ConflictRecord, mask: Mask, decide: Deciding) -> None:
        super().__init__(run_id, id_words(conflict, mask))
        self._conflict = conflict
        self._decided = decide

    def what(self) -> str:
        """Which document of which run."""
        return f"run {run_name(self.run_id)} › {printable(self._conflict.collection)} {self.shown_id}"

    def help_text(self) -> str:
        """How to read it, and what the keys do."""
        return (
            "- is what only the target's has, + what only the source's has. From 120 columns on both stand side by"
            f" side. {self.key_of('conflict.keep')} keeps the target's, {self.key_of('conflict.replace')} puts the"
            " source's in its place; the run writes it when it is taken up again."
        )

    def is_available(self, action_id: str) -> bool:
        """What is written, or of a run that is over, cannot be decided any more."""
        if not action_id.startswith("conflict."):
            return super().is_available(action_id)
        is_over = self.run_record is not None and self.run_record.state.is_final
        return not is_over and self._conflict.state in (ConflictState.OPEN, *DECISIONS)

    def action_conflict_keep(self) -> None:
        """Keep the target's."""
        self._leave(ConflictState.KEEP)

    def action_conflict_replace(self) -> None:
        """Take the source's."""
        self._leave(ConflictState.REPLACE)

    def _leave(self, decision: ConflictState) -> None:
        self.app.pop_screen()
        self._decided(self._conflict, decision)

    async def versions(self) -> RunDocumentScreen.Read:
        """Read both ends."""
        app = self.migrate_app
        plan = await plan_of(app, self.run_id)
        await self.have_passwords(plan.source, plan.target)
        sides = await read_sides(app.session.home, plan, app.session.passwords, self._conflict)
        return await asyncio.to_thread(self._shown, plan, sides)

    def draw(self) -> None:
        """Draw how it stands, and what was read."""
        if self.is_reading:
            said: Sequence[str] = [f" Reading both ends…{self.slow_words()} esc goes back."]
        else:
            said = [f" {one}" for one in self.last.said] if self.last is not None else []
        empty = "Nothing to show." if self.last is not None else ""
        self.draw_versions([*head_words(self._conflict), *said], empty)

    def _shown(self, plan: Plan, sides: Sides) -> RunDocumentScreen.Read:
        """Lay both out without what the plan's catalog calls sensitive."""
        mask, name, key = Mask.of_plan(plan), self._conflict.collection, secrets.token_bytes(16)
        ours, theirs = (None if one is None else mask.document(name, one, key) for one in (sides.ours, sides.theirs))
        masked = Sides(ours, theirs, sides.is_as_queued)
        rows = side_by_side(diff_of(ours, theirs, name, NOTHING), SIDE_NAMES)
        return self.Read(said_of(masked), comparison(masked), rows)

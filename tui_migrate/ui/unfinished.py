"""Keeps the plan being made on disk while it changes, and offers the one of an earlier sitting."""

import asyncio
from typing import TYPE_CHECKING

from tui_migrate.errors import StorageFailed
from tui_migrate.redaction import printable
from tui_migrate.ui import draft_file
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.dialogs import Choose

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


class Unfinished:
    """The one draft of an app. `offered` is that of an earlier sitting, until somebody has decided about it."""

    def __init__(self, app: "MigrateApp") -> None:
        self._app = app
        self._noted: Draft | None = None
        self._written: Draft | None = None
        self._is_writing = False
        self._has_failed = False
        self.offered: Draft | None = None

    @property
    def is_at_rest(self) -> bool:
        """True while nothing is being written."""
        return not self._is_writing

    @property
    def waiting(self) -> Draft | None:
        """The plan that `n` goes on with: that of an earlier sitting, or one that this sitting left."""
        if self.offered is not None:
            return self.offered
        draft = self._app.session.draft
        return draft if draft_file.is_begun(draft) else None

    async def find(self) -> None:
        """Look for one. Raises InvalidFile, UsageError for one that cannot be read; it is left where it is."""
        found = await asyncio.to_thread(draft_file.read, self._app.session.home)
        if self._noted is None:  # or else what was found is what this sitting has chosen
            self.offered = found

    def note(self, draft: Draft) -> None:
        """Keep what is chosen by now. One of an earlier sitting stays until something was chosen."""
        if self._noted is None and not draft_file.is_begun(draft):
            return
        if draft != self._noted:
            self._noted, self.offered = draft, None
            if not self._is_writing:
                self._is_writing = True
                self._app.in_background(self._write(), "draft")

    def finish(self) -> None:
        """Write what is not written yet, now that nothing runs beside any more."""
        if self._noted is not None and self._noted != self._written:
            draft_file.save(self._app.session.home, self._noted)

    async def ask(self) -> Draft | None:
        """Let the operator decide about one of an earlier sitting: the draft to begin with, None for esc.

        To be awaited in background work.
        """
        if (draft := self.offered) is None:
            return self._app.session.draft
        choices = [("on", "Go on with it"), ("anew", "Begin a new plan; it is forgotten with your first choice")]
        chosen = await self._app.push_screen_wait(Choose("An unfinished plan", [printable(words(draft))], choices))
        if chosen is None:
            return None
        self.offered = None
        return draft if chosen == "on" else Draft()

    async def _write(self) -> None:
        """Write until what is written is what is chosen. Where that fails it is said once, until it works again."""
        try:
            while self._noted is not None and self._noted != self._written:
                draft = self._noted
                await asyncio.to_thread(draft_file.save, self._app.session.home, draft)
                self._written = draft
            if self._has_failed:
                self._has_failed = False
                self._app.say("The plan is kept again.", is_error=False)
        except StorageFailed as error:
            if not self._has_failed:
                self._has_failed = True
                self._app.say(f"The plan is not kept: {error.message}; the next change tries again")
        finally:
            self._is_writing = False


def words(draft: Draft) -> str:
    """Say in one line what the draft is about."""
    ends = " → ".join("—" if end is None else end.label for end in (draft.source, draft.target))
    marked = f", {len(draft.marks):,} collection{'s' if len(draft.marks) != 1 else ''} marked" if draft.marks else ""
    return f"{ends}{marked}, left at {draft.step.title}"

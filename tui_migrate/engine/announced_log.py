"""The undo log of a run at work, which has the journal know that the run writes before it records the first write."""

from collections.abc import Awaitable, Callable, Sequence

from tui_migrate.engine.undo_log import Intent, Made, Removed, UndoLog


class AnnouncedLog(UndoLog):
    """Calls `announce` once, before the first record of something that is to change the target.

    A run that finds everything equal, or keeps all that differs, never calls it, and has nothing to be taken back.
    """

    announce: Callable[[], Awaitable[None]] | None = None

    async def record(self, collection: str, attempt: int, session: bytes, intents: Sequence[Intent]) -> None:
        """Append a GROUP and its INTENTs and make them durable. Raises StorageFailed."""
        await self._announce()
        await super().record(collection, attempt, session, intents)

    async def note_made(self, made: Made) -> None:
        """Append that a thing is about to be created, or what came of that, and make that durable."""
        await self._announce()
        await super().note_made(made)

    async def note_removed(self, removed: Removed) -> Removed:
        """Append that a thing is about to be taken away, make that durable, and give it with its place in the log."""
        await self._announce()
        return await super().note_removed(removed)

    async def _announce(self) -> None:
        if self.announce is not None:
            await self.announce()
            self.announce = None

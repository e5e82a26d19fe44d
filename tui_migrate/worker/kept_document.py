"""Reading one document that a rollback would keep: as it was before the run, as the run wrote it, and as it is now."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import RawId, content_hash, normalise
from tui_migrate.engine.undo_log import Intent
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home, RunFolder
from tui_migrate.plan.ends import open_planned_source
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.stores.base import Source
from tui_migrate.worker.rollback_preview import KeptDocument, opened_target, patience

SOURCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Versions:
    """A document's BSON bytes, None where there is none.

    `written` is what the run wrote. Of that the undo log has the hash alone: it is known where the source still has
    the very same document. `is_as_written` says that what is there now has that hash.
    """

    before: bytes | None = field(repr=False)
    written: bytes | None = field(repr=False)
    current: bytes | None = field(repr=False)
    is_as_written: bool = False


async def read_versions(
    home: Home, run_id: int, plan: Plan, passwords: Mapping[str, str], kept: KeptDocument
) -> Versions:
    """Read what there is of a document. Raises StorageFailed, and what keeps the target from being read."""
    intent = await asyncio.to_thread(_read_intent, home.run(run_id), kept)
    async with opened_target(plan, home, passwords) as target, patience("answered what it has of this document"):
        current = await _look_up(target, kept.collection, intent.id)
    if current is not None and content_hash(current) == intent.after:
        return Versions(intent.before, current, current, is_as_written=True)
    return Versions(intent.before, await _from_source(home, plan, passwords, kept, intent), current)


async def _from_source(
    home: Home, plan: Plan, passwords: Mapping[str, str], kept: KeptDocument, intent: Intent
) -> bytes | None:
    """Take the document from the source where that still has what was written; it is no loss where it has not."""
    if not isinstance(plan.source, StoreEnd):
        return None
    found = None
    with suppress(TuiMigrateError, TimeoutError):
        source = await asyncio.to_thread(open_planned_source, plan, home, passwords)
        try:
            async with asyncio.timeout(SOURCE_SECONDS):
                found = await _look_up(source, kept.collection, intent.id)
        finally:
            await source.close()
    return found if found is not None and content_hash(found) == intent.after else None


async def _look_up(store: Source, collection: str, identifier: RawId) -> bytes | None:
    async with aclosing(store.lookup(collection, [identifier])) as documents:
        async for one in documents:
            return normalise(one)
    return None


def _read_intent(folder: RunFolder, kept: KeptDocument) -> Intent:
    with UndoReader(folder.undo_log) as undo:
        return undo.group_at(kept.offset).intents[kept.place]

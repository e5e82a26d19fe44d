"""Deleting documents of the target under undo records: by compare-and-set, with before-images, a batch at a time."""

from collections.abc import Mapping, Sequence

from tui_migrate.documents import RawId
from tui_migrate.engine.migration import PART_BYTES, Migration
from tui_migrate.engine.tally import Tally
from tui_migrate.engine.undo_log import NOTHING, Intent, Operation, Outcome
from tui_migrate.failpoints import failpoint
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Change, Refusal
from tui_migrate.stores.lookup import find_by_id


async def delete(migration: Migration, collection: str, ids: Sequence[RawId], tally: Tally) -> dict[Key, Refusal]:
    """Delete what the target has under these ids by now, count it, and give what it refused to let go.

    Raises Unreachable, StorageFailed.
    """
    refused: dict[Key, Refusal] = {}
    for part in await _parts(migration, collection, ids):
        attempt = _Deleting(migration, collection)
        result = await migration.target.change(collection, part, attempt.decide)
        failpoint("mirror.after_delete")
        await attempt.settle(frozenset(result.changed))
        tally.deleted(len(result.changed))
        refused.update(result.refused)
    for refusal in refused.values():
        tally.note_not_deleted(refusal.reason)
    return refused


async def _parts(migration: Migration, collection: str, ids: Sequence[RawId]) -> list[list[RawId]]:
    """Cut ids by the bytes of their documents, which come to memory together; those that are gone are left out."""
    found = await find_by_id(migration.target, collection, ids)
    parts: list[list[RawId]] = []
    room = 0
    for one in found.values():
        if not parts or one.size > room:
            parts.append([])
            room = PART_BYTES
        parts[-1].append(one.id)
        room -= one.size
    return parts


class _Deleting:
    """The deletions of one part on their way: what is recorded but not settled."""

    def __init__(self, migration: Migration, collection: str) -> None:
        self._migration = migration
        self._collection = collection
        self._open: list[Key] = []

    async def decide(self, ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
        """Record and delete what is there now."""
        keys = dict.fromkeys(map(order_key, ids))
        await self.settle(frozenset(self._open) - keys.keys())
        found = {key: (one, current[key]) for one in ids if (key := order_key(one)) in current}
        if found:
            intents = [Intent(Operation.DELETE, one, NOTHING, seen) for one, seen in found.values()]
            context = self._migration.context
            await self._migration.undo.record(
                self._collection, context.attempt, self._migration.target.session, intents
            )
            self._open = list(found)
        return [Change(one, seen, None) for one, seen in found.values()]

    async def settle(self, written: frozenset[Key]) -> None:
        """Record for the INTENTs that are open which of them took effect."""
        if self._open:
            await self._migration.undo.settle(
                [Outcome.WRITTEN if key in written else Outcome.NOT_WRITTEN for key in self._open]
            )
        self._open = []

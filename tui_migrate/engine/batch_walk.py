"""Walking a source a second time along the batches in which it was read at first."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.journal.records import Checkpoint
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.decision import is_equal
from tui_migrate.stores.lookup import Found, Keyed

MOST_BEHIND: Final = 1_000
"""How many documents behind the last batch are given together: a source that grows has any number of them."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document that the target does not have as the source has it: its key, `_id` and hash, and the hash of the
    target's.
    """

    key: Key
    id: RawId
    digest: bytes
    current: bytes | None


@dataclass(slots=True)
class WalkedBatch:
    """A batch read again. `checkpoint` is None for documents behind the last batch.

    `seen` are the keys of all its documents; `is_as_read` says that the source gave the very documents that it gave at
    first.
    """

    checkpoint: Checkpoint | None
    is_as_read: bool = False
    suspects: list[Suspect] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)


class BatchWalk:
    """Sorts documents into the batches of a run, which come in the same order.

    Where the source is ordered a batch ends with the key of its last document; else where that very `_id` comes by.
    `last_id` is that of the batch behind which the walk begins. `exactly` is as `is_equal` has it.
    """

    def __init__(
        self, checkpoints: AsyncIterator[Checkpoint], *, is_ordered: bool, last_id: bytes = b"", exactly: bool = False
    ) -> None:
        self._checkpoints = checkpoints
        self._is_ordered = is_ordered
        self._exactly = exactly
        self._open: WalkedBatch | None = None
        self._last: Key | None = None
        self._last_id = last_id
        self._digest = hashlib.blake2b(digest_size=16)

    async def take(self, items: Sequence[Keyed], found: Mapping[Key, Found] | None) -> AsyncIterator[WalkedBatch]:
        """Take documents of the source, with what the target has of them, and give the batches that are through.

        Without `found` nothing is suspected.
        """
        for item in items:
            while True:
                batch = self._open or await self._next()
                if not self._is_ordered or self._last is None or item.key <= self._last:
                    break
                yield self._close(batch)
            batch.seen.add(item.key)
            self._digest.update(item.digest)
            if found is not None:
                current = found.get(item.key)
                if current is None or not is_equal(item, current, exactly=self._exactly):
                    batch.suspects.append(Suspect(item.key, item.id, item.digest, current.digest if current else None))
            if item.key == self._last or (batch.checkpoint is None and len(batch.seen) == MOST_BEHIND):
                yield self._close(batch)

    async def finish(self) -> AsyncIterator[WalkedBatch]:
        """Give the batches that are left: those of which the source has nothing any more, and what lies behind."""
        while True:
            batch = self._open or await self._next()
            if batch.checkpoint is None:
                if batch.seen:
                    yield self._close(batch)
                return
            yield self._close(batch)

    async def _next(self) -> WalkedBatch:
        self._digest = hashlib.blake2b(digest_size=16)
        async for checkpoint in self._checkpoints:
            # A batch that gave no document with an `_id` ends with that of the one before it, and cannot be met again.
            if checkpoint.last_id and checkpoint.last_id != self._last_id:
                self._last_id = checkpoint.last_id
                self._last = order_key(RawId(checkpoint.last_id))
                self._open = WalkedBatch(checkpoint)
                return self._open
        self._last = None
        self._open = WalkedBatch(None)
        return self._open

    def _close(self, batch: WalkedBatch) -> WalkedBatch:
        if batch.checkpoint is not None:
            batch.is_as_read = self._digest.digest() == batch.checkpoint.digest
        self._open = None
        return batch

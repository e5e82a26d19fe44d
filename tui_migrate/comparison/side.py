"""One side of a comparison by merging: its documents in the order of `_id`, a block at hand and the next on its way."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from tui_migrate.documents import RawId, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.package import BlockDigest
from tui_migrate.stores.base import Block

Open = Callable[[bytes | None], AsyncGenerator[Block]]
"""Begins to read behind a position."""


class OutOfOrder(Exception):
    """A side does not come in the order of `_id`, or gives one twice: it cannot be merged."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a side was compared: the position to read on behind, and the last `_id` behind it that is done with."""

    position: bytes = b""
    last_id: bytes = b""


def key_of(document: bytes) -> Key:
    """Give the key of a document's `_id`. Raises OutOfOrder where it has none."""
    try:
        identifier = raw_id(document)
    except MalformedDocument:
        identifier = None
    if identifier is None:
        raise OutOfOrder
    return order_key(identifier)


class Side:
    """Documents from behind `mark` up to `until`, a block at a time; `documents[place:]` are to be compared yet.

    Every key that is asked for must be greater than all before it: so no document can be taken for missing that only
    comes out of its turn. `digests` are those of the blocks to come, where a manifest tells them: then nothing is read
    ahead, since a block may be passed over.
    """

    def __init__(
        self,
        read: Open,
        mark: Mark,
        *,
        after: bytes | None = None,
        until: bytes | None = None,
        digests: Sequence[BlockDigest] = (),
    ) -> None:
        self._read = read
        self._blocks: AsyncGenerator[Block] | None = None
        self._ahead: asyncio.Task[Block | None] | None = None
        self._position = mark.position or after
        self._begin: bytes = mark.position  # behind this position lies the block at hand
        self._resumed_id = mark.last_id
        self._until = None if until is None else order_key(RawId(until))
        self._highest: Key | None = None
        self._digests = list(digests)
        self._number = next((n for n, one in enumerate(digests, 1) if one.position == mark.position), 0)
        self._key: tuple[int, Key] | None = None
        self.documents: Sequence[bytes] = ()
        self.place = 0
        self.is_at_end = False

    @property
    def has_more(self) -> bool:
        """True while something of the block at hand is to be compared."""
        return self.place < len(self.documents)

    @property
    def next_digest(self) -> BlockDigest | None:
        """The digest of the next block, where the block at hand is done with and the manifest tells it."""
        if self.has_more or self.is_at_end or self._resumed_id or self._number >= len(self._digests):
            return None
        return self._digests[self._number]

    def mark(self) -> Mark:
        """Say how far this side is."""
        if not self.place:
            return Mark(self._begin, self._resumed_id)
        if not self.has_more:
            return Mark(self._position or b"")
        return Mark(self._begin, raw_id(self.documents[self.place - 1]) or b"")

    def key(self, place: int) -> Key:
        """Give the key of a document of the block at hand. Raises OutOfOrder."""
        if self._key is not None and self._key[0] == place:
            return self._key[1]
        key = key_of(self.documents[place])
        if self._highest is not None and not self._highest < key:
            raise OutOfOrder
        self._highest = key
        self._key = (place, key)
        return key

    async def fill(self) -> None:
        """Take the next block that has something to compare; `is_at_end` says that there is none.

        Raises OutOfOrder, and what the reading raises.
        """
        while not self.has_more and not self.is_at_end:
            block = await self._next()
            if block is None:
                self._begin, self._resumed_id = self._position or b"", b""
                self.documents, self.place, self._key, self.is_at_end = (), 0, None, True
                return
            self._begin, self._position = self._position or b"", block.position
            self._number += 1
            self._key = None
            self.documents, self.place = self._within(block.documents), 0
            if self._resumed_id:
                self._pass_over()

    async def skip(self) -> None:
        """Pass over the next block without reading it."""
        await self.close()
        self._position = self._digests[self._number].position
        self._begin = self._position
        self._number += 1
        self.documents, self.place, self._key = (), 0, None

    async def close(self) -> None:
        """Stop reading."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
            self._ahead = None
        if self._blocks is not None:
            await self._blocks.aclose()
            self._blocks = None

    def begin(self) -> None:
        """Begin to read the next block, so that both sides do so at once."""
        if self._ahead is None and not self.has_more and not self.is_at_end:
            if self._blocks is None:
                self._blocks = self._read(self._position)
            self._ahead = asyncio.ensure_future(anext(self._blocks, None))

    async def _next(self) -> Block | None:
        self.begin()
        if self._blocks is None or self._ahead is None:
            raise AssertionError("what was begun is there")
        block = await self._ahead
        self._ahead = None
        if block is not None and not self._digests:
            self._ahead = asyncio.ensure_future(anext(self._blocks, None))
        return block

    def _within(self, documents: Sequence[bytes]) -> Sequence[bytes]:
        """Leave out what lies behind the bound, and end there."""
        if self._until is None or not documents or key_of(documents[-1]) <= self._until:
            return documents
        end = len(documents) - 1
        while end and key_of(documents[end - 1]) > self._until:
            end -= 1
        self.is_at_end = True
        return documents[:end]

    def _pass_over(self) -> None:
        """Leave what an earlier attempt was done with, up to its last document."""
        last = order_key(RawId(self._resumed_id))
        while self.has_more and key_of(self.documents[self.place]) <= last:
            self.place += 1
        self._highest = last
        if self.has_more:
            self._resumed_id = b""

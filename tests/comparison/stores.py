"""Stores in memory that differ from the usual in one thing that a comparison has to reckon with."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from tui_migrate.documents import RawId
from tui_migrate.errors import Unreachable
from tui_migrate.stores.base import Block, BlockLimit, Capabilities, ReadOrder
from tui_migrate.stores.memory import MemoryStore


class Unordered(MemoryStore):
    """A store that gives documents as they lie, and says so."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, ordered=False)


class Reordering(MemoryStore):
    """A store that does not keep the order of fields."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, keeps_field_order=False)


class Misordered(MemoryStore):
    """A store whose documents come backwards although it says that they come in order."""

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        documents = [one async for block in super().read(collection) for one in block.documents]
        for start in range(0, len(documents), limit.documents):
            yield Block(documents[::-1][start : start + limit.documents], b"%d" % start)

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        return ()


class Whole(MemoryStore):
    """A store that is read from its start, as a package is: no `_id` is a place in it."""

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        assert after is None
        async for block in super().read(collection, limit=limit):
            yield block

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        return ()


class Failing(MemoryStore):
    """A store that is lost after a number of blocks."""

    blocks = 0

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        async for block in super().read(collection, after=after, order=order, limit=limit):
            if not Failing.blocks:
                raise Unreachable("it is gone")
            Failing.blocks -= 1
            yield block

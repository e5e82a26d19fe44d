"""The wrapper through which everything opens a store that must not write to it."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

from tui_migrate.documents import RawId
from tui_migrate.stores.base import (
    Block,
    BlockLimit,
    Capabilities,
    CollectionInfo,
    Hosting,
    Identity,
    ReadOrder,
    Searchable,
    Source,
)
from tui_migrate.stores.outlines import sizes, split_points
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.probe import Probe, probe_of


class ReadOnly:
    """A Source and nothing else: the methods of a Target are not there to be called, whatever it wraps."""

    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
        return self._source.capabilities

    async def identity(self) -> Identity:
        """Resolve where this is."""
        return await self._source.identity()

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views."""
        return await self._source.collections(names)

    async def databases(self) -> tuple[str, ...]:
        """Name the server's databases; none where the store knows of no others."""
        return await self._source.databases() if isinstance(self._source, Hosting) else ()

    def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection."""
        return self._source.read(collection, after=after, order=order, limit=limit, ids_only=ids_only)

    def search(
        self,
        collection: str,
        where: bytes,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
    ) -> AsyncGenerator[Block]:
        """Read what matches a query, or all where the store cannot choose."""
        if isinstance(self._source, Searchable):
            return self._source.search(collection, where, after=after, order=order, limit=limit)
        return self._source.read(collection, after=after, order=order, limit=limit)

    def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these ids."""
        return self._source.lookup(collection, ids)

    async def count(self, collection: str) -> int:
        """Count the documents of a collection."""
        return await self._source.count(collection)

    async def permissions(self, action: Action, collections: Collection[str]) -> Mapping[str, Permission]:
        """Say whether the user of the store may do this: the store's own answer, for it is only a look."""
        return await self._source.permissions(action, collections)

    @property
    def probe(self) -> Probe | None:
        """What the store can be probed by, which is only a look too."""
        return probe_of(self._source)

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        """Give ids that cut a collection into ranges; none where the store cannot."""
        return await split_points(self._source, collection, parts)

    def sizes(self, collection: str, *, after: bytes | None = None) -> AsyncGenerator[Block]:
        """Give the sizes of a collection's documents."""
        return sizes(self._source, collection, after=after)

    async def close(self) -> None:
        """Let go of connections."""
        await self._source.close()

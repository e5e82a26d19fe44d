"""The MongoDB store: the protocols of `stores.base`, each method in the module that knows how."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.stores.base import (
    Block,
    BlockLimit,
    Capabilities,
    ChangeResult,
    CollectionInfo,
    Decide,
    Identity,
    ReadOrder,
    Refusal,
    Writer,
)
from tui_migrate.stores.mongodb import changing, defining, listing, privileges, probing, reading, standalone, writing
from tui_migrate.stores.mongodb import writers as writers_at_work
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.probe import Pulse

RESOLVE_SECONDS: Final = 5
DEFAULT_PORT: Final = 27017


class MongoStore:
    """One database of a MongoDB server, replica set or sharded cluster, for one event loop.

    `as_source` makes reads follow the URL's read preference and read concern; else they are of the primary and of
    what a majority has. `name` is what messages call the server, beside its hosts; one that does not let
    itself be connected to is waited for where this `is_patient`. Raises UsageError for a URL that cannot be used. No
    I/O until the first call.
    """

    def __init__(
        self,
        url: str,
        database: str,
        password: str | None = None,
        *,
        as_source: bool = False,
        name: str = "",
        is_patient: bool = True,
    ) -> None:
        self._open: Callable[[], Link] = partial(
            Link, url, database, password, as_source=as_source, name=name, is_patient=is_patient
        )
        self._link = self._open()
        self._database = database
        self._asked = privileges.Asked()

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do; the server's version and limits once `identity` was asked for."""
        known = self._link.known
        if known is None:
            return Capabilities(ordered=True, lookup=True, reads_at_once=True)
        return Capabilities(
            ordered=True,
            lookup=True,
            server_version=known.version,
            max_document=known.max_document,
            max_message=known.max_message,
            max_batch=known.max_batch,
            keeps_empty_timestamps=self._link.bypasses_empty_timestamps,
            tells_sizes=known.has_bson_size,
            reads_at_once=True,
        )

    @property
    def round_trip(self) -> float | None:
        """Seconds to the server and back; None before it was asked anything."""
        return self._link.round_trip

    @property
    def overridden_options(self) -> tuple[str, ...]:
        """The options of the URL, as `name=value`, that this store does not follow."""
        return self._link.overridden

    @property
    def session(self) -> bytes:
        """The 16 bytes of the session that writes run in, empty before the first call."""
        return self._link.session_id

    @property
    def writer(self) -> Writer:
        """The session that writes run in, and the name of this client at the server."""
        return Writer(self.session, self._link.application)

    @property
    def longest_write(self) -> float:
        """The seconds that a write may take, as each is told."""
        return self._link.write_ms / 1000

    async def renew(self) -> None:
        """Close the client with its session and connect with another."""
        await self._link.close()
        self._link = self._open()
        self._asked = privileges.Asked()
        await self._link.deployment()

    async def kill_writers(self, writers: Collection[Writer]) -> None:
        """Kill the sessions of these; a server that does not let us is waited for instead."""
        await writers_at_work.kill(self._link, writers)

    async def may_be_writing(self, writers: Collection[Writer]) -> bool:
        """Say whether an operation of these is listed."""
        return await writers_at_work.may_be_writing(self._link, writers)

    async def identity(self) -> Identity:
        """Connect; name all members of the deployment and what their names resolve to."""
        deployment = await self._link.deployment()
        named = deployment.hosts | self._link.seeds | self._link.nodes
        resolved = await asyncio.gather(*(_resolved(address) for address in named))
        return Identity("mongodb", frozenset(map(str.lower, named)).union(*resolved), self._database)

    async def close(self) -> None:
        """Close the connections."""
        await self._link.close()

    async def databases(self) -> tuple[str, ...]:
        """Name the databases of the deployment."""
        return await listing.databases(self._link)

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names."""
        return await listing.collections(self._link, names)

    def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection; in natural order always from its start."""
        return reading.read(self._link, collection, after=after, order=order, limit=limit, ids_only=ids_only)

    def search(
        self,
        collection: str,
        where: bytes,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
    ) -> AsyncGenerator[Block]:
        """Read what the server finds to match a query."""
        return reading.read(self._link, collection, after=after, order=order, limit=limit, where=where)

    def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these ids."""
        return reading.lookup(self._link, collection, ids)

    def sizes(self, collection: str, *, after: bytes | None = None) -> AsyncGenerator[Block]:
        """Give the sizes of a collection's documents."""
        return reading.sizes(self._link, collection, after=after)

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        """Give ids that cut a collection into ranges."""
        return await reading.split_points(self._link, collection, parts)

    async def count(self, collection: str) -> int:
        """Count the documents of a collection."""
        return await reading.count(self._link, collection)

    async def permissions(self, action: Action, collections: Collection[str]) -> Mapping[str, Permission]:
        """Say whether a privilege of the user is for this; without a user, everything may be done."""
        return await privileges.permissions(self._link, self._asked, action, collections)

    async def pulse(self) -> Pulse:
        """Measure how quickly the server answers, and ask for its time."""
        return await probing.pulse(self._link)

    def equal(self, collection: str, fields: Sequence[str], values: Sequence[Sequence[RawId]]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these rows of values in the fields."""
        return probing.equal(self._link, collection, fields, values)

    def failing(self, collection: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
        """Give some documents that do not meet a validator."""
        return probing.failing(self._link, collection, validator, limit)

    def sample(self, collection: str, size: int) -> AsyncGenerator[bytes]:
        """Give some documents at random."""
        return probing.sample(self._link, collection, size)

    async def create_collection(self, info: CollectionInfo, options: bytes) -> bytes | None:
        """Create a collection or view."""
        return await defining.create_collection(self._link, info.name, options)

    async def drop_collection(self, collection: str) -> None:
        """Drop a collection or view."""
        await defining.drop_collection(self._link, collection)

    async def rename_collection(self, collection: str, new_name: str) -> None:
        """Rename within the database."""
        await defining.rename_collection(self._link, collection, new_name)

    async def create_indexes(self, collection: str, indexes: Sequence[bytes]) -> None:
        """Create indexes."""
        await defining.create_indexes(self._link, collection, indexes)

    async def drop_index(self, collection: str, name: str) -> None:
        """Drop one index."""
        await defining.drop_index(self._link, collection, name)

    async def set_validator(self, collection: str, options: bytes) -> None:
        """Set validator, level and action."""
        await defining.set_validator(self._link, collection, options)

    async def insert(
        self, collection: str, documents: Sequence[bytes], *, bypass_validation: bool = False
    ) -> tuple[Refusal, ...]:
        """Insert documents, each on its own."""
        return await writing.insert(self._link, collection, documents, bypass_validation=bypass_validation)

    async def change(
        self, collection: str, ids: Sequence[RawId], decide: Decide, *, bypass_validation: bool = False
    ) -> ChangeResult:
        """Make what `decide` says, in a transaction where the deployment has them."""
        deployment = await self._link.deployment()
        request = changing.Request(self._link, collection, ids, decide, bypass_validation)
        make = changing.in_transaction if deployment.has_transactions else standalone.one_by_one
        async with self._link.writing:
            return await make(request)


async def _resolved(address: str) -> frozenset[str]:
    """Resolve `host:port` to each `ip:port` it means; a name that only the servers know gives nothing."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        host, port = address, str(DEFAULT_PORT)
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return frozenset()
    return frozenset(f"{where[0]}:{where[1]}" for *_, where in found if isinstance(where[0], str))

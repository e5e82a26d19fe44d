"""What a store is: the code that talks to one kind of database.

A `Source` gives collections and their documents as BSON bytes; a `Target` takes them too. Both are protocols: a
store is whatever has these methods. Every method raises the errors of `tui_migrate.errors` and nothing of its
driver's, has a time-out of its own, and may be cancelled at any await.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol, runtime_checkable

from tui_migrate.documents import RawId
from tui_migrate.ordering import Key
from tui_migrate.stores.permissions import Action, Permission


class ReadOrder(Enum):
    """In which order to read: by `_id`, or as they lie (capped and time-series collections)."""

    BY_ID = "by_id"
    NATURAL = "natural"


class CollectionKind(StrEnum):
    """What a collection is, as far as it changes the way it is copied."""

    PLAIN = "collection"
    CAPPED = "capped"
    TIMESERIES = "timeseries"
    VIEW = "view"

    @property
    def has_keys(self) -> bool:
        """True where documents can be found and replaced by `_id`; others are written once, in natural order."""
        return self is CollectionKind.PLAIN

    @property
    def read_order(self) -> ReadOrder:
        """The order to read such a collection in."""
        return ReadOrder.BY_ID if self.has_keys else ReadOrder.NATURAL


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A collection as a store or a package lists it.

    `options` is the BSON document of its options as `listCollections` gives them (validator, collation, viewOn …), and
    `indexes` the BSON documents of its index specifications, the `_id` index among them. `documents` and `size`
    (uncompressed bytes) are estimates. `simple_order` is false where a default collation orders the ids otherwise than
    by their bytes. `shard_key` is the BSON document of the key, or None.
    """

    name: str
    kind: CollectionKind
    options: bytes
    indexes: tuple[bytes, ...] = ()
    uuid: bytes | None = None
    documents: int = 0
    size: int = 0
    simple_order: bool = True
    shard_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a store resolved to: two stores are one place where kind and database agree and an address is shared."""

    kind: str
    addresses: frozenset[str]
    database: str

    def is_same_place(self, other: "Identity") -> bool:
        """Say whether both are the same database of the same server."""
        return (self.kind, self.database) == (other.kind, other.database) and bool(self.addresses & other.addresses)

    def claims(self) -> tuple[str, ...]:
        """Name the place, once by each address: two that are the same place have a name in common."""
        return tuple(f"{self.kind}:{address}/{self.database}" for address in sorted(self.addresses))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do, for the engine to choose by.

    `ordered`: `read` gives documents in the order of `ordering.order_key`. `lookup`: documents can be asked for by id.
    `server_version` is for people. `max_document` is in bytes, as is `max_message`, the most that one write may hold
    together; `max_batch` is how many documents. `keeps_empty_timestamps`: a top-level Timestamp(0, 0) is stored as it
    was sent. `keeps_field_order`: fields are given in the order in which they were stored, so that another order is
    another document. `tells_sizes`: it is a `Sizing` whose server counts the bytes. `reads_at_once`: several
    collections can be read at the same time, none of which has to be sought among the others.
    """

    ordered: bool
    lookup: bool
    server_version: str = ""
    max_document: int = 16 * 1024 * 1024
    max_message: int = 48_000_000
    max_batch: int = 100_000
    keeps_empty_timestamps: bool = True
    keeps_field_order: bool = True
    tells_sizes: bool = False
    reads_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Documents that were read together; `position` is an opaque mark after the last one, for `read(after=…)`."""

    documents: Sequence[bytes]
    position: bytes


@dataclass(frozen=True, slots=True)
class BlockLimit:
    """How much a block may hold: a number of documents and of bytes, whichever is reached first.

    One document larger than `size` is a block of its own.
    """

    documents: int = 1_000
    size: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that the target did not take.

    `index` is its place in what was sent. `key_fields` names the fields of the unique index it met, empty for any
    other reason.
    """

    index: int
    code: int
    reason: str
    key_fields: tuple[str, ...] = ()

    @property
    def is_id_taken(self) -> bool:
        """True where the target has a document of that `_id`."""
        return self.key_fields == ("_id",)

    @property
    def is_unique_clash(self) -> bool:
        """True where another unique index has the document's value already."""
        return bool(self.key_fields) and not self.is_id_taken


@dataclass(frozen=True, slots=True)
class Change:
    """Replace (or, where `after` is None, delete) the document `id` if it still is `before`, byte for byte."""

    id: RawId
    before: bytes
    after: bytes | None


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """How a set of changes ended: `current` is what was seen for each id when the decision stood.

    `changed` are the keys of the changes that were made; `refused` gives the target's refusal for each key where it
    did not take the change.
    """

    current: Mapping[Key, bytes]
    changed: frozenset[Key]
    refused: Mapping[Key, Refusal]


@dataclass(frozen=True, slots=True)
class Writer:
    """What a server knows a writer by: its session (16 bytes) and the name under which its connections are listed.

    Of a writer that only the undo log tells of, `application` is empty.
    """

    session: bytes
    application: str = ""


Decide = Callable[[Sequence[RawId], Mapping[Key, bytes]], Awaitable[Sequence[Change]]]
"""Given ids and what the target holds now for them, make the undo record durable and say what to change.

Called again where somebody else was quicker: then the ids are those for which nothing of the last call took effect;
what it said of all others was done.
"""


@runtime_checkable
class Distant(Protocol):
    """What lies behind a network."""

    @property
    def round_trip(self) -> float | None:
        """Seconds to the server and back, as measured lately; None where that is not known."""
        ...


@runtime_checkable
class Source(Protocol):
    """Where documents come from. Nothing here writes."""

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do."""
        ...

    async def identity(self) -> Identity:
        """Resolve where this is. The first call that talks to the server. Raises Unreachable, AuthenticationFailed."""
        ...

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names, all of them or those named that are there."""
        ...

    def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection from the start or from behind a position, a block at a time.

        `ids_only` says that a document's `_id` is all that is wanted; a store that can leaves the rest out.

        A database's position is the raw `_id` of the last document; a package, whose blocks are cut already, has
        marks of its own and leaves `limit` aside. A document of a key equal to the one at `after` is not given again;
        a document whose `_id` is MaxKey is.
        """
        ...

    def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these ids, in no order; a missing id gives nothing."""
        ...

    async def count(self, collection: str) -> int:
        """Count the documents of a collection exactly."""
        ...

    async def permissions(self, action: Action, collections: Collection[str]) -> Mapping[str, Permission]:
        """Say of each of these collections whether the user may do this on it. Raises Unreachable."""
        ...

    async def close(self) -> None:
        """Let go of connections. Never raises."""
        ...


@runtime_checkable
class Splitting(Protocol):
    """A source that can be read from behind any `_id`, and knows where to cut a collection into ranges."""

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        """Give at most `parts` - 1 ids, ascending, that cut a collection into ranges of about one size.

        None where it is not worth it or cannot be done. What it costs does not grow with the collection.
        """
        ...


@runtime_checkable
class Sizing(Protocol):
    """A source that can tell how large documents are without giving them."""

    def sizes(self, collection: str, *, after: bytes | None = None) -> AsyncGenerator[Block]:
        """Give for each document, in the order of `_id`, a document `{_id: …, size: <int32>}` of its size in bytes."""
        ...


@runtime_checkable
class Hosting(Protocol):
    """A source whose server has other databases, and names them."""

    async def databases(self) -> tuple[str, ...]:
        """Name those that the user may know of, in order, without the server's own. Raises NotAuthorised."""
        ...


@runtime_checkable
class Searchable(Protocol):
    """A source that can leave documents out by itself, so that not all of them have to be sent."""

    def search(
        self,
        collection: str,
        where: bytes,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
    ) -> AsyncGenerator[Block]:
        """Read as `Source.read` does, without documents that do not match a query (a BSON document) of MongoDB's.

        It may give such documents all the same: whoever asks looks at each again.
        """
        ...


@runtime_checkable
class Target(Source, Protocol):
    """Where documents go. Every write is acknowledged by a majority and journalled, and has a time limit."""

    @property
    def session(self) -> bytes:
        """The server session that writes run in (16 bytes), for the undo log; empty where there is none."""
        ...

    @property
    def writer(self) -> Writer:
        """What the server knows this target's writes by, once it was talked to."""
        ...

    @property
    def longest_write(self) -> float:
        """After how many seconds at most the server gives up a write that it has begun."""
        ...

    async def renew(self) -> None:
        """Write in another session over other connections from now on, as another writer."""
        ...

    async def kill_writers(self, writers: Collection[Writer]) -> None:
        """End what these have left at work in the server, as far as it lets us. Raises Unreachable."""
        ...

    async def may_be_writing(self, writers: Collection[Writer]) -> bool:
        """Say whether something of these is at work still, or the server does not tell. Raises Unreachable."""
        ...

    async def create_collection(self, info: CollectionInfo, options: bytes) -> bytes | None:
        """Create a collection or view with these options and give its uuid. Raises Refused where it exists."""
        ...

    async def drop_collection(self, collection: str) -> None:
        """Drop a collection or view; one that is not there is no error."""
        ...

    async def rename_collection(self, collection: str, new_name: str) -> None:
        """Rename within the database. Raises Refused where `new_name` exists."""
        ...

    async def create_indexes(self, collection: str, indexes: Sequence[bytes]) -> None:
        """Create indexes from their specifications. Raises WriteRefused where the documents do not allow one."""
        ...

    async def drop_index(self, collection: str, name: str) -> None:
        """Drop one index; one that is not there is no error."""
        ...

    async def set_validator(self, collection: str, options: bytes) -> None:
        """Set validator, level and action as these options (a BSON document) have them."""
        ...

    async def insert(
        self, collection: str, documents: Sequence[bytes], *, bypass_validation: bool = False
    ) -> tuple[Refusal, ...]:
        """Insert documents, never upsert; those not refused are in. Raises Unreachable when the outcome is unknown."""
        ...

    async def change(
        self, collection: str, ids: Sequence[RawId], decide: Decide, *, bypass_validation: bool = False
    ) -> ChangeResult:
        """Read ids afresh, let `decide` record and choose, and make its changes by compare-and-set.

        `decide` is called again, with what is there then, when somebody else was quicker. Raises Unreachable when the
        outcome is unknown.
        """
        ...

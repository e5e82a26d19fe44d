"""The memory store: databases that live as long as the process. The reference for what a store does.

`memory:NAME` names a server; the same name is the same server, and the same database of it the same data.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from tui_migrate.definitions import index_name, split_validation
from tui_migrate.documents import RawId, id_field, normalise, pack, raw_id, with_id
from tui_migrate.errors import Refused
from tui_migrate.ordering import Key, order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import (
    Block,
    BlockLimit,
    Capabilities,
    Change,
    ChangeResult,
    CollectionInfo,
    CollectionKind,
    Decide,
    Identity,
    ReadOrder,
    Refusal,
    Writer,
)
from tui_migrate.stores.memory_constraints import (
    FAILED_VALIDATION,
    UniqueEntries,
    duplicate,
    fails_validator,
    kept_index,
)
from tui_migrate.stores.options import has_simple_order, kind_of
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.probe import Pulse
from tui_migrate.stores.unique import UniqueIndex

MAX_DOCUMENT: Final = 16 * 1024 * 1024
TOO_LARGE: Final = 10334
NO_ID: Final = 0

_ID_INDEX: Final = pack(
    b"\x10v\x00\x02\x00\x00\x00"
    + b"\x03key\x00"
    + pack(id_field(b"_id", RawId(b"\x10\x01\x00\x00\x00")))
    + b"\x02name\x00\x05\x00\x00\x00_id_\x00"
)


@dataclass(slots=True)
class _Stored:
    """One collection: documents by key, in the order in which they were inserted."""

    options: bytes = pack(b"")
    indexes: list[bytes] = field(default_factory=lambda: [_ID_INDEX])
    uuid: bytes = field(default_factory=lambda: uuid.uuid4().bytes)
    documents: dict[Key, bytes] = field(default_factory=dict)
    unique: list[UniqueEntries] = field(default_factory=list)

    def refusal(self, index: int, key: Key, document: bytes, *, bypass_validation: bool) -> Refusal | None:
        """Say why a document cannot stand under its key, whatever stands there now."""
        if not bypass_validation and fails_validator(self.options, document):
            return Refusal(index, FAILED_VALIDATION, "the document does not meet the collection's validator")
        taken = next((one for one in self.unique if one.is_taken(key, document)), None)
        return None if taken is None else duplicate(index, taken.index.fields)

    def put(self, key: Key, document: bytes) -> None:
        """Set a document, in the place of the one that is there."""
        self._leave_indexes(key)
        self.documents[key] = document
        for one in self.unique:
            one.add(key, document)

    def remove(self, key: Key) -> None:
        """Take out a document that is there."""
        self._leave_indexes(key)
        del self.documents[key]

    def _leave_indexes(self, key: Key) -> None:
        if key in self.documents:
            for one in self.unique:
                one.remove(self.documents[key])


class MemoryStore:
    """A database of a server in this process. Enforces `_id`, unique indexes and `$exists` validators."""

    _servers: ClassVar[dict[str, dict[str, dict[str, _Stored]]]] = {}

    def __init__(self, server: str, database: str) -> None:
        self._server = server
        self._database = database
        self._collections = self._servers.setdefault(server, {}).setdefault(database, {})

    @classmethod
    def at(cls, url: str, database: str) -> Self:
        """Open a database of the server that a `memory:NAME` or `memory://NAME/…` URL names."""
        place = url.removeprefix("memory:").removeprefix("//")
        return cls(place.partition("?")[0].partition("/")[0], database)

    @property
    def capabilities(self) -> Capabilities:
        """Everything a store can do."""
        return Capabilities(
            ordered=True, lookup=True, server_version="memory", max_document=MAX_DOCUMENT, reads_at_once=True
        )

    @property
    def session(self) -> bytes:
        """Empty: there is no server that could still be at work."""
        return b""

    @property
    def writer(self) -> Writer:
        """Nobody: see `session`."""
        return Writer(b"")

    @property
    def longest_write(self) -> float:
        """A write is done at once."""
        return 0.0

    async def renew(self) -> None:
        """There is no session to be another."""

    async def kill_writers(self, writers: Collection[Writer]) -> None:
        """There is nothing at work."""

    async def may_be_writing(self, writers: Collection[Writer]) -> bool:
        """Whoever wrote is in this process, and has ended."""
        return False

    async def identity(self) -> Identity:
        """Name the server and the database."""
        return Identity("memory", frozenset({self._server}), self._database)

    async def close(self) -> None:
        """Let go of nothing: the data stays for whoever opens the same URL."""

    async def databases(self) -> tuple[str, ...]:
        """Name the databases that hold anything."""
        return tuple(name for name, held in sorted(self._servers[self._server].items()) if held)

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names."""
        return tuple(
            _info(name, stored) for name, stored in sorted(self._collections.items()) if names is None or name in names
        )

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection as it was when the reading began. Raises Refused for a view."""
        stored = self._collections.get(collection)
        documents = self._readable(collection, stored).documents.copy() if stored else {}
        keys: Iterable[Key] = documents
        if order is ReadOrder.BY_ID:
            start = None if after is None else order_key(RawId(after))
            keys = sorted(key for key in documents if start is None or key > start)
        block: list[bytes] = []
        size = 0
        for document in map(documents.__getitem__, keys):
            if block and (len(block) == limit.documents or size + len(document) > limit.size):
                yield _block(block)
                await asyncio.sleep(0)  # others have their turn between blocks, as with any server
                block, size = [], 0
            block.append(document)
            size += len(document)
        if block:
            yield _block(block)

    async def split_points(self, collection: str, parts: int) -> tuple[RawId, ...]:
        """Give the ids at even distances."""
        stored = self._collections.get(collection)
        keys = sorted(stored.documents) if stored else []
        places = sorted({len(keys) * part // parts - 1 for part in range(1, parts)})
        found = [raw_id(stored.documents[keys[place]]) for place in places if place >= 0] if stored else []
        return tuple(one for one in found if one is not None)

    async def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these ids."""
        stored = self._collections.get(collection)
        documents = self._readable(collection, stored).documents if stored else {}
        for key in dict.fromkeys(map(order_key, ids)):
            if key in documents:
                yield documents[key]

    async def count(self, collection: str) -> int:
        """Count the documents of a collection."""
        stored = self._collections.get(collection)
        return len(self._readable(collection, stored).documents) if stored else 0

    async def permissions(self, action: Action, collections: Collection[str]) -> dict[str, Permission]:
        """There are no users: everybody may do everything."""
        return dict.fromkeys(collections, Permission.GRANTED)

    async def pulse(self) -> Pulse:
        """There is no way to go."""
        return Pulse(0.0, 0.0)

    async def equal(
        self, collection: str, fields: Sequence[str], values: Sequence[Sequence[RawId]]
    ) -> AsyncGenerator[bytes]:
        """Give the documents that have one of these rows of values in the fields."""
        wanted = {tuple(map(order_key, row)) for row in values}
        index = UniqueIndex("", tuple(fields), sparse=False)
        for document in self._all(collection):
            if not wanted.isdisjoint(index.entries(document)):
                yield document

    async def failing(self, collection: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
        """Give documents that do not meet a validator, as far as this store evaluates one."""
        options = pack(b"\x03validator\x00" + validator)
        for document in [one for one in self._all(collection) if fails_validator(options, one)][:limit]:
            yield document

    async def sample(self, collection: str, size: int) -> AsyncGenerator[bytes]:
        """Give documents at random."""
        documents = self._all(collection)
        for document in random.sample(documents, min(size, len(documents))):
            yield document

    async def create_collection(self, info: CollectionInfo, options: bytes) -> bytes | None:
        """Create a collection or view. Raises Refused where it exists."""
        self._refuse_taken(info.name)
        stored = _Stored(options)
        if kind_of(options) is CollectionKind.VIEW:
            stored.indexes = []
        self._collections[info.name] = stored
        return None if kind_of(options) is CollectionKind.VIEW else stored.uuid

    async def drop_collection(self, collection: str) -> None:
        """Drop a collection or view."""
        self._collections.pop(collection, None)

    async def rename_collection(self, collection: str, new_name: str) -> None:
        """Rename. Raises Refused where `new_name` exists or `collection` does not."""
        self._there(collection)
        self._refuse_taken(new_name)
        self._collections[new_name] = self._collections.pop(collection)

    async def create_indexes(self, collection: str, indexes: Sequence[bytes]) -> None:
        """Create indexes. Raises Refused for a name taken by another one, WriteRefused where documents clash."""
        stored = self._collections.setdefault(collection, _Stored())
        there = {index_name(one): one for one in stored.indexes}
        new = [one for one in indexes if there.get(index_name(one)) != one]
        for one in new:
            if index_name(one) in there:
                raise Refused(f"{printable(collection)} has another index named {index_name(one)!r}")
        found = [kept_index(one) for one in new]
        stored.unique.extend([UniqueEntries(one, stored.documents) for one in found if one is not None])
        stored.indexes.extend(new)

    async def drop_index(self, collection: str, name: str) -> None:
        """Drop one index. Raises Refused for the one on `_id`."""
        if name == "_id_":
            raise Refused(f"the index on _id of {printable(collection)} cannot be dropped")
        stored = self._collections.get(collection)
        if stored is not None:
            stored.indexes = [one for one in stored.indexes if index_name(one) != name]
            stored.unique = [one for one in stored.unique if one.index.name != name]

    async def set_validator(self, collection: str, options: bytes) -> None:
        """Put these options' validator, level and action in the place of those that are there."""
        stored = self._there(collection)
        kept, _ = split_validation(stored.options)
        _, validation = split_validation(options)
        stored.options = pack(kept[4:-1] + validation[4:-1])

    async def insert(
        self, collection: str, documents: Sequence[bytes], *, bypass_validation: bool = False
    ) -> tuple[Refusal, ...]:
        """Insert documents, each on its own."""
        stored = self._collections.setdefault(collection, _Stored())
        self._readable(collection, stored)
        refused = [
            self._insert_one(stored, index, document, bypass_validation=bypass_validation)
            for index, document in enumerate(documents)
        ]
        return tuple(one for one in refused if one is not None)

    async def change(
        self, collection: str, ids: Sequence[RawId], decide: Decide, *, bypass_validation: bool = False
    ) -> ChangeResult:
        """Replace and delete documents that are still what `decide` saw; else decide again."""
        keys = [order_key(one) for one in ids]
        while True:
            seen = self._seen(collection, keys)
            changes = [one for one in await decide(ids, seen) if seen.get(order_key(one.id)) == one.before]
            if self._seen(collection, keys) == seen:
                return self._make(collection, seen, changes, bypass_validation=bypass_validation)
            await asyncio.sleep(0)  # whoever changed them has a turn to end

    def _seen(self, collection: str, keys: Sequence[Key]) -> dict[Key, bytes]:
        documents = self._collections.get(collection, _Stored()).documents
        return {key: documents[key] for key in keys if key in documents}

    def _make(
        self, collection: str, seen: Mapping[Key, bytes], changes: Sequence[Change], *, bypass_validation: bool
    ) -> ChangeResult:
        changed: set[Key] = set()
        refused: dict[Key, Refusal] = {}
        for index, one in enumerate(changes):
            key = order_key(one.id)
            stored = self._collections[collection]
            if one.after is None:
                stored.remove(key)
            elif refusal := stored.refusal(index, key, one.after, bypass_validation=bypass_validation):
                refused[key] = refusal
                continue
            else:
                stored.put(key, with_id(normalise(one.after), raw_id(one.before) or one.id))
            changed.add(key)
        return ChangeResult(seen, frozenset(changed), refused)

    def _insert_one(self, stored: _Stored, index: int, document: bytes, *, bypass_validation: bool) -> Refusal | None:
        identifier = raw_id(document)
        if identifier is None:
            return Refusal(index, NO_ID, "the document has no _id")
        if len(document) > MAX_DOCUMENT:
            return Refusal(index, TOO_LARGE, f"the document has {len(document)} bytes, {MAX_DOCUMENT} are allowed")
        key = order_key(identifier)
        if key in stored.documents:
            return duplicate(index, ("_id",))
        refusal = stored.refusal(index, key, document, bypass_validation=bypass_validation)
        if refusal is None:
            stored.put(key, normalise(document))
        return refusal

    def _all(self, collection: str) -> list[bytes]:
        stored = self._collections.get(collection)
        return list(self._readable(collection, stored).documents.values()) if stored else []

    def _there(self, collection: str) -> _Stored:
        if collection not in self._collections:
            raise Refused(f"there is no collection {printable(collection)}")
        return self._collections[collection]

    def _refuse_taken(self, name: str) -> None:
        if name in self._collections:
            raise Refused(f"there is a collection {printable(name)} already", hint="choose another name")

    @staticmethod
    def _readable(collection: str, stored: _Stored) -> _Stored:
        if kind_of(stored.options) is CollectionKind.VIEW:
            raise Refused(f"{printable(collection)} is a view, which the memory store keeps but does not evaluate")
        return stored


def _info(name: str, stored: _Stored) -> CollectionInfo:
    kind = kind_of(stored.options)
    return CollectionInfo(
        name,
        kind,
        stored.options,
        tuple(stored.indexes),
        uuid=None if kind is CollectionKind.VIEW else stored.uuid,
        documents=len(stored.documents),
        size=sum(map(len, stored.documents.values())),
        simple_order=has_simple_order(stored.options),
    )


def _block(documents: list[bytes]) -> Block:
    return Block(documents, raw_id(documents[-1]) or b"")

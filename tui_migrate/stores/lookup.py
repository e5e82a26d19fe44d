"""Finding what a target has already, for a stream of source documents in the order of their ids.

Three ways, chosen by size: by merging two cursors ordered by `_id` where the sizes are alike, by asking for ids where
the target is much larger or the orders differ, and not at all where the target is empty.

Documents of the target stream by and only their hashes stay: small documents of a source may meet very large ones.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

from tui_migrate.documents import RawId, content_hash, normalise, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, Source
from tui_migrate.stores.moments import FieldPath, Moment, moment_of

MUCH_LARGER: Final = 10
"""From how many times the source's documents on a target is asked by id instead of being read along."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A document with what identifies it: sort key, raw `_id`, and the hash of its normalised bytes."""

    key: Key
    id: RawId
    document: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a target has under a key: the raw `_id`, the hash of the normalised document, and its size in bytes.

    `moment` is when it says it was last changed, where that was asked for.
    """

    id: RawId
    digest: bytes
    size: int
    moment: Moment | None = None


def keyed(document: bytes) -> Keyed | None:
    """Normalise a document and take its key, or None where it has no `_id`. Raises MalformedDocument."""
    normal = normalise(document)
    identifier = raw_id(normal)
    if identifier is None:
        return None
    return Keyed(order_key(identifier), identifier, normal, content_hash(normal))


def describe(document: bytes, like: Keyed | None = None, by: FieldPath = ()) -> Found:
    """Take down what a target has, with the moment at the path `by`; of one equal to the source's the hash is known.

    Raises MalformedDocument for one without `_id`, which no target stores.
    """
    normal = normalise(document)
    identifier = raw_id(normal)
    if identifier is None:
        raise MalformedDocument("the target gives a document without _id")
    digest = like.digest if like is not None and like.document == normal else content_hash(normal)
    return Found(identifier, digest, len(normal), moment_of(normal, by) if by else None)


class Finder(Protocol):
    """Says what a target holds for documents of a source; asked once for each batch, in the source's order."""

    async def find(self, wanted: Sequence[Keyed]) -> dict[Key, Found]:
        """Say what the target has for these keys."""
        ...

    async def close(self) -> None:
        """Let go of a cursor."""
        ...


class NothingThere:
    """The target is empty: nothing is asked."""

    async def find(self, wanted: Sequence[Keyed]) -> dict[Key, Found]:
        """Give nothing."""
        return {}

    async def close(self) -> None:
        """Nothing is open."""


class AskById:
    """Asks for the ids of each batch."""

    def __init__(self, target: Source, collection: str, by: FieldPath = ()) -> None:
        self._target = target
        self._collection = collection
        self._by = by

    async def find(self, wanted: Sequence[Keyed]) -> dict[Key, Found]:
        """Ask for these ids."""
        return await find_by_id(self._target, self._collection, [one.id for one in wanted], self._by)

    async def close(self) -> None:
        """Nothing stays open between batches."""


class MergeAlong:
    """Reads the target along with the source: one cursor, in the same order."""

    def __init__(
        self,
        target: Source,
        collection: str,
        after: RawId | None,
        limit: BlockLimit,
        *,
        ids_only: bool = False,
        by: FieldPath = (),
    ) -> None:
        self._by = by
        self._documents = _documents(target.read(collection, after=after, limit=limit, ids_only=ids_only))
        self._ahead: tuple[Key, bytes] | None = None
        self._at_end = False

    async def find(self, wanted: Sequence[Keyed]) -> dict[Key, Found]:
        """Read on up to the last of these keys and keep what they name."""
        if not wanted:
            return {}
        by_key = {one.key: one for one in wanted}
        last = wanted[-1].key
        found: dict[Key, Found] = {}
        while (ahead := await self._peek()) is not None and ahead[0] <= last:
            key, document = ahead
            if key in by_key:
                found[key] = describe(document, by_key[key], self._by)
            self._ahead = None
        return found

    async def close(self) -> None:
        """Close the cursor."""
        await self._documents.aclose()

    async def _peek(self) -> tuple[Key, bytes] | None:
        while self._ahead is None and not self._at_end:
            document = await anext(self._documents, None)
            if document is None:
                self._at_end = True
            elif (identifier := raw_id(document)) is not None:
                self._ahead = (order_key(identifier), document)
        return self._ahead


async def find_by_id(target: Source, collection: str, ids: Sequence[RawId], by: FieldPath = ()) -> dict[Key, Found]:
    """Say what the target has for these ids, with the moments at the path `by`."""
    found: dict[Key, Found] = {}
    if ids:
        async with aclosing(target.lookup(collection, ids)) as documents:
            async for document in documents:
                one = describe(document, by=by)
                found[order_key(one.id)] = one
    return found


async def choose_finder(
    target: Source,
    there: CollectionInfo | None,
    source: CollectionInfo,
    *,
    source_is_ordered: bool,
    after: RawId | None = None,
    limit: BlockLimit | None = None,
    ids_only: bool = False,
    by: FieldPath = (),
) -> Finder:
    """Choose how to find what the target has; `there` is the target's collection, None where it has none.

    With `ids_only` what is found may be no more than the documents' `_id`s; `by` is the path of their moments.
    """
    if there is None:
        return NothingThere()
    if there.documents == 0 and await target.count(there.name) == 0:
        return NothingThere()
    is_ordered = source_is_ordered and source.kind.has_keys and source.simple_order
    same_order = is_ordered and target.capabilities.ordered and there.simple_order
    if not same_order or there.documents > MUCH_LARGER * max(source.documents, 1):
        return AskById(target, there.name, by)
    return MergeAlong(target, there.name, after, limit or BlockLimit(), ids_only=ids_only, by=by)


async def _documents(blocks: AsyncGenerator[Block]) -> AsyncGenerator[bytes]:
    async with aclosing(blocks):
        async for block in blocks:
            for document in block.documents:
                yield document

"""Reading MongoDB: one cursor over a collection, raw, ordered by `_id`; and documents asked for by id."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from tui_migrate.documents import RawId, id_field, id_filter, iterate, pack, raw_id
from tui_migrate.errors import Unreachable
from tui_migrate.ordering import order_key
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Block, BlockLimit, ReadOrder
from tui_migrate.stores.mongodb.client import CLOSE_SECONDS, Link
from tui_migrate.stores.mongodb.failures import CURSOR_NOT_FOUND, translated
from tui_migrate.stores.retrying import announce

BATCH_DOCUMENTS: Final = 4_000
"""Documents in one answer of the server, which itself ends an answer at 16 MB."""

QUERY_BYTES: Final = 8 * 1024 * 1024

SAMPLED_EACH: Final = 25
"""Ids that are sampled for each range: enough for ranges within about a third of one size."""

SAMPLE_MS: Final = 60_000

SPLIT_TYPES: Final = frozenset((0x02, 0x07, 0x09, 0x10, 0x12))
"""Types of `_id` whose collections are cut: strings, ObjectIds, dates, whole numbers."""


class _CursorLost(Exception):
    """The server does not know the cursor any more."""


async def read(
    link: Link,
    name: str,
    *,
    after: bytes | None,
    order: ReadOrder,
    limit: BlockLimit,
    ids_only: bool = False,
    where: bytes | None = None,
) -> AsyncGenerator[Block]:
    """Read a collection, or what of it matches a query, in blocks; in natural order always from its start.

    A cursor that the server has given up (it does after ten idle minutes, and a run may pause for longer) is opened
    again behind the last document. Raises Unreachable where that does not help, Refused for what cannot be read so.
    """
    position = RawId(after) if after is not None and order is ReadOrder.BY_ID else None
    fields = {"_id": 1} if ids_only else None
    async with aclosing(_read(link, name, position, order, limit, fields, where)) as found:
        async for block in found:
            yield block


async def sizes(link: Link, name: str, *, after: bytes | None) -> AsyncGenerator[Block]:
    """Read of each document `_id` and size alone, in the order of `_id`; the server still reads them whole.

    Raises as `read` does, and Refused by a server older than MongoDB 4.4.
    """
    fields = {"_id": 1, "size": {"$bsonSize": "$$ROOT"}}
    position = None if after is None else RawId(after)
    limit = BlockLimit(documents=BATCH_DOCUMENTS)
    async with aclosing(_read(link, name, position, ReadOrder.BY_ID, limit, fields)) as found:
        async for block in found:
            yield block


async def _read(
    link: Link,
    name: str,
    position: RawId | None,
    order: ReadOrder,
    limit: BlockLimit,
    fields: Mapping[str, Any] | None,
    where: bytes | None = None,
) -> AsyncGenerator[Block]:
    collection = await link.collection(name)
    deployment = await link.deployment()
    while True:
        opened_at = position
        cursor = _cursor(collection, _query(position, order, where, sorts=deployment.is_sharded), fields=fields)
        try:
            while (buffer := await _next(link, cursor, name)) is not None:
                skipped = opened_at if position is opened_at else None
                for block in blocks(_behind(iterate(buffer), skipped), limit):
                    position = RawId(block.position)
                    yield block
        except _CursorLost as error:
            if order is ReadOrder.NATURAL or position is opened_at:
                raise Unreachable(f"{link.address} gave up reading {printable(name)}", hint="try again") from error
            await announce(f"{printable(name)}: {link.address} has lost a cursor; reading on behind its last document")
        else:
            return
        finally:
            await _close(link, cursor, name)


async def lookup(link: Link, name: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
    """Give the documents that have one of these ids."""
    collection = await link.collection(name)
    async with aclosing(found(collection, ids, None)) as documents:
        while True:
            with translated(link.address, f"looking up documents of {name}"):
                document = await anext(documents, None)
            if document is None:
                return
            yield document


async def found(
    collection: AsyncCollection[RawBSONDocument], ids: Sequence[RawId], session: AsyncClientSession | None
) -> AsyncGenerator[bytes]:
    """Give the documents that have one of these ids, read in a session. Raises what pymongo raises."""
    for some in _queries(ids):
        async with aclosing(_cursor(collection, RawBSONDocument(id_filter(some)), session)) as buffers:
            async for buffer in buffers:
                for document in iterate(buffer):
                    yield document


async def count(link: Link, name: str) -> int:
    """Count the documents of a collection, however long that takes."""
    collection = await link.collection(name)
    with translated(link.address, f"counting {name}"):
        return await link.long(lambda: collection.count_documents({}))


async def split_points(link: Link, name: str, parts: int) -> tuple[RawId, ...]:
    """Cut a collection by the ids of a few random documents, which MongoDB finds without walking over the others.

    None where they are of several types: an order that is not the one expected must not lose what lies between ranges.
    """
    collection = await link.collection(name)
    pipeline = [{"$sample": {"size": parts * SAMPLED_EACH}}, {"$project": {"_id": 1}}]
    ids: list[RawId] = []
    with translated(link.address, f"sampling {name}"):
        cursor = await collection.aggregate_raw_batches(pipeline, maxTimeMS=SAMPLE_MS)
        async with cursor:
            async for buffer in cast("AsyncIterable[bytes]", cursor):  # pymongo types a raw batch as a document
                ids.extend(one for one in map(raw_id, iterate(buffer)) if one is not None)
    if len({one[0] for one in ids}) != 1 or ids[0][0] not in SPLIT_TYPES:
        return ()
    by_key = {order_key(one): one for one in ids}
    keys = sorted(by_key)
    places = sorted({len(keys) * part // parts for part in range(1, parts)})
    return tuple(by_key[keys[place]] for place in places)


def blocks(documents: Iterator[bytes], limit: BlockLimit) -> Iterator[Block]:
    """Cut documents into blocks; the position of a block is the raw `_id` of its last document."""
    block: list[bytes] = []
    size = 0
    for document in documents:
        if block and (len(block) >= limit.documents or size + len(document) > limit.size):
            yield _block(block)
            block, size = [], 0
        block.append(document)
        size += len(document)
    if block:
        yield _block(block)


def _block(documents: list[bytes]) -> Block:
    return Block(documents, raw_id(documents[-1]) or b"")


def _query(after: RawId | None, order: ReadOrder, where: bytes | None = None, *, sorts: bool) -> dict[str, Any]:
    """Build the query. The hint alone makes a server walk the index on `_id`, which `min` enters across all types.

    A sharded cluster merges what its shards send by the sort only. The bounds are bytes: no `_id` is decoded.
    """
    query: dict[str, Any] = {"$query": {} if where is None else RawBSONDocument(where)}
    if order is ReadOrder.BY_ID:
        query["$hint"] = {"_id": 1}
        if sorts:
            query["$orderby"] = {"_id": 1}
        if after is not None:
            query["$min"] = RawBSONDocument(pack(id_field(b"_id", after)))
    return query


def _behind(documents: Iterator[bytes], after: RawId | None) -> Iterator[bytes]:
    """Leave out a first document whose `_id` is the one at which a cursor was opened, in whatever numeric type."""
    for number, document in enumerate(documents):
        if number == 0 and after is not None:
            identifier = raw_id(document)
            if identifier is not None and (identifier == after or order_key(identifier) == order_key(after)):
                continue
        yield document


async def _cursor(
    collection: AsyncCollection[RawBSONDocument],
    query: Mapping[str, Any],
    session: AsyncClientSession | None = None,
    fields: Mapping[str, Any] | None = None,
) -> AsyncGenerator[bytes]:
    """Run a query and give its answers, each a buffer of documents. Raises what pymongo raises."""
    cursor = collection.find_raw_batches(query, fields, batch_size=BATCH_DOCUMENTS, session=session)
    try:
        async for buffer in cast("AsyncIterable[bytes]", cursor):  # pymongo types a raw batch as a document
            yield buffer
    finally:
        with pymongo.timeout(CLOSE_SECONDS):
            await cursor.close()


async def _next(link: Link, buffers: AsyncGenerator[bytes], name: str) -> bytes | None:
    with translated(link.address, f"reading {name}"):
        try:
            return await anext(buffers, None)
        except OperationFailure as error:
            if error.code == CURSOR_NOT_FOUND:
                raise _CursorLost from error
            raise


async def _close(link: Link, buffers: AsyncGenerator[bytes], name: str) -> None:
    with translated(link.address, f"ending the reading of {name}"):
        await buffers.aclose()


def _queries(ids: Sequence[RawId]) -> Iterator[list[RawId]]:
    """Cut ids into lists whose query stays within QUERY_BYTES."""
    some: list[RawId] = []
    size = 0
    for one in ids:
        if some and size + len(one) > QUERY_BYTES:
            yield some
            some, size = [], 0
        some.append(one)
        size += len(one) + 12
    if some:
        yield some

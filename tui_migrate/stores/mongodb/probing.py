"""Asking a MongoDB server about documents and about itself, for the checks before a run. Nothing here writes."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection

from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import translated
from tui_migrate.stores.probe import Pulse

PINGS: Final = 3
"""Times the server is asked; the quickest answer counts, as what delayed the others is not the way to it."""

PROBE_MS: Final = 20_000
"""The longest that a query may take that could have to look at a whole collection."""

ROWS_AT_ONCE: Final = 500
"""Rows of values in one query."""


async def pulse(link: Link) -> Pulse:
    """Measure how quickly the server answers, and how far its clock is from ours."""
    await link.deployment()
    with translated(link.address, "measuring how it answers"):
        times = []
        for _ in range(PINGS):
            begun = time.perf_counter()
            await link.admin.command("ping")
            times.append(time.perf_counter() - begun)
        before = time.time()
        hello = await link.admin.command("hello")
        middle = (before + time.time()) / 2
    theirs = hello.get("localTime")
    ahead = theirs.replace(tzinfo=UTC).timestamp() - middle if isinstance(theirs, datetime) else None
    return Pulse(min(times), ahead)


async def equal(
    link: Link, name: str, fields: Sequence[str], values: Sequence[Sequence[RawId]]
) -> AsyncGenerator[bytes]:
    """Give the documents that have one of these rows of values."""
    collection = await link.collection(name)
    for start in range(0, len(values), ROWS_AT_ONCE):
        query = RawBSONDocument(any_of(fields, values[start : start + ROWS_AT_ONCE]))
        async for document in _found(link, collection, query, "comparing unique values of"):
            yield document


async def failing(link: Link, name: str, validator: bytes, limit: int) -> AsyncGenerator[bytes]:
    """Give documents that do not meet a validator, as the server judges them."""
    collection = await link.collection(name)
    query = RawBSONDocument(pack(b"\x04$nor\x00" + pack(b"\x030\x00" + validator)))
    async for document in _found(link, collection, query, "trying a validator on", limit=limit):
        yield document


async def sample(link: Link, name: str, size: int) -> AsyncGenerator[bytes]:
    """Give documents at random; a server may give one twice, which counts once."""
    collection = await link.collection(name)
    seen: set[bytes] = set()
    with translated(link.address, f"taking a sample of {name}"):
        cursor = await collection.aggregate([{"$sample": {"size": size}}], maxTimeMS=PROBE_MS, allowDiskUse=True)
        async with cursor:
            documents = [bytes(one.raw) async for one in cursor]
    for document in documents:
        if document not in seen:
            seen.add(document)
            yield document


def any_of(fields: Sequence[str], rows: Sequence[Sequence[RawId]]) -> bytes:
    """Build the query for documents that have one of these rows of values, without decoding one."""
    names = [one.encode() for one in fields]
    alternatives = [
        pack(
            b"".join(
                b"\x03" + name + b"\x00" + pack(id_field(b"$eq", value)) for name, value in zip(names, row, strict=True)
            )
        )
        for row in rows
    ]
    array = pack(b"".join(b"\x03%d\x00" % place + one for place, one in enumerate(alternatives)))
    return pack(b"\x04$or\x00" + array)


async def _found(
    link: Link, collection: AsyncCollection[RawBSONDocument], query: Mapping[str, Any], doing: str, *, limit: int = 0
) -> AsyncGenerator[bytes]:
    with translated(link.address, f"{doing} {collection.name}"):
        async with collection.find(query, limit=limit, max_time_ms=PROBE_MS) as cursor:
            documents = [bytes(one.raw) async for one in cursor]
    for one in documents:
        yield one

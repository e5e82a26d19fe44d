"""Validating documents with a catalog: one reading of each collection, then what its references lead to.

Memory stays bounded whatever there is to read: what has to be held against each other lies on disk, see `evidence`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Final

from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.mapping.values import parts_of, value_key, values_at
from tui_migrate.stores.base import Block, CollectionInfo, Searchable, Source
from tui_migrate.validation.collection import CollectionLook
from tui_migrate.validation.evidence import Evidence
from tui_migrate.validation.model import MOST_NAMED, Issue
from tui_migrate.validation.rules import CollectionRules
from tui_migrate.validation.wording import dangling_issue

Pace = Callable[[int, int], Awaitable[None]]
"""Awaited after each block with the documents read so far, and how many there are about; it may raise to stop."""

ASKED_TOGETHER: Final = 500
"""Values that another end is asked for at once."""


async def validate(
    source: Source,
    rules: Sequence[CollectionRules],
    *,
    elsewhere: Source | None = None,
    replaced: Collection[str] = (),
    pace: Pace | None = None,
) -> AsyncGenerator[Issue]:
    """Read the collections of the rules, in their order, and give what is not as the catalog says.

    A reference may also lead to a document that is `elsewhere`, under the names that collections have in `source`, but
    for the collections there that are to be `replaced`. Raises what reading raises, StorageFailed where the disk is
    full, MalformedDocument.
    """
    evidence = await asyncio.to_thread(Evidence)
    try:
        total = sum(one.info.documents for one in rules)
        done = 0
        for one in rules:
            look = CollectionLook(one, evidence)
            reading = source.read(one.info.name, order=one.info.kind.read_order, ids_only=one.wants_ids_alone)
            async with aclosing(reading) as blocks:
                async for block in blocks:
                    await asyncio.to_thread(look.take, block.documents)
                    done += len(block.documents)
                    if pace is not None:
                        await pace(done, max(done, total))
            for issue in look.issues():
                yield issue
        await asyncio.to_thread(evidence.index)
        if elsewhere is not None:
            await _look_elsewhere(rules, evidence, elsewhere, replaced)
        for one in rules:
            for followed in one.references:
                found = await asyncio.to_thread(evidence.dangling, followed.number, MOST_NAMED)
                if found.references:
                    yield dangling_issue(one, followed, found)
    finally:
        await asyncio.to_thread(evidence.close)


async def _look_elsewhere(
    rules: Sequence[CollectionRules], evidence: Evidence, elsewhere: Source, replaced: Collection[str]
) -> None:
    """Ask another end for the documents that references lead to and that were not read."""
    wanted = {one.leads_to: (one.to, one.reference.to_field) for some in rules for one in some.references}
    names = {name for name, _ in wanted.values()}.difference(replaced)
    there = {one.name: one for one in await elsewhere.collections(list(names))}
    for number, (name, field) in wanted.items():
        if (info := there.get(name)) is None:
            continue
        pages = evidence.unmet(number, ASKED_TOGETHER)
        while (values := await asyncio.to_thread(next, pages, None)) is not None:
            met = await _met(elsewhere, info, field, values)
            await asyncio.to_thread(evidence.add, [(number, key) for key in met], ())


async def _met(source: Source, info: CollectionInfo, field: str, values: Sequence[RawId]) -> set[bytes]:
    """Give the keys of those of some values that a field of a collection has."""
    path = parts_of(field)
    asked = {value_key(one) for one in values}
    met: set[bytes] = set()
    async with aclosing(_documents(source, info, field, values)) as blocks:
        async for documents in blocks:
            met |= asked & {value_key(value) for one in documents for value in values_at(one, path)}
            if len(met) == len(asked):
                break
    return met


async def _documents(
    source: Source, info: CollectionInfo, field: str, values: Sequence[RawId]
) -> AsyncGenerator[Sequence[bytes]]:
    """Give documents, all that have one of these values in a field among them."""
    if field == "_id" and info.kind.has_keys and info.simple_order and source.capabilities.lookup:
        async with aclosing(source.lookup(info.name, values)) as found:
            async for one in found:
                yield [one]
        return
    reading: AsyncGenerator[Block]
    if isinstance(source, Searchable) and info.simple_order:
        array = pack(b"".join(id_field(str(place).encode(), one) for place, one in enumerate(values)))
        where = pack(b"\x03" + field.encode() + b"\x00" + pack(b"\x04$in\x00" + array))
        reading = source.search(info.name, where, order=info.kind.read_order)
    else:
        reading = source.read(info.name, order=info.kind.read_order, ids_only=field == "_id")
    async with aclosing(reading) as blocks:
        async for block in blocks:
            yield block.documents

"""What a database holds, in a few bytes a collection: to tell whether it is byte for byte what it was."""

import hashlib
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import canonical, normalise
from tui_migrate.stores.base import CollectionKind, ReadOrder, Source

_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One collection: how many documents, the sum of their hashes, its options, its indexes.

    A sum has no order and tells how often a document is there, so it stands for the set of raw documents in bounded
    memory. Options and indexes are compared as sets of fields.
    """

    documents: int
    digest: int
    kind: CollectionKind
    options: bytes
    indexes: frozenset[bytes]


async def take(source: Source) -> dict[str, Fingerprint]:
    """Read a whole database and give its fingerprint by collection."""
    return {
        one.name: Fingerprint(
            *(await _documents(source, one.name) if one.kind is not CollectionKind.VIEW else (0, 0)),
            kind=one.kind,
            options=canonical(one.options),
            indexes=frozenset(map(canonical, one.indexes)),
        )
        for one in await source.collections()
    }


async def _documents(source: Source, collection: str) -> tuple[int, int]:
    count = total = 0
    async for block in source.read(collection, order=ReadOrder.NATURAL):
        for document in block.documents:
            total += int.from_bytes(hashlib.sha256(normalise(document)).digest())
        count += len(block.documents)
    return count, total % (1 << _BITS)

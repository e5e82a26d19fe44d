"""What a set of documents comes to, whatever the order they lie in: their number and the sum of their hashes."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import content_hash, normalise
from tui_migrate.stores.base import ReadOrder, Source

_MODULUS: Final = 2**128


@dataclass(frozen=True, slots=True)
class Sum:
    """How many documents, and the sum of their hashes: equal for equal documents in any order."""

    count: int = 0
    total: int = 0

    def plus(self, digests: Iterable[bytes]) -> "Sum":
        """Add documents by their hashes."""
        count, total = self.count, self.total
        for digest in digests:
            count += 1
            total = (total + int.from_bytes(digest)) % _MODULUS
        return Sum(count, total)


async def sum_of(source: Source, collection: str) -> Sum:
    """Sum up a collection, read as it lies."""
    found = Sum()
    async with aclosing(source.read(collection, order=ReadOrder.NATURAL)) as blocks:
        async for block in blocks:
            found = found.plus(content_hash(normalise(one)) for one in block.documents)
    return found

"""What a set of documents comes to, whatever the order they lie in: their number and the sum of their hashes."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_migrate.documents import content_hash, normalise
from tui_migrate.engine.undo_reader import UndoReader
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


def sum_written(undo_log: Path, collection: str) -> Sum:
    """Sum up what a run has written to a collection since it made that for the last time."""
    written = Sum()
    with UndoReader(undo_log) as undo:
        index = undo.index()
        for offset in index.groups:
            group = undo.group_at(offset)
            if group.collection == collection and offset > index.begins.get(collection, 0):
                outcomes = group.outcomes or ()
                written = written.plus(
                    intent.after for intent, outcome in zip(group.intents, outcomes, strict=True) if outcome.is_written
                )
    return written

"""Telling a collection that a filling left which was broken off from one into which others have written.

It is filled block by block, and a server may have taken any documents of the block that was on its way. Documents are
known by their hashes, in memory that holds one block of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tui_migrate.documents import content_hash, normalise
from tui_migrate.engine.sums import Sum
from tui_migrate.stores.base import ReadOrder, Source

BLOCK_DOCUMENTS: Final = 500
BLOCK_BYTES: Final = 4 * 1024 * 1024

Documents = Callable[[], Iterator[bytes]]
"""Gives the documents to fill a collection with, in their order and from the first, each time it is called."""


def blocks(documents: Iterator[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut documents into what is inserted together."""
    block: list[bytes] = []
    size = 0
    for one in documents:
        block.append(one)
        size += len(one)
        if len(block) == BLOCK_DOCUMENTS or size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


async def is_half_filled(source: Source, collection: str, documents: Documents) -> bool:
    """Say whether a collection has whole blocks of these documents, any of the block behind them, and nothing else."""
    wanted = await asyncio.to_thread(_wanted, documents, await source.count(collection))
    if wanted is None:
        return False
    found = _Apart(wanted.last)
    async with aclosing(source.read(collection, order=ReadOrder.NATURAL)) as read:
        async for block in read:
            found.add(block.documents)
    return found.others == wanted.whole.others and wanted.whole.alike <= found.alike <= wanted.whole.alike + wanted.last


class _Apart:
    """A set of documents in two parts: how often it has each of some `chosen` ones, and what all others come to."""

    def __init__(self, chosen: Counter[bytes]) -> None:
        self._chosen = chosen
        self.alike: Counter[bytes] = Counter()
        self.others = Sum()

    def add(self, documents: Sequence[bytes]) -> None:
        """Take up documents."""
        digests = _digests(documents)
        self.alike.update(one for one in digests if one in self._chosen)
        self.others = self.others.plus(one for one in digests if one not in self._chosen)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a filling leaves: all of the `whole` blocks, and of the `last` one some."""

    whole: _Apart
    last: Counter[bytes]


def _wanted(documents: Documents, count: int) -> _Wanted | None:
    """Give what may be there of so many documents, or None where these are all or more."""
    passed = number = 0
    for block in blocks(documents()):
        if passed + len(block) > count:
            break
        passed += len(block)
        number += 1
    else:
        return None
    last = Counter(_digests(block))
    whole = _Apart(last)
    for block in islice(blocks(documents()), number):
        whole.add(block)
    return _Wanted(whole, last)


def _digests(documents: Sequence[bytes]) -> list[bytes]:
    return [content_hash(normalise(one)) for one in documents]

"""Choosing how the documents of a collection are compared, and into which ranges it is cut for that."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from tui_migrate.comparison.definitions import knows_definitions
from tui_migrate.comparison.model import Counts, Request, Rules, Way
from tui_migrate.comparison.side import Open
from tui_migrate.comparison.state import Part
from tui_migrate.packages.package import BlockDigest, ContentDigests, Digested
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, CollectionKind, Source
from tui_migrate.stores.outlines import sizes, split_points

SPLIT_FROM: Final = 200_000
"""Documents from which a collection is cut into ranges: below that, opening more cursors costs more than it gains.

Two ranges at once take half the time where a server is waited for; where the client's one core is, they gain nothing.
"""

LIMIT: Final = BlockLimit(documents=2_000, size=4 * 1024 * 1024)


@dataclass(slots=True)
class Shared:
    """A collection that both sides have, and how it is compared. `digests` are those of blocks that may be skipped."""

    left: CollectionInfo
    right: CollectionInfo
    way: Way
    rules: Rules
    notes: list[str] = field(default_factory=list)
    digests: tuple[tuple[BlockDigest, ...], tuple[BlockDigest, ...]] = ((), ())
    settled: Counts | None = None
    """The outcome, where nothing had to be read for it."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.left.name

    @property
    def documents(self) -> int:
        """About how many documents there are to be compared."""
        return max(self.left.documents, self.right.documents)

    def open(self, source: Source) -> Open:
        """Say how a side is read when it is merged."""

        def read(after: bytes | None) -> AsyncGenerator[Block]:
            if self.rules.sizes:
                return sizes(source, self.name, after=after)
            return source.read(self.name, after=after, limit=LIMIT)

        return read


async def choose(left: Source, right: Source, mine: CollectionInfo, theirs: CollectionInfo, request: Request) -> Shared:
    """Choose the way to compare a collection of both sides."""
    canonical = not (left.capabilities.keeps_field_order and right.capabilities.keeps_field_order)
    rules = Rules(canonical=canonical, listed=request.listed)
    shared = Shared(mine, theirs, _plain_way(left, right, mine, theirs), rules)
    for side, info in (("A", mine), ("B", theirs)):
        if not knows_definitions(info):
            shared.notes.append(f"{side} tells no indexes and options: they were not compared")
    if request.fast and shared.way is not Way.DEFINITION:
        first, second = await _digests(left, mine), await _digests(right, theirs)
        if first is not None and second is not None:
            _use_digests(shared, first, second)
        elif shared.way is Way.MERGED and (left.capabilities.tells_sizes or right.capabilities.tells_sizes):
            shared.way = Way.SIZES
            shared.rules = Rules(canonical=canonical, sizes=True, listed=request.listed)
    return shared


def out_of_order(shared: Shared, listed: int) -> Shared:
    """Give the way for a collection that was merged and turned out not to be in the order of `_id`."""
    note = "a side is not in the order of _id, although it should be: its documents were sorted"
    rules = Rules(canonical=shared.rules.canonical, listed=listed)
    return Shared(shared.left, shared.right, Way.SORTED, rules, [*shared.notes, note])


async def cut(left: Source, right: Source, shared: Shared, parallel: int) -> tuple[Part, ...]:
    """Cut a collection into ranges where both sides can be entered at any `_id` and it is large enough."""
    if shared.settled is not None:
        return (Part(shared.name, 0, counts=shared.settled, is_done=True),)
    points: tuple[bytes, ...] = ()
    if shared.way in (Way.MERGED, Way.SIZES) and parallel > 1 and shared.documents >= SPLIT_FROM:
        mine = await split_points(left, shared.name, parallel)
        theirs = await split_points(right, shared.name, parallel)
        if mine and theirs:
            points = mine if shared.left.documents >= shared.right.documents else theirs
    bounds = pairwise((None, *points, None))
    return tuple(Part(shared.name, number, after, until) for number, (after, until) in enumerate(bounds))


def _plain_way(left: Source, right: Source, mine: CollectionInfo, theirs: CollectionInfo) -> Way:
    if CollectionKind.VIEW in (mine.kind, theirs.kind):
        return Way.DEFINITION
    if not (mine.kind.has_keys and theirs.kind.has_keys):
        return Way.MULTISET
    is_ordered = left.capabilities.ordered and right.capabilities.ordered
    return Way.MERGED if is_ordered and mine.simple_order and theirs.simple_order else Way.SORTED


async def _digests(source: Source, info: CollectionInfo) -> ContentDigests | None:
    return await source.digests(info.name) if isinstance(source, Digested) else None


def _use_digests(shared: Shared, mine: ContentDigests, theirs: ContentDigests) -> None:
    """Take equal digests for equal documents: of the whole collection, else of the blocks that lie side by side."""
    if (mine.documents, mine.size, mine.sha256) == (theirs.documents, theirs.size, theirs.sha256):
        shared.way, shared.settled = Way.DIGESTS, Counts(equal=mine.documents)
    elif shared.way is Way.MERGED and mine.is_ordered and theirs.is_ordered:
        shared.way, shared.digests = Way.DIGESTS, (mine.blocks, theirs.blocks)

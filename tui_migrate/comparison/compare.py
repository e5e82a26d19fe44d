"""Comparing two databases or packages, collection by collection, in memory that does not grow with them.

Both sides are read once, in the order of `_id`, and merged; what does not come in that order is sorted on disk. Equal
means equal bytes once `_id` stands in front; where a side does not keep the order of fields, equal but for that order.

`fast` looks at less, and calls equal only what is proved to be. Between packages with manifests, documents of equal
SHA-256 are. A server has nothing to prove it with: `$toHashedIndexKey` takes 1 and 1.0 for the same, and `dbHash` keeps
writers out while it works; so `_id`s and sizes are compared, and what agrees in them is reported as just that.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tui_migrate.comparison.definitions import definition_differences, knows_definitions
from tui_migrate.comparison.merge import Merge
from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, Found, Kind, Request, Standing, Way
from tui_migrate.comparison.side import OutOfOrder, Side
from tui_migrate.comparison.sorting import Sorter, read_into, with_fields
from tui_migrate.comparison.state import Part, State
from tui_migrate.comparison.ways import LIMIT, Shared, choose, cut, out_of_order
from tui_migrate.errors import UsageError
from tui_migrate.failpoints import failpoint
from tui_migrate.packages.indexed import to_the_end
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source

MARK_SECONDS: Final = 1.0
MARK_DOCUMENTS: Final = 10_000
"""How much work a comparison that is killed costs the next one, whichever is reached first."""

Progress = Callable[[int, int], None]
"""Told now and then: documents compared so far, and about how many there are."""

Watch = Callable[[Standing], None]
"""Told of each collection how far it is: at first, after each few thousand documents, and when it is done."""


async def compare(
    left: Source,
    right: Source,
    request: Request,
    state: State,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Comparison:
    """Compare two sides as far as the request says, from where the state is. Both are only read.

    Raises UsageError for names that neither has and where no collection is left, what keeps a side from being read,
    StorageFailed.
    """
    try:
        return await _Work(left, right, request, state, progress, watch).all()
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # what befell the others is but its consequence


class _Work:
    """One comparison: its two sides, and how far it is."""

    def __init__(
        self,
        left: Source,
        right: Source,
        request: Request,
        state: State,
        progress: Progress | None,
        watch: Watch | None,
    ) -> None:
        self._left = left
        self._right = right
        self._request = request
        self._state = state
        self._progress = progress
        self._watch = watch
        self._parts_seen: dict[str, dict[int, tuple[Counts, bool]]] = {}
        self._shared: dict[str, Shared] = {}
        self._misordered: set[str] = set()
        self._done = 0
        self._total = 0

    async def all(self) -> Comparison:
        """Compare everything."""
        async with asyncio.TaskGroup() as group:
            listings = [group.create_task(self._listed(one)) for one in (self._left, self._right)]
        mine, theirs = (one.result() for one in listings)
        names = self._chosen(mine, theirs)
        self._show_alone(mine, theirs)
        for name in names:
            if name in mine and name in theirs:
                await self._prepare(mine[name], theirs[name])
        await self._work_off([part for name in self._shared for part in await self._shown_parts(name)])
        for name in sorted(self._misordered):
            self._shared[name] = out_of_order(self._shared[name], self._request.listed)
            await self._begin(self._shared[name], (Part(name, 0),))
            await self._work_off(await self._parts(name))
        collections = tuple([await self._outcome(name, mine.get(name), theirs.get(name)) for name in names])
        canonical = any(one.rules.canonical for one in self._shared.values())
        return Comparison(collections, canonical, self._request.fast)

    async def _listed(self, source: Source) -> dict[str, CollectionInfo]:
        names = self._request.names or None
        await source.identity()  # a package knows its capabilities only then
        return {one.name: one for one in await source.collections(names)}

    def _chosen(self, mine: dict[str, CollectionInfo], theirs: dict[str, CollectionInfo]) -> list[str]:
        there = mine.keys() | theirs.keys()
        for name in self._request.names or self._request.exclude:
            if name not in there:
                raise UsageError(
                    f"neither side has a collection {printable(name) or repr(name)}", hint="names are case-sensitive"
                )
        names = sorted(there - set(self._request.exclude))
        if not names:  # which would be equal, also where the name of a database is misspelt
            raise UsageError(
                "there is no collection to compare on either side",
                hint="see to the names of the databases, or exclude fewer",
            )
        return names

    async def _prepare(self, mine: CollectionInfo, theirs: CollectionInfo) -> None:
        """Choose the way of a collection, or take up the one it was begun in."""
        shared = await choose(self._left, self._right, mine, theirs, self._request)
        self._shared[shared.name] = shared
        if shared.way is Way.DEFINITION:
            return
        way = (await asyncio.to_thread(self._state.way, shared.name))[0] if await self._parts(shared.name) else None
        if way is Way.SORTED and shared.way is not Way.SORTED:
            self._shared[shared.name] = out_of_order(shared, self._request.listed)
        elif way is not shared.way:
            await self._begin(shared, await cut(self._left, self._right, shared, self._request.parallel))
        self._total += shared.documents

    async def _begin(self, shared: Shared, parts: tuple[Part, ...]) -> None:
        await asyncio.to_thread(self._state.begin, shared.name, shared.way, shared.notes, parts)

    async def _parts(self, name: str) -> tuple[Part, ...]:
        return await asyncio.to_thread(self._state.parts, name)

    async def _shown_parts(self, name: str) -> tuple[Part, ...]:
        """Give the parts of a collection, once it is told how far they are."""
        parts = await self._parts(name)
        self._parts_seen[name] = {one.number: (one.counts, one.is_done) for one in parts}
        self._show(name)
        return parts

    def _show_alone(self, mine: dict[str, CollectionInfo], theirs: dict[str, CollectionInfo]) -> None:
        """Tell of the collections that one side alone has, by what it says of them."""
        if self._watch is None:
            return
        for name in mine.keys() - theirs.keys():
            number = mine[name].documents
            self._watch(Standing(name, Counts(only_left=number), number, Kind.ONLY_LEFT, is_done=True))
        for name in theirs.keys() - mine.keys():
            number = theirs[name].documents
            self._watch(Standing(name, Counts(only_right=number), number, Kind.ONLY_RIGHT, is_done=True))

    def _saw(self, part: Part, counts: Counts) -> None:
        """Tell how far a part is, and so its collection."""
        self._parts_seen[part.collection][part.number] = (counts, part.is_done)
        self._show(part.collection)

    def _show(self, name: str) -> None:
        if self._watch is not None:
            parts = self._parts_seen[name].values()
            counts = sum((one for one, _ in parts), start=Counts())
            is_done = all(is_done for _, is_done in parts)
            self._watch(Standing(name, counts, self._shared[name].documents, is_done=is_done))

    async def _work_off(self, parts: list[Part] | tuple[Part, ...]) -> None:
        """Compare parts, so many at once as the request says."""
        self._tell(sum(one.counts.seen for one in parts))
        waiting = deque(one for one in parts if not one.is_done)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._request.parallel, len(waiting))):
                group.create_task(self._take_from(waiting))

    async def _take_from(self, waiting: deque[Part]) -> None:
        while waiting:
            part = waiting.popleft()
            shared = self._shared[part.collection]
            if shared.way in (Way.SORTED, Way.MULTISET):
                await self._sort(part, shared)
            elif part.collection not in self._misordered:
                try:
                    await self._merge(part, shared)
                except OutOfOrder:
                    self._misordered.add(part.collection)

    async def _merge(self, part: Part, shared: Shared) -> None:
        listed = await asyncio.to_thread(self._state.listed, part)
        merge = Merge(shared.rules, listed)
        bounds = {"after": part.after, "until": part.until}
        left = Side(shared.open(self._left), part.left, digests=shared.digests[0], **bounds)
        right = Side(shared.open(self._right), part.right, digests=shared.digests[1], **bounds)
        clock = asyncio.get_running_loop().time
        marked_at, marked, seen = clock(), part.counts.seen, part.counts.seen
        try:
            while await _step(left, right, merge):
                counts = part.counts + merge.counts
                self._tell(counts.seen - seen)
                self._saw(part, counts)
                seen = counts.seen
                if clock() - marked_at >= MARK_SECONDS or seen - marked >= MARK_DOCUMENTS:
                    part = await self._keep(part, left, right, merge.take())
                    marked_at, marked = clock(), seen
        finally:
            await left.close()
            await right.close()
        await self._keep(replace(part, is_done=True), left, right, merge.take())

    async def _keep(self, part: Part, left: Side, right: Side, found: Found) -> Part:
        part = replace(part, left=left.mark(), right=right.mark(), counts=part.counts + found.counts)
        await asyncio.to_thread(self._state.commit, part, found)
        failpoint("compare.after_mark")
        self._saw(part, part.counts)
        return part

    async def _sort(self, part: Part, shared: Shared) -> None:
        """Compare a collection by sorting it: from the start, whatever an earlier attempt did."""
        part = Part(shared.name, 0)
        await self._begin(shared, (part,))
        await self._shown_parts(shared.name)
        sorter = Sorter(shared.rules, by_id=shared.way is Way.SORTED)
        try:
            sides = ((self._left, shared.left), (self._right, shared.right))
            for number, (source, info) in enumerate(sides):
                blocks = source.read(info.name, order=info.kind.read_order, limit=LIMIT)
                async for documents in read_into(sorter, number, blocks):
                    self._tell(documents if number == 0 else 0)
            pairs = sorter.pairs()
            while (found := await to_the_end(lambda: next(pairs, None))) is not None:
                part = replace(part, counts=part.counts + found.counts)
                await asyncio.to_thread(self._state.commit, part, found)
                self._saw(part, part.counts)
        finally:
            sorter.close()
        if shared.way is Way.SORTED:
            first = await asyncio.to_thread(self._state.differences, shared.name, self._request.listed)
            detailed = await with_fields(self._left, self._right, shared.left, first, shared.rules)
            await asyncio.to_thread(self._state.add_fields, shared.name, detailed)
        part = replace(part, is_done=True)
        await asyncio.to_thread(self._state.commit, part, Found())
        failpoint("compare.after_mark")
        self._saw(part, part.counts)

    def _tell(self, documents: int) -> None:
        self._done += documents
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)

    async def _outcome(
        self, name: str, mine: CollectionInfo | None, theirs: CollectionInfo | None
    ) -> ComparedCollection:
        if mine is None or theirs is None:
            return await self._alone(name, mine, theirs)
        shared = self._shared[name]
        is_told = knows_definitions(mine) and knows_definitions(theirs)
        definitions = definition_differences(mine, theirs) if is_told or mine.kind is not theirs.kind else ()
        if shared.way is Way.DEFINITION:
            return ComparedCollection(name, shared.way, definitions=definitions, notes=tuple(shared.notes))
        counts = sum((one.counts for one in await self._parts(name)), start=Counts())
        documents = await asyncio.to_thread(self._state.differences, name, self._request.listed)
        return ComparedCollection(name, shared.way, None, counts, definitions, tuple(documents), tuple(shared.notes))

    async def _alone(self, name: str, mine: CollectionInfo | None, theirs: CollectionInfo | None) -> ComparedCollection:
        source, info = (self._left, mine) if mine is not None else (self._right, theirs)
        is_view = info is not None and info.kind is CollectionKind.VIEW
        number = 0 if is_view else await source.count(name)
        if mine is not None:
            return ComparedCollection(name, Way.DEFINITION, Kind.ONLY_LEFT, Counts(only_left=number), is_view=is_view)
        return ComparedCollection(name, Way.DEFINITION, Kind.ONLY_RIGHT, Counts(only_right=number), is_view=is_view)


async def _step(left: Side, right: Side, merge: Merge) -> bool:
    """Compare a little further; say whether there was something to compare. Raises OutOfOrder."""
    mine, theirs = left.next_digest, right.next_digest
    if mine is not None and theirs is not None and (mine.sha256, mine.documents) == (theirs.sha256, theirs.documents):
        await left.skip()
        await right.skip()
        merge.count_equal(mine.documents)
        return True
    left.begin()
    right.begin()
    await left.fill()
    await right.fill()
    if left.has_more and right.has_more:
        merge.advance(left, right)
    elif left.has_more:
        merge.rest(left, Kind.ONLY_LEFT)
    elif right.has_more:
        merge.rest(right, Kind.ONLY_RIGHT)
    else:
        return False
    return True

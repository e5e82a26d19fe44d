"""What a policy would do to these very data: counted by ids, guessed from a sample, or counted by reading both ends."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from tui_migrate.errors import TuiMigrateError
from tui_migrate.mapping.model import Scope
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.decision import Decision, decide
from tui_migrate.plan.ends import planned_source
from tui_migrate.plan.forecast import CollectionForecast, Forecast, forecast_collection, forecast_taken_away
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.plan.model import End, PackageEnd, Plan, Policy
from tui_migrate.stores.base import BlockLimit, CollectionInfo, CollectionKind, Source
from tui_migrate.stores.lookup import find_by_id, keyed
from tui_migrate.ui.look import Fault, LookState, Opening, first_error

SAMPLE_DOCUMENTS: Final = 200
"""How many documents that both ends have are compared for the sample."""
SAMPLE_BLOCKS: Final = 5
"""How many blocks of a collection are read for it at most."""
REPORT_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """Of `compared` documents that both ends have, so many differ."""

    compared: int = 0
    differ: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted: these collections of this source, or a part of them, in this target. No policy matters.

    Of a `mirror` it is counted, too, what the target has besides.
    """

    source: End
    target: End
    names: tuple[str, ...]
    scope: Scope = field(default_factory=Scope)
    catalog: str = ""
    mirror: bool = False

    @classmethod
    def of(cls, request: PlanRequest) -> "Question":
        """The question that a plan asks."""
        catalog = request.catalog.text if request.catalog is not None else ""
        return cls(request.source, request.target, request.names, request.scope, catalog, request.mirror)


@dataclass(frozen=True, slots=True)
class Count:
    """The answer so far. `at` is when it began, or ended where it has; `expected` is the number of collections.

    `replace` of a collection stands for all documents that differ, whatever the policy; it is known where `exact`.
    """

    question: Question
    state: LookState
    at: float
    exact: bool = False
    found: tuple[CollectionForecast, ...] = ()
    expected: int = 0
    sample: Sample = Sample()
    fault: Fault | None = None

    @property
    def total(self) -> CollectionForecast:
        """The sum over the collections that are counted."""
        return Forecast(self.exact, self.found).total


async def count(request: PlanRequest, opening: Opening, report: Callable[[Count], object], *, exact: bool) -> None:
    """Count what a plan would do; say each time what is known by now. Faults are reported, not raised."""
    known = Count(Question.of(request), LookState.CONNECTING, opening.clock(), exact)

    def tell(now: Count) -> None:
        nonlocal known
        known = now
        report(now)

    tell(known)
    try:
        async with AsyncExitStack() as stack:
            source = await stack.enter_async_context(opening.source(request.source))
            to_package = isinstance(request.target, PackageEnd)
            target = None if to_package else await stack.enter_async_context(opening.source(request.target))
            plan = await build_plan(replace(request, policy=Policy.OVERWRITE), source)
            source = planned_source(plan, source)
            stack.push_async_callback(source.close)
            counting = _Counting(plan, source, target)
            await counting.all(known, tell)
            if not exact:
                tell(replace(known, sample=await counting.sample(known)))
        tell(replace(known, state=LookState.DONE, at=opening.clock()))
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        tell(replace(known, state=LookState.FAILED, fault=fault, at=opening.clock()))


@dataclass(frozen=True, slots=True)
class _Counting:
    """Both ends, open. `plan` overwrites, so that what differs counts as a replacement."""

    plan: Plan
    source: Source
    target: Source | None

    async def all(self, known: Count, tell: Callable[[Count], object]) -> None:
        """Count collection after collection, and tell now and then."""
        clock = asyncio.get_running_loop().time
        pairs = await self._pairs()
        known = replace(known, state=LookState.READING, expected=len(pairs))
        told = clock()
        tell(known)
        for mine, theirs in pairs:
            found = await self._forecast(mine, theirs, exact=known.exact)
            known = replace(known, found=(*known.found, found))
            if clock() - told >= REPORT_SECONDS or len(known.found) == len(pairs):
                told = clock()
                tell(known)

    async def _forecast(
        self, mine: CollectionInfo, theirs: CollectionInfo | None, *, exact: bool
    ) -> CollectionForecast:
        if mine.kind is CollectionKind.VIEW and theirs is not None and self.target is not None:
            return await forecast_taken_away(theirs, self.target)
        return await forecast_collection(self.plan, mine, self.source, theirs, self.target, exact=exact)

    async def sample(self, known: Count) -> Sample:
        """Compare some of the documents that both ends have, in the order of their ids, spread over the collections."""
        present = {one.name for one in known.found if one.present}
        pairs = [(mine, theirs) for mine, theirs in await self._pairs() if mine.name in present and mine.kind.has_keys]
        sample = Sample()
        for number, (mine, theirs) in enumerate(pairs):
            if theirs is not None and self.target is not None and sample.compared < SAMPLE_DOCUMENTS:
                share = (SAMPLE_DOCUMENTS - sample.compared) // (len(pairs) - number) or 1
                compared, differ = await self._compare(self.target, mine, share)
                sample = Sample(sample.compared + compared, sample.differ + differ)
        return sample

    async def _compare(self, target: Source, mine: CollectionInfo, wanted: int) -> tuple[int, int]:
        compared = differ = blocks = 0
        reading = self.source.read(mine.name, order=mine.kind.read_order, limit=BlockLimit(max(wanted, 20)))
        async with aclosing(reading):
            async for block in reading:
                batch = [one for one in map(keyed, block.documents) if one is not None]
                found = await find_by_id(target, mine.name, [one.id for one in batch])
                there = [one for one in batch if one.key in found][: wanted - compared]
                decisions = [decide(Policy.OVERWRITE, one, found[one.key]) for one in there]
                compared += len(decisions)
                differ += decisions.count(Decision.REPLACE)
                blocks += 1
                if compared == wanted or blocks == SAMPLE_BLOCKS:
                    break
        return compared, differ

    async def _pairs(self) -> list[tuple[CollectionInfo, CollectionInfo | None]]:
        """The planned collections, and what the target has of each name.

        Not views, for they have no documents of their own; but those that a mirror puts in the place of a collection.
        """
        names = [one.name for one in self.plan.collections]
        theirs = {one.name: one for one in await self.target.collections(names)} if self.target is not None else {}
        mine = await self.source.collections(names)
        pairs = [(one, theirs.get(one.name)) for one in mine]
        return [(one, there) for one, there in pairs if one.kind is not CollectionKind.VIEW or self._is_gone(there)]

    def _is_gone(self, there: CollectionInfo | None) -> bool:
        """Say whether a view takes the place of a collection, whose documents go."""
        return is_mirror(self.plan) and there is not None and there.kind is not CollectionKind.VIEW

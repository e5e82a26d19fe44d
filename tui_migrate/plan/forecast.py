"""The dry run: what a plan would do, counted by the very decisions that the engine would take."""

import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from tui_migrate.plan.decision import Decision, decide
from tui_migrate.plan.estimate import Estimate, estimate_collection
from tui_migrate.plan.mirror import is_mirror, is_replaced
from tui_migrate.plan.model import Plan, Policy, Verify
from tui_migrate.plan.newer import moment_path
from tui_migrate.stores.base import BlockLimit, CollectionInfo, CollectionKind, Source
from tui_migrate.stores.lookup import choose_finder, keyed
from tui_migrate.stores.probe import probe_of

UNDO_OF_INSERT: Final = 40
"""About how many bytes of the undo log an insert takes."""

UNDO_RESERVE: Final = 48 * 1024 * 1024
"""Bytes that stay free on the disk of the undo log: for what one batch can add to it (its before-images and one
document alone, 24 MB), and for the journal beside it."""

WRITTEN_DOCUMENTS: Final = 5_000
WRITTEN_BYTES: Final = 10_000_000
"""How much a run is assumed to write in a second, for no dry run can measure it."""

ASSUMPTION: Final = (
    f"read as quickly as just now, written at {WRITTEN_DOCUMENTS:,} documents or {WRITTEN_BYTES // 1_000_000} MB a"
    " second as assumed"
)


@dataclass(frozen=True, slots=True)
class CollectionForecast:
    """What would become of one collection's documents; `size` is what would be written, in bytes.

    `reject` are documents without `_id`, which are put aside. By ids alone only `insert`, `reject` and `present` (ids
    that are in the target) are known, and `size` is an estimate. `undo` is about
    how large the undo log becomes: what is replaced or deleted, and UNDO_OF_INSERT for each insert. `delete` are the
    documents of the target that a mirror takes away: those it has more, or all where the collection is replaced.

    `ask` are those that wait for a decision; `undo` takes them for replaced. Of those that `skip` leaves, `newer` are
    left because the target's was changed later, and `untold` because that cannot be told; both under `newer` alone.

    `seconds` is about how long the run takes for it: the reading as it was measured, the writing as ASSUMPTION says.
    `margin` is by how many documents each count may be off (95 % sure) where it comes from a sample.
    """

    name: str
    exists: bool
    documents: int = 0
    insert: int = 0
    replace: int = 0
    unchanged: int = 0
    skip: int = 0
    refuse: int = 0
    reject: int = 0
    present: int = 0
    size: int = 0
    undo: int = 0
    seconds: float = field(default=0.0, compare=False)
    margin: int = 0
    delete: int = 0
    ask: int = 0
    newer: int = 0
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a plan, as of the moment of its reading; `sample` is how many documents it is from, 0 for all."""

    exact: bool
    collections: tuple[CollectionForecast, ...]
    sample: int = 0

    @property
    def total(self) -> CollectionForecast:
        """The sum over the collections."""
        total = CollectionForecast("", exists=False)
        for one in self.collections:
            total = replace(
                total,
                documents=total.documents + one.documents,
                insert=total.insert + one.insert,
                replace=total.replace + one.replace,
                unchanged=total.unchanged + one.unchanged,
                skip=total.skip + one.skip,
                refuse=total.refuse + one.refuse,
                reject=total.reject + one.reject,
                present=total.present + one.present,
                size=total.size + one.size,
                undo=total.undo + one.undo,
                seconds=total.seconds + one.seconds,
                margin=total.margin + one.margin,
                delete=total.delete + one.delete,
                ask=total.ask + one.ask,
                newer=total.newer + one.newer,
                untold=total.untold + one.untold,
            )
        return total


async def forecast(plan: Plan, source: Source, target: Source | None, *, exact: bool, sample: int = 0) -> Forecast:
    """Count what a plan would do, reading both ends and writing nothing. `target` is None for an export.

    With `sample` a collection of more documents is estimated from so many, where its store can give some at random.
    """
    names = [one.name for one in plan.collections]
    from_source = {one.name: one for one in await source.collections(names)}
    in_target = {one.name: one for one in await target.collections(names)} if target is not None else {}
    found, probe, is_sampled = [], None if is_mirror(plan) else probe_of(source), False
    for name in names:
        info, there = from_source.get(name), in_target.get(name)
        if info is None or info.kind is CollectionKind.VIEW:
            if is_mirror(plan) and target is not None and there is not None and there.kind is not CollectionKind.VIEW:
                found.append(await forecast_taken_away(there, target))
            continue
        begun, counted = time.perf_counter(), None
        if exact and sample and probe is not None and info.documents > sample:
            counted = await estimate_collection(plan, info, probe, there, target, sample)
        if counted is None:
            found.append(await forecast_collection(plan, info, source, there, target, exact=exact))
        else:
            is_sampled = True
            found.append(_scaled(plan, info.name, counted, time.perf_counter() - begun, exists=there is not None))
    return Forecast(exact, tuple(found), sample if is_sampled else 0)


async def forecast_taken_away(there: CollectionInfo, target: Source) -> CollectionForecast:
    """Count a collection that a mirror takes away whole: the source has none of its name, or a view in its place."""
    return CollectionForecast(there.name, exists=True, delete=await target.count(there.name), undo=there.size)


async def forecast_collection(
    plan: Plan,
    info: CollectionInfo,
    source: Source,
    there: CollectionInfo | None,
    target: Source | None,
    *,
    exact: bool,
) -> CollectionForecast:
    """Count what a plan would do with one collection."""
    delete = deleted_bytes = 0
    is_replacing = is_mirror(plan) and there is not None and is_replaced(info, there)
    if is_replacing and target is not None and there is not None:
        delete = 0 if there.kind is CollectionKind.VIEW else await target.count(info.name)
        deleted_bytes = there.size
    limit = BlockLimit(plan.batch_documents, plan.batch_bytes)
    counted = dict.fromkeys(Decision, 0)
    documents = present = size = reject = before = 0
    by = moment_path(plan, info.name)
    begun = time.perf_counter()
    finder = await choose_finder(
        target or source,
        None if is_replacing else there,
        info,
        source_is_ordered=source.capabilities.ordered,
        limit=limit,
        ids_only=not exact,
        by=by,
    )
    reading = source.read(info.name, order=info.kind.read_order, limit=limit, ids_only=not exact)
    try:
        async with aclosing(reading):
            async for block in reading:
                batch = [one for one in map(keyed, block.documents) if one is not None]
                found = await finder.find(batch)
                documents += len(block.documents)
                present += len(found)
                reject += len(block.documents) - len(batch)
                for one in batch:
                    decision = decide(plan.policy, one, found.get(one.key), exactly=is_mirror(plan), by=by)
                    if exact or decision is Decision.INSERT:
                        counted[decision] += 1
                        size += len(one.document) if decision.writes else 0
                        before += found[one.key].size if decision in (Decision.REPLACE, Decision.QUEUE) else 0
    finally:
        await finder.close()
    took = time.perf_counter() - begun
    if is_mirror(plan) and not is_replacing and target is not None and there is not None:
        # Each document of the target that was found is one of the source.
        in_target = await target.count(info.name)
        delete = max(0, in_target - present)
        deleted_bytes = there.size * delete // max(in_target, 1)
    if not exact:
        size = counted[Decision.INSERT] * info.size // max(info.documents, 1)
    return CollectionForecast(
        info.name,
        exists=there is not None,
        documents=documents,
        insert=counted[Decision.INSERT],
        replace=counted[Decision.REPLACE],
        unchanged=counted[Decision.UNCHANGED],
        skip=sum(counted[one] for one in Decision if one.keeps),
        refuse=counted[Decision.REFUSE],
        reject=reject,
        present=present,
        size=size,
        undo=0 if target is None else before * plan.undo + deleted_bytes + counted[Decision.INSERT] * UNDO_OF_INSERT,
        seconds=_seconds(plan, took, counted[Decision.INSERT] + counted[Decision.REPLACE] + delete, size),
        delete=delete,
        ask=counted[Decision.QUEUE],
        **_left(plan, counted),
    )


def _left(plan: Plan, counted: Mapping[Decision, int]) -> dict[str, int]:
    """Say of how many documents that are left the target's is newer, and of how many that cannot be told."""
    if plan.policy is not Policy.NEWER:
        return {}
    return {"newer": counted[Decision.SKIP], "untold": counted[Decision.TIED] + counted[Decision.UNDATED]}


def _seconds(plan: Plan, reading: float, documents: int, size: int) -> float:
    """About how long a run takes that reads as long as that; its verification reads again."""
    writing = max(documents / WRITTEN_DOCUMENTS, size / WRITTEN_BYTES)
    return reading * (2 if plan.verify is Verify.CONTENT else 1) + writing


def _scaled(plan: Plan, name: str, counted: Estimate, took: float, *, exists: bool) -> CollectionForecast:
    """Make a sample's counts the collection's."""
    by = {one: counted.scaled(count) for one, count in counted.counts.items()}
    size = counted.scaled(counted.written)
    margin = max((counted.share(one).margin for one in Decision), default=0.0)
    reading = took * counted.documents / max(counted.sampled, 1)
    return CollectionForecast(
        name,
        exists=exists,
        documents=counted.documents,
        insert=by[Decision.INSERT],
        replace=by[Decision.REPLACE],
        unchanged=by[Decision.UNCHANGED],
        skip=sum(by[one] for one in Decision if one.keeps),
        refuse=by[Decision.REFUSE],
        reject=counted.scaled(counted.rejects),
        size=size,
        undo=counted.scaled(counted.before) * plan.undo + by[Decision.INSERT] * UNDO_OF_INSERT,
        seconds=_seconds(plan, reading, by[Decision.INSERT] + by[Decision.REPLACE], size),
        margin=round(margin * counted.documents),
        ask=by[Decision.QUEUE],
        **_left(plan, by),
    )

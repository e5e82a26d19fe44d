"""The dry run: what a plan would do, counted by the very decisions that the engine would take."""

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from tui_migrate.plan.decision import Decision, decide
from tui_migrate.plan.model import Plan
from tui_migrate.stores.base import BlockLimit, CollectionInfo, CollectionKind, Source
from tui_migrate.stores.lookup import choose_finder, keyed

UNDO_OF_INSERT: Final = 40
"""About how many bytes of the undo log an insert takes."""


@dataclass(frozen=True, slots=True)
class CollectionForecast:
    """What would become of one collection's documents; `size` is what would be written, in bytes.

    `reject` are documents without `_id`, which are put aside. By ids alone only `insert`, `reject` and `present` (ids
    that are in the target) are known, and `size` is an estimate. `undo` is about
    how large the undo log becomes: what is replaced, and UNDO_OF_INSERT for each insert.
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


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a plan, as of the moment of its reading."""

    exact: bool
    collections: tuple[CollectionForecast, ...]

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
            )
        return total


async def forecast(plan: Plan, source: Source, target: Source | None, *, exact: bool) -> Forecast:
    """Count what a plan would do, reading both ends and writing nothing. `target` is None for an export."""
    names = [one.name for one in plan.collections]
    from_source = {one.name: one for one in await source.collections(names)}
    in_target = {one.name: one for one in await target.collections(names)} if target is not None else {}
    found = []
    for name in names:
        info = from_source.get(name)
        if info is not None and info.kind is not CollectionKind.VIEW:
            found.append(await forecast_collection(plan, info, source, in_target.get(name), target, exact=exact))
    return Forecast(exact, tuple(found))


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
    limit = BlockLimit(plan.batch_documents, plan.batch_bytes)
    counted = dict.fromkeys(Decision, 0)
    documents = present = size = reject = before = 0
    finder = await choose_finder(
        target or source,
        there,
        info,
        source_is_ordered=source.capabilities.ordered,
        limit=limit,
        ids_only=not exact,
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
                    decision = decide(plan.policy, one, found.get(one.key))
                    if exact or decision is Decision.INSERT:
                        counted[decision] += 1
                        size += len(one.document) if decision in (Decision.INSERT, Decision.REPLACE) else 0
                        before += found[one.key].size if decision is Decision.REPLACE else 0
    finally:
        await finder.close()
    if not exact:
        size = counted[Decision.INSERT] * info.size // max(info.documents, 1)
    return CollectionForecast(
        info.name,
        exists=there is not None,
        documents=documents,
        insert=counted[Decision.INSERT],
        replace=counted[Decision.REPLACE],
        unchanged=counted[Decision.UNCHANGED],
        skip=counted[Decision.SKIP],
        refuse=counted[Decision.REFUSE],
        reject=reject,
        present=present,
        size=size,
        undo=0 if target is None else before * plan.undo + counted[Decision.INSERT] * UNDO_OF_INSERT,
    )

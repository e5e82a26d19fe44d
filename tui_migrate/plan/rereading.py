"""The plan that reads again, from the source as it is now, what the target refused in a run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.mapping.model import Filter
from tui_migrate.plan.equalising import ids_query
from tui_migrate.plan.model import Plan, PlannedCollection, StoreEnd

MOST_READ_AGAIN: Final = 500
"""Documents that such a plan names one by one."""


def what_blocks_rereading(plan: Plan, documents: int) -> str:
    """Say why the refused documents of a run cannot be named in its source; empty where they can."""
    if not isinstance(plan.source, StoreEnd):
        return "a package never changes"
    if plan.scope.owner_to:
        return "they have another owner in the source"
    if documents > MOST_READ_AGAIN:
        return f"more than {MOST_READ_AGAIN} are planned as a whole"
    return ""


def rereading_plan(plan: Plan, run_id: int, ids: Mapping[str, Sequence[RawId]]) -> Plan:
    """Make the plan of a run anew for these documents alone, by the target's names of their collections.

    A filter of the run goes on to hold: a document that it does not let through any more is not read. Nothing that the
    target has besides is deleted, also where the run itself was to make both ends the same.
    """
    scope = plan.scope
    filters = {one.collection: one.query for one in scope.filters}
    for name, some in ids.items():
        source = scope.source_name(name)
        before = filters.get(source)
        query = ids_query(some)
        filters[source] = f'{{"$and": [{before}, {query}]}}' if before is not None else query
    planned = {one.name: one for one in plan.collections}
    return replace(
        plan,
        collections=tuple(
            replace(planned.get(name, PlannedCollection(name)), documents=len(some), size=0, remove=False)
            for name, some in ids.items()
        ),
        scope=replace(
            scope,
            filters=tuple(Filter(scope.source_name(name), filters[scope.source_name(name)]) for name in ids),
            renames=tuple(one for one in scope.renames if one.target in ids),
        ),
        description=f"reads again from the source what the target refused in run {run_id:04d}",
        retry_of=0,
        mirror=False,
    )

"""Making an import one that restores: the target is to have what the package has, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace

from tui_migrate.plan.model import Plan, PlannedCollection
from tui_migrate.stores.base import CollectionInfo

_OF_THE_SERVER = ("system.", "enxcol_.")


def mirroring(plan: Plan, there: Iterable[CollectionInfo] = ()) -> Plan:
    """Give a plan that makes the target's collections those of its source.

    Of `there`, what the target has, collections that are not of the plan are removed; what belongs to the server stays.
    """
    planned = {one.name for one in plan.collections}
    extra = sorted(
        (one for one in there if one.name not in planned and not one.name.startswith(_OF_THE_SERVER)),
        key=lambda one: one.name,
    )
    removed = (PlannedCollection(one.name, one.documents, one.size, one.kind, remove=True) for one in extra)
    return replace(plan, mirror=True, collections=(*plan.collections, *removed))

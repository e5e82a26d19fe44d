"""Making an import one that restores, and what it changes: the target is to have what the package has, and no more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, DefinitionDifference, Kind
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


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """What a restore does to a collection: documents by what becomes of them, and how many definitions change.

    `fate` is `created`, `removed` or `kept`; `defined` are the definitions that change.
    """

    name: str
    fate: str
    added: int = 0
    replaced: int = 0
    deleted: int = 0
    unchanged: int = 0
    definitions: int = 0
    defined: tuple[DefinitionDifference, ...] = ()


def changes(
    found: Comparison, *, mirror: bool, whole: Mapping[str, tuple[int, int]] | None = None
) -> tuple[CollectionChange, ...]:
    """Say what becomes of each collection; only a `mirror` deletes and changes definitions.

    `whole` are those that it empties, drops and makes anew, with how many documents the package has of them, and the
    target: all of these are deleted, and all of those added.
    """
    known = whole or {}
    wanted = [one for one in found.collections if mirror or one.presence != Kind.ONLY_RIGHT]
    return tuple(_change(one, known.get(one.name), mirror=mirror) for one in wanted)


def _change(one: ComparedCollection, whole: tuple[int, int] | None, *, mirror: bool) -> CollectionChange:
    counts = one.counts
    if whole is not None:
        counts = Counts(only_left=whole[0], only_right=whole[1])
    if one.presence is Kind.ONLY_LEFT:
        return CollectionChange(one.name, "created", added=counts.only_left)
    if one.presence is Kind.ONLY_RIGHT:
        return CollectionChange(one.name, "removed", deleted=counts.only_right)
    return CollectionChange(
        one.name,
        "kept",
        counts.only_left,
        counts.different,
        counts.only_right if mirror else 0,
        counts.equal,
        len(one.definitions) if mirror else 0,
        one.definitions if mirror else (),
    )


def total(rows: tuple[CollectionChange, ...]) -> CollectionChange:
    """Give the sum."""
    return CollectionChange(
        "total",
        "",
        sum(one.added for one in rows),
        sum(one.replaced for one in rows),
        sum(one.deleted for one in rows),
        sum(one.unchanged for one in rows),
        sum(one.definitions for one in rows),
    )

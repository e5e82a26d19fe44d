"""The plan that would make the right side of a comparison equal to the left one, or some documents of it."""

from collections.abc import Sequence

from tui_migrate.comparison.model import ComparedCollection, Comparison, DocumentDifference, Kind, Way
from tui_migrate.documents import RawId
from tui_migrate.errors import UsageError
from tui_migrate.mapping.extended_json import write_value
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.plan.catalog_rules import in_order
from tui_migrate.plan.model import End, PackageEnd, Plan, PlannedCollection, Policy, RunKind
from tui_migrate.stores.base import CollectionInfo


def refuse_package(target: End) -> None:
    """Raise UsageError where nothing can be made equal, because it is a package."""
    if isinstance(target, PackageEnd):
        raise UsageError(
            f"{target.path} is a package and is never changed, so no plan can make it equal",
            hint="put the database that is to be changed second, or leave --plan away",
        )


def unequal(comparison: Comparison) -> tuple[ComparedCollection, ...]:
    """Give the collections of the left side that the right one lacks or has otherwise, or might have otherwise."""
    return tuple(
        one
        for one in comparison.collections
        if one.presence is not Kind.ONLY_RIGHT and (one.differs or not one.is_proved)
    )


def left_alone(comparison: Comparison) -> tuple[str, ...]:
    """Name the collections that the right side alone has: no run drops a collection that it did not make."""
    return tuple(one.name for one in comparison.collections if one.presence is Kind.ONLY_RIGHT)


def equalising_plan(source: End, target: End, comparison: Comparison, there: tuple[CollectionInfo, ...]) -> Plan | None:
    """Make the plan, given what the left side has; None where no collection of it differs.

    What the target has besides is deleted from these collections, and what it has otherwise is replaced, both with
    before-images. Raises UsageError where the target is a package.
    """
    refuse_package(target)
    names = {one.name for one in unequal(comparison)}
    wanted = in_order([one for one in there if one.name in names])
    if not wanted:
        return None
    return Plan(
        kind=RunKind.IMPORT if isinstance(source, PackageEnd) else RunKind.COPY,
        source=source,
        target=target,
        collections=tuple(PlannedCollection(one.name, one.documents, one.size, one.kind) for one in wanted),
        policy=Policy.OVERWRITE,
        description="makes the target equal to the source, after a comparison",
        mirror=True,
    )


def can_be_synced(collection: ComparedCollection, document: DocumentDifference) -> bool:
    """Say whether a plan can give the right side this one document: the left one has it, and it goes by its `_id`."""
    return collection.way is not Way.MULTISET and bool(document.id) and document.kind is not Kind.ONLY_RIGHT


def ids_query(ids: Sequence[RawId]) -> str:
    """Write the filter that lets the documents of these ids through."""
    return f'{{"_id": {{"$in": [{", ".join(map(write_value, ids))}]}}}}'


def documents_plan(source: End, target: End, info: CollectionInfo, ids: Sequence[RawId]) -> Plan:
    """Make the plan that gives the target these documents of a collection as the source has them, and no others.

    Raises UsageError where the target is a package.
    """
    refuse_package(target)
    one = "document" if len(ids) == 1 else "documents"
    return Plan(
        kind=RunKind.IMPORT if isinstance(source, PackageEnd) else RunKind.COPY,
        source=source,
        target=target,
        collections=(PlannedCollection(info.name, len(ids), 0, info.kind),),
        policy=Policy.OVERWRITE,
        description=f"gives the target {len(ids)} {one} of the source, after a comparison",
        scope=Scope(filters=(Filter(info.name, ids_query(ids)),)),
    )

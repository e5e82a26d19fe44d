"""What the catalog of a plan decides before it runs: what is left out, and in which order collections come.

A package in the form of another system follows that system's own catalog besides, as far as it excludes collections:
what the system itself never exports stays out of what looks like its export.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.catalogs import finding, loader
from tui_migrate.catalogs.model import Catalog
from tui_migrate.catalogs.order import cycles, import_order
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.model import End, PackageEnd, Plan
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind

_MOST_NAMED: Final = 20
"""Collections of a cycle that a finding names."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a collection is left out: the reason, who gives it (`the catalog gofannon`), and what helps if it must go."""

    by: str
    reason: str
    remedy: str


def catalog_of(plan: Plan) -> Catalog | None:
    """Give the catalog that is frozen into a plan, or None where it has none. Raises InvalidFile."""
    return loader.from_text(plan.catalog, "the plan's catalog") if plan.catalog else None


def exclusion(name: str, catalog: Catalog | None, target: End) -> Exclusion | None:
    """Say why a collection is left out, or give None where it may go to this target."""
    if catalog is not None and (reason := catalog.exclusion(name)):
        return Exclusion(f"the catalog {catalog.name}", reason, "if it has to go, edit the catalog")
    if isinstance(target, PackageEnd) and target.form.infers_types:
        own = finding.shipped(target.form.value)
        if own is not None and (reason := own.exclusion(name)):
            return Exclusion(f"the form {target.form}", reason, "if it has to go, choose another form")
    return None


def in_order(collections: Sequence[CollectionInfo], catalog: Catalog | None = None) -> list[CollectionInfo]:
    """Put collections in the catalog's order of import, else by name; views behind them: they need what they look at.

    `reference_cycles` tells of circles, which have no such order.
    """
    by_name = {one.name: one for one in sorted(collections, key=lambda one: one.name)}
    names = import_order(catalog, by_name).names if catalog is not None else tuple(by_name)
    return sorted((by_name[name] for name in names), key=lambda one: one.kind is CollectionKind.VIEW)


def held_back(plan: Plan, there: Collection[str]) -> Iterator[Finding]:
    """Name the collections of the source that may not go to the target, whether they were asked for or not."""
    catalog, planned = catalog_of(plan), {one.name for one in plan.collections}
    for name in sorted(there):
        found = exclusion(plan.scope.source_name(name), catalog, plan.target)
        if found is None:
            continue
        shown = printable(name)
        if name in planned:
            message = printable(f"{found.by} excludes this collection: {found.reason}")
            hint = f"--exclude {shown}; {found.remedy}"
            yield Finding(Severity.ERROR, "excluded", shown, message, hint)
        else:
            message = printable(f"it is left out: {found.by} excludes it: {found.reason}")
            yield Finding(Severity.NOTE, "excluded", shown, message)


def reference_cycles(plan: Plan) -> Iterator[Finding]:
    """Name the collections of a plan that refer to each other in circles, so that no order puts parents first."""
    catalog = catalog_of(plan)
    if catalog is None:
        return
    for group in cycles(catalog, [plan.scope.source_name(one.name) for one in plan.collections]):
        named = ", ".join(group[:_MOST_NAMED]) + (f" and {len(group) - _MOST_NAMED} more" * (len(group) > _MOST_NAMED))
        message = f"these collections refer to each other: {named}; they are written in this order"
        hint = "their references are looked at when all of them are written"
        yield Finding(Severity.NOTE, "reference_cycle", printable(group[0]), printable(message), hint, len(group))

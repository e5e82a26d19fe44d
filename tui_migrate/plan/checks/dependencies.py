"""Checks of what depends on what: views on collections, and documents on documents of other collections."""

from collections.abc import Iterator

from tui_migrate.catalogs.model import OnMissing, matches
from tui_migrate.definitions import view_source
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.checks.look import Look, note, warning
from tui_migrate.plan.checks.registry import check
from tui_migrate.stores.base import CollectionKind


@check("Views have what they look at", view_without_source=Severity.WARNING)
def views_without_source(seen: Look) -> Iterator[Finding]:
    """Find views that would look at nothing."""
    there = {one.name for one in seen.plan.collections} | set(seen.in_target)
    for info in seen.planned() if seen.target is not None else ():
        if info.kind is CollectionKind.VIEW:
            on = view_source(info.options)
            if on not in there:
                message = f"the view looks at {on}, which the target will not have"
                yield warning("view_without_source", info.name, message, f"add {on}")


@check("Views of the target that will show other data", view_depends=Severity.NOTE)
def depending_views(seen: Look) -> Iterator[Finding]:
    """Find views of the target that look at a collection in which documents may be replaced."""
    if not (seen.plan.policy.may_replace or seen.plan.mirror):
        return
    written = {theirs.name for _, theirs in seen.plain_pairs()}
    planned = {one.name for one in seen.plan.collections}
    for view in seen.in_target.values():
        on = view_source(view.options)
        if view.kind is CollectionKind.VIEW and on in written and view.name not in planned:
            message = f"this view of the target looks at {on}, whose documents the run may replace"
            yield note("view_depends", view.name, message)


@check("Referenced collections are there", reference_missing=Severity.WARNING)
def references(seen: Look) -> Iterator[Finding]:
    """Find references, as the catalog has them, to collections that neither the plan nor the target has."""
    catalog = catalog_of(seen.plan)
    if catalog is None or seen.target is None:
        return
    there = {one.name for one in seen.plan.collections} | set(seen.in_target)
    for planned in seen.plan.collections:
        one = catalog.collection(planned.name)
        for reference in one.references if one is not None else ():
            if not any(matches(reference.to, name) for name in there):
                message = f"its {reference.field} names documents of {reference.to}, which the target will not have"
                say = warning if reference.on_missing is OnMissing.ERROR else note
                yield say("reference_missing", planned.name, message, f"add {reference.to}")

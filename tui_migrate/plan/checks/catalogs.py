"""Checks by the catalog of a plan: what stays, what is nobody's business, and in which order things come."""

from collections.abc import AsyncIterator, Iterator

from tui_migrate.catalogs.model import Redaction
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.plan.catalog_rules import catalog_of, held_back, reference_cycles
from tui_migrate.plan.checks.look import Look, note
from tui_migrate.plan.checks.registry import check
from tui_migrate.validation.versions import version_finding


@check("What never leaves its database stays", excluded=Severity.ERROR)
def excluded(seen: Look) -> Iterator[Finding]:
    """Name the collections that the catalog, or the package's form, keeps back."""
    yield from held_back(seen.plan, seen.from_source)


@check("The package's catalog fits the plan's", catalog_version=Severity.ERROR)
async def version(seen: Look) -> AsyncIterator[Finding]:
    """Compare the catalog that the package was made with to the plan's, by the rules of its versions."""
    catalog = catalog_of(seen.plan)
    if catalog is None or seen.plan.retry_of or not isinstance(seen.source, Package):
        return
    made_with = await seen.source.catalog()
    is_chosen = bool(made_with) and not (await seen.source.form()).infers_types
    found = version_finding(catalog, made_with, seen.plan.source.label, is_chosen=is_chosen)
    if found is not None:
        yield found


@check("Circles of references", reference_cycle=Severity.NOTE)
def circles(seen: Look) -> Iterator[Finding]:
    """Name the collections that no order puts behind all they refer to."""
    yield from reference_cycles(seen.plan)


@check("Sensitive fields that go as they are", sensitive_fields=Severity.NOTE)
def sensitive(seen: Look) -> Iterator[Finding]:
    """Name the sensitive fields of the catalog that the run does not redact."""
    catalog = catalog_of(seen.plan)
    for planned in seen.plan.collections if catalog is not None else ():
        one = catalog.collection(seen.plan.scope.source_name(planned.name)) if catalog is not None else None
        redacts = seen.plan.scope.redact
        there = one.sensitive if one is not None else ()
        as_they_are = [at.field for at in there if not redacts or at.redaction is Redaction.KEEP]
        if as_they_are:
            message = f"sensitive fields go as they are: {', '.join(as_they_are)}"
            yield note("sensitive_fields", planned.name, message, "" if redacts else "--redact changes them")

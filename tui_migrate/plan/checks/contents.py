"""The check of the documents themselves: whether they are as the catalog of the plan says."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.package import Package
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.checks.look import Look, note
from tui_migrate.plan.checks.registry import Phase, check
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.validation.model import findings_of
from tui_migrate.validation.rules import Wanted, rules_of
from tui_migrate.validation.validate import validate


@check(
    "Documents are as the catalog says",
    Phase.DOCUMENTS,
    dangling_reference=Severity.ERROR,
    required_missing=Severity.ERROR,
    value_duplicate=Severity.WARNING,
    type_drift=Severity.WARNING,
    fields_unfollowed=Severity.NOTE,
    contents_unchecked=Severity.NOTE,
)
async def contents(seen: Look) -> AsyncIterator[Finding]:
    """Read what is to be written; a reference may also lead to a document that the target has and keeps."""
    catalog = catalog_of(seen.plan)
    if catalog is None or seen.target is None:
        return
    if seen.about.sample:
        message = "a quick look does not read what the catalog asks of all documents; the run does, before it begins"
        yield note("contents_unchecked", seen.plan.source.label, message)
        return
    wanted = Wanted(is_package=isinstance(seen.source, Package), scope=seen.plan.scope)
    replaced = [one.name for one in seen.plan.collections] if is_mirror(seen.plan) else []
    rules = rules_of(catalog, seen.planned(), wanted)
    async with aclosing(validate(seen.source, rules, elsewhere=seen.target, replaced=replaced)) as issues:
        async for one in issues:
            for finding in findings_of(one):
                yield finding

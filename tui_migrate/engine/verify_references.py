"""Stage verify, with a catalog: whether the references of what was written lead to documents of the target.

One that leads to nothing is a warning whatever the catalog says: the data are as they were in the source, and what
stood there was told before the run began.
"""

from contextlib import aclosing
from dataclasses import replace

from tui_migrate.engine.migration import Migration
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.validation.model import findings_of
from tui_migrate.validation.rules import Wanted, rules_of
from tui_migrate.validation.validate import validate


async def verify_references(migration: Migration) -> None:
    """Follow the references of the written collections in the target. Raises what reading raises, Steered."""
    context = migration.context
    catalog = catalog_of(context.plan)
    if catalog is None:
        return
    there = await migration.target.collections([one.name for one in migration.planned()])
    rules = rules_of(catalog, there, Wanted(references_alone=True, scope=context.plan.scope))
    if not any(one.references for one in rules):
        return
    await context.say("following references")

    async def pace(done: int, total: int) -> None:
        await context.steering.gate(0)

    found: list[Finding] = []
    async with aclosing(validate(migration.target, rules, elsewhere=migration.target, pace=pace)) as issues:
        async for one in issues:
            found += map(_as_warning, findings_of(one))
    # An attempt that ended right behind this one's findings finds them again.
    await context.journal.add_findings(context.run_id, context.stage, found, once=True)


def _as_warning(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.WARNING) if finding.severity is Severity.ERROR else finding

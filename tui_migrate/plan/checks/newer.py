"""The check that the policy `newer` has something to compare by."""

from collections.abc import Iterator

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.checks.look import Look, error
from tui_migrate.plan.checks.registry import check
from tui_migrate.plan.model import Policy
from tui_migrate.plan.newer import moment_path


@check("The policy newer has a field to compare", newer_without_field=Severity.ERROR)
def fields(seen: Look) -> Iterator[Finding]:
    """Name the collections in which documents may meet and no field tells which was changed later."""
    if seen.plan.policy is not Policy.NEWER:
        return
    for mine, _ in seen.plain_pairs():
        if not moment_path(seen.plan, mine.name):
            message = "the policy is newer, and no field is known that tells when a document was changed"
            hint = "--newer-by FIELD, or name the collection's timestamp in the catalog"
            yield error("newer_without_field", mine.name, message, hint)

"""By which field the policy `newer` tells which of two documents was changed later."""

from functools import lru_cache

from tui_migrate.catalogs import loader
from tui_migrate.catalogs.model import Catalog
from tui_migrate.plan.model import Plan, Policy
from tui_migrate.stores.moments import FieldPath, path_of


def moment_path(plan: Plan, collection: str) -> FieldPath:
    """Give the path that the plan compares in a collection: its own, else the catalog's; empty for none.

    It is empty under every other policy. Raises InvalidFile for a catalog that cannot be read.
    """
    if plan.policy is not Policy.NEWER:
        return ()
    if plan.newer_by or not plan.catalog:
        return path_of(plan.newer_by)
    found = _catalog(plan.catalog).collection(plan.scope.source_name(collection))
    return path_of(found.timestamp) if found is not None else ()


def path_problem(policy: Policy, newer_by: str) -> str:
    """Say why a plan cannot compare by this field, or nothing."""
    if not newer_by:
        return ""
    if policy is not Policy.NEWER:
        return f"a field to compare by goes with the policy newer, not with {policy.value}"
    if "\0" in newer_by or not all(newer_by.split(".")):
        return "this is no path of a field: names with single dots between them, as meta.changed_at"
    return ""


@lru_cache(maxsize=4)
def _catalog(text: str) -> Catalog:
    """Read a plan's catalog once, not again for each of its collections."""
    return loader.from_text(text, "the plan's catalog")

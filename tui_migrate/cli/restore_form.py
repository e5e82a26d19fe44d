"""How it is shown what a restore would change, from a comparison of the backup (A) with the database (B)."""

from tui_migrate.cli.output import JsonForm
from tui_migrate.cli.tables import table
from tui_migrate.comparison.model import Comparison
from tui_migrate.plan.restoring import CollectionChange, changes, total
from tui_migrate.wording import number


def changes_form(found: Comparison, *, mirror: bool) -> JsonForm:
    """Give the changes as JSON."""
    rows = changes(found, mirror=mirror)
    return {
        "collections": [{"name": one.name, "fate": one.fate, **_counts(one)} for one in rows],
        "total": _counts(total(rows)),
    }


def change_lines(found: Comparison, *, mirror: bool) -> list[str]:
    """Show the changes, a collection a line and the sum below."""
    rows = changes(found, mirror=mirror)
    heads = ["collection", "is", "added", "replaced", "deleted", "unchanged", "definitions changed"]
    shown = [[one.name, one.fate, *map(number, _counts(one).values())] for one in (*rows, total(rows))]
    return table(heads, shown, numbers=range(2, len(heads)))


def _counts(one: CollectionChange) -> dict[str, int]:
    return {
        "added": one.added,
        "replaced": one.replaced,
        "deleted": one.deleted,
        "unchanged": one.unchanged,
        "definitions": one.definitions,
    }

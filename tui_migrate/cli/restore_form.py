"""How it is shown what a restore would change, from a comparison of the backup (A) with the database (B)."""

from dataclasses import dataclass

from tui_migrate.cli.output import JsonForm
from tui_migrate.cli.tables import table
from tui_migrate.comparison.model import ComparedCollection, Comparison, Kind
from tui_migrate.wording import number


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """What a restore does to a collection: documents by what becomes of them, and how many definitions change.

    `fate` is `created`, `removed` or `kept`.
    """

    name: str
    fate: str
    added: int = 0
    replaced: int = 0
    deleted: int = 0
    unchanged: int = 0
    definitions: int = 0


def changes(found: Comparison, *, mirror: bool) -> tuple[CollectionChange, ...]:
    """Say what becomes of each collection; only a `mirror` deletes and changes definitions."""
    return tuple(_change(one, mirror=mirror) for one in found.collections if mirror or one.presence != Kind.ONLY_RIGHT)


def _change(one: ComparedCollection, *, mirror: bool) -> CollectionChange:
    counts = one.counts
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

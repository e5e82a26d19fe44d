"""How it is shown what a restore would change, from a comparison of the backup (A) with the database (B)."""

from collections.abc import Iterator, Sequence

from tui_migrate.cli.output import JsonForm
from tui_migrate.cli.tables import table
from tui_migrate.comparison.model import DefinitionDifference
from tui_migrate.plan.definition_changes import change_words, versions
from tui_migrate.plan.restoring import CollectionChange, total
from tui_migrate.redaction import printable
from tui_migrate.wording import number


def changes_form(rows: tuple[CollectionChange, ...]) -> JsonForm:
    """Give the changes as JSON."""
    return {
        "collections": [{"name": one.name, "fate": one.fate, **_counts(one)} for one in rows],
        "total": _counts(total(rows)),
        "definitions": [_definition_form(one.name, each) for one in rows for each in one.defined],
    }


def _definition_form(collection: str, one: DefinitionDifference) -> JsonForm:
    return {
        "collection": collection,
        "thing": one.thing,
        "name": one.name,
        "change": change_words(one),
        "versions": [{"of": name, "now": now or None, "then": then or None} for name, now, then in versions(one)],
    }


def change_lines(rows: tuple[CollectionChange, ...]) -> list[str]:
    """Show the changes, a collection a line and the sum below, then each definition that changes."""
    heads = ["collection", "is", "added", "replaced", "deleted", "unchanged", "definitions changed"]
    shown = [[one.name, one.fate, *map(number, _counts(one).values())] for one in (*rows, total(rows))]
    return [*table(heads, shown, numbers=range(2, len(heads))), *_definition_lines(rows)]


def _definition_lines(rows: Sequence[CollectionChange]) -> Iterator[str]:
    """Say how each definition changes: what it is now with `-` before it, and what it becomes with `+`."""
    for one in rows:
        for each in one.defined:
            yield f"{printable(one.name)}: {change_words(each)}"
            for _, now, then in versions(each):
                yield from (f"    {sign} {text}" for sign, text in (("-", now), ("+", then)) if text)


def _counts(one: CollectionChange) -> dict[str, int]:
    return {
        "added": one.added,
        "replaced": one.replaced,
        "deleted": one.deleted,
        "unchanged": one.unchanged,
        "definitions": one.definitions,
    }

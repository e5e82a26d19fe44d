"""The way to a document's owner, as a catalog writes it.

    owner: user_id                          the field that holds the user's id; `_id` where the document is the user
    owner: projects.user_id                 in the document of `projects` that this one refers to
    owner: audit_tasks.projects.user_id     and so on, one reference after the other
    owner: {through: [task_id], field: …}   through the references of these fields

A leading segment that names a collection of the catalog is a step along the one reference to it. The last form names
the references by their fields, for where there are two to one collection, or where a field is called like one.
"""

from collections.abc import Sequence
from typing import Final

from tui_migrate.catalogs.model import CatalogCollection, OwnerPath, Reference, is_pattern, matches
from tui_migrate.strict_yaml import Value

MOST_STEPS: Final = 20
_BY_FIELDS: Final = "write it as owner: {through: [FIELD], field: FIELD}, by the fields of the references"


def owner_from(value: Value, of: CatalogCollection, collections: Sequence[CatalogCollection]) -> OwnerPath:
    """Read the way to the owner of a collection's documents. Raises InvalidFile."""
    if value.is_mapping:
        entries = value.mapping(known=("through", "field"), required=("through", "field"))
        field, through = _field(entries["field"], entries["field"].text()), entries["through"].items()
        steps: list[Reference] = []
        for place in through:
            _walk(place, steps, of, collections, by_field=place.text())
        return OwnerPath(field, tuple(steps))
    rest, steps = value.text(), []
    names = sorted((one.name for one in collections if not is_pattern(one.name)), key=len, reverse=True)
    while name := next((one for one in names if rest.startswith(f"{one}.")), ""):
        _walk(value, steps, of, collections, to=name)
        rest = rest[len(name) + 1 :]
    if rest in names and not _is_field(rest, of, steps, collections):
        value.fail(f"after the collection {rest!r} the field is missing that holds the user's id")
    return OwnerPath(_field(value, rest), tuple(steps))


def _walk(
    place: Value,
    steps: list[Reference],
    of: CatalogCollection,
    collections: Sequence[CatalogCollection],
    *,
    to: str = "",
    by_field: str = "",
) -> None:
    """Take one more step: along the one reference `to` a collection, or along that of a field."""
    here = _reached(of, steps, collections)
    found = [one for one in here.references if (one.to == to if to else one.field == by_field)]
    if not found and to:
        place.fail(f"{here.name!r} has no reference to {to!r}", hint=f"add it; if {to!r} is a field, {_BY_FIELDS}")
    if not found:
        place.fail(f"{here.name!r} has no reference with the field {by_field!r}", hint="add it, or name another")
    if len(found) > 1:
        place.fail(f"{here.name!r} has {len(found)} references to {to!r}: which of them is meant?", hint=_BY_FIELDS)
    if found[0].to in (of.name, *(one.to for one in steps)):
        place.fail(f"the way to the owner goes in a circle: it comes to {found[0].to!r} twice")
    if len(steps) >= MOST_STEPS:
        place.fail(f"the way to the owner has more than {MOST_STEPS} steps")
    steps.append(found[0])


def _reached(
    of: CatalogCollection, steps: Sequence[Reference], collections: Sequence[CatalogCollection]
) -> CatalogCollection:
    """Give the collection where the steps taken so far lead to."""
    if not steps:
        return of
    name = steps[-1].to
    exact = [one for one in collections if one.name == name]
    return (exact or [one for one in collections if matches(one.name, name)])[0]


def _is_field(
    name: str, of: CatalogCollection, steps: Sequence[Reference], collections: Sequence[CatalogCollection]
) -> bool:
    """Say whether a name that is a collection's is known as a field of the one reached."""
    here = _reached(of, steps, collections)
    return name in here.required or any(one.field == name for one in here.references)


def _field(place: Value, path: str) -> str:
    if not path or "\0" in path or "*" in path or not all(path.split(".")):
        place.fail(f"{path!r} is no path of a field", hint="names with single dots between them, as owner.id")
    return path

"""Giving one user's documents to another: the old id becomes the new one wherever the catalog says that it stands."""

from collections.abc import Iterable

from tui_migrate.catalogs.model import Catalog, OwnerPath, Reference
from tui_migrate.documents import RawId
from tui_migrate.mapping.edit import Change, each_element
from tui_migrate.mapping.values import value_key


def users_collection(catalog: Catalog) -> str:
    """Name the collection of the users themselves, or give nothing where the catalog does not tell.

    It is where the fields that end owner paths refer to; without such a reference, the one collection that has its
    owner in its own `_id`.
    """
    found = {
        reference.to
        for one in catalog.collections
        if one.owner is not None
        for reference in _references(catalog, one.owner.steps[-1].to if one.owner.steps else one.name)
        if reference.field == one.owner.field
    }
    if not found:
        found = {one.name for one in catalog.collections if one.owner == OwnerPath("_id")}
    return found.pop() if len(found) == 1 else ""


def own_id_field(catalog: Catalog) -> str:
    """Name the field of a user's own document that holds the id by which documents name their owner."""
    known = catalog.collection(users_collection(catalog))
    if known is None or known.owner is None or known.owner.steps:
        return "_id"
    return known.owner.field


def new_owner(catalog: Catalog, names: Iterable[str], old: RawId, new: RawId) -> dict[str, list[tuple[str, Change]]]:
    """Give the changes that put one user's id in the place of another's in these collections of the source."""
    change = _exchange(old, new)
    places = id_places(catalog)
    return {
        name: [(path, change) for path in sorted(_paths(catalog, name) | places.get(name, set()))] for name in names
    }


def id_places(catalog: Catalog) -> dict[str, set[str]]:
    """Give the fields in which owner paths end, by collection, and those by which users are referred to."""
    users = users_collection(catalog)
    places: dict[str, set[str]] = {users: {"_id"}} if users else {}
    for one in catalog.collections:
        if one.owner is not None:
            ends_in = one.owner.steps[-1].to if one.owner.steps else one.name
            places.setdefault(ends_in, set()).add(one.owner.field)
        for reference in one.references:
            if reference.to == users:
                places.setdefault(users, set()).add(reference.to_field)
    return places


def exchanged(value: RawId, old: RawId, new: RawId) -> RawId:
    """Put one id in the place of another."""
    return new if value_key(value) == value_key(old) else value


def _paths(catalog: Catalog, name: str) -> set[str]:
    """Give where documents of a collection hold the id of a user: in owner fields and in references to users."""
    known = catalog.collection(name)
    if known is None:
        return set()
    users = users_collection(catalog)
    paths = {one.field for one in known.references if users and one.to == users}
    if known.owner is not None and not known.owner.steps:
        paths.add(known.owner.field)
    return paths


def _exchange(old: RawId, new: RawId) -> Change:
    return each_element(lambda value: exchanged(value, old, new))


def _references(catalog: Catalog, name: str) -> tuple[Reference, ...]:
    known = catalog.collection(name)
    return known.references if known is not None else ()

"""The scope of the plan being made: pure functions that give the next one, and what of it holds for what is marked."""

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache

from tui_migrate.catalogs import loader
from tui_migrate.catalogs.model import Catalog
from tui_migrate.mapping.extended_json import parse_document
from tui_migrate.mapping.matching import compile_query
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan.scoping import check_renames
from tui_migrate.redaction import printable

_HALVES = ((".files", ".chunks"), (".chunks", ".files"))


@lru_cache(maxsize=4)
def catalog_from(text: str) -> Catalog | None:
    """Read the catalog of a draft, None where it has none; many a drawing asks for the same. Raises InvalidFile."""
    return loader.from_text(text, "the plan's catalog") if text else None


def filter_of(scope: Scope, name: str) -> str:
    """Give the filter of a collection as it was typed; empty where all documents are meant."""
    return next((one.query for one in scope.filters if one.collection == name), "")


def new_name_of(scope: Scope, name: str) -> str:
    """Give the name that a collection gets in the target."""
    return next((one.target for one in scope.renames if one.source == name), name)


def check_query(text: str, name: str) -> None:
    """Raise UsageError for what is no filter of a collection."""
    what = f"the filter of {printable(name)}"
    compile_query(parse_document(text, what), what)


def with_filter(scope: Scope, name: str, query: str) -> Scope:
    """Mean only the documents of a collection that match a query; all of them where it is empty."""
    others = tuple(one for one in scope.filters if one.collection != name)
    return replace(scope, filters=(*others, Filter(name, query)) if query else others)


def with_new_name(scope: Scope, name: str, new: str, listed: Collection[str]) -> Scope:
    """Give a collection another name in the target; its own takes the rename back.

    The other half of a GridFS bucket, where the source has it, goes with it.
    """
    renames = {one.source: one.target for one in scope.renames}
    renames[name] = new or name
    for mine, other in _HALVES:
        twin = name.removesuffix(mine) + other
        if name.endswith(mine) and twin in listed and renames[name].endswith(mine):
            renames[twin] = renames[name].removesuffix(mine) + other
    return replace(scope, renames=tuple(Rename(one, to) for one, to in renames.items() if to != one))


def check_new_names(scope: Scope, names: Collection[str]) -> None:
    """Raise UsageError, Refused for new names of these collections that cannot be, or that meet each other."""
    check_renames(for_names(scope, names).renames, names)


def for_names(scope: Scope, names: Collection[str]) -> Scope:
    """Leave away what is said of collections that are not among these: it waits until they are marked again."""
    meant = set(names)
    filters = tuple(one for one in scope.filters if one.collection in meant)
    renames = tuple(one for one in scope.renames if one.source in meant)
    return replace(scope, filters=filters, renames=renames)


def with_owner(scope: Scope, owner: str, owner_to: str) -> Scope:
    """Mean one user's documents alone, or give them to another; empty ids take that back."""
    return replace(scope, owner=owner, owner_to=owner_to, owner_from="")


def with_redaction(scope: Scope, *, redact: bool) -> Scope:
    """Redact or not; the key of the hashes is made anew with each plan."""
    return replace(scope, redact=redact, redaction_key="")

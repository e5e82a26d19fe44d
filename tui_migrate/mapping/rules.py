"""What a scope does to each collection of a source: which documents are meant, and what is changed in them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tui_migrate.catalogs.model import Catalog
from tui_migrate.documents import RawId
from tui_migrate.errors import UsageError
from tui_migrate.mapping.edit import Change, Edits, plan_edits
from tui_migrate.mapping.extended_json import parse_document, parse_value
from tui_migrate.mapping.matching import Matches, compile_query
from tui_migrate.mapping.model import Scope
from tui_migrate.mapping.new_owner import new_owner
from tui_migrate.mapping.redacting import redactions
from tui_migrate.redaction import printable


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done to one collection.

    `matches` and `where` are its filter, read and as a query, None where it has none. `edits` are None where documents
    go as they are; `changes_ids` says that they change ids, and with them the order of the documents.
    """

    matches: Matches | None = None
    where: bytes | None = None
    edits: Edits | None = None
    changes_ids: bool = False


def rules_of(scope: Scope, catalog: Catalog | None, names: Collection[str]) -> Mapping[str, Rule]:
    """Give the rules of these collections of the source. Raises UsageError, Refused."""
    filters = {one.collection: parse_document(one.query, _filter_of(one.collection)) for one in scope.filters}
    changes: dict[str, list[tuple[str, Change]]] = {name: [] for name in names}
    if scope.owner_to:
        _add(changes, new_owner(_needed(catalog, "--owner-to"), names, owner_of(scope), id_of(scope.owner_to)))
    if scope.redact:
        _add(changes, redactions(_needed(catalog, "--redact"), names, scope.redaction_key))
    return {
        name: Rule(
            matches=compile_query(filters[name], _filter_of(name)) if name in filters else None,
            where=filters.get(name),
            edits=plan_edits(changes[name]) if changes[name] else None,
            changes_ids=any(path.partition(".")[0] == "_id" for path, _ in changes[name]),
        )
        for name in names
    }


def owner_of(scope: Scope) -> RawId:
    """Give the id of the user whose documents the scope is about. Raises UsageError."""
    return id_of(scope.owner or scope.owner_from)


def id_of(text: str) -> RawId:
    """Read an id as a plan has it. Raises UsageError."""
    return parse_value(text, "the id of a user in the plan")


def _add(changes: dict[str, list[tuple[str, Change]]], more: Mapping[str, Iterable[tuple[str, Change]]]) -> None:
    for name, some in more.items():
        changes[name].extend(some)


def _needed(catalog: Catalog | None, option: str) -> Catalog:
    if catalog is None:
        raise UsageError(f"{option} needs a catalog, which says where such fields are", hint="name one with --catalog")
    return catalog


def _filter_of(collection: str) -> str:
    return f"the filter of {printable(collection)}"

"""Reading a catalog: YAML in a strict schema, each fault named with file, line and key.

name: shop                     what --catalog takes: small letters, digits, - and _
title: The shop
version: "2.1"                 the application's, left away where it tells none
description: …
versions:                      which data may go to which application; left away, any may go anywhere
  - {source: "2.*", target: "2.*", note: …}
collections:                   a mapping by name, or a list of entries with a `name`
  orders:
    description: …
    order: 2                   breaks ties in the order of import; lower comes first
    excluded: …                the reason why it never leaves its database
    references:
      - {field: customer_id, to: users, to_field: _id, on_missing: error}
    required: [customer_id]
    sensitive:
      - {field: card.number, redaction: drop, reason: …}
    owner: customer_id         see `tui_migrate.catalogs.owners`
    timestamp: updated_at      when a document was last changed: what the policy newer compares
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from tui_migrate.catalogs.model import (
    Catalog,
    CatalogCollection,
    OnMissing,
    Redaction,
    Reference,
    Sensitive,
    VersionRule,
    is_pattern,
    matches,
)
from tui_migrate.catalogs.owners import owner_from
from tui_migrate.errors import InvalidFile
from tui_migrate.strict_yaml import Value, parse, read

MOST_CHARACTERS: Final = 1024 * 1024
"""The longest catalog: it goes into every plan that is made with it."""
MOST_COLLECTIONS: Final = 1_000
MOST_ENTRIES: Final = 500
"""Entries that one list of a collection may have."""
LONGEST: Final = 500
"""Characters of a name, a path or a version."""

NAME_FORM: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
"""A name of a catalog, which is also that of its file."""

_TOP: Final = ("name", "title", "version", "description", "versions", "collections")
_COLLECTION: Final = ("description", "order", "excluded", "references", "required", "sensitive", "owner", "timestamp")
_MOST_ORDER: Final = 1_000_000

_Entry = TypeVar("_Entry")


def load(path: Path) -> Catalog:
    """Read a catalog's file. Raises UsageError if it cannot be read, InvalidFile if it is wrong."""
    return from_text(read(path), str(path))


def from_text(text: str, path: str) -> Catalog:
    """Read a catalog; `path` is for messages. Raises InvalidFile."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidFile(f"the catalog is longer than {MOST_CHARACTERS:,} characters", path=path, line=1)
    entries = parse(text, path).mapping(known=_TOP, required=("name", "title", "collections"))
    name = entries["name"].text()
    if not NAME_FORM.fullmatch(name):
        entries["name"].fail(f"{name!r} is no name of a catalog", hint="use small letters, digits, - and _")
    named = _named(entries["collections"])
    owners: dict[str, Value] = {}
    collections = tuple(_collection(key, value, owners) for key, value in named.items())
    _check_targets(collections, named)
    return Catalog(
        name=name,
        title=entries["title"].text(),
        version=_short(entries["version"]) if "version" in entries else "",
        description=_text(entries, "description"),
        versions=_list(entries, "versions", _version_rule),
        collections=tuple(
            replace(one, owner=owner_from(owners[one.name], one, collections)) if one.name in owners else one
            for one in collections
        ),
        text=text,
    )


def _named(value: Value) -> dict[str, tuple[Value, dict[str, Value]]]:
    """Give the entries of all collections by name, from either form, each with the place to complain about."""
    found: dict[str, tuple[Value, dict[str, Value]]] = {}
    if value.is_list:
        for item in value.items():
            entries = item.mapping(known=("name", *_COLLECTION), required=("name",))
            name = _short(entries["name"])
            if name in found:
                entries["name"].fail(f"the collection {name!r} stands here twice")
            found[name] = (entries["name"], entries)
    else:
        for name, item in value.mapping().items():
            found[name] = (item, {} if item.is_null else item.mapping(known=_COLLECTION))
    if not found:
        value.fail("a catalog has at least one collection")
    if len(found) > MOST_COLLECTIONS:
        value.fail(f"a catalog has at most {MOST_COLLECTIONS:,} collections")
    for name, (place, _) in found.items():
        if not name or len(name) > LONGEST or "\0" in name or "$" in name:
            place.fail(f"{name[:LONGEST]!r} is no name of a collection")
        if name.count("*") > 1:
            place.fail(f"{name!r} has more than one *", hint="a pattern has one, as ipam_*")
    return found


def _collection(name: str, given: tuple[Value, dict[str, Value]], owners: dict[str, Value]) -> CatalogCollection:
    """Read one collection; what it says of its owner goes to `owners`, to be read when all references are known."""
    entries = given[1]
    if "owner" in entries:
        owners[name] = entries["owner"]
    return CatalogCollection(
        name=name,
        description=_text(entries, "description"),
        order=entries["order"].integer(most=_MOST_ORDER) if "order" in entries else 0,
        excluded=_reason(entries["excluded"]) if "excluded" in entries else "",
        references=_list(entries, "references", _reference, key=lambda one: one.field),
        required=_list(entries, "required", path_from, key=str),
        sensitive=_list(entries, "sensitive", _sensitive, key=lambda one: one.field),
        timestamp=path_from(entries["timestamp"]) if "timestamp" in entries else "",
    )


def _reference(value: Value) -> Reference:
    entries = value.mapping(known=("field", "to", "to_field", "on_missing"), required=("field", "to"))
    return Reference(
        field=path_from(entries["field"]),
        to=_short(entries["to"]),
        to_field=path_from(entries["to_field"]) if "to_field" in entries else "_id",
        on_missing=OnMissing(entries["on_missing"].choice(OnMissing)) if "on_missing" in entries else OnMissing.ERROR,
    )


def _sensitive(value: Value) -> Sensitive:
    entries = value.mapping(known=("field", "redaction", "reason"), required=("field", "redaction"))
    field, redaction = path_from(entries["field"]), Redaction(entries["redaction"].choice(Redaction))
    if field == "_id" and redaction is not Redaction.KEEP:
        entries["field"].fail("an _id is not redacted: references lead to it, and a run finds its documents by it")
    return Sensitive(field, redaction, _text(entries, "reason"))


def _version_rule(value: Value) -> VersionRule:
    entries = value.mapping(known=("source", "target", "note"), required=("source", "target"))
    for key in ("source", "target"):
        if _short(entries[key]).count("*") > 1:
            entries[key].fail("more than one * stands here", hint="a pattern has one, as 2.*")
    return VersionRule(entries["source"].text(), entries["target"].text(), _text(entries, "note"))


def path_from(value: Value) -> str:
    """Read a dotted path of a field. Raises InvalidFile."""
    path = _short(value)
    if is_pattern(path):
        value.fail(f"{path!r} is a pattern, and a field's path is wanted here")
    if "\0" in path or not all(path.split(".")):
        value.fail(f"{path!r} is no path of a field", hint="names with single dots between them, as address.city")
    return path


def _reason(value: Value) -> str:
    reason = value.text().strip()
    if reason.lower() in ("", "true", "false", "yes", "no", "null", "~"):
        value.fail("the reason why the collection is excluded is wanted here", hint="as excluded: it holds tokens")
    return reason


def _short(value: Value) -> str:
    """Read a text that is neither empty nor long."""
    text = value.text()
    if not text:
        value.fail("something is wanted here")
    if len(text) > LONGEST:
        value.fail(f"at most {LONGEST} characters are wanted here")
    return text


def _text(entries: Mapping[str, Value], key: str) -> str:
    return entries[key].text() if key in entries else ""


def _list(
    entries: Mapping[str, Value],
    name: str,
    read_one: Callable[[Value], _Entry],
    *,
    key: Callable[[_Entry], str] | None = None,
) -> tuple[_Entry, ...]:
    """Read a list, no two entries of which have the same `key`; one that is not there is empty."""
    items = entries[name].items() if name in entries else []
    if len(items) > MOST_ENTRIES:
        entries[name].fail(f"at most {MOST_ENTRIES} entries are wanted here")
    found: list[_Entry] = []
    seen: set[str] = set()
    for item in items:
        one = read_one(item)
        if key is not None and key(one) in seen:
            item.fail(f"{key(one)!r} stands here twice")
        if key is not None:
            seen.add(key(one))
        found.append(one)
    return tuple(found)


def _check_targets(
    collections: Iterable[CatalogCollection], named: Mapping[str, tuple[Value, dict[str, Value]]]
) -> None:
    """Refuse references that lead to no collection of the catalog."""
    for one in collections:
        items = named[one.name][1]["references"].items() if one.references else []
        for item, reference in zip(items, one.references, strict=True):
            place = item.mapping()["to"]
            if is_pattern(reference.to):
                place.fail(f"{reference.to!r} is a pattern, and one collection's name is wanted here")
            if reference.to not in named and not any(matches(other, reference.to) for other in named):
                place.fail(f"the catalog has no collection {reference.to!r}", hint="name it below collections")

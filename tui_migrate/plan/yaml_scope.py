"""The scope of a plan as YAML, in and out."""

import re
from typing import Final

from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.strict_yaml import Value

KEY_FORM: Final = re.compile(r"[0-9a-f]{32,128}")
"""A redaction key: 16 to 64 bytes in hexadecimal digits."""

_RENAMED_TWICE: Final = "a collection is renamed once, and no two get the same name"


def scope_to_mapping(scope: Scope) -> dict[str, object]:
    """Give a scope as what YAML holds; `scope_from` gives an equal one."""
    return {
        "renames": [{"source": one.source, "target": one.target} for one in scope.renames],
        "filters": [{"collection": one.collection, "query": one.query} for one in scope.filters],
        "owner": scope.owner,
        "owner_to": scope.owner_to,
        "owner_from": scope.owner_from,
        "redact": scope.redact,
        "redaction_key": scope.redaction_key,
    }


def scope_from(value: Value) -> Scope:
    """Read a scope, of a plan or of one that is being made. Raises InvalidFile."""
    entries = value.mapping(known=("renames", "filters", "owner", "owner_to", "owner_from", "redact", "redaction_key"))

    def text(key: str) -> str:
        return entries[key].text() if key in entries else ""

    key = text("redaction_key")
    if key and not KEY_FORM.fullmatch(key):
        entries["redaction_key"].fail("32 to 128 hexadecimal digits are wanted here")
    return Scope(
        renames=_renames(entries["renames"]) if "renames" in entries else (),
        filters=_filters(entries["filters"]) if "filters" in entries else (),
        owner=text("owner"),
        owner_to=text("owner_to"),
        owner_from=text("owner_from"),
        redact=entries["redact"].boolean() if "redact" in entries else False,
        redaction_key=key,
    )


def planned_scope_from(value: Value) -> Scope:
    """Read the scope of a plan, in which nothing is open any more: who plans has no key yet, and new names may meet.

    Raises InvalidFile.
    """
    scope = scope_from(value)
    if scope.redact and not scope.redaction_key:
        value.fail("a plan that redacts has a redaction_key")
    if len({one.target for one in scope.renames}) < len(scope.renames):
        value.mapping()["renames"].fail(_RENAMED_TWICE)
    return scope


def _renames(value: Value) -> tuple[Rename, ...]:
    found: list[Rename] = []
    for item in value.items():
        entries = item.mapping(known=("source", "target"), required=("source", "target"))
        one = Rename(entries["source"].text(), entries["target"].text())
        if any(other.source == one.source for other in found):
            item.fail(_RENAMED_TWICE)
        found.append(one)
    return tuple(found)


def _filters(value: Value) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for item in value.items():
        entries = item.mapping(known=("collection", "query"), required=("collection", "query"))
        one = Filter(entries["collection"].text(), entries["query"].text())
        if any(other.collection == one.collection for other in found):
            item.fail(f"the collection {one.collection!r} has two filters")
        found.append(one)
    return tuple(found)

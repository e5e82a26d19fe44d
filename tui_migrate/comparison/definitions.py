"""Comparing what two collections or views are, besides their documents: kind, options, indexes."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from tui_migrate.comparison.document_text import document_lines, value_text
from tui_migrate.comparison.model import DefinitionDifference, FieldChange, FieldKind, Kind
from tui_migrate.definitions import differing_options, field, index_name, same_definition, same_index
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind

MOST_CHARACTERS: Final = 500
"""How much of a definition is shown."""


def definition_differences(left: CollectionInfo, right: CollectionInfo) -> tuple[DefinitionDifference, ...]:
    """Say in what two collections of one name differ but for their documents."""
    return tuple(_differences(left, right))


def knows_definitions(info: CollectionInfo) -> bool:
    """Say whether a side tells indexes and options: every collection has an index on `_id`, a bare file says none."""
    return bool(info.indexes) or info.kind in (CollectionKind.VIEW, CollectionKind.TIMESERIES)


def _differences(left: CollectionInfo, right: CollectionInfo) -> Iterator[DefinitionDifference]:
    if left.kind is not right.kind:
        yield DefinitionDifference("kind", left.name, Kind.DIFFERENT, left.kind.value, right.kind.value)
    if not same_definition(left.options, right.options):
        thing = "view" if left.kind is right.kind is CollectionKind.VIEW else "options"
        fields = tuple(_option_changes(left.options, right.options)) if thing == "options" else ()
        yield DefinitionDifference(thing, left.name, Kind.DIFFERENT, _text(left.options), _text(right.options), fields)
    mine = {index_name(one): one for one in left.indexes}
    theirs = {index_name(one): one for one in right.indexes}
    for name in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(name), theirs.get(name)
        if one is None:
            yield DefinitionDifference("index", printable(name), Kind.ONLY_RIGHT, right=_text(theirs[name]))
        elif other is None:
            yield DefinitionDifference("index", printable(name), Kind.ONLY_LEFT, left=_text(one))
        elif not same_index(one, other):
            yield DefinitionDifference("index", printable(name), Kind.DIFFERENT, _text(one), _text(other))


def _option_changes(left: bytes, right: bytes) -> Iterator[FieldChange]:
    for name in differing_options(left, right):
        one, other = (field(options, name.encode()) for options in (left, right))
        kind = FieldKind.REMOVED if other is None else FieldKind.ADDED if one is None else FieldKind.CHANGED
        before, after = (
            None if each is None else _cut(value_text(options, each)) for options, each in ((left, one), (right, other))
        )
        yield FieldChange(printable(name), kind, before, after)


def _text(definition: bytes) -> str:
    lines, _ = document_lines(definition)
    return _cut(" ".join(line.strip() for line in islice(lines, MOST_CHARACTERS)))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"

"""Which fields two versions of a document differ in, down through documents and arrays, a field at a time."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from tui_migrate.comparison.document_text import value_text
from tui_migrate.comparison.model import FieldChange, FieldKind
from tui_migrate.documents import MAX_DEPTH, Element, elements
from tui_migrate.errors import MalformedDocument
from tui_migrate.redaction import printable

MOST_FIELDS: Final = 50
"""Fields of one document that are told; what a document differs in beyond that is not looked for."""

_DOCUMENT: Final = 0x03
_ARRAY: Final = 0x04

Name = tuple[bytes, int]
"""A field's name, and how many fields of that name stand before it: BSON allows a name twice."""


def field_changes(left: bytes, right: bytes, *, order_counts: bool = True) -> tuple[FieldChange, ...]:
    """Give the first MOST_FIELDS fields in which two documents differ; bytes that are no BSON are one change."""
    found: list[FieldChange] = []
    try:
        found.extend(islice(_changes(left, right, (), 0, order_counts=order_counts), MOST_FIELDS))
    except MalformedDocument as error:
        text = f"(cannot be read: {printable(error.message)})"
        found.append(FieldChange("", FieldKind.CHANGED, text, text))
    return tuple(found)


def _changes(
    left: bytes, right: bytes, path: tuple[bytes, ...], depth: int, *, order_counts: bool, is_array: bool = False
) -> Iterator[FieldChange]:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"nested deeper than {MAX_DEPTH} levels")
    mine, theirs = _named(left, is_array=is_array), _named(right, is_array=is_array)
    for name, one in mine.items():
        where = (*path, name[0])
        other = theirs.get(name)
        if other is None:
            yield FieldChange(_shown(where), FieldKind.REMOVED, value_text(left, one), None)
        elif one.kind != other.kind:
            yield FieldChange(_shown(where), FieldKind.TYPE, value_text(left, one), value_text(right, other))
        elif (first := left[one.value : one.end]) != (second := right[other.value : other.end]):
            if one.kind in (_DOCUMENT, _ARRAY):
                within = one.kind == _ARRAY
                yield from _changes(first, second, where, depth + 1, order_counts=order_counts, is_array=within)
            else:
                yield FieldChange(_shown(where), FieldKind.CHANGED, value_text(left, one), value_text(right, other))
    for name, one in theirs.items():
        if name not in mine:
            yield FieldChange(_shown((*path, name[0])), FieldKind.ADDED, None, value_text(right, one))
    if order_counts and not is_array:
        yield from _order(mine, theirs, path)


def _named(document: bytes, *, is_array: bool) -> dict[Name, Element]:
    """Give the fields by name; the members of an array by their place, whatever they are called."""
    if is_array:
        return {(b"%d" % place, 0): one for place, one in enumerate(elements(document))}
    found: dict[Name, Element] = {}
    seen: dict[bytes, int] = {}
    for one in elements(document):
        times = seen.get(one.name, 0)
        seen[one.name] = times + 1
        found[one.name, times] = one
    return found


def _order(mine: dict[Name, Element], theirs: dict[Name, Element], path: tuple[bytes, ...]) -> Iterator[FieldChange]:
    first = [name for name in mine if name in theirs]
    second = [name for name in theirs if name in mine]
    if first != second:
        yield FieldChange(_shown(path), FieldKind.ORDER, _listed(first), _listed(second))


def _listed(names: list[Name]) -> str:
    shown = ", ".join(_shown((name,)) for name, _ in names[:MOST_FIELDS])
    return f"{shown}, …" if len(names) > MOST_FIELDS else shown


def _shown(path: tuple[bytes, ...]) -> str:
    return printable(".".join(name.decode(errors="backslashreplace") for name in path))

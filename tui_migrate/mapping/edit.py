"""Editing documents as bytes: values at dotted paths are changed or taken out, and every other byte stays as it was.

Arrays on the way are gone through, however deeply they are nested; a number in a path also names an element of one. A
field that has the dots of a path in its own name, as servers allow, is changed like one at that path: nothing sensitive
is to be missed for the way in which it is written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import MAX_DEPTH, RawId, elements, id_field, pack
from tui_migrate.errors import MalformedDocument

Change = Callable[[RawId], RawId | None]
"""Gives what a value (its type byte, then its bytes) becomes, or None where its field is to be left out."""

DOCUMENT: Final = 0x03
ARRAY: Final = 0x04
_NULL: Final = RawId(b"\x0a")


@dataclass(slots=True)
class Edits:
    """What is to be done below a place of a document, as a tree of field names; what is below is done first."""

    changes: list[Change] = field(default_factory=list)
    below: dict[bytes, "Edits"] = field(default_factory=dict)

    def add(self, path: str, change: Change) -> None:
        """Add a change at a dotted path; of several at one path each gets what the one before it gave."""
        place = self
        for name in path.split("."):
            place = place.below.setdefault(name.encode(), Edits())
        place.changes.append(change)


def plan_edits(changes: Iterable[tuple[str, Change]]) -> Edits:
    """Put changes at dotted paths together, to be made in one walk."""
    edits = Edits()
    for path, change in changes:
        edits.add(path, change)
    return edits


def edit(document: bytes, edits: Edits) -> bytes:
    """Make changes in a document. Raises MalformedDocument, also past MAX_DEPTH levels."""
    return _fields(document, edits.below, 0)


def each_element(change: Change) -> Change:
    """Make a change of a single value one that, of an array, changes each element, and of those within it too.

    An element that would be left out becomes null: the others keep their places.
    """

    def changed(value: RawId, depth: int = 0) -> RawId | None:
        if value[0] != ARRAY:
            return change(value)
        _check(depth)
        parts = (id_field(name, changed(one, depth + 1) or _NULL) for name, one in fields_of(value[1:]))
        return RawId(value[:1] + pack(b"".join(parts)))

    return changed


def fields_of(content: bytes) -> Iterator[tuple[bytes, RawId]]:
    """Give the names and values of a document, or of an array's bytes. Raises MalformedDocument."""
    for kind, name, _, value, end in elements(content):
        yield name, RawId(bytes((kind,)) + content[value:end])


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")


def _fields(content: bytes, below: Mapping[bytes, Edits], depth: int) -> bytes:
    _check(depth)
    parts: list[bytes] = []
    copied = 4
    for kind, name, start, value, end in elements(content):
        edits = _named(below, name)
        if edits is not None:
            before = RawId(bytes((kind,)) + content[value:end])
            after = _value(before, edits, depth)
            if after != before:
                parts += (content[copied:start], b"" if after is None else id_field(name, after))
                copied = end
    return pack(b"".join((*parts, content[copied:-1]))) if parts else content


def _named(below: Mapping[bytes, Edits], name: bytes) -> Edits | None:
    """Give what is to be done with a field; a name with dots in it means what a path of its parts means."""
    found = below.get(name)
    if found is not None or b"." not in name:
        return found
    first, *rest = name.split(b".")
    found = below.get(first)
    for part in rest:
        found = found.below.get(part) if found is not None else None
    return found


def _value(value: RawId, edits: Edits, depth: int) -> RawId | None:
    changed: RawId | None = _within(value, edits, depth)
    for change in edits.changes:
        if changed is None:
            return None
        changed = change(changed)
    return changed


def _within(value: RawId, edits: Edits, depth: int) -> RawId:
    if not edits.below or value[0] not in (DOCUMENT, ARRAY):
        return value
    if value[0] == DOCUMENT:
        return RawId(value[:1] + _fields(value[1:], edits.below, depth + 1))
    return RawId(value[:1] + _array(value[1:], edits, depth + 1))


def _array(content: bytes, edits: Edits, depth: int) -> bytes:
    _check(depth)
    parts: list[bytes] = []
    for name, one in fields_of(content):
        named = edits.below.get(name)
        after = one if named is None else _value(one, named, depth) or _NULL
        parts.append(id_field(name, _within(after, edits, depth)))
    return pack(b"".join(parts))

"""Type drift: fields that have values of several types across a collection.

The elements of an array have the path of the array and `[]`. What is in a sensitive field is not looked into.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.documents import MAX_DEPTH, RawId, elements
from tui_migrate.errors import MalformedDocument
from tui_migrate.mapping.edit import ARRAY, DOCUMENT
from tui_migrate.mapping.values import NOTHING
from tui_migrate.redaction import printable

MOST_PATHS: Final = 2_000
"""Paths of a collection that are looked at; documents with keys of their own have no end of them."""
MOST_NAME: Final = 200
"""Bytes of a field's name that is looked at."""

ELEMENTS: Final = "[]"
_EXAMPLES: Final = 3
_NO_TYPE: Final = frozenset((*NOTHING, 0x7F, 0xFF))
"""Null and undefined, and MinKey and MaxKey: they stand beside values of any type, as nothing or as a bound."""

_NUMBERS: Final = frozenset((0x01, 0x10, 0x12))

_NAMES: Final = {
    0x01: "double",
    0x02: "string",
    0x03: "document",
    0x04: "array",
    0x05: "binary",
    0x07: "ObjectId",
    0x08: "bool",
    0x09: "date",
    0x0B: "regular expression",
    0x0C: "DBPointer",
    0x0D: "code",
    0x0E: "symbol",
    0x0F: "code with scope",
    0x10: "int32",
    0x11: "timestamp",
    0x12: "int64",
    0x13: "Decimal128",
}


@dataclass(slots=True)
class _Kind:
    """One type at one path: how many values have it, and the first documents with such a value."""

    count: int = 0
    documents: list[RawId | None] = field(default_factory=list)


@dataclass(slots=True)
class _Node:
    """A path: the types that were met there, and the paths below it."""

    kinds: dict[int, _Kind] = field(default_factory=dict)
    below: dict[bytes, "_Node"] = field(default_factory=dict)
    items: "_Node | None" = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How many values of a path have a type, and the first documents (their `_id`) that have one."""

    type: str
    count: int
    documents: tuple[RawId | None, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """A path that has several types, the most frequent first. `is_numeric` where all are int32, int64 or double."""

    path: str
    types: tuple[TypeCount, ...]
    is_numeric: bool


class TypeWalk:
    """Takes the documents of a collection and says afterwards which paths had several types."""

    def __init__(self, hidden: Sequence[str] = ()) -> None:
        self._root = _Node()
        self._hidden = frozenset(hidden)
        self._paths = 0
        self.is_cut = False
        """True where some paths were not looked at."""

    def take(self, document: bytes, identifier: RawId | None) -> None:
        """Look at all values of a document. Raises MalformedDocument."""
        self._fields(document, 0, len(document), self._root, "", identifier, 0)

    def drifts(self) -> Iterator[Drift]:
        """Give the paths that have several types; null, missing and the keys that are bounds aside."""
        yield from _drifts(self._root, "")

    def _fields(
        self, content: bytes, first: int, last: int, node: _Node, path: str, identifier: RawId | None, depth: int
    ) -> None:
        _check(depth)
        for kind, name, _, value, end in elements(content, first, last):
            below = node.below.get(name)
            if below is None:
                made = self._made(path, name)
                if made is None:
                    continue
                below = node.below[name] = made
            _note(below, kind, identifier)
            if kind in (DOCUMENT, ARRAY) and not below.is_closed:
                self._enter(content, kind, value, end, below, _joined(path, name), identifier, depth)

    def _enter(
        self,
        content: bytes,
        kind: int,
        first: int,
        last: int,
        node: _Node,
        path: str,
        identifier: RawId | None,
        depth: int,
    ) -> None:
        if kind == DOCUMENT:
            self._fields(content, first, last, node, path, identifier, depth + 1)
            return
        _check(depth)
        items = node.items = node.items or _Node()
        for kind_of, _, _, value, end in elements(content, first, last):
            _note(items, kind_of, identifier)
            if kind_of in (DOCUMENT, ARRAY):
                self._enter(content, kind_of, value, end, items, path, identifier, depth + 1)

    def _made(self, path: str, name: bytes) -> _Node | None:
        if self._paths >= MOST_PATHS or len(name) > MOST_NAME:
            self.is_cut = True
            return None
        self._paths += 1
        return _Node(is_closed=_joined(path, name) in self._hidden)


def _note(node: _Node, kind: int, identifier: RawId | None) -> None:
    found = node.kinds.get(kind)
    if found is None:
        found = node.kinds[kind] = _Kind()
    found.count += 1
    if len(found.documents) < _EXAMPLES and identifier not in found.documents:
        found.documents.append(identifier)


def _drifts(node: _Node, path: str) -> Iterator[Drift]:
    kinds = {kind: one for kind, one in node.kinds.items() if kind not in _NO_TYPE}
    if len(kinds) > 1:
        counted = (TypeCount(_NAMES[kind], one.count, tuple(one.documents)) for kind, one in kinds.items())
        types = tuple(sorted(counted, key=lambda one: (-one.count, one.type)))
        yield Drift(path, types, is_numeric=kinds.keys() <= _NUMBERS)
    for name, below in node.below.items():
        yield from _drifts(below, printable(_joined(path, name)))
    if node.items is not None:
        yield from _drifts(node.items, path + ELEMENTS)


def _joined(path: str, name: bytes) -> str:
    text = name.decode(errors="replace")
    return f"{path}.{text}" if path else text


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")

"""Unique indexes as raw BSON has them: under which keys a document stands in one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from tui_migrate.definitions import field, flag, index_name
from tui_migrate.documents import RawId, elements
from tui_migrate.ordering import Key, order_key

_NULL: Final = RawId(b"\x0a")


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """A unique index: the dotted paths of its key, and whether documents without any of them are left out.

    `is_whole` is false where it holds other things than each document's values (a filter, a collation).
    """

    name: str
    fields: tuple[str, ...]
    sparse: bool
    is_whole: bool = True

    def rows(self, document: bytes) -> dict[tuple[Key, ...], tuple[RawId, ...]]:
        """Give the rows of values by which a document stands in the index; each element of an array is one."""
        found = [list(values_at(document, path.encode().split(b"."))) for path in self.fields]
        if self.sparse and not any(found):
            return {}
        rows = product(*(one or [_NULL] for one in found))
        return {tuple(map(order_key, row)): row for row in rows}

    def entries(self, document: bytes) -> set[tuple[Key, ...]]:
        """Give the keys under which a document stands in the index."""
        return set(self.rows(document))


def unique_index(specification: bytes) -> UniqueIndex | None:
    """Read a unique index from its specification, None where it is not unique."""
    if not flag(specification, b"unique"):
        return None
    key = field(specification, b"key")
    paths = () if key is None else tuple(one.name.decode() for one in elements(specification[key.value : key.end]))
    has_filter, collation = (field(specification, one) for one in (b"partialFilterExpression", b"collation"))
    is_whole = has_filter is None and collation is None
    return UniqueIndex(index_name(specification), paths, flag(specification, b"sparse"), is_whole)


def values_at(document: bytes, path: Sequence[bytes]) -> Iterator[RawId]:
    """Give the values at a dotted path, entering arrays as an index does."""
    found = field(document, path[0])
    if found is None:
        return
    inner = document[found.value : found.end]
    if len(path) == 1:
        if found.kind != 0x04:
            yield RawId(bytes((found.kind,)) + inner)
        else:
            yield from (RawId(bytes((one.kind,)) + inner[one.value : one.end]) for one in elements(inner))
    elif found.kind == 0x03:
        yield from values_at(inner, path[1:])
    elif found.kind == 0x04:
        for one in elements(inner):
            if one.kind == 0x03:
                yield from values_at(inner[one.value : one.end], path[1:])

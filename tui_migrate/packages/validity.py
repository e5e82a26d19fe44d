"""Whether documents are well-formed BSON, have ids, and come in the order their collection claims."""

import struct
from typing import Final

from tui_migrate.documents import MAX_DEPTH, elements, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import Key, order_key

_INT32: Final = struct.Struct("<i")


def walk(document: bytes, depth: int = 0) -> None:
    """Walk a document and all within it. Raises MalformedDocument, also past MAX_DEPTH levels.

    Text is not decoded: a server may hold invalid UTF-8, and a package keeps the bytes it was given.
    """
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    for kind, _, _, value, end in elements(document):
        if kind in (0x03, 0x04):
            walk(document[value:end], depth + 1)
        elif kind in (0x02, 0x0D, 0x0E):
            _check_text(document, value, end)
        elif kind == 0x0C:
            _check_text(document, value, end - 12)
        elif kind == 0x0F:
            _walk_code(document[value:end], depth)


def _check_text(document: bytes, value: int, end: int) -> None:
    if document[end - 1]:
        raise MalformedDocument("a string does not end with a zero", offset=value)


def _walk_code(value: bytes, depth: int) -> None:
    """Code with scope: its length, a string, a document."""
    text_end = 8 + _INT32.unpack_from(value, 4)[0] if len(value) >= 8 else 0
    if not 8 < text_end <= len(value):
        raise MalformedDocument("code with scope is cut short")
    _check_text(value, 4, text_end)
    walk(value[text_end:], depth + 1)


class IdOrder:
    """Follows the ids of one collection: each must be there and come after the one before it."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: Key | None = None

    def fault(self, document: bytes) -> str:
        """Take the next document; say `id_missing`, `id_duplicate`, `id_order`, or nothing where all is well."""
        identifier = raw_id(document)
        if identifier is None:
            return "id_missing"
        key, last = order_key(identifier), self._last
        self._last = key
        if last is None or last < key:
            return ""
        return "id_duplicate" if key == last else "id_order"

"""Whether documents are well-formed BSON, have ids, and come in the order their collection claims."""

import struct
from typing import Final

from tui_migrate.documents import MAX_DEPTH, MIN_DOCUMENT, elements, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import Key, order_key

_INT32: Final = struct.Struct("<i")
_int32: Final = _INT32.unpack_from

_TEXTS: Final = frozenset((0x02, 0x0D, 0x0E))
_BINARY: Final = 0x05
_WITH_LENGTH: Final = (*_TEXTS, _BINARY, 0x03, 0x04)
_FIXED: Final = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16}
_LONGER_THAN_ANY: Final = 2**31
_SIZES: Final = tuple(-1 if kind in _WITH_LENGTH else _FIXED.get(kind, _LONGER_THAN_ANY) for kind in range(256))
"""Bytes of a value of each type; -1 where its length stands in front, and too many where the type is a rare one."""


def walk(document: bytes) -> None:
    """Walk a document and all within it. Raises MalformedDocument, also past MAX_DEPTH levels.

    Text is not decoded: a server may hold invalid UTF-8, and a package keeps the bytes it was given.
    """
    if not _is_plainly_sound(document, 0, len(document), 0):
        _walk(document, 0)


def _is_plainly_sound(content: bytes, start: int, end: int, depth: int) -> bool:
    """Say whether a document that lies within `content` is sound and of the usual types; others are for `_walk`.

    Most of the time of a check goes by here, so it neither cuts out bytes nor makes objects.
    """
    last = end - 1
    if depth > MAX_DEPTH or end - start < MIN_DOCUMENT or _int32(content, start)[0] != end - start or content[last]:
        return False
    position = start + 4
    while position < last:
        kind, value = content[position], content.find(b"\x00", position + 1, last) + 1
        size = _SIZES[kind]
        if not value or value + size > last:
            return False
        if size >= 0:
            position = value + size
            continue
        if value + 4 > last:
            return False
        (length,) = _int32(content, value)
        if kind in _TEXTS:
            position = value + 4 + length
            if length < 1 or position > last or content[position - 1]:
                return False
        elif kind == _BINARY:
            position = value + 5 + length
            if length < 0 or position > last:
                return False
        else:
            position = value + length
            if position > last or not _is_plainly_sound(content, value, position, depth + 1):
                return False
    return True


def _walk(document: bytes, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    for kind, _, _, value, end in elements(document):
        if kind in (0x03, 0x04):
            _walk(document[value:end], depth + 1)
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
    _walk(value[text_end:], depth + 1)


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

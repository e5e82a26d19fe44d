"""Whether documents are well-formed BSON, have ids, and come in the order their collection claims."""

import struct
from functools import cache
from typing import TYPE_CHECKING, Final

from tui_migrate.documents import MAX_DEPTH, MIN_DOCUMENT, elements, raw_id
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import Key, order_key

if TYPE_CHECKING:
    from types import ModuleType

    from bson.codec_options import CodecOptions

_INT32: Final = struct.Struct("<i")
_int32: Final = _INT32.unpack_from

_TEXTS: Final = frozenset((0x02, 0x0D, 0x0E))
_BINARY: Final = 0x05
_BOOLEAN: Final = 0x08
_WITH_LENGTH: Final = (*_TEXTS, _BINARY, 0x03, 0x04)
_FIXED: Final = {0x01: 8, 0x06: 0, 0x07: 12, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16}
_SMALL: Final = 256 * 1024
"""Bytes of a document that is decoded in one go: a bound on the memory that its values take."""

_SHALLOW: Final = MAX_DEPTH * 7
"""Bytes below which no document is nested too deeply: each level takes 7."""

_NESTING: Final = (b"\x03", b"\x04", b"\x0f")
"""Each level has the byte of one of these types."""

NO_IDS: Final = frozenset((0x04, 0x06, 0x0B))
ID_FORBIDDEN: Final = "its _id is an array, undefined or a regular expression, which no server takes"
"""MongoDB manual, “The _id Field”."""

_LONGER_THAN_ANY: Final = 2**31
_SIZES: Final = tuple(-1 if kind in _WITH_LENGTH else _FIXED.get(kind, _LONGER_THAN_ANY) for kind in range(256))
"""Bytes of a value of each type; -1 where its length stands in front, and too many where the type is for `_walk`."""


def walk(document: bytes) -> bool:
    """Walk a document and all within it. Raises MalformedDocument, also past MAX_DEPTH levels.

    True where it is sure besides that no name stands twice and all text is UTF-8. What is not so, a server may hold,
    and a package keeps the bytes it was given: `doubts.doubts` tells of it.
    """
    if _is_written_alike(document):
        return True
    if not _is_plainly_sound(document, 0, len(document), 0):
        _walk(document, 0, len(document), 0)
    return False


def _is_written_alike(document: bytes) -> bool:
    """Say whether a small document is what bson writes when it has read it: then nothing can be wrong with it.

    Most of the time of a check goes by here. What comes out otherwise (fields in an odd order, rare types) may be sound
    all the same.
    """
    size = len(document)
    if size > _SMALL or (size > _SHALLOW and sum(map(document.count, _NESTING)) > MAX_DEPTH):
        return False
    bson, codec = _bson()
    try:
        return bool(bson.encode(bson.decode(document, codec), codec_options=codec) == document)
    except (bson.errors.BSONError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return False


@cache
def _bson() -> "tuple[ModuleType, CodecOptions[dict[str, object]]]":
    """Give bson, which takes a moment to load, and how it is to read."""
    import bson
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion

    codec: CodecOptions[dict[str, object]] = CodecOptions(
        document_class=dict,
        uuid_representation=UuidRepresentation.UNSPECIFIED,
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    )
    return bson, codec


def _is_plainly_sound(content: bytes, start: int, end: int, depth: int) -> bool:
    """Say whether a document that lies within `content` is sound and of the usual types; others are for `_walk`."""
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


def _walk(content: bytes, start: int, stop: int, depth: int) -> None:
    """Walk a document that lies within `content`; nothing is cut out, else each level would hold a copy of the rest."""
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    for kind, _, _, value, end in elements(content, start, stop):
        if kind in (0x03, 0x04):
            _walk(content, value, end, depth + 1)
        elif kind in (0x02, 0x0D, 0x0E):
            _check_text(content, value, end)
        elif kind == 0x0C:
            _check_text(content, value, end - 12)
        elif kind == _BOOLEAN and content[value] > 1:
            raise MalformedDocument("a boolean is neither 0 nor 1", offset=value)
        elif kind == 0x0F:
            _walk_code(content, value, end, depth)


def _check_text(content: bytes, value: int, end: int) -> None:
    if content[end - 1]:
        raise MalformedDocument("a string does not end with a zero", offset=value)


def _walk_code(content: bytes, value: int, end: int, depth: int) -> None:
    """Code with scope: its length, a string, a document."""
    length = _INT32.unpack_from(content, value + 4)[0] if end - value >= 8 else 0
    text_end = value + 8 + length
    if length < 1 or text_end > end:
        raise MalformedDocument("code with scope is cut short", offset=value)
    _check_text(content, value + 4, text_end)
    _walk(content, text_end, end, depth + 1)


class IdOrder:
    """Follows the ids of one collection: each must be there and come after the one before it."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: Key | None = None
        """The key of the last document that has one."""

    def fault(self, document: bytes) -> str:
        """Take the next document; say `id_missing`, `id_forbidden`, `id_duplicate`, `id_order`, or nothing."""
        identifier = raw_id(document)
        if identifier is None:
            return "id_missing"
        key, last = order_key(identifier), self.last
        self.last = key
        if identifier[0] in NO_IDS:
            return "id_forbidden"
        if last is None or last < key:
            return ""
        return "id_duplicate" if key == last else "id_order"

"""The order of `_id`s as MongoDB's simple collation has it, taken from their bytes.

Types come in the order of MongoDB's manual, “Comparison/Sort Order”; numbers compare by value whatever their type, so
1, 1.0, Int64(1) and Decimal128 1.00 have one key. Keys are hashable, and equal where the server says two ids are equal.
"""

import struct
from decimal import Decimal
from typing import Final

from tui_migrate.documents import MAX_DEPTH, RawId, elements, value_end
from tui_migrate.errors import MalformedDocument

Key = tuple[int, object]
"""A sort key of one `_id`: the rank of its type, then a value that compares within that rank."""

_INT32 = struct.Struct("<i")
_INT64 = struct.Struct("<q")
_UINT64 = struct.Struct("<Q")
_DOUBLE = struct.Struct("<d")

_RANK: Final[dict[int, int]] = {
    0xFF: 0,
    0x06: 1,
    0x0A: 2,
    0x01: 3,
    0x10: 3,
    0x12: 3,
    0x13: 3,
    0x02: 4,
    0x0E: 4,
    0x03: 5,
    0x04: 6,
    0x05: 7,
    0x07: 8,
    0x08: 9,
    0x09: 10,
    0x11: 11,
    0x0B: 12,
    0x0C: 13,
    0x0D: 14,
    0x0F: 15,
    0x7F: 16,
}

_NOT_A_NUMBER: Final = (0,)
"""Sorts before every other number, and all NaN are one key."""


def order_key(identifier: RawId) -> Key:
    """Give the sort key of an `_id`. Raises MalformedDocument for bytes that are no value."""
    size = len(identifier)
    if size == 13 and identifier[0] == 0x07:
        return (8, identifier[1:])
    if not size or value_end(identifier, identifier[0], 1, size) != size:
        raise MalformedDocument("the bytes are not one BSON value")
    return (_rank(identifier[0]), _value(identifier, identifier[0], 1, size, 0))


def _rank(kind: int) -> int:
    try:
        return _RANK[kind]
    except KeyError:
        raise MalformedDocument(f"0x{kind:02x} is no BSON type") from None


def _value(content: bytes, kind: int, start: int, end: int, depth: int) -> object:
    """Give what compares of a value within `content`; of documents only what is in them is cut out."""
    if kind in (0x03, 0x04):
        return _fields(content, start, end, depth, named=kind == 0x03)
    if kind == 0x0F:
        scope = value_end(content, 0x02, start + 4, end) if end - start > 8 else end
        return (content[start + 8 : scope - 1], _fields(content, scope, end, depth, named=True))
    return _comparable(kind, content[start:end])


def _comparable(kind: int, value: bytes) -> object:
    match kind:
        case 0x10:
            return (1, _INT32.unpack(value)[0])
        case 0x12:
            return (1, _INT64.unpack(value)[0])
        case 0x01:
            number = _DOUBLE.unpack(value)[0]
            return (1, number) if number == number else _NOT_A_NUMBER
        case 0x13:
            return _decimal128(value)
        case 0x02 | 0x0E | 0x0D:
            return value[4:-1]
        case 0x05:
            return (_INT32.unpack_from(value)[0], value[4], value[5:])
        case 0x07:
            return value
        case 0x08:
            return value[0]
        case 0x09:
            return _INT64.unpack(value)[0]
        case 0x11:
            return _UINT64.unpack(value)[0]
        case 0x0B | 0x0C:
            return _compound(kind, value)
        case _:
            return 0


def _compound(kind: int, value: bytes) -> object:
    if kind == 0x0B:
        pattern, options, _ = value.split(b"\x00")
        return (pattern, options)
    return (_INT32.unpack_from(value)[0], value[4:])


def _fields(content: bytes, start: int, end: int, depth: int, *, named: bool) -> tuple[object, ...]:
    """The fields of a document compare one by one: type, then name, then value; a shorter document is less."""
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"an _id is nested deeper than {MAX_DEPTH} levels")
    return tuple(
        (_rank(kind), name if named else b"", _value(content, kind, value, stop, depth + 1))
        for kind, name, _, value, stop in elements(content, start, end)
    )


def _decimal128(value: bytes) -> tuple[int, ...] | tuple[int, Decimal]:
    """Read a Decimal128 (IEEE 754-2008, binary integer significand) as an exact number."""
    bits = int.from_bytes(value, "little")
    sign, top = bits >> 127, (bits >> 122) & 0x1F
    if top == 0x1F:
        return _NOT_A_NUMBER
    if top == 0x1E:
        return (1, Decimal("-Infinity") if sign else Decimal("Infinity"))
    if top >= 0x18:  # the significand would pass 34 digits: such a pattern counts as zero
        return (1, Decimal(0))
    exponent = ((bits >> 113) & 0x3FFF) - 6176
    digits = bits & ((1 << 113) - 1)
    if digits >= 10**34:
        return (1, Decimal(0))
    return (1, Decimal((sign, tuple(map(int, str(digits))), exponent)))

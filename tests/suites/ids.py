"""One `_id` of every type that MongoDB stores, in MongoDB's order.

SecantusDB orders documents by their size first, takes binaries of different subtypes for the same id and dates after
the year 9999 for no dates; the ids here keep clear of that.
"""

import struct

from tui_migrate.documents import RawId, pack


def int32(value: int) -> RawId:
    return RawId(b"\x10" + struct.pack("<i", value))


def int64(value: int) -> RawId:
    return RawId(b"\x12" + struct.pack("<q", value))


def double(value: float) -> RawId:
    return RawId(b"\x01" + struct.pack("<d", value))


def text(value: str) -> RawId:
    encoded = value.encode() + b"\x00"
    return RawId(b"\x02" + struct.pack("<i", len(encoded)) + encoded)


def binary(value: bytes, subtype: int = 0) -> RawId:
    return RawId(b"\x05" + struct.pack("<i", len(value)) + bytes((subtype,)) + value)


def code(value: str) -> RawId:
    return RawId(b"\x0d" + text(value)[1:])


def document(**fields: RawId) -> RawId:
    return RawId(b"\x03" + pack(b"".join(one[:1] + name.encode() + b"\x00" + one[1:] for name, one in fields.items())))


def object_id(value: int) -> RawId:
    return RawId(b"\x07" + value.to_bytes(12, "big"))


MIN_KEY = RawId(b"\xff")
MAX_KEY = RawId(b"\x7f")
NULL = RawId(b"\x0a")
DECIMAL_ONE_AND_A_HALF = RawId(b"\x13" + (15 | (6175 << 113)).to_bytes(16, "little"))

OF_EVERY_TYPE: tuple[RawId, ...] = (
    MIN_KEY,
    NULL,
    double(float("nan")),
    double(float("-inf")),
    int64(-(2**62)),
    int32(-1),
    double(-0.0),
    int32(1),
    DECIMAL_ONE_AND_A_HALF,
    double(2.5),
    int64(3),
    int64(2**53 + 1),
    double(float("inf")),
    text(""),
    text("B"),
    text("a"),
    text("a\x00b"),
    text("é"),
    document(),
    document(a=int32(1)),
    document(b=int32(0)),
    document(a=text("x")),
    document(a=object_id(1)),
    document(a=object_id(2)),
    binary(b""),
    binary(b"z"),
    binary(b"ab"),
    binary(bytes(16), 4),
    object_id(0),
    object_id(2**90),
    RawId(b"\x08\x00"),
    RawId(b"\x08\x01"),
    RawId(b"\x09" + struct.pack("<q", -1)),
    RawId(b"\x09" + struct.pack("<q", 2**47)),
    RawId(b"\x11" + struct.pack("<Q", 1)),
    RawId(b"\x11" + struct.pack("<Q", 2**63)),
    code("f"),
    MAX_KEY,
)

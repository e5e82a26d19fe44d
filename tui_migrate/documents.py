"""BSON documents as bytes: walk a buffer, take the `_id`, hash, normalise, canonical form.

Nothing here decodes a value: a document stays the bytes that a server sent, so that no type is lost on the way. The
layout of BSON is that of the specification at bsonspec.org, version 1.1.
"""

import binascii
import hashlib
import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple, NewType

from tui_migrate.errors import MalformedDocument

RawId = NewType("RawId", bytes)
"""An `_id` as it stands in a document: one type byte, then the value's bytes."""

MAX_DEPTH: Final = 200
"""Levels of nesting that are followed; MongoDB's own limit for stored documents is 100 (bson max depth 200)."""

MIN_DOCUMENT: Final = 5
ID_NAME: Final = b"_id\x00"
HASH_BYTES: Final = 16

_INT32 = struct.Struct("<i")
_UUID_HEAD: Final = b"\x10\x00\x00\x00\x04"
_BINARY_UUID: Final = re.compile(r'\{"\$binary": \{"base64": "([A-Za-z0-9+/]{22}==)", "subType": "04"\}\}')
"""How a binary of 16 bytes and subtype 4 stands in canonical Extended JSON, as bson writes it."""

_FIXED: Final[dict[int, int]] = {
    0x01: 8,  # double
    0x06: 0,  # undefined
    0x07: 12,  # ObjectId
    0x08: 1,  # bool
    0x09: 8,  # date
    0x0A: 0,  # null
    0x10: 4,  # int32
    0x11: 8,  # timestamp
    0x12: 8,  # int64
    0x13: 16,  # decimal128
    0x7F: 0,  # max key
    0xFF: 0,  # min key
}


class Element(NamedTuple):
    """One field of a document: `start` is where its type byte stands, `value` where its value begins, `end` past it."""

    kind: int
    name: bytes
    start: int
    value: int
    end: int


def iterate(buffer: bytes, *, base: int = 0) -> Iterator[bytes]:
    """Yield each document of a buffer of concatenated documents.

    `base` is the buffer's own offset in its file, for the message. Raises MalformedDocument where a length does not
    fit or the closing zero is missing.
    """
    position, size = 0, len(buffer)
    unpack = _INT32.unpack_from
    while position < size:
        if size - position < MIN_DOCUMENT:
            raise MalformedDocument(f"a document is cut short at byte {base + position}", offset=base + position)
        (length,) = unpack(buffer, position)
        end = position + length
        if length < MIN_DOCUMENT or end > size:
            raise MalformedDocument(
                f"a document at byte {base + position} says it is {length} bytes long, {size - position} are there",
                offset=base + position,
            )
        if buffer[end - 1]:
            raise MalformedDocument(
                f"the document at byte {base + position} does not end with a zero", offset=base + position
            )
        yield buffer[position:end]
        position = end


def raw_id(document: bytes) -> RawId | None:
    """Take a document's `_id` as raw bytes, or None where it has none. Raises MalformedDocument."""
    if document[5:9] == ID_NAME:
        kind = document[4]
        fixed = _FIXED.get(kind)
        end = 9 + fixed if fixed is not None else value_end(document, kind, 9, len(document) - 1)
        if end >= len(document):
            raise MalformedDocument("an _id is longer than its document", offset=9)
        return RawId(document[4:5] + document[9:end])
    for element in elements(document):
        if element.name == b"_id":
            return RawId(document[element.start : element.start + 1] + document[element.value : element.end])
    return None


def elements(document: bytes, start: int = 0, stop: int | None = None) -> Iterator[Element]:
    """Walk the fields of a document, or of an array's bytes. Raises MalformedDocument.

    With `start` and `stop` it is the one between these offsets, and all offsets count from where the bytes begin: so
    what lies within a document is walked without a copy for each level.
    """
    last = (len(document) if stop is None else stop) - 1
    if last - start < MIN_DOCUMENT - 1 or _INT32.unpack_from(document, start)[0] != last + 1 - start or document[last]:
        raise MalformedDocument("the bytes are not one BSON document", offset=start)
    position = start + 4
    while position < last:
        name_end = document.find(b"\x00", position + 1, last)
        if name_end < 0:
            raise MalformedDocument("a field name does not end", offset=position)
        kind, value = document[position], name_end + 1
        end = value_end(document, kind, value, last)
        yield Element(kind, document[position + 1 : name_end], position, value, end)
        position = end


def value_end(document: bytes, kind: int, start: int, limit: int) -> int:
    """Say where the value of type `kind` that begins at `start` ends. Raises MalformedDocument past `limit`."""
    fixed = _FIXED.get(kind)
    if fixed is not None:
        end = start + fixed
    elif kind == 0x0B:  # regular expression: two C strings
        middle = document.find(b"\x00", start, limit)
        close = document.find(b"\x00", middle + 1, limit) if middle >= 0 else -1
        end = close + 1 if close >= 0 else limit + 1
    else:
        if start + 4 > limit:
            raise MalformedDocument("a value is cut short", offset=start)
        (length,) = _INT32.unpack_from(document, start)
        end = start + length + _overhead(kind, length, start)
    if end > limit:
        raise MalformedDocument("a value is longer than its document", offset=start)
    return end


def _overhead(kind: int, length: int, start: int) -> int:
    """Bytes that a length-prefixed value takes beside those its length counts."""
    if kind in (0x02, 0x0D, 0x0E):  # string, code, symbol: the length leaves out itself
        least, overhead = 1, 4
    elif kind == 0x05:  # binary: leaves out itself and the subtype
        least, overhead = 0, 5
    elif kind == 0x0C:  # DBPointer: string, then an ObjectId
        least, overhead = 1, 16
    elif kind in (0x03, 0x04, 0x0F):  # document, array, code with scope: counts itself
        least, overhead = MIN_DOCUMENT, 0
    else:
        raise MalformedDocument(f"0x{kind:02x} is no BSON type", offset=start)
    if length < least:
        raise MalformedDocument(f"a length of {length} is too small", offset=start)
    return overhead


def normalise(document: bytes) -> bytes:
    """Move a document's `_id` to the front, as a server does when it stores one.

    Hashes and comparisons are of this form, else a document would differ from itself once it is stored.
    """
    if document[5:9] == ID_NAME:
        return document
    for element in elements(document):
        if element.name == b"_id":
            field = document[element.start : element.end]
            return b"".join((document[:4], field, document[4 : element.start], document[element.end :]))
    return document


def with_id(document: bytes, identifier: RawId) -> bytes:
    """Give a normalised document another `_id`. Raises MalformedDocument where it has none."""
    first = next(elements(document), None)
    if first is None or first.name != b"_id":
        raise MalformedDocument("the document has no _id in front")
    return pack(id_field(b"_id", identifier) + document[first.end : -1])


def content_hash(document: bytes) -> bytes:
    """Hash a normalised document: 16 bytes of BLAKE2b over its bytes."""
    return hashlib.blake2b(document, digest_size=HASH_BYTES).digest()


def canonical(document: bytes) -> bytes:
    """Put the fields of a document and of all documents within it in the order of their names' bytes.

    Arrays keep their order and values their bytes. Two documents of equal canonical form differ in field order only.
    Raises MalformedDocument, also past MAX_DEPTH levels.
    """
    return _canonical(document, 0, len(document), is_array=False, depth=0)


def _canonical(document: bytes, first: int, last: int, *, is_array: bool, depth: int) -> bytes:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    fields: list[tuple[bytes, bytes]] = []
    for kind, name, start, value, end in elements(document, first, last):
        if kind in (0x03, 0x04):
            inner = _canonical(document, value, end, is_array=kind == 0x04, depth=depth + 1)
            fields.append((name, document[start:value] + inner))
        else:
            fields.append((name, document[start:end]))
    if not is_array:
        fields.sort(key=lambda field: field[0])
    return pack(b"".join(field for _, field in fields))


def pack(fields: bytes) -> bytes:
    """Wrap the bytes of encoded fields into a document."""
    return _INT32.pack(len(fields) + MIN_DOCUMENT) + fields + b"\x00"


def id_field(name: bytes, identifier: RawId) -> bytes:
    """Encode a field of the given name that holds an `_id`'s value."""
    return identifier[:1] + name + b"\x00" + identifier[1:]


def id_filter(identifiers: list[RawId]) -> bytes:
    """Build the query `{_id: {$in: [...]}}` as BSON bytes, without decoding an id."""
    array = pack(b"".join(id_field(str(number).encode(), one) for number, one in enumerate(identifiers)))
    return pack(b"\x03_id\x00" + pack(b"\x04$in\x00" + array))


def has_empty_timestamp(document: bytes) -> bool:
    """Say whether a top-level field is Timestamp(0, 0), which a MongoDB server replaces by the time of the insert."""
    if b"\x00\x00\x00\x00\x00\x00\x00\x00\x00" not in document or b"\x11" not in document:
        return False
    return any(
        element.kind == 0x11 and document[element.value : element.end] == bytes(8)
        for element in elements(document)
        if element.name != b"_id"
    )


def with_uuids(text: str) -> str:
    """Write the UUIDs of canonical Extended JSON as people write them, the same that `show_id` gives.

    `$uuid` is the other form that the Extended JSON specification (v2) knows for a binary of subtype 4. No string of
    JSON holds the text that is replaced: a quotation mark in one is escaped.
    """
    return _BINARY_UUID.sub(_as_uuid, text)


def _as_uuid(found: re.Match[str]) -> str:
    return f'{{"$uuid": "{_hyphened(binascii.a2b_base64(found[1]).hex())}"}}'


def _hyphened(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def show_id(identifier: RawId) -> str:
    """Give an `_id` as people write it: in plain form for the common types, as hex digits for the others.

    A UUID (binary of subtype 4, by the BSON specification) has its usual form, by which it can be looked for.
    """
    kind, value = identifier[0], identifier[1:]
    match kind:
        case 0x07:
            return value.hex()
        case 0x02:
            return repr(value[4:-1].decode(errors="backslashreplace"))
        case 0x10 | 0x12:
            return str(int.from_bytes(value, "little", signed=True))
        case 0x05 if value[:5] == _UUID_HEAD:
            return _hyphened(value[5:].hex())
        case 0x01:
            return repr(struct.unpack("<d", value)[0])
        case 0x0A:
            return "null"
        case _:
            return f"(type 0x{kind:02x}) {value.hex()}"

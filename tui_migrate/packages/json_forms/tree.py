"""Makes JSON of BSON so that what is read again is the very same bytes, and says of what cannot be kept so.

Types that JSON has not become canonical Extended JSON; int32, finite doubles, booleans, null and text are JSON's own,
and so is an int64 too large for an int32. Python's `json` then writes a double with all the digits it needs.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from typing import Final

from tui_migrate.documents import elements, pack
from tui_migrate.errors import MalformedDocument
from tui_migrate.packages.json_forms.build import NOT_FINITE, DocumentBuilder
from tui_migrate.packages.types.apply import Rule

Tree = dict[str, object]

_INT32: Final = struct.Struct("<i")
_INT64: Final = struct.Struct("<q")
_DOUBLE: Final = struct.Struct("<d")


def tree_of(document: bytes) -> Tree:
    """Make what `json.dumps` writes. Raises MalformedDocument, UnicodeDecodeError for text that is not UTF-8."""
    return {name.decode(): _value(kind, document[value:end]) for kind, name, _, value, end in elements(document)}


def is_exact(document: bytes, tree: Tree) -> bool:
    """Say whether reading a tree gives the document, byte for byte."""
    builder = DocumentBuilder(Rule())
    return builder.build(tree) == document and not builder.faults


def inexact_field(document: bytes) -> str:
    """Name the first top-level field of a document that JSON cannot keep as it is; empty where it can keep them all."""
    names: set[bytes] = set()
    for kind, name, start, value, end in elements(document):
        shown = name.decode(errors="backslashreplace")
        try:
            alone = pack(document[start:end])
            if name in names or not is_exact(alone, {name.decode(): _value(kind, document[value:end])}):
                return shown
        except (MalformedDocument, ValueError, RecursionError, struct.error):
            return shown
        names.add(name)
    return ""


def _value(kind: int, content: bytes) -> object:
    reader = _READERS.get(kind)
    if reader is None:
        raise MalformedDocument(f"0x{kind:02x} is no BSON type")
    return reader(content)


def _text(content: bytes) -> str:
    return content[4:-1].decode()


def _double(content: bytes) -> object:
    value: float = _DOUBLE.unpack(content)[0]
    return {"$numberDouble": NOT_FINITE[repr(value)]} if repr(value) in NOT_FINITE else value


def _array(content: bytes) -> list[object]:
    return [_value(kind, content[value:end]) for kind, _, _, value, end in elements(content)]


def _binary(content: bytes) -> object:
    return {"$binary": {"base64": base64.b64encode(content[5:]).decode("ascii"), "subType": f"{content[4]:02x}"}}


def _int64(content: bytes) -> object:
    value: int = _INT64.unpack(content)[0]
    return {"$numberLong": str(value)} if -(2**31) <= value < 2**31 else value


def _date(content: bytes) -> object:
    return {"$date": {"$numberLong": str(_INT64.unpack(content)[0])}}


def _decimal(content: bytes) -> object:
    from bson.decimal128 import Decimal128

    return {"$numberDecimal": str(Decimal128.from_bid(content))}


def _regular_expression(content: bytes) -> object:
    pattern, options, _ = content.split(b"\x00")
    return {"$regularExpression": {"pattern": pattern.decode(), "options": options.decode()}}


def _timestamp(content: bytes) -> object:
    increment, seconds = struct.unpack("<II", content)
    return {"$timestamp": {"t": seconds, "i": increment}}


def _code_with_scope(content: bytes) -> object:
    end = 8 + int(_INT32.unpack_from(content, 4)[0])
    return {"$code": content[8 : end - 1].decode(), "$scope": tree_of(content[end:])}


_READERS: Final[Mapping[int, Callable[[bytes], object]]] = {
    0x01: _double,
    0x02: _text,
    0x03: tree_of,
    0x04: _array,
    0x05: _binary,
    0x06: lambda content: {"$undefined": True},
    0x07: lambda content: {"$oid": content.hex()},
    0x08: lambda content: content != b"\x00",
    0x09: _date,
    0x0A: lambda content: None,
    0x0B: _regular_expression,
    0x0C: lambda content: {"$dbPointer": {"$ref": _text(content[:-12]), "$id": {"$oid": content[-12:].hex()}}},
    0x0D: lambda content: {"$code": _text(content)},
    0x0E: lambda content: {"$symbol": _text(content)},
    0x0F: _code_with_scope,
    0x10: lambda content: _INT32.unpack(content)[0],
    0x11: _timestamp,
    0x12: _int64,
    0x13: _decimal,
    0x7F: lambda content: {"$maxKey": 1},
    0xFF: lambda content: {"$minKey": 1},
}

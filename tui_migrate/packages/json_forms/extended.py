"""Extended JSON: the objects that stand for values which JSON has not, to and from the bytes of BSON.

MongoDB's specification “extended-json”, version 2: canonical and relaxed forms, and of version 1 `$binary` with `$type`
and `$date` with a number. `{"$regex": …}` stays a document: it is a query operator too. What has a wrapper's keys and
not its values is a fault, never a guess; an object of other keys that begin with `$` is a document like any other.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_INT32: Final = struct.Struct("<i")
_INT64: Final = struct.Struct("<q")
_DOUBLE: Final = struct.Struct("<d")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_OID: Final = re.compile(r"[0-9a-fA-F]{24}")
_SUBTYPE: Final = re.compile(r"[0-9a-fA-F]{1,2}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,9})?|[+-]?inf(inity)?|[+-]?nan", re.I | re.ASCII)
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)", re.ASCII)


class Raw(NamedTuple):
    """A value of BSON: its type and its bytes."""

    kind: int
    value: bytes


class Misfit(ValueError):
    """A value is not what it says it is, or cannot become what it is to be."""


def text_value(text: str) -> bytes:
    """Encode a BSON string's value. Raises Misfit for half a character."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise Misfit("it holds half a character") from error
    return _INT32.pack(len(encoded) + 1) + encoded + b"\x00"


def c_text(text: str) -> bytes:
    """Encode text that ends with a zero. Raises Misfit where it holds one itself."""
    encoded = text_value(text)[4:]
    if b"\x00" in encoded[:-1]:
        raise Misfit("it holds a zero character")
    return encoded


def decimal_value(text: str) -> bytes:
    """Encode a Decimal128. Raises Misfit for what is no number or has more than 34 digits."""
    from decimal import DecimalException

    from bson.decimal128 import Decimal128

    if not _DECIMAL.fullmatch(text):
        raise Misfit(f"{text[:60]!r} is no decimal number")
    try:
        return Decimal128(text).bid
    except (DecimalException, ValueError) as error:
        raise Misfit(f"{text[:60]!r} does not fit into a Decimal128") from error


def wrapped(value: Mapping[str, object], scope: Callable[[Mapping[str, object]], bytes]) -> Raw | None:
    """Read an object as the value it stands for, or None where it is a document. `scope` encodes the scope of code.

    Raises Misfit for the keys of a wrapper with another content.
    """
    reader = _WRAPPERS.get(tuple(sorted(value)))
    if reader is None:
        return None
    if reader is _code_with_scope:
        return _code_with_scope(value, scope)
    return reader(value)


def is_wrapped(value: Mapping[str, object]) -> bool:
    """Say whether an object has the keys of a wrapper."""
    return tuple(sorted(value)) in _WRAPPERS


def _text(value: Mapping[str, object], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise Misfit(f"{name} is no text")
    return found


def _matched(value: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    found = _text(value, name)
    if not pattern.fullmatch(found):
        raise Misfit(f"{name} cannot be {found[:60]!r}")
    return found


def _only(value: Mapping[str, object], name: str, wanted: object, kind: int) -> Raw:
    if value[name] is not wanted and (type(value[name]) is not type(wanted) or value[name] != wanted):
        raise Misfit(f"{name} is not {wanted}")
    return Raw(kind, b"")


def _whole(value: Mapping[str, object], name: str, packing: struct.Struct) -> bytes:
    try:
        return packing.pack(int(_matched(value, name, _WHOLE)))
    except struct.error as error:
        raise Misfit(f"{name} is out of range") from error


def _double(value: Mapping[str, object]) -> Raw:
    text = _text(value, "$numberDouble")
    if text not in ("NaN", "Infinity", "-Infinity") and not _NUMBER.fullmatch(text):
        raise Misfit(f"$numberDouble cannot be {text[:60]!r}")
    return Raw(0x01, _DOUBLE.pack(float(text)))


def _date(value: Mapping[str, object]) -> Raw:
    given = value["$date"]
    if isinstance(given, dict) and tuple(given) == ("$numberLong",):
        return Raw(0x09, _whole(given, "$numberLong", _INT64))
    if isinstance(given, int) and not isinstance(given, bool):
        try:
            return Raw(0x09, _INT64.pack(given))
        except struct.error as error:
            raise Misfit("$date is out of range") from error
    text = _matched(value, "$date", _ISO)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misfit(f"$date cannot be {text!r}") from error
    return Raw(0x09, _INT64.pack((moment - _EPOCH) // _MILLISECOND))


def _binary(value: Mapping[str, object]) -> Raw:
    given = value["$binary"]
    if "$type" in value:
        content, subtype = _text(value, "$binary"), _matched(value, "$type", _SUBTYPE)
    elif isinstance(given, dict) and given.keys() == {"base64", "subType"}:
        content, subtype = _text(given, "base64"), _matched(given, "subType", _SUBTYPE)
    else:
        raise Misfit("$binary has not just base64 and subType")
    try:
        return binary(base64.b64decode(content, validate=True), int(subtype, 16))
    except (binascii.Error, ValueError) as error:
        raise Misfit("$binary is no base64") from error


def binary(content: bytes, subtype: int) -> Raw:
    """Make a binary value. Of the old subtype 2 the content begins with a length of its own, as it stands in JSON."""
    return Raw(0x05, _INT32.pack(len(content)) + bytes((subtype,)) + content)


def _uuid(value: Mapping[str, object]) -> Raw:
    return binary(bytes.fromhex(_matched(value, "$uuid", _UUID).replace("-", "")), 4)


def _timestamp(value: Mapping[str, object]) -> Raw:
    given = value["$timestamp"]
    if not isinstance(given, dict) or given.keys() != {"t", "i"}:
        raise Misfit("$timestamp has not just t and i")
    parts = [given["i"], given["t"]]
    if not all(type(one) is int and 0 <= one < 2**32 for one in parts):
        raise Misfit("$timestamp is out of range")
    return Raw(0x11, struct.pack("<II", *parts))


def _regular_expression(value: Mapping[str, object]) -> Raw:
    given = value["$regularExpression"]
    if not isinstance(given, dict) or given.keys() != {"pattern", "options"}:
        raise Misfit("$regularExpression has not just pattern and options")
    return Raw(0x0B, c_text(_text(given, "pattern")) + c_text(_text(given, "options")))


def _pointer(value: Mapping[str, object]) -> Raw:
    given = value["$dbPointer"]
    if not isinstance(given, dict) or given.keys() != {"$ref", "$id"} or not isinstance(given["$id"], dict):
        raise Misfit("$dbPointer has not just $ref and $id")
    if tuple(given["$id"]) != ("$oid",):
        raise Misfit("the $id of $dbPointer is no $oid")
    return Raw(0x0C, text_value(_text(given, "$ref")) + bytes.fromhex(_matched(given["$id"], "$oid", _OID)))


def _code_with_scope(value: Mapping[str, object], scope: Callable[[Mapping[str, object]], bytes] | None = None) -> Raw:
    given = value["$scope"]
    if not isinstance(given, dict) or scope is None:
        raise Misfit("$scope is no document")
    body = text_value(_text(value, "$code")) + scope(given)
    return Raw(0x0F, _INT32.pack(len(body) + 4) + body)


_WRAPPERS: Final[Mapping[tuple[str, ...], Callable[[Mapping[str, object]], Raw]]] = {
    ("$oid",): lambda value: Raw(0x07, bytes.fromhex(_matched(value, "$oid", _OID))),
    ("$numberInt",): lambda value: Raw(0x10, _whole(value, "$numberInt", _INT32)),
    ("$numberLong",): lambda value: Raw(0x12, _whole(value, "$numberLong", _INT64)),
    ("$numberDouble",): _double,
    ("$numberDecimal",): lambda value: Raw(0x13, decimal_value(_text(value, "$numberDecimal"))),
    ("$date",): _date,
    ("$binary",): _binary,
    ("$binary", "$type"): _binary,
    ("$uuid",): _uuid,
    ("$timestamp",): _timestamp,
    ("$regularExpression",): _regular_expression,
    ("$code",): lambda value: Raw(0x0D, text_value(_text(value, "$code"))),
    ("$code", "$scope"): _code_with_scope,
    ("$symbol",): lambda value: Raw(0x0E, text_value(_text(value, "$symbol"))),
    ("$dbPointer",): _pointer,
    ("$undefined",): lambda value: _only(value, "$undefined", True, 0x06),
    ("$minKey",): lambda value: _only(value, "$minKey", 1, 0xFF),
    ("$maxKey",): lambda value: _only(value, "$maxKey", 1, 0x7F),
}

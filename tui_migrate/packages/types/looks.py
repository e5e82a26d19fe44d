"""What a text looks like, and what it becomes: the marks that `str()` of Python leaves of values that JSON has not.

Each reading is exact: what a text is taken for gives that very text again, so nothing of it is lost.
"""

import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tui_migrate.packages.json_forms.extended import Misfit, Raw, binary, decimal_value
from tui_migrate.packages.types.model import ValueType

MOST_LOOKED_AT: Final = 1024 * 1024
"""Characters of a text that is looked at for what it may be; a longer one is a text."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_INT64: Final = struct.Struct("<q")

_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00:00|Z)?", re.ASCII)
_LITERAL: Final = re.compile(
    r"b(?:'((?:[ -&(-\[\]-~]|\\[\\'ntr]|\\x[0-9a-f]{2})*+)'|\"((?:[ !#-\[\]-~]|\\[\\ntr]|\\x[0-9a-f]{2})*+)\")"
)
_LITERAL_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|(.))")
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r"}
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OBJECT_ID: Final = re.compile(r"[0-9a-fA-F]{24}")

_LOOKS: Final = re.compile(
    r"(?P<object_id>[0-9a-f]{24})"
    r"|(?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3}000)?(?:\+00:00)?)"
    r"|(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"|(?P<decimal>-?(?:0|[1-9]\d{0,33})(?:\.\d{1,34})?(?:E[+-]?\d{1,4})?)"
    r"|(?P<binary>b['\"].*)",
    re.ASCII | re.DOTALL,
)
_WORDS: Final = {one.value: one for one in ValueType}


def looks_like(text: str) -> ValueType:
    """Say what a text looks like; AS_WRITTEN for a text that looks like nothing else."""
    if len(text) > MOST_LOOKED_AT:
        return ValueType.AS_WRITTEN
    found = _LOOKS.fullmatch(text)
    if found is None or found.lastgroup is None:
        return ValueType.AS_WRITTEN
    kind = _WORDS[found.lastgroup]
    if kind is ValueType.OBJECT_ID or kind is ValueType.UUID:
        return kind
    try:
        CONVERSIONS[kind](text)
    except Misfit:
        return ValueType.AS_WRITTEN
    return kind


def _object_id(text: str) -> Raw:
    if not _OBJECT_ID.fullmatch(text):
        raise Misfit("it is not 24 hex digits")
    return Raw(0x07, bytes.fromhex(text))


def _date(text: str) -> Raw:
    """A time without an offset is UTC: so MongoDB's drivers give it."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise Misfit("it is no date as 2025-11-01 10:00:00.123000 in UTC")
    fraction = (found[3] or "").ljust(6, "0")
    if not fraction.endswith("000"):
        raise Misfit("a date holds milliseconds, and this has microseconds")
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
    except ValueError as error:
        raise Misfit("there is no such day or hour") from error
    return Raw(0x09, _INT64.pack((moment - _EPOCH) // _MILLISECOND + int(fraction[:3])))


def _binary(text: str) -> Raw:
    found = _LITERAL.fullmatch(text)
    if found is None:
        raise Misfit("it is no bytes as Python writes them, such as b'\\x00'")
    inner = found[1] if found[1] is not None else found[2]
    content = _LITERAL_ESCAPE.sub(_unescaped, inner).encode("latin-1")
    return binary(content, 0)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2])


def _uuid(text: str) -> Raw:
    if not _UUID.fullmatch(text):
        raise Misfit("it is no UUID")
    return binary(bytes.fromhex(text.replace("-", "")), 4)


def _decimal(text: str) -> Raw:
    return Raw(0x13, decimal_value(text))


CONVERSIONS: Final[Mapping[ValueType, Callable[[str], Raw]]] = {
    ValueType.OBJECT_ID: _object_id,
    ValueType.DATE: _date,
    ValueType.BINARY: _binary,
    ValueType.DECIMAL: _decimal,
    ValueType.UUID: _uuid,
}
"""What makes a value of a text; raises Misfit where the text does not fit."""

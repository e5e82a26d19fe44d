"""Filters: a subset of MongoDB's query language that means the same whatever store the documents come from.

What is not in the subset is refused by name when the filter is read, never passed over.
"""

import struct
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

from tui_migrate.documents import RawId
from tui_migrate.errors import UsageError
from tui_migrate.mapping.conditions import (
    Condition,
    Every,
    Is,
    compares,
    has_element,
    has_size,
    has_type,
    is_document,
    is_one_of,
    is_there,
)
from tui_migrate.mapping.edit import ARRAY, DOCUMENT, fields_of
from tui_migrate.redaction import printable

Matches = Callable[[bytes], bool]
"""Says whether a document matches. Raises MalformedDocument."""

MAX_LEVELS: Final = 100
"""How deeply a filter may be nested; a server allows no more."""

OPERATORS: Final = (
    "$eq $ne $gt $gte $lt $lte $in $nin $exists $type $size $all $elemMatch $not, and $and $or $nor around them"
)
_HINT: Final = f"a filter may use {OPERATORS}"

_TYPES: Final[dict[str, tuple[int, ...]]] = {
    "double": (0x01,),
    "string": (0x02,),
    "object": (0x03,),
    "array": (0x04,),
    "binData": (0x05,),
    "undefined": (0x06,),
    "objectId": (0x07,),
    "bool": (0x08,),
    "date": (0x09,),
    "null": (0x0A,),
    "regex": (0x0B,),
    "dbPointer": (0x0C,),
    "javascript": (0x0D,),
    "symbol": (0x0E,),
    "javascriptWithScope": (0x0F,),
    "int": (0x10,),
    "timestamp": (0x11,),
    "long": (0x12,),
    "decimal": (0x13,),
    "minKey": (0xFF,),
    "maxKey": (0x7F,),
    "number": (0x01, 0x10, 0x12, 0x13),
}
"""The names of types, as the manual's page on `$type` has them, and their codes in BSON."""


def compile_query(query: bytes, what: str) -> Matches:
    """Read a query (a document as BSON bytes). Raises UsageError, naming `what`, for all that is not understood."""
    return _Reading(what).document(query, 0)


class _Reading:
    """One query being read."""

    def __init__(self, what: str) -> None:
        self._what = what

    def document(self, query: bytes, level: int) -> Matches:
        """Read what is asked of a document."""
        self._check(level)
        parts = [self._part(name.decode(), value, level) for name, value in fields_of(query)]
        return lambda document: all(part(document) for part in parts)

    def _part(self, name: str, value: RawId, level: int) -> Matches:
        if name in ("$and", "$or", "$nor"):
            parts = [self.document(one[1:], level + 1) for one in self._array(name, value, DOCUMENT)]
            if not parts:
                self._fail(f"gives {name} an empty list")
            if name == "$and":
                return lambda document: all(part(document) for part in parts)
            return lambda document: any(part(document) for part in parts) is (name == "$or")
        if name.startswith("$"):
            self._unknown(name)
        path = tuple(name.encode().split(b"."))
        if not all(path) or any(one.startswith(b"$") for one in path):
            self._fail(f"names the field {name!r}, which has an empty part or one that begins with $")
        condition = self._condition(value, level)
        return lambda document: condition.on_field(document, path)

    def _condition(self, value: RawId, level: int) -> Condition:
        """Read what is asked of a field: operators, or the value it is to have."""
        if value[0] == DOCUMENT:
            names = [name for name, _ in fields_of(value[1:])]
            if any(name.startswith(b"$") for name in names):
                return self._operators(value[1:], level)
        return Is(compares("$eq", self._comparable(value)))

    def _operators(self, fields: bytes, level: int) -> Condition:
        self._check(level)
        return Every(tuple(self._operator(name.decode(), value, level + 1) for name, value in fields_of(fields)))

    def _operator(self, name: str, value: RawId, level: int) -> Condition:
        match name:
            case "$eq" | "$gt" | "$gte" | "$lt" | "$lte":
                return Is(compares(name, self._comparable(value)))
            case "$ne":
                return Is(compares("$eq", self._comparable(value)), negated=True)
            case "$in" | "$nin":
                wanted = [self._comparable(one) for one in self._array(name, value)]
                return Is(is_one_of(wanted), negated=name == "$nin")
            case "$exists":
                return Is(is_there, expand=False, negated=not self._flag(name, value))
            case "$type":
                return Is(has_type(self._kinds(value)))
            case "$size":
                return Is(has_size(self._size(value)), expand=False)
            case "$all":
                return self._all(value, level)
            case "$elemMatch":
                return Is(has_element(self._element(value, level)), expand=False)
            case "$not":
                if value[0] != DOCUMENT or not any(name.startswith(b"$") for name, _ in fields_of(value[1:])):
                    self._fail("gives $not something else than operators")
                return Every((self._operators(value[1:], level),), negated=True)
        return self._unknown(name)

    def _all(self, value: RawId, level: int) -> Condition:
        parts: list[Condition] = []
        for one in self._array("$all", value):
            if one[0] == DOCUMENT and any(name == b"$elemMatch" for name, _ in fields_of(one[1:])):
                parts.append(self._operators(one[1:], level))
            else:
                parts.append(Is(compares("$eq", self._comparable(one))))
        return Every(tuple(parts)) if parts else Is(lambda _: False)

    def _element(self, value: RawId, level: int) -> Callable[[RawId], bool]:
        """Read what is asked of an element: a query if it is a document, or operators for any value."""
        if value[0] != DOCUMENT:
            self._fail("gives $elemMatch something else than an object")
        names = {name for name, _ in fields_of(value[1:])}
        if any(name.startswith(b"$") for name in names - {b"$and", b"$or", b"$nor"}):
            if b"$all" in names:
                self._fail("uses $all within $elemMatch")
            return self._operators(value[1:], level).on_element
        return is_document(self.document(value[1:], level + 1))

    def _comparable(self, value: RawId) -> RawId:
        if value[0] == 0x0B:
            self._fail("uses a regular expression, which is not supported")
        if value[0] == 0x06:
            self._fail("compares with undefined, which is not supported")
        if value[0] == DOCUMENT and (
            name := next((one.decode() for one, _ in fields_of(value[1:]) if one.startswith(b"$")), "")
        ):
            self._unknown(name)
        return value

    def _array(self, name: str, value: RawId, kind: int | None = None) -> list[RawId]:
        found = [one for _, one in fields_of(value[1:])] if value[0] == ARRAY else None
        if found is None or (kind is not None and any(one[0] != kind for one in found)):
            self._fail(f"gives {name} something else than a list{' of objects' if kind is not None else ''}")
        return found

    def _flag(self, name: str, value: RawId) -> bool:
        if value[0] == 0x08:
            return value[1:] != b"\x00"
        number = _whole(value)
        if number is None:
            self._fail(f"gives {name} neither true nor false")
        return number != 0

    def _size(self, value: RawId) -> int:
        number = _whole(value)
        if number is None or number < 0:
            self._fail("gives $size something else than a whole number from 0")
        return number

    def _kinds(self, value: RawId) -> frozenset[int]:
        wanted = self._array("$type", value) if value[0] == ARRAY else [value]
        if not wanted:
            self._fail("gives $type an empty list")
        return frozenset(kind for one in wanted for kind in self._kind(one))

    def _kind(self, value: RawId) -> Iterable[int]:
        if value[0] == 0x02:
            name = value[5:-1].decode(errors="replace")
            if name not in _TYPES:
                self._fail(f"gives $type {name!r}, which is no type")
            return _TYPES[name]
        number = _whole(value)
        code = 0xFF if number == -1 else number
        if code is None or not any(code in kinds for kinds in _TYPES.values()):
            self._fail("gives $type a number that is no type")
        return (code,)

    def _check(self, level: int) -> None:
        if level > MAX_LEVELS:
            self._fail(f"is nested deeper than {MAX_LEVELS} levels")

    def _unknown(self, name: str) -> NoReturn:
        self._fail(
            f"uses {name} in a place where it is not supported"
            if name in OPERATORS.split()
            else f"uses {name}, which is not supported"
        )

    def _fail(self, what: str) -> NoReturn:
        raise UsageError(printable(f"{self._what} {what}"), hint=_HINT)


def _whole(value: RawId) -> int | None:
    """Read a number that is whole, of whatever type but Decimal128."""
    match value[0]:
        case 0x10 | 0x12:
            return int.from_bytes(value[1:], "little", signed=True)
        case 0x01:
            number: float = struct.unpack("<d", value[1:])[0]
            return int(number) if number.is_integer() else None
        case _:
            return None

"""Makes BSON of a JSON document: Extended JSON becomes what it says, texts what the type plan says, the rest stays.

Whole numbers become the smallest of int32 and int64 that holds them, others doubles; what does not fit is told with its
field and an example, and nothing is altered in silence.
"""

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages.json_forms.extended import Misfit, Raw, text_value, wrapped
from tui_migrate.packages.json_forms.values import RoundedNumber
from tui_migrate.packages.limits import USUAL, Limit
from tui_migrate.packages.types.apply import Rule
from tui_migrate.packages.types.infer import shortened
from tui_migrate.packages.types.looks import CONVERSIONS
from tui_migrate.packages.types.model import ValueType
from tui_migrate.packages.types.paths import element_of, under

MOST_FAULTS: Final = 1000
"""Faults of one kind that are kept of one document; each names a field, and a document may have a million."""

NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
"""What JSON that is none, and Extended JSON, call the doubles that Python calls so."""

_SIZE_TO_COME: Final = bytes(4)
_INT32: Final = struct.Struct("<i")
_INT64: Final = struct.Struct("<q")
_DOUBLE: Final = struct.Struct("<d")
_NONE: Final = Rule()


@dataclass(frozen=True, slots=True)
class ValueFault:
    """A value that cannot become what it is to be, or not exactly: where, why, and an example."""

    code: str
    path: str
    message: str
    severity: Severity = Severity.ERROR


def _plain(value: object) -> tuple[int, bytes] | None:
    """Make a value of the usual kinds, for which no rule is asked; None for all others."""
    kind = type(value)
    if kind is str:
        text = value.encode()  # type: ignore[attr-defined] # its type was looked at
        return 0x02, b"%b%b\x00" % (_INT32.pack(len(text) + 1), text)
    if kind is int and -(2**31) <= value < 2**31:  # type: ignore[operator] # as above
        return 0x10, _INT32.pack(value)
    if value is None:
        return 0x0A, b""
    if kind is float and math.isfinite(value):  # type: ignore[arg-type] # as above
        return 0x01, _DOUBLE.pack(value)
    return None


class DocumentTooLarge(PackageDamaged):
    """A document comes to more bytes of BSON than one may have; it was not built to its end."""


class DocumentBuilder:
    """Builds the documents of one collection by its rules; `faults` are those of the last document.

    A document is built into one buffer, and given up as soon as it passes `most` bytes. Of each kind of fault the first
    MOST_FAULTS of a document are kept.
    """

    def __init__(self, rule: Rule, most: int = USUAL.document) -> None:
        self._rule = rule
        self._most = most
        self._path = ""
        self._out = bytearray()
        self._counts: Counter[str] = Counter()
        self.faults: list[ValueFault] = []

    def build(self, document: Mapping[str, object]) -> bytes:
        """Make a document. A value that does not fit is null in it, and among the faults. Raises DocumentTooLarge."""
        self.faults = []
        self._counts.clear()
        self._path = ""
        return self._alone(document, self._rule)

    def _alone(self, fields: Mapping[str, object], rule: Rule) -> bytes:
        """Make a document in a buffer of its own."""
        before, self._out = self._out, bytearray()
        try:
            self._document(fields, rule)
            return bytes(self._out)
        finally:
            self._out = before

    def _document(self, fields: Mapping[str, object], rule: Rule) -> None:
        out = self._out
        start = len(out)
        out += _SIZE_TO_COME
        below = rule.names
        for name, value in fields.items():
            encoded = self._name(name)
            made = None if name in below else _plain(value)
            if made is not None:
                out += b"%c%b\x00%b" % (made[0], encoded, made[1])
            else:
                self._element(encoded, name, value, below.get(name, _NONE))
            if len(out) > self._most:
                raise self._too_large()
        self._end(start)

    def _array(self, values: Iterable[object], rule: Rule) -> None:
        out = self._out
        start = len(out)
        out += _SIZE_TO_COME
        is_plain = rule.type is ValueType.AS_WRITTEN
        for number, value in enumerate(values):
            made = _plain(value) if is_plain else None
            if made is not None:
                out += b"%c%d\x00%b" % (made[0], number, made[1])
            else:
                self._element(b"%d" % number, None, value, rule)
            if len(out) > self._most:
                raise self._too_large()
        self._end(start)

    def _end(self, start: int) -> None:
        """End the document or array that began at an offset, and fill in its size."""
        self._out.append(0)
        if len(self._out) > self._most:
            raise self._too_large()
        _INT32.pack_into(self._out, start, len(self._out) - start)

    def _too_large(self) -> DocumentTooLarge:
        return DocumentTooLarge(
            f"the document has more than {self._most:,} bytes", hint=Limit.DOCUMENT.hint(self._most)
        )

    def _element(self, encoded: bytes, name: str | None, value: object, rule: Rule) -> None:
        """Add one element; `name` is None for one of an array, whose path is the one we are at."""
        made = self._scalar(name, value, rule)
        if made is not None:
            self._out += b"%c%b\x00%b" % (made.kind, encoded, made.value)
            return
        before = self._path
        if isinstance(value, dict):
            self._path = before if name is None else under(before, name)
            self._object(encoded, value, rule)
        elif isinstance(value, list):
            self._path = element_of(before if name is None else under(before, name))
            self._out += b"\x04%b\x00" % encoded
            self._array(value, rule.each or _NONE)
        else:
            raise TypeError(f"{type(value).__name__} is no value of JSON")
        self._path = before

    def _name(self, name: str) -> bytes:
        encoded = name.encode()
        if b"\x00" in encoded:
            self._fault("name_with_zero", name, "a name with a zero character cannot be kept")
            return encoded.replace(b"\x00", b"")
        return encoded

    def _scalar(self, name: str | None, value: object, rule: Rule) -> Raw | None:
        """Make a value that holds no others, or one that becomes such by its rule; None for all others."""
        if rule.type is not ValueType.AS_WRITTEN and value is not None:
            converted = self._converted(name, value, rule.type)
            if converted is not None:
                return converted
        kind = type(value)
        if kind is str:
            return Raw(0x02, text_value(value))  # type: ignore[arg-type] # its type was looked at
        if kind is int:
            return self._whole(name, value)  # type: ignore[arg-type] # its type was looked at
        if value is None:
            return Raw(0x0A, b"")
        if kind is bool:
            return Raw(0x08, b"\x01" if value else b"\x00")
        return self._number(name, value) if isinstance(value, float) else None

    def _object(self, encoded: bytes, value: dict[str, object], rule: Rule) -> None:
        found = None
        if value and next(iter(value)).startswith("$"):
            try:
                found = wrapped(value, lambda scope: self._alone(scope, _NONE))
            except Misfit as error:
                self._fault("extended_json", None, str(error))
                found = Raw(0x0A, b"")
        if found is not None:
            self._out += b"%c%b\x00%b" % (found.kind, encoded, found.value)
            return
        self._out += b"\x03%b\x00" % encoded
        self._document(value, rule)

    def _converted(self, name: str | None, value: object, kind: ValueType) -> Raw | None:
        """Give what a value becomes, or None where it says by itself what it is."""
        if isinstance(value, dict) and value and next(iter(value)).startswith("$"):
            return None
        if isinstance(value, int) and not isinstance(value, bool) and kind is ValueType.DECIMAL:
            value = str(value)
        if not isinstance(value, str):
            return self._misfit(name, repr(value)[:200], kind, "it is no text")
        try:
            return CONVERSIONS[kind](value)
        except Misfit as error:
            return self._misfit(name, value, kind, str(error))

    def _misfit(self, name: str | None, value: str, kind: ValueType, reason: str) -> Raw:
        self._fault("type_misfit", name, f"{shortened(value)!r} cannot become {kind}: {reason}")
        return Raw(0x0A, b"")

    def _whole(self, name: str | None, value: int) -> Raw:
        if -(2**31) <= value < 2**31:
            return Raw(0x10, _INT32.pack(value))
        if -(2**63) <= value < 2**63:
            return Raw(0x12, _INT64.pack(value))
        shown = shortened(str(value))
        self._fault("number_too_large", name, f"{shown} is more than 64 bits hold; the type plan can make it a decimal")
        return Raw(0x0A, b"")

    def _number(self, name: str | None, value: float) -> Raw:
        if isinstance(value, RoundedNumber):
            shown = shortened(value.text)
            if value - value != 0:
                self._fault("number_too_large", name, f"{shown} is more than a double holds")
            else:
                message = f"{shown} has more digits than a double holds and becomes {float(value)!r}"
                self._fault("number_rounded", name, message, Severity.WARNING)
        elif not math.isfinite(value):
            message = f"{NOT_FINITE[repr(value)]} is no JSON, and is read as the double of that name"
            self._fault("number_not_json", name, message, Severity.NOTE)
        return Raw(0x01, _DOUBLE.pack(value))

    def _fault(self, code: str, name: str | None, message: str, severity: Severity = Severity.ERROR) -> None:
        self._counts[code] += 1
        if self._counts[code] > MOST_FAULTS:
            return
        path = self._path if name is None else under(self._path, name)
        self.faults.append(ValueFault(code, path, message, severity))

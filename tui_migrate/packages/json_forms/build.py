"""Makes BSON of a JSON document: Extended JSON becomes what it says, texts what the type plan says, the rest stays.

Whole numbers become the smallest of int32 and int64 that holds them, others doubles; what does not fit is told with its
field and an example, and nothing is altered in silence.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import pack
from tui_migrate.packages.json_forms.extended import Misfit, Raw, text_value, wrapped
from tui_migrate.packages.json_forms.values import RoundedNumber
from tui_migrate.packages.types.apply import Rule
from tui_migrate.packages.types.infer import shortened
from tui_migrate.packages.types.looks import CONVERSIONS
from tui_migrate.packages.types.model import ValueType
from tui_migrate.packages.types.paths import element_of, under

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
    is_error: bool = True


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
    if kind is float:
        return 0x01, _DOUBLE.pack(value)
    return None


class DocumentBuilder:
    """Builds the documents of one collection by its rules; `faults` are those of the last document."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._path = ""
        self.faults: list[ValueFault] = []

    def build(self, document: Mapping[str, object]) -> bytes:
        """Make a document. A value that does not fit is null in it, and among the faults."""
        self.faults = []
        self._path = ""
        return self._document(document, self._rule)

    def value(self, name: str, value: object) -> Raw:
        """Make the value of one top-level field."""
        self.faults = []
        self._path = ""
        return self._value(name, value, self._rule.names.get(name, _NONE))

    def _document(self, fields: Mapping[str, object], rule: Rule) -> bytes:
        parts: list[bytes] = []
        below = rule.names
        for name, value in fields.items():
            encoded = self._name(name)
            if name in below:
                kind, content = self._value(name, value, below[name])
            else:
                kind, content = _plain(value) or self._value(name, value, _NONE)
            parts.append(b"%c%b\x00%b" % (kind, encoded, content))
        return pack(b"".join(parts))

    def _array(self, values: Iterable[object], rule: Rule) -> bytes:
        parts: list[bytes] = []
        is_plain = rule.type is ValueType.AS_WRITTEN
        for number, value in enumerate(values):
            kind, content = (is_plain and _plain(value)) or self._value(None, value, rule)
            parts.append(b"%c%d\x00%b" % (kind, number, content))
        return pack(b"".join(parts))

    def _name(self, name: str) -> bytes:
        encoded = name.encode()
        if b"\x00" in encoded:
            self._fault("name_with_zero", name, "a name with a zero character cannot be kept")
            return encoded.replace(b"\x00", b"")
        return encoded

    def _value(self, name: str | None, value: object, rule: Rule) -> Raw:
        """Make one value; `name` is None for an element of an array, whose path is the one we are at."""
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
        if isinstance(value, float):
            return self._number(name, value)
        return self._container(name, value, rule)

    def _container(self, name: str | None, value: object, rule: Rule) -> Raw:
        before = self._path
        if isinstance(value, dict):
            self._path = before if name is None else under(before, name)
            made = self._object(value, rule)
        elif isinstance(value, list):
            self._path = element_of(before if name is None else under(before, name))
            made = Raw(0x04, self._array(value, rule.each or _NONE))
        else:
            raise TypeError(f"{type(value).__name__} is no value of JSON")
        self._path = before
        return made

    def _object(self, value: dict[str, object], rule: Rule) -> Raw:
        if value and next(iter(value)).startswith("$"):
            try:
                found = wrapped(value, lambda scope: self._document(scope, _NONE))
            except Misfit as error:
                self._fault("extended_json", None, str(error))
                return Raw(0x0A, b"")
            if found is not None:
                return found
        return Raw(0x03, self._document(value, rule))

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
                self._fault("number_rounded", name, message, is_error=False)
        return Raw(0x01, _DOUBLE.pack(value))

    def _fault(self, code: str, name: str | None, message: str, *, is_error: bool = True) -> None:
        path = self._path if name is None else under(self._path, name)
        self.faults.append(ValueFault(code, path, message, is_error))

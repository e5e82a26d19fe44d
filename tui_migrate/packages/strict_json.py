"""JSON read strictly: no duplicate keys, no floats, no unknown or missing keys, every value of the type asked for."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final, NoReturn, TypeVar

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.files import shown

MAX_NUMBER: Final = 2**63 - 1

_PIECE_TOKENS: Final = 10_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a JSON file that knows where it stands; asking it for a type checks that it has it."""

    value: object
    file: str
    place: str = ""

    def fail(self, message: str) -> NoReturn:
        """Raise PackageDamaged about this value."""
        where = f"{shown(self.file)}, {shown(self.place)}" if self.place else shown(self.file)
        raise PackageDamaged(f"{where}: {message}", hint="get a fresh copy of the package")

    def fields(self, names: Iterable[str]) -> "dict[str, Node]":
        """Give the values of an object that has exactly these keys."""
        if not isinstance(self.value, dict):
            self.fail("an object is wanted here")
        known = set(names)
        for name in self.value.keys() ^ known:
            self.fail(f"the key {shown(name)!r} is {'missing' if name in known else 'unknown'}")
        return {
            name: Node(value, self.file, f"{self.place}.{name}" if self.place else name)
            for name, value in self.value.items()
        }

    def items(self) -> "Iterator[Node]":
        """Give the values of a list."""
        if not isinstance(self.value, list):
            self.fail("a list is wanted here")
        for number, value in enumerate(self.value):
            yield Node(value, self.file, f"{self.place}[{number}]")

    def taken(self) -> "Iterator[Node]":
        """Give the values of a long list, and let go of each: the list is empty of them when it was walked."""
        for number, node in enumerate(self.items()):
            yield node
            self._forget(number)

    def _forget(self, number: int) -> None:
        if isinstance(self.value, list):
            self.value[number] = None

    def text(self) -> str:
        """Give a text."""
        if not isinstance(self.value, str):
            self.fail("a text is wanted here")
        return self.value

    def number(self, *, least: int = 0, most: int = MAX_NUMBER) -> int:
        """Give a whole number within bounds; `true` is none."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not least <= self.value <= most:
            self.fail(f"a whole number from {least} to {most} is wanted here")
        return self.value

    def digest(self) -> str:
        """Give a SHA-256 in 64 lower-case hex digits."""
        if not isinstance(self.value, str) or not _SHA256.fullmatch(self.value):
            self.fail("64 lower-case hex digits are wanted here")
        return self.value

    def moment(self) -> str:
        """Give an ISO 8601 time in UTC as it is written."""
        text = self.text()
        try:
            offset = datetime.fromisoformat(text).utcoffset()
        except ValueError:
            offset = None
        if offset != timedelta(0):
            self.fail("a time in UTC is wanted here, such as 2026-01-31T12:00:00+00:00")
        return text

    def word(self, words: type[Word]) -> Word:
        """Give a member of an enumeration."""
        try:
            return words(self.text())
        except ValueError:
            self.fail(f"one of {', '.join(words)} is wanted here")


def ascii_text(content: bytes, file: str) -> str:
    """Give the text of a file. Raises PackageDamaged where it is not ASCII."""
    try:
        return content.decode("ascii")
    except ValueError as error:
        _fail_to_read(error, file)


def read(text: str, file: str) -> Node:
    """Read one JSON value. Raises PackageDamaged."""
    try:
        value: object = json.loads(text, object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        _fail_to_read(error, file)
    return Node(value, file)


def _fail_to_read(error: Exception, file: str) -> NoReturn:
    Node(None, file).fail(f"this is not JSON as tui-migrate writes it: {shown(str(error)[:200])}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is not a whole number")


def canonical(value: object) -> bytes:
    """Write JSON in its one form: ASCII, keys sorted, one space of indent, a newline at the end."""
    return b"".join(piece.encode("ascii") for piece in canonical_pieces(value))


def canonical_pieces(value: object) -> Iterator[str]:
    """Give the same piece by piece, so that not all of it is held; a dataclass is the object of its fields."""
    encoder = json.JSONEncoder(ensure_ascii=True, allow_nan=False, sort_keys=True, indent=1, default=_fields_of)
    tokens = encoder.iterencode(value)
    while piece := "".join(islice(tokens, _PIECE_TOKENS)):
        yield piece
    yield "\n"


def _fields_of(value: object) -> dict[str, object]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no value of JSON")
    return {one.name: getattr(value, one.name) for one in fields(value)}

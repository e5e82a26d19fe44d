"""When a document says that it was last changed, and which of two says later.

Moments compare within one type alone: dates with dates, BSON timestamps with timestamps, numbers with numbers (by
value), and texts in the form of ISO 8601 with such texts, those that name a zone apart from those that do not. What
does not compare is never guessed at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from tui_migrate.documents import Element, RawId, elements
from tui_migrate.ordering import order_key

FieldPath = tuple[bytes, ...]
"""The names on the way to a field, as a document has them."""

_DOCUMENT: Final = 0x03
_TEXT: Final = 0x02
_DATE: Final = 0x09
_TIMESTAMP: Final = 0x11
_NUMBERS: Final = frozenset((0x01, 0x10, 0x12, 0x13))
_LONGEST_TEXT: Final = 64
"""Bytes of the longest text that is taken for a moment."""
_TEXT_FRAME: Final = 5
"""Bytes of a BSON string around its content: the length before it and the zero behind."""


class MomentKind(Enum):
    """The types of moments."""

    DATE = auto()
    TIMESTAMP = auto()
    NUMBER = auto()
    ZONED_TEXT = auto()
    LOCAL_TEXT = auto()


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, with a value that compares with those of its kind: an integer, a number's sort key, or a datetime."""

    kind: MomentKind
    value: object


class Age(Enum):
    """How old a document of the source is, beside the target's."""

    NEWER = auto()
    SAME = auto()
    OLDER = auto()
    UNTOLD = auto()
    """One of the two says nothing of it, or the two do not compare."""


def path_of(text: str) -> FieldPath:
    """Give the path that a dotted text names; empty for none."""
    return tuple(name.encode() for name in text.split(".")) if text else ()


def moment_of(document: bytes, path: FieldPath) -> Moment | None:
    """Give the moment at a path through documents; None where nothing is there that could be one.

    Raises MalformedDocument.
    """
    first, last = 0, len(document)
    for place, name in enumerate(path):
        found = next((one for one in elements(document, first, last) if one.name == name), None)
        if found is None:
            return None
        if place == len(path) - 1:
            return _moment(document, found)
        if found.kind != _DOCUMENT:
            return None
        first, last = found.value, found.end
    return None


def age(mine: Moment | None, theirs: Moment | None) -> Age:
    """Say how old a document of the source is beside the target's, by the moments of both."""
    if mine is None or theirs is None or mine.kind is not theirs.kind:
        return Age.UNTOLD
    if mine.value == theirs.value:
        return Age.SAME
    return Age.NEWER if _is_later(mine.value, theirs.value) else Age.OLDER


def _is_later(one: object, other: object) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return one > other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return one > other
    raise TypeError("moments of one kind have values of one type")


def _moment(document: bytes, at: Element) -> Moment | None:
    if at.kind == _TEXT:
        return _from_text(document[at.value : at.end])
    if at.kind not in (_DATE, _TIMESTAMP, *_NUMBERS):
        return None
    _, value = key = order_key(RawId(bytes((at.kind,)) + document[at.value : at.end]))
    if at.kind in _NUMBERS:
        # The key of what is not a number is shorter than that of any number.
        return Moment(MomentKind.NUMBER, key) if isinstance(value, Sequence) and len(value) > 1 else None
    return Moment(MomentKind.DATE if at.kind == _DATE else MomentKind.TIMESTAMP, key)


def _from_text(value: bytes) -> Moment | None:
    if len(value) > _LONGEST_TEXT + _TEXT_FRAME:
        return None
    try:
        found = datetime.fromisoformat(value[4:-1].decode("ascii"))
    except ValueError:  # also of bytes that are no ASCII
        return None
    return Moment(MomentKind.LOCAL_TEXT if found.tzinfo is None else MomentKind.ZONED_TEXT, found)

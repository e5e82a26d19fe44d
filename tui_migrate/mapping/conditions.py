"""The conditions that a query sets for a field, as MongoDB means them: within a type, null and missing alike.

Rules: MongoDB's manual, “Comparison/Sort Order”, “Query for Null or Missing Fields” (as of version 8, in which
undefined is no longer null) and the pages of the operators.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tui_migrate.documents import RawId
from tui_migrate.mapping.edit import ARRAY, DOCUMENT, fields_of
from tui_migrate.mapping.paths import candidates
from tui_migrate.ordering import Key, order_key

Test = Callable[[RawId | None], bool]
"""Says whether a value, or None for a missing one, is as wanted."""

NULL: Final = 2
MIN_KEY: Final = 0
MAX_KEY: Final = 16
NUMBER: Final = 3
"""Ranks of types in `ordering.order_key`."""

_NAN: Final = (0,)

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
_WITH_EQUAL: Final = ("$eq", "$gte", "$lte")


class Condition(Protocol):
    """What a query says of one field."""

    def on_field(self, document: bytes, path: Sequence[bytes]) -> bool:
        """Say whether the field of a document is so."""
        ...

    def on_element(self, value: RawId) -> bool:
        """Say whether one element of an array is so by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Is:
    """Some value at the path passes a test; where `negated`, none does. `expand` looks into an array at its end."""

    test: Test
    expand: bool = True
    negated: bool = False

    def on_field(self, document: bytes, path: Sequence[bytes]) -> bool:
        """Test what stands there."""
        return any(map(self.test, candidates(document, path, expand=self.expand))) is not self.negated

    def on_element(self, value: RawId) -> bool:
        """Test the element."""
        return self.test(value) is not self.negated


@dataclass(frozen=True, slots=True)
class Every:
    """All of some conditions hold; where `negated`, not all do."""

    conditions: tuple[Condition, ...]
    negated: bool = False

    def on_field(self, document: bytes, path: Sequence[bytes]) -> bool:
        """Ask each of them."""
        return all(one.on_field(document, path) for one in self.conditions) is not self.negated

    def on_element(self, value: RawId) -> bool:
        """Ask each of them."""
        return all(one.on_element(value) for one in self.conditions) is not self.negated


def compares(name: str, operand: RawId) -> Test:
    """Test by a comparison operator. Values of other types are neither less nor greater, but than MinKey and MaxKey."""
    wanted = order_key(operand)
    compare, with_equal = _COMPARISONS[name], name in _WITH_EQUAL

    def test(value: RawId | None) -> bool:
        if value is None:
            return with_equal if wanted[0] == NULL else _beyond(name, wanted)
        key = order_key(value)
        if key[0] != wanted[0]:
            return _beyond(name, wanted)
        if key[0] == NUMBER and _NAN in (key[1], wanted[1]):
            return with_equal and key[1] == wanted[1]
        return compare(key[1], wanted[1])

    return test


def _beyond(name: str, wanted: Key) -> bool:
    return (name in ("$lt", "$lte") and wanted[0] == MAX_KEY) or (name in ("$gt", "$gte") and wanted[0] == MIN_KEY)


def is_one_of(operands: Sequence[RawId]) -> Test:
    """Test for being equal to one of some values."""
    wanted = frozenset(map(order_key, operands))
    has_null = any(one[0] == NULL for one in wanted)
    return lambda value: has_null if value is None else order_key(value) in wanted


def has_type(kinds: frozenset[int]) -> Test:
    """Test for being there and of one of some types."""
    return lambda value: value is not None and value[0] in kinds


def has_size(size: int) -> Test:
    """Test for being an array of so many elements."""
    return lambda value: _is_array(value) and sum(1 for _ in fields_of(_content(value))) == size


def has_element(is_wanted: Callable[[RawId], bool]) -> Test:
    """Test for being an array, an element of which is as wanted."""
    return lambda value: _is_array(value) and any(is_wanted(one) for _, one in fields_of(_content(value)))


def is_document(matches: Callable[[bytes], bool]) -> Callable[[RawId], bool]:
    """Test an element for being a document, or an array taken for one, that matches."""
    return lambda value: value[0] in (DOCUMENT, ARRAY) and matches(value[1:])


def is_there(value: RawId | None) -> bool:
    """Say whether a value is there."""
    return value is not None


def _is_array(value: RawId | None) -> bool:
    return value is not None and value[0] == ARRAY


def _content(value: RawId | None) -> bytes:
    return b"" if value is None else value[1:]

"""The values of a document that a catalog speaks of, and keys under which equal ones meet."""

import hashlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from tui_migrate.documents import MAX_DEPTH, RawId
from tui_migrate.errors import MalformedDocument
from tui_migrate.mapping.edit import ARRAY, DOCUMENT, fields_of
from tui_migrate.ordering import order_key

KEY_BYTES: Final = 16

NOTHING: Final = (0x06, 0x0A)
"""Undefined and null: they refer to nothing."""


def parts_of(path: str) -> tuple[bytes, ...]:
    """Cut a dotted path into the names of its fields."""
    return tuple(path.encode().split(b"."))


def values_at(document: bytes, path: Sequence[bytes]) -> Iterator[RawId]:
    """Give every value at a path, through arrays on the way and at its end, but null. Raises MalformedDocument."""
    yield from _below(document, path, 0)


def _below(content: bytes, path: Sequence[bytes], depth: int) -> Iterator[RawId]:
    for name, value in fields_of(content):
        if name == path[0]:
            yield from _from(value, path[1:], depth + 1)


def _from(value: RawId, rest: Sequence[bytes], depth: int) -> Iterator[RawId]:
    if depth > MAX_DEPTH:
        raise MalformedDocument(f"a document is nested deeper than {MAX_DEPTH} levels")
    if value[0] == ARRAY:
        for name, one in fields_of(value[1:]):
            if rest and name == rest[0]:
                yield from _from(one, rest[1:], depth + 1)
            yield from _from(one, rest, depth + 1)
    elif not rest:
        if value[0] not in NOTHING:
            yield value
    elif value[0] == DOCUMENT:
        yield from _below(value[1:], rest, depth)


def canonical_value(value: RawId) -> bytes:
    """Give bytes that are equal for values that MongoDB holds equal: 1 and 1.0, a text and a symbol."""
    return _stable(order_key(value))


def value_key(value: RawId) -> bytes:
    """Give KEY_BYTES that stand for a value, equal for values that MongoDB holds equal."""
    return hashlib.blake2b(canonical_value(value), digest_size=KEY_BYTES).digest()


def _stable(part: object) -> bytes:
    match part:
        case bytes():
            return b"b%d:%b" % (len(part), part)
        case tuple():
            return b"(%b)" % b"".join(map(_stable, part))
        case int() | float() | Decimal():
            return _number(part)
        case _:
            raise TypeError(f"{type(part).__name__} is no part of a sort key")


def _number(number: int | float | Decimal) -> bytes:
    if isinstance(number, (float, Decimal)) and abs(number) == float("inf"):
        return b"n+inf;" if number > 0 else b"n-inf;"
    numerator, denominator = number.as_integer_ratio()
    return f"n{numerator:x}/{denominator:x};".encode()

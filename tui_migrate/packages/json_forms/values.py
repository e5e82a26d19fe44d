"""Reads the text of one JSON value strictly: UTF-8, no key twice, no half characters, no number that is altered.

What the JSON of Python writes beside the standard is read: NaN, Infinity and -Infinity. What comes out are Python's
own values, as they have to be for a checksum over `json.dumps` of them.
"""

import json
import re
from decimal import Decimal
from typing import Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.redaction import printable

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:,]', re.DOTALL)
MOST_WIDE: Final = 32 * 1024 * 1024
"""Bytes of a text that has characters past U+FFFF: one of them makes four bytes of every character around it."""

_WIDE: Final = re.compile(rb"[\xf0-\xff]|\\u[dD][89abAB]")
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
"""Escapes one by one; the group is half of a surrogate pair that stands alone."""


class RoundedNumber(float):
    """A number of more digits than a double holds; `text` is what stood there."""

    __slots__ = ("text",)

    text: str


class _DoubledKey(ValueError):
    """A key stands twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DoubledKey(name)
            seen.add(name)
    return found


def _number(text: str) -> float:
    value = float(text)
    if repr(value) == text or (value - value == 0 and Decimal(text) == Decimal(repr(value))):
        return value
    rounded = RoundedNumber(value)
    rounded.text = text
    return rounded


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number)


def parse_text(text: bytes, file: str, offset: int) -> object:
    """Read the one value that `text` is; it begins at `offset` of a file. Raises PackageDamaged, naming both."""
    if len(text) > MOST_WIDE and _WIDE.search(text):
        raise _damaged(file, offset, f"more than {MOST_WIDE:,} bytes of text with characters past U+FFFF in it")
    try:
        decoded = text.decode()
        value: object = _DECODER.decode(decoded)
    except UnicodeDecodeError as error:
        raise _damaged(file, offset + error.start, "this is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = offset + len(decoded[: error.pos].encode())
        raise _damaged(file, place, f"this is not JSON: {error.msg}") from error
    except _DoubledKey as error:
        place = offset + _find_doubled(decoded)
        message = f"the key {printable(error.key[:60])!r} stands twice in one object"
        raise _damaged(file, place, message) from error
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise _damaged(file, offset, f"a value cannot be read: {str(error)[:80]}") from error
    if _SURROGATE.search(text):
        _refuse_halves(text, file, offset)
    return value


def _damaged(file: str, offset: int, message: str) -> PackageDamaged:
    return PackageDamaged(f"{file}, byte {offset}: {printable(message)}", hint=DAMAGED_HINT)


def _refuse_halves(text: bytes, file: str, offset: int) -> None:
    """Refuse half of a surrogate pair, which no UTF-8 can hold."""
    for found in _ESCAPE.finditer(text):
        if found[1]:
            raise _damaged(file, offset + found.start(), f"\\{found[1].decode()} is half a character")


def _find_doubled(text: str) -> int:
    """Say at which byte of a text that is JSON a key stands for the second time."""
    open_objects: list[set[str] | None] = []
    is_key = False
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word == "{":
            open_objects.append(set())
        elif word == "[":
            open_objects.append(None)
        elif word in "}]":
            open_objects.pop()
        keys = open_objects[-1] if open_objects else None
        if word[0] == '"' and is_key and keys is not None:
            name = str(json.loads(word))
            if name in keys:
                return len(text[: token.start()].encode())
            keys.add(name)
        is_key = word in "{," and keys is not None
    return 0

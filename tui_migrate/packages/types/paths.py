"""Paths of fields as a type plan writes them: names with dots between, `[]` for each element of an array.

A dot, a bracket or a backslash within a name has a backslash before it, and a name without characters is `\\_`.
"""

import re
from typing import Final

ELEMENT: Final = "[]"
"""Stands for each element of an array; as a name it is written with backslashes."""

EMPTY: Final = "\\_"
"""Stands for a name without characters, so that a path below it is not taken for one of the document's own."""

_SPECIAL: Final = re.compile(r"[.\[\]\\]")
_PART: Final = re.compile(r"\[\]|((?:[^.\[\]\\]|\\[.\[\]\\_])*)")


def under(path: str, name: str) -> str:
    """Give the path of a field of a document."""
    escaped = _SPECIAL.sub(r"\\\g<0>", name) or EMPTY
    return f"{path}.{escaped}" if path else escaped


def element_of(path: str) -> str:
    """Give the path of the elements of an array."""
    return path + ELEMENT


def parts(path: str) -> tuple[str | None, ...]:
    """Split a path into names, and None for each element of an array. Raises ValueError for what is no path."""
    found: list[str | None] = []
    place = 0
    while True:
        match = _PART.match(path, place)
        if match is None or match[1] is None:
            raise ValueError(f"{path[:60]!r} is no path")
        found.append("" if match[1] == EMPTY else re.sub(r"\\(.)", r"\1", match[1]))
        place = match.end()
        while path.startswith(ELEMENT, place):
            found.append(None)
            place += len(ELEMENT)
        if place == len(path):
            return tuple(found)
        if path[place] != ".":
            raise ValueError(f"{path[:60]!r} is no path")
        place += 1

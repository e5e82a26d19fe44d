"""How wide a text is on a terminal, and how it is broken into lines."""

import unicodedata


def cells(text: str) -> int:
    """How many cells of a terminal a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines of at most `width` cells, at blanks; a word that is longer is cut. At least one line."""
    lines, line = [], ""
    for word in text.split(" "):
        parts = _cut(word, width)
        for place, part in enumerate(parts):
            if place == 0 and line and cells(line) + 1 + cells(part) <= width:
                line += f" {part}"
            else:
                lines.append(line)
                line = part
    return [one for one in (*lines, line) if one] or [""]


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Fill a text with blanks up to a width, on its right side or on its left."""
    space = " " * (width - cells(text))
    return space + text if right else text + space


def _cut(word: str, width: int) -> list[str]:
    parts, part, room = [], "", max(2, width)
    taken = 0
    for character in word:
        wide = _cells_of(character)
        if taken + wide > room:
            parts.append(part)
            part, taken = "", 0
        part += character
        taken += wide
    return [*parts, part]


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Text as terminal cells: how wide each character is, how sure that is, and what stands for it where it cannot show."""

import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, split_graphemes

from tui_migrate.ui.terminal.marks import TWINS
from tui_migrate.ui.terminal.sgr import PLAIN, Pen, blank_pen
from tui_migrate.ui.terminal.start import MarkSet

Cell = tuple[str, Pen]
"""What one cell shows: a character with what joins it, and its look; the right half of a wide one has no text."""

BLANK: Final[Cell] = (" ", PLAIN)

_JOINER: Final = "\u200d"
_ACTS: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_UNKNOWN: Final = "?"


class CellMaker:
    """Turns text into cells for one terminal. Its cache lives as long as it does."""

    def __init__(self, marks: MarkSet, encoding: str) -> None:
        self._marks = marks
        self._encoding = encoding
        self.cells = lru_cache(maxsize=8192)(self._cells)

    def _cells(self, text: str, pen: Pen) -> tuple[Cell, ...]:
        blank = (" ", blank_pen(pen))
        if text.isascii() and text.isprintable():
            return tuple(blank if one == " " else (one, pen) for one in text)
        made: list[Cell] = []
        for start, end, width in split_graphemes(text)[0]:
            shown = "".join(filter(is_text, text[start:end]))
            if not width:
                continue
            for part in self._fitting(shown, width):
                made.append(blank if part == " " else (part, pen))
        return tuple(made)

    def _fitting(self, shown: str, width: int) -> list[str]:
        """Give what each of `width` cells shows; no sequence that acts on a terminal is left in `shown`."""
        if self._marks is MarkSet.ASCII and width == 1:
            shown = TWINS.get(shown, shown)
        if not shown or not self._can_encode(shown):
            return [_UNKNOWN] * width
        return [shown] + [""] * (width - 1)

    def _can_encode(self, shown: str) -> bool:
        try:
            shown.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True


def is_text(character: str) -> bool:
    """Say whether a character is only shown, and does not act on a terminal."""
    return character == _JOINER or unicodedata.category(character) not in _ACTS


@lru_cache(maxsize=8192)
def is_wide(shown: str) -> bool:
    """Say whether this takes two cells."""
    return not shown.isascii() and cell_len(shown) > 1


@lru_cache(maxsize=8192)
def is_uncertain(shown: str) -> bool:
    """Say whether terminals disagree on how wide this is.

    They do on emoji, on what is joined of several characters, and on what is wide in some East Asian fonts (UAX #11,
    class A). The program's own marks and lines count as sure: where they are wide, ASCII marks are the way out.
    """
    if not shown or shown.isascii():
        return False
    if len(shown) > 1:
        return True
    code = ord(shown)
    if shown in TWINS or 0x2500 <= code <= 0x259F:
        return False
    if code >= 0x1F000:
        return not 0x20000 <= code <= 0x3FFFF
    kind = unicodedata.east_asian_width(shown)
    return kind == "A" or (kind == "W" and 0x2300 <= code <= 0x2BFF)

"""Escape sequences for cells, the shortest that will do (ECMA-48: CUP, CHA, CUF, EL, ED; DEC: DECSTBM, RI)."""

from copy import copy
from typing import Final

from tui_migrate.ui.terminal.cells import Cell, is_uncertain
from tui_migrate.ui.terminal.sgr import PLAIN, Pen, blank_pen, change

_LONGEST_REWRITE: Final = 4
"""`CSI n C` takes three or four bytes: a gap of no more cells may be shorter to write again."""


class SequenceWriter:
    """Collects what moves the cursor and draws cells, and knows where that leaves the cursor and the look.

    Line wrap is off, so nothing but a new line leaves a row. A terminal may count the columns of some characters in
    its own way (`is_uncertain`); after those the column is found again by its number.
    """

    def __init__(self) -> None:
        self._out: list[str] = []
        self._pen: Pen | None = None
        self._row: int | None = None
        self._column: int | None = None
        self._after_uncertain: int | None = None

    def __len__(self) -> int:
        """How many characters were collected."""
        return sum(map(len, self._out))

    def fork(self) -> "SequenceWriter":
        """Give another that goes on from here."""
        other = copy(self)
        other._out = self._out.copy()  # noqa: SLF001 -- one of its own kind
        return other

    def take(self) -> str:
        """Give what was collected, and begin to collect anew where it ends."""
        text = "".join(self._out)
        self._after_uncertain = None
        self._out.clear()
        return text

    def clear(self) -> None:
        """Blank the whole screen, whatever state the terminal is in."""
        self._out.append("\x1b[m\x1b[r\x1b[2J")
        self._pen = PLAIN
        self._row = self._column = None

    def scroll(self, top: int, bottom: int, lines: int) -> None:
        """Move these rows up, or down where `lines` is below zero; rows come in blank, in the default look."""
        self.use(PLAIN)  # many terminals fill them with the background in use
        moves = f"\x1b[{bottom + 1}H" + "\n" * lines if lines > 0 else f"\x1b[{top + 1}H" + "\x1bM" * -lines
        self._out.append(f"\x1b[{top + 1};{bottom + 1}r{moves}\x1b[r")
        self._row = self._column = None

    def is_at(self, x: int, y: int) -> bool:
        """Say whether the cursor surely is in this cell."""
        return (self._row, self._column) == (y, x)

    def move(self, x: int, y: int, between: list[Cell] | None = None) -> None:
        """Put the cursor into a cell. `between` are cells before it that are shown; they may be written again."""
        self._after_uncertain = None
        if self.is_at(x, y):
            return
        self._out.append(self._way(x, y, between or []))
        self._row, self._column = y, x

    def _way(self, x: int, y: int, between: list[Cell]) -> str:
        if self._row == y and self._column is not None and x > self._column:
            gap = x - self._column
            if len(between) == gap <= _LONGEST_REWRITE and all(map(self._is_rewritable, between)):
                return "".join(shown for shown, _ in between)
            return f"\x1b[{gap}C" if gap > 1 else "\x1b[C"
        if self._row == y:
            return f"\x1b[{x + 1}G" if x else "\r"
        if x == 0 and self._row is not None and y == self._row + 1:
            return "\r\n"
        return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"

    def _is_rewritable(self, cell: Cell) -> bool:
        return len(cell[0]) == 1 and cell[0].isascii() and self._draws(cell)

    def _draws(self, cell: Cell) -> bool:
        """Say whether the look in use is right for a cell; on a blank the colour of text is not seen."""
        shown, pen = cell
        return pen == self._pen or (shown == " " and self._pen is not None and pen == blank_pen(self._pen))

    def put(self, x: int, y: int, cell: Cell, width: int, between: list[Cell] | None = None) -> None:
        """Draw a cell `width` columns wide. `between` as for `move`."""
        shown = cell[0]
        uncertain = is_uncertain(shown)
        follows = uncertain and self._row == y and self._after_uncertain == x
        if not follows:
            self.move(x, y, between)
        if not self._draws(cell):
            self.use(cell[1])
        self._out.append(shown)
        self._column = None if uncertain else x + width
        self._after_uncertain = x + width if uncertain else None

    def use(self, pen: Pen) -> None:
        """Draw in this look from here on."""
        self._out.append(change(self._pen, pen))
        self._pen = pen

    def erase_to_end(self, x: int, y: int) -> None:
        """Blank a row from a cell to its end, in the default look."""
        self.move(x, y)
        self.use(PLAIN)
        self._out.append("\x1b[K")

    def forget_column(self) -> None:
        """Trust the column no more: at the right edge terminals differ on where the cursor stays."""
        self._column = None
        self._after_uncertain = None

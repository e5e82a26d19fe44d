"""Only what changed goes to the terminal: it keeps every cell that is shown and every cell that is wanted.

Textual repaints whole widgets; over a slow line most of those bytes say what is there already. A frame moves the cursor
to each run of changed cells and writes them, and rows that only moved are moved by the terminal where that is shorter.
Nothing changed is nothing written.
"""

from collections.abc import Iterable
from typing import Final

from rich.segment import Segment

from tui_migrate.ui.terminal.cells import BLANK, Cell, CellMaker, is_uncertain, is_wide
from tui_migrate.ui.terminal.scrolling import Rows, find_shift, shifted
from tui_migrate.ui.terminal.sequences import SequenceWriter
from tui_migrate.ui.terminal.sgr import blank_pen, pen_of
from tui_migrate.ui.terminal.start import ColourDepth

_ERASE_FROM: Final = 4
"""From this many cells on, erasing to the end of a row is shorter than writing blanks."""


class CellDiffer:
    """The cells of one terminal: feed it with `write`, take what to send from `frame`."""

    def __init__(self, width: int, height: int, depth: ColourDepth, maker: CellMaker) -> None:
        self._depth = depth
        self._maker = maker
        self._writer = SequenceWriter()
        self.resize(width, height)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._width, self._height

    def resize(self, width: int, height: int) -> None:
        """Begin anew with blank cells of another size."""
        self._width = width
        self._height = height
        self._wanted = self._blank_rows()
        self.forget()

    def forget(self) -> None:
        """Trust nothing that the terminal shows: the next frame clears it and sends every cell."""
        self._shown: list[list[Cell]] | None = None
        self._dirty = set(range(self._height))

    def write(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Want these segments from a cell on; what lies outside is cut, half a wide character becomes a blank."""
        if not (0 <= y < self._height and 0 <= x < self._width):
            return
        cells: list[Cell] = []
        for text, style, control in segments:
            if not control:
                cells.extend(self._maker.cells(text, pen_of(style, self._depth)))
        row = self._wanted[y]
        end = min(x + len(cells), self._width)
        if row[x:end] == cells[: end - x]:
            return
        row[x:end] = cells[: end - x]
        _blank_halves(row, x)
        _blank_halves(row, end)
        self._dirty.add(y)

    def frame(self, cursor: tuple[int, int] | None = None) -> str:
        """Give what makes the terminal show what is wanted, with its cursor at (x, y) where that matters."""
        if self._shown is None:
            self._shown = self._blank_rows()
            self._writer.clear()
        changed = [y for y in sorted(self._dirty) if self._wanted[y] != self._shown[y]]
        self._writer = self._sent(changed, self._shown)
        for y in changed:
            self._shown[y] = self._wanted[y].copy()
        self._dirty.clear()
        if cursor is not None:
            self._writer.move(*cursor)
        return self._writer.take()

    def _sent(self, changed: list[int], shown: Rows) -> SequenceWriter:
        """Give the writer that has drawn what changed, in the shorter of two ways."""
        drawn = self._writer.fork()
        for y in changed:
            self._send_row(drawn, y, shown[y])
        shift = find_shift(self._wanted, shown, changed)
        if shift is None:
            return drawn
        moved = self._writer.fork()
        moved.scroll(shift.top, shift.bottom, shift.lines)
        for y, row in enumerate(shifted(shown, shift)):
            if row != self._wanted[y]:
                self._send_row(moved, y, row)
        return min(drawn, moved, key=len)

    def _send_row(self, writer: SequenceWriter, y: int, shown: list[Cell]) -> None:
        wanted = self._wanted[y]
        changed = _changed(wanted, shown)
        tail = _blank_tail(wanted)
        erases = sum(x >= tail for x in changed) >= _ERASE_FROM
        if erases:
            changed = [x for x in changed if x < tail]
        last = 0
        for x in changed:
            cell = wanted[x]
            if cell[0]:
                width = 2 if is_wide(cell[0]) else 1
                writer.put(x, y, cell, width, wanted[last:x])
                last = x + width
                if last >= self._width:
                    writer.forget_column()
        if erases:
            writer.erase_to_end(tail, y)

    def _blank_rows(self) -> list[list[Cell]]:
        return [[BLANK] * self._width for _ in range(self._height)]


def _changed(wanted: list[Cell], shown: list[Cell]) -> list[int]:
    """Give the columns to send: those that differ, and all from the first one whose width terminals disagree on."""
    changed = [x for x, (new, old) in enumerate(zip(wanted, shown, strict=True)) if new != old]
    for x in changed:
        if is_uncertain(wanted[x][0]) or is_uncertain(shown[x][0]):
            return [one for one in changed if one < x] + list(range(x, len(wanted)))
    return changed


def _blank_tail(row: list[Cell]) -> int:
    """Give the column from which on a row is blank."""
    x = len(row)
    while x and row[x - 1] == BLANK:
        x -= 1
    return x


def _blank_halves(row: list[Cell], x: int) -> None:
    """Where a cut before column `x` parted a wide character, make what is left of it a blank."""
    before = row[x - 1] if x else None
    after = row[x] if x < len(row) else None
    if before is not None and is_wide(before[0]) and (after is None or after[0]):
        row[x - 1] = (" ", blank_pen(before[1]))
    if after is not None and not after[0] and (before is None or not is_wide(before[0])):
        row[x] = (" ", blank_pen(after[1]))

"""Rows that are shown already, but elsewhere: a terminal moves them itself for less than what drawing them anew costs.

Only whole rows can be moved, for that is what every terminal since the VT100 can do (DEC STD 070: DECSTBM, IND, RI).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.ui.terminal.cells import BLANK, Cell

Rows = Sequence[list[Cell]]
"""Top to bottom, all of one width."""

_FEWEST: Final = 2
"""Rows that have to fit for a move to be thought of."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Rows `top` to `bottom`, both among them, that move up by `lines`, or down where that is below zero.

    What moves out is gone, what comes in is blank.
    """

    top: int
    bottom: int
    lines: int


def find_shift(wanted: Rows, shown: Rows, changed: Sequence[int]) -> Shift | None:
    """Give the move after which most of the `changed` rows are as they are wanted, None where hardly any are."""
    if len(changed) < _FEWEST:
        return None
    places = {tuple(row): y for y, row in enumerate(shown)}
    fitting: defaultdict[int, list[int]] = defaultdict(list)
    for y in changed:
        before = places.get(tuple(wanted[y]), y)
        if before != y:
            fitting[before - y].append(y)
    lines, rows = max(fitting.items(), key=lambda found: len(found[1]), default=(0, []))
    if len(rows) < _FEWEST:
        return None
    return Shift(min(rows), max(rows) + lines, lines) if lines > 0 else Shift(min(rows) + lines, max(rows), lines)


def shifted(shown: Rows, shift: Shift) -> list[list[Cell]]:
    """Give the rows that a terminal shows after a move."""
    width = len(shown[0])
    moved = [row.copy() for row in shown]
    for y in range(shift.top, shift.bottom + 1):
        before = y + shift.lines
        is_there = shift.top <= before <= shift.bottom
        moved[y] = shown[before].copy() if is_there else [BLANK] * width
    return moved

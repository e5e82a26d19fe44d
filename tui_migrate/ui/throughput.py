"""The throughput of a whole run, drawn with text cells. Nothing here knows a widget.

The time that a column stands for grows in steps as a run grows long, so that between two steps only the last columns
change, and few bytes go over the line.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

from tui_migrate.journal.records import Sample
from tui_migrate.ui.wording import duration, number

STEPS: Final = tuple(
    unit * one for unit, steps in ((1, (2, 5, 10, 20, 30)), (60, (1, 2, 5, 10, 20, 30)), (3_600, (1, 2, 6, 12, 24)))
    for one in steps
)  # fmt: skip
"""Seconds that one column can stand for."""

LABEL_CELLS: Final = 11
"""What the numbers at the left take."""

LEAST_COLUMNS: Final = 4
"""Fewer are no graph: what they say goes into words."""

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_READABLE: Final = (1, 1.5, 2, 3, 5, 7, 10)


def step_of(seconds: float, columns: int) -> int:
    """Give the seconds of a column, so that a run of this length fits into so many columns."""
    least = seconds / max(1, columns)
    return next((one for one in STEPS if one >= least), math.ceil(least / STEPS[-1]) * STEPS[-1])


def rates(samples: Sequence[Sample], step: int) -> list[float | None]:
    """Documents a second in each step of a run from its first sample on; None where no worker was at work.

    What was done between two samples counts evenly for the time between them. Where less is done than before, a
    collection was begun again, and time that runs back says nothing.
    """
    if not samples:
        return []
    begun = samples[0].at
    pieces = [
        (before.at - begun, after.at - begun, max(0, after.documents - before.documents))
        for before, after in pairwise(samples)
        if before.attempt == after.attempt and after.at > before.at >= begun
    ]
    width = math.floor(max((until for _, until, _ in pieces), default=0.0) / step) + 1
    done, covered = [0.0] * width, [0.0] * width
    for since, until, documents in pieces:
        for place in range(math.floor(since / step), math.floor(until / step) + 1):
            shared = min(until, (place + 1) * step) - max(since, place * step)
            done[place] += documents * shared / (until - since)
            covered[place] += shared
    if not covered[-1]:  # the last sample lies just where a column begins
        done, covered = done[:-1], covered[:-1]
    return [one / seconds if seconds > 0 else None for one, seconds in zip(done, covered, strict=True)]


def plot(samples: Sequence[Sample], width: int, height: int) -> list[str]:
    """Draw a run in so many cells and rows, the numbers at the left and the time below; empty for a run too short.

    The scale goes up to a round number, so that it seldom changes.
    """
    room, rows = width - LABEL_CELLS - 1, height - 1
    if room < 1 or rows < 1 or len(samples) < 2:
        return []
    step = step_of(samples[-1].at - samples[0].at, room - 1)
    values = rates(samples, step)[-room:]
    if len(values) < LEAST_COLUMNS:
        return []
    top = round_up(max((one for one in values if one is not None), default=0.0))
    lines = []
    for row in range(rows, 0, -1):
        label = number(round(top)) if row == rows else "docs/s" if row == rows - 1 else "0" if row == 1 else ""
        lines.append(f"{label:>{LABEL_CELLS - 2}} │" + "".join(_cell(one, top, rows, row - 1) for one in values))
    return [*lines, _axis(samples, step, len(values), room)]


def round_up(value: float) -> float:
    """Give the least readable number that is not smaller; 1 at least."""
    if value <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((one * power for one in _READABLE if one * power >= value), 10 * power)


def _cell(value: float | None, top: float, rows: int, row: int) -> str:
    """One cell of a column: what of it lies in this row, counted from below. A gap is no zero."""
    if value is None:
        return " " if row else "·"
    eighths = math.ceil(value / top * rows * 8) - row * 8
    if row == 0:
        eighths = max(1, eighths)
    return _EIGHTHS[min(8, max(0, eighths))]


def _axis(samples: Sequence[Sample], step: int, columns: int, room: int) -> str:
    """The time below: where it begins, what a column is, and under the last column how long it was."""
    words, end = f"start, {duration(step)} a column", duration(samples[-1].at - samples[0].at)
    between = max(1, columns - cell_len(words) - cell_len(end))
    return f"{' ' * (LABEL_CELLS - 1)}└{words}{'─' * between}{end}"[: LABEL_CELLS + room]

"""A chart where there is no picture: one line of marks, and the numbers that matter in words."""

from itertools import pairwise
from typing import Final

from tui_migrate.reports.model import ReportChart

WIDTH: Final = 60
_MARKS: Final = "▁▂▃▄▅▆▇█"
_ASCII_MARKS: Final = "_.-=+*%#"


def sparkline(chart: ReportChart, *, unicode: bool = True, width: int = WIDTH) -> str:
    """Draw the values over time as one mark for each part of it, blank where nothing was measured."""
    marks = _MARKS if unicode else _ASCII_MARKS
    top, end = peak(chart), span(chart)
    drawn = []
    for place in range(width):
        value = _value_at(chart, (place + 0.5) * end / width)
        drawn.append(" " if value is None else marks[min(len(marks) - 1, value * len(marks) // max(1, top))])
    return "".join(drawn).rstrip()


def chart_words(chart: ReportChart) -> str:
    """Say how long it went, and the mean and the highest value: `12.0 s, mean 1,204, at most 2,310 documents/s`."""
    return f"{clock_words(span(chart))}, mean {mean(chart):,}, at most {peak(chart):,} {chart.unit}"


def span(chart: ReportChart) -> int:
    """Give the milliseconds from the beginning to the last point."""
    return max((line[-1][0] for line in chart.lines), default=0)


def peak(chart: ReportChart) -> int:
    """Give the highest value."""
    return max((value for line in chart.lines for _, value in line), default=0)


def mean(chart: ReportChart) -> int:
    """Give the mean value over the time in which something was measured."""
    parts = [(after[0] - before[0], after[1]) for line in chart.lines for before, after in pairwise(line)]
    measured = sum(length for length, _ in parts)
    return round(sum(length * value for length, value in parts) / measured) if measured else 0


def clock_words(milliseconds: int) -> str:
    """Show a length of time: `850 ms`, `12.5 s`, `3 min 20 s`, `2 h 05 min`."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02d} s" if seconds else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _value_at(chart: ReportChart, at: float) -> int | None:
    for line in chart.lines:
        if line[0][0] <= at <= line[-1][0]:
            return next(value for moment, value in line[1:] if at <= moment)
    return None

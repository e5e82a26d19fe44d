"""A report as plain text, of 80 columns for terminals and mails. What is too wide is broken; nothing is lost."""

import sys
from collections.abc import Iterator
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.reports.cells import cells, padded, wrapped
from tui_migrate.reports.chart_words import chart_words, sparkline
from tui_migrate.reports.model import Found, Report, ReportTable, Unit
from tui_migrate.reports.words import MARKS, cell_words, column_words, heading, value_words, verdict_words

WIDTH: Final = 80
UNBROKEN: Final = sys.maxsize
"""The width of lines that nobody is to break."""
_SPACE: Final = 2
_LEAST: Final = 8
"""The width that a column keeps, however little room there is."""
_WIDEST_NAME: Final = 24
"""The width that names of facts have at most."""


def to_text(report: Report) -> str:
    """Write a report as text."""
    return "".join(f"{line}\n" for line in lines(report))


def lines(report: Report, *, unicode: bool = True, width: int = WIDTH) -> Iterator[str]:
    """Give a report line by line, each of at most `width` cells; with ASCII marks where `unicode` is false."""
    mark = MARKS[report.verdict][0 if unicode else 1]
    yield from wrapped(f"{mark} {report.title}: {verdict_words(report)}", width)
    yield from _indented(report.subject, 2, width)
    dash = "—" if unicode else "-"
    yield from _facts(report, dash, width)
    for chart in report.charts:
        yield from ("", *wrapped(chart.title, width), f"  {sparkline(chart, unicode=unicode)}".rstrip())
        yield from _indented(chart_words(chart), 2, width)
    for table in report.tables:
        yield from ("", *wrapped(table.title, width))
        yield from _table(table, dash, width)
    for severity in Severity:
        of_it = [one for one in report.findings if one.finding.severity is severity]
        if of_it:
            yield from ("", heading(severity))
        for one in of_it:
            yield from _finding(one, "→" if unicode else "->", width)
    yield ""
    yield f"tui-migrate {report.tool_version}, {report.made_at}"


def _facts(report: Report, dash: str, width: int) -> Iterator[str]:
    if not report.facts:
        return
    yield ""
    values = [value_words(one.value, one.unit, dash=dash) for one in report.facts]
    widest = min(_WIDEST_NAME, max(cells(one.name) for one in report.facts))
    room = min(width - widest - 2 - _SPACE, max(1, *map(cells, values)))
    for fact, value in zip(report.facts, values, strict=True):
        yield from _row([fact.name, value], [widest, room], [False, False])


def _finding(found: Found, arrow: str, width: int) -> Iterator[str]:
    one = found.finding
    times = f" ({one.count:,} times)" if one.count > 1 else ""
    subject = f"{one.subject}: " if one.subject else ""
    yield from _indented(f"{one.code}{f', {found.stage}' if found.stage else ''}", 2, width)
    yield from _indented(f"{subject}{one.message}{times}", 4, width)
    if one.hint:
        yield from _indented(f"{arrow} {one.hint}", 4, width)


def _indented(text: str, by: int, width: int) -> Iterator[str]:
    yield from (" " * by + line for line in wrapped(text, width - by))


def _table(table: ReportTable, dash: str, width: int) -> Iterator[str]:
    """Give the rows under their heads. A column in which nothing stands is left out: the others need its room."""
    if not table.rows:
        yield "  none"
        return
    rows = [[cell_words(one, dash=dash) for one in row] for row in table.rows]
    said = [place for place, column in enumerate(zip(*rows, strict=True)) if any(column)]
    columns = [table.columns[place] for place in said]
    shown = [[column_words(one.name, one.unit) for one in columns], *([row[place] for place in said] for row in rows)]
    is_right = [one.unit is not Unit.TEXT for one in columns]
    widths = _widths([max(map(cells, column)) for column in zip(*shown, strict=True)], is_right, width)
    for row in shown:
        yield from _row(row, widths, is_right)


def _row(row: list[str], widths: list[int], is_right: list[bool]) -> Iterator[str]:
    parts = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for place in range(max(map(len, parts), default=0)):
        shown = zip((part[place] if place < len(part) else "" for part in parts), widths, is_right, strict=True)
        line = (padded(text, width, right=right) for text, width, right in shown)
        yield f"  {(' ' * _SPACE).join(line)}".rstrip()


def _widths(wanted: list[int], is_right: list[bool], width: int) -> list[int]:
    """Give each column what it wants, and take from the widest, texts first, until the table fits."""
    room = width - 2 - _SPACE * (len(wanted) - 1)
    least = min(_LEAST, room // max(1, len(wanted)))
    widths = list(wanted)
    for may_shrink in ([not right for right in is_right], is_right):
        places = [place for place, may in enumerate(may_shrink) if may]
        while sum(widths) > room and any(widths[place] > least for place in places):
            widest = max(places, key=lambda place: widths[place])
            widths[widest] = max(least, widths[widest] - max(1, (sum(widths) - room) // len(widths)))
    return widths

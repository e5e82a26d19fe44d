"""A report as plain text of 80 columns, for terminals and mails. What is too wide is broken; nothing is left out."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.reports.cells import cells, padded, wrapped
from tui_migrate.reports.chart_words import chart_words, sparkline
from tui_migrate.reports.model import Found, Report, ReportTable, Unit
from tui_migrate.reports.words import MARKS, cell_words, column_words, heading, value_words, verdict_words

WIDTH: Final = 80
_SPACE: Final = 2
_LEAST: Final = 8
"""The width that a column keeps, however little room there is."""
_WIDEST_NAME: Final = 24
"""The width that names of facts have at most."""


def to_text(report: Report) -> str:
    """Write a report as text."""
    return "".join(f"{line}\n" for line in lines(report))


def lines(report: Report, *, unicode: bool = True) -> Iterator[str]:
    """Give a report line by line, each of at most WIDTH cells; with ASCII marks where `unicode` is false."""
    mark = MARKS[report.verdict][0 if unicode else 1]
    yield from wrapped(f"{mark} {report.title}: {verdict_words(report)}", WIDTH)
    yield from _indented(report.subject, 2)
    dash = "—" if unicode else "-"
    yield from _facts(report, dash)
    for chart in report.charts:
        yield from ("", *wrapped(chart.title, WIDTH), f"  {sparkline(chart, unicode=unicode)}".rstrip())
        yield from _indented(chart_words(chart), 2)
    for table in report.tables:
        yield from ("", *wrapped(table.title, WIDTH))
        yield from _table(table, dash)
    for severity in Severity:
        of_it = [one for one in report.findings if one.finding.severity is severity]
        if of_it:
            yield from ("", heading(severity))
        for one in of_it:
            yield from _finding(one, "→" if unicode else "->")
    yield ""
    yield f"tui-migrate {report.tool_version}, {report.made_at}"


def _facts(report: Report, dash: str) -> Iterator[str]:
    if report.facts:
        yield ""
    widest = min(_WIDEST_NAME, max((cells(one.name) for one in report.facts), default=0))
    for fact in report.facts:
        value = value_words(fact.value, fact.unit, dash=dash)
        yield from _row([fact.name, value], [widest, WIDTH - widest - 2 - _SPACE], [False, False])


def _finding(found: Found, arrow: str) -> Iterator[str]:
    one = found.finding
    times = f" ({one.count:,} times)" if one.count > 1 else ""
    subject = f"{one.subject}: " if one.subject else ""
    yield from _indented(f"{one.code}{f', {found.stage}' if found.stage else ''}", 2)
    yield from _indented(f"{subject}{one.message}{times}", 4)
    if one.hint:
        yield from _indented(f"{arrow} {one.hint}", 4)


def _indented(text: str, by: int) -> Iterator[str]:
    yield from (" " * by + line for line in wrapped(text, WIDTH - by))


def _table(table: ReportTable, dash: str) -> Iterator[str]:
    if not table.rows:
        yield "  none"
        return
    heads = [column_words(one.name, one.unit) for one in table.columns]
    rows = [[cell_words(one, dash=dash) for one in row] for row in table.rows]
    is_right = [one.unit is not Unit.TEXT for one in table.columns]
    widths = _widths([max(map(cells, column)) for column in zip(heads, *rows, strict=True)], is_right)
    for row in (heads, *rows):
        yield from _row(row, widths, is_right)


def _row(row: list[str], widths: list[int], is_right: list[bool]) -> Iterator[str]:
    parts = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    for place in range(max(map(len, parts))):
        shown = zip((part[place] if place < len(part) else "" for part in parts), widths, is_right, strict=True)
        line = (padded(text, width, right=right) for text, width, right in shown)
        yield f"  {(' ' * _SPACE).join(line)}".rstrip()


def _widths(wanted: list[int], is_right: list[bool]) -> list[int]:
    """Give each column what it wants, and take from the widest, texts first, until the table fits."""
    room = WIDTH - 2 - _SPACE * (len(wanted) - 1)
    least = min(_LEAST, room // len(wanted))
    widths = list(wanted)
    for may_shrink in ([not right for right in is_right], is_right):
        places = [place for place, may in enumerate(may_shrink) if may]
        while sum(widths) > room and any(widths[place] > least for place in places):
            widest = max(places, key=lambda place: widths[place])
            widths[widest] = max(least, widths[widest] - max(1, (sum(widths) - room) // len(widths)))
    return widths

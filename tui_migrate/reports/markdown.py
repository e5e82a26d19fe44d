"""A report as Markdown (CommonMark with the tables of GitHub); nothing from outside is taken for markup."""

import re
from collections.abc import Iterator
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.reports.chart_words import chart_words, sparkline
from tui_migrate.reports.model import Found, Report, ReportTable, Unit
from tui_migrate.reports.words import MARKS, cell_words, column_words, heading, value_words, verdict_words

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&@]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
"""What may begin markup within a line, the links that GitHub makes by itself among it."""


def to_markdown(report: Report) -> str:
    """Write a report as Markdown."""
    return "".join(f"{line}\n" for line in _lines(report))


def plain(text: str) -> str:
    """Escape a text so that it stands for itself."""
    return _SPECIAL.sub(r"\\\1", text)


def _lines(report: Report) -> Iterator[str]:
    yield from (f"# {plain(report.title)}", "", plain(report.subject) or "—", "")
    yield from (f"**{MARKS[report.verdict][0]} {verdict_words(report)}**", "")
    yield from (f"- {plain(one.name)}: {plain(value_words(one.value, one.unit))}" for one in report.facts)
    for chart in report.charts:
        yield from ("", f"## {plain(chart.title)}", "", plain(sparkline(chart)), "", plain(chart_words(chart)))
    for table in report.tables:
        yield from ("", f"## {plain(table.title)}", "")
        yield from _table(table)
    if report.findings:
        yield from ("", "| Severity | Code | Findings | Times |", "| --- | --- | ---: | ---: |")
        for total in report.totals:
            yield f"| {total.severity.value} | {plain(total.code)} | {total.findings:,} | {total.count:,} |"
    for severity in Severity:
        of_it = [one for one in report.findings if one.finding.severity is severity]
        if of_it:
            yield from ("", f"## {heading(severity)}", "")
        for one in of_it:
            yield from _finding(one)
    yield from ("", f"tui-migrate {plain(report.tool_version)}, {plain(report.made_at)}")


def _finding(found: Found) -> Iterator[str]:
    one = found.finding
    times = f" ({one.count:,} times)" if one.count > 1 else ""
    subject = f"**{plain(one.subject)}** — " if one.subject else ""
    stage = f", {plain(found.stage)}" if found.stage else ""
    yield f"- {subject}{plain(one.message)}{times} ({plain(one.code)}{stage})"
    if one.hint:
        yield f"  - {plain(one.hint)}"


def _table(table: ReportTable) -> Iterator[str]:
    if not table.rows:
        yield "none"
        return
    yield _row(plain(column_words(one.name, one.unit)) for one in table.columns)
    yield _row("---" if one.unit is Unit.TEXT else "---:" for one in table.columns)
    yield from (_row(plain(cell_words(cell)) for cell in row) for row in table.rows)


def _row(texts: Iterator[str]) -> str:
    return f"| {' | '.join(texts)} |"

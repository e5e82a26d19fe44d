"""A report as one HTML file: no script, nothing loaded from anywhere, read by day and by night."""

from collections.abc import Iterator
from html import escape
from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.reports.chart_words import chart_words
from tui_migrate.reports.model import Found, Report, ReportTable, Unit
from tui_migrate.reports.svg import chart_svg
from tui_migrate.reports.words import MARKS, cell_words, column_words, heading, value_words, verdict_words

_STYLE: Final = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin-top: 2rem; }
p, dd, td, li { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; } dd { margin: 0; }
.verdict { font-weight: bold; border-left: .4rem solid; padding-left: .8rem; }
.good { border-color: #2a9d58; } .warnings { border-color: #c98a00; } .errors { border-color: #d0443e; }
footer { margin-top: 2rem; opacity: .7; font-size: .85rem; }"""

_HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""


def to_html(report: Report) -> str:
    """Write a report as HTML."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    title = escape(f"{report.title}: {report.subject}")
    yield from (_HEAD, f"<title>{title}</title>", f"<style>\n{_STYLE}\n</style>", "</head>", "<body>")
    yield from (f"<h1>{escape(report.title)}</h1>", f"<p>{escape(report.subject)}</p>")
    said = escape(f"{MARKS[report.verdict][0]} {verdict_words(report)}")
    yield f'<p class="verdict {report.verdict.value}">{said}</p>'
    if report.facts:
        yield "<dl>"
        for fact in report.facts:
            yield f"<dt>{escape(fact.name)}</dt><dd>{escape(value_words(fact.value, fact.unit))}</dd>"
        yield "</dl>"
    for chart in report.charts:
        yield f"<h2>{escape(chart.title)}</h2>"
        yield from chart_svg(chart)
        yield f"<p>{escape(chart_words(chart))}</p>"
    for table in report.tables:
        yield from _table(table)
    for severity in Severity:
        of_it = [one for one in report.findings if one.finding.severity is severity]
        if of_it:
            yield from (f"<h2>{heading(severity)}</h2>", "<ul>", *map(_finding, of_it), "</ul>")
    yield f"<footer>tui-migrate {escape(report.tool_version)}, {escape(report.made_at)}</footer>"
    yield from ("</body>", "</html>")


def _finding(found: Found) -> str:
    one = found.finding
    times = f" ({one.count:,} times)" if one.count > 1 else ""
    subject = f"<b>{escape(one.subject)}</b> — " if one.subject else ""
    stage = f", {escape(found.stage)}" if found.stage else ""
    hint = f"<br>→ {escape(one.hint)}" if one.hint else ""
    return f"<li>{subject}{escape(one.message)}{times} <code>{escape(one.code)}</code>{stage}{hint}</li>"


def _table(table: ReportTable) -> Iterator[str]:
    yield f"<h2>{escape(table.title)}</h2>"
    if not table.rows:
        yield "<p>none</p>"
        return
    signs = ['<{} class="number">' if one.unit is not Unit.TEXT else "<{}>" for one in table.columns]
    heads = (column_words(one.name, one.unit) for one in table.columns)
    yield from ("<table>", _row("th", signs, heads))
    yield from (_row("td", signs, map(cell_words, row)) for row in table.rows)
    yield "</table>"


def _row(kind: str, signs: list[str], texts: Iterator[str]) -> str:
    cells = (f"{sign.format(kind)}{escape(text)}</{kind}>" for sign, text in zip(signs, texts, strict=True))
    return f"<tr>{''.join(cells)}</tr>"

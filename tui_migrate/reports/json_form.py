"""A report as JSON, for programs, and read again strictly.

    {"schema": 2, "tool_version": "0.1.0", "made_at": "2026-01-31T12:00:00.000Z",
     "title": "Check of a package", "subject": "/backups/shop", "verdict": "good" | "warnings" | "errors",
     "facts": [{"name": "form", "value": "native", "unit": "text" | "count" | "bytes"}],
     "tables": [{"title": "Collections",
                 "columns": [{"name": "name", "unit": "text"}, {"name": "documents", "unit": "count"}],
                 "rows": [["users", 30]]}],
     "totals": [{"severity": "error" | "warning" | "note", "code": "id_duplicate", "findings": 1, "count": 37}],
     "findings": [{"stage": "", "severity": "error", "code": "id_duplicate", "subject": "shop.users",
                   "message": "…", "hint": "…", "count": 37}],
     "charts": [{"title": "Throughput in documents", "unit": "documents/s", "lines": [[[0, 900], [2000, 1200]]]}]}

Values of facts and cells are texts, whole numbers, or null where they are not known. `stage` is the stage of the run
that found it, empty for a package. A chart has a line for each attempt of the run; of a point the first number is the
milliseconds since the run began, the second the mean value since the point before it. No text holds a password of a
URL, a control character or more than 2,000 characters.
"""

import json
from typing import Any, Final

from tui_migrate.errors import UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.reports.model import SCHEMA, Fact, Found, Report, ReportChart, ReportColumn, ReportTable, Unit, Verdict

JsonForm = dict[str, object]

_MOST_DIGITS: Final = 19


def form(report: Report) -> JsonForm:
    """Give a report as what JSON is made of."""
    return {
        "schema": SCHEMA,
        "tool_version": report.tool_version,
        "made_at": report.made_at,
        "title": report.title,
        "subject": report.subject,
        "verdict": report.verdict.value,
        "facts": [{"name": one.name, "value": one.value, "unit": one.unit.value} for one in report.facts],
        "tables": [
            {
                "title": one.title,
                "columns": [{"name": column.name, "unit": column.unit.value} for column in one.columns],
                "rows": [list(row) for row in one.rows],
            }
            for one in report.tables
        ],
        "totals": [
            {"severity": one.severity.value, "code": one.code, "findings": one.findings, "count": one.count}
            for one in report.totals
        ],
        "findings": [_finding_form(one) for one in report.findings],
        "charts": [
            {"title": one.title, "unit": one.unit, "lines": [[list(point) for point in line] for line in one.lines]}
            for one in report.charts
        ],
    }


def to_json(report: Report) -> str:
    """Write a report as JSON."""
    return json.dumps(form(report), indent=2, ensure_ascii=False) + "\n"


def parse(text: str) -> Report:
    """Read a report as `to_json` writes it: of this schema, with no key too many or too few, its totals right.

    Raises UsageError.
    """
    try:
        read = json.loads(text, parse_int=_whole)
        if isinstance(read, dict) and read.get("schema") != SCHEMA:
            raise UsageError(
                f"the report is of schema {str(read.get('schema'))[:20]}, not {SCHEMA}",
                hint="read it with the version of tui-migrate that wrote it",
            )
        report = _report(read)
        if _same(form(report), read):
            return report
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise UsageError("this is no report as tui-migrate writes it", hint="make the report again")


def _same(written: object, read: object) -> bool:
    # As texts: to Python, 1, 1.0 and true are equal.
    return json.dumps(written, sort_keys=True) == json.dumps(read, sort_keys=True)


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number that no report holds")
    return int(digits)


def _finding_form(found: Found) -> JsonForm:
    one = found.finding
    return {
        "stage": found.stage,
        "severity": one.severity.value,
        "code": one.code,
        "subject": one.subject,
        "message": one.message,
        "hint": one.hint,
        "count": one.count,
    }


def _report(read: Any) -> Report:
    """Take a report out of what was read; whether it was one is seen by writing it again."""
    return Report(
        title=read["title"],
        subject=read["subject"],
        verdict=Verdict(read["verdict"]),
        made_at=read["made_at"],
        tool_version=read["tool_version"],
        facts=tuple(Fact(one["name"], one["value"], Unit(one["unit"])) for one in read["facts"]),
        tables=tuple(map(_table, read["tables"])),
        findings=tuple(map(_found, read["findings"])),
        charts=tuple(map(_chart, read["charts"])),
    )


def _table(read: Any) -> ReportTable:
    columns = tuple(ReportColumn(one["name"], Unit(one["unit"])) for one in read["columns"])
    return ReportTable(read["title"], columns, tuple(tuple(row) for row in read["rows"]))


def _chart(read: Any) -> ReportChart:
    lines = tuple(tuple((at, value) for at, value in line) for line in read["lines"])
    if any(type(number) is not int for line in lines for point in line for number in point):
        raise TypeError("a point is of whole numbers")
    return ReportChart(read["title"], read["unit"], lines)


def _found(read: Any) -> Found:
    if type(read["count"]) is not int:
        raise TypeError("a count is a whole number")
    texts = (read["code"], read["subject"], read["message"], read["hint"])
    return Found(Finding(Severity(read["severity"]), *texts, read["count"]), read["stage"])

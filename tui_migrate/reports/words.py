"""What all renderings of a report that are read by people have in common."""

from typing import Final

from tui_migrate.findings import Severity
from tui_migrate.reports.model import Report, Unit, Value, Verdict

MARKS: Final = {
    Verdict.GOOD: ("✓", "+"),
    Verdict.WARNINGS: ("!", "!"),
    Verdict.ERRORS: ("✗", "x"),
}
"""The mark of each verdict, and its ASCII twin."""

_PLURALS: Final = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes"}


def verdict_words(report: Report) -> str:
    """Say how many findings there are: `2 errors, 1 warning`, or that there is none."""
    counts = dict.fromkeys(Severity, 0)
    for one in report.findings:
        counts[one.finding.severity] += 1
    said = [f"{count:,} {one.value if count == 1 else _PLURALS[one]}" for one, count in counts.items() if count]
    return ", ".join(said) or "no finding"


def heading(severity: Severity) -> str:
    """The heading above the findings of one severity."""
    return _PLURALS[severity].capitalize()


def value_words(value: Value, unit: Unit, *, dash: str = "—") -> str:
    """Show a value: whole numbers grouped, bytes with their unit, what is not known as a dash."""
    if value is None:
        return dash
    if isinstance(value, str):
        return value
    return f"{value:,} bytes" if unit is Unit.BYTES else f"{value:,}"


def cell_words(value: Value, *, dash: str = "—") -> str:
    """Show a value in a table, whose heads name the unit."""
    return value_words(value, Unit.COUNT, dash=dash)


def column_words(name: str, unit: Unit) -> str:
    """The head of a column, with its unit where the name does not say it."""
    return f"{name} (bytes)" if unit is Unit.BYTES and name != "bytes" else name

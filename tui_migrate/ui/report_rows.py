"""Findings as rows of tables: their totals, and one by one."""

from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import Stage
from tui_migrate.reports.model import Total
from tui_migrate.ui.next_steps import finding_in_app
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.wording import number

_MARKS: Final = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTE: "·"}
GROUP_COLUMNS: Final = (
    Column("Severity", 10),
    Column("Code"),
    Column("Findings", 9, right=True),
    Column("Times", 12, right=True),
)
COLUMNS: Final = (
    Column("Severity", 10),
    Column("Code", 22),
    Column("Subject"),
    Column("Times", 9, right=True),
    Column("Found in", 9, from_width=90),
    Column("Message", 44, from_width=120),
)


_TONES: Final = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.PLAIN}


def severity_words(severity: Severity) -> str:
    """Show a severity as a mark and its word."""
    return f"{_MARKS[severity]} {severity.value}"


def severity_tone(severity: Severity) -> Tone:
    """The colour that goes with a severity."""
    return _TONES[severity]


def group_key(severity: Severity, code: str) -> str:
    """Name a severity and a code together."""
    return f"{severity.value} {code}"


def group_row(one: Total) -> Row:
    """Show how much there is of one severity and code."""
    return Row(
        key=group_key(one.severity, one.code),
        cells=(severity_words(one.severity), one.code, number(one.findings), number(one.count)),
        name="enter shows these alone",
        tone=_TONES[one.severity],
        sort=(one.severity.value, one.code, one.findings, one.count),
    )


def finding_row(place: int, stage: Stage, one: Finding) -> Row:
    """Show one finding; its place among all of them is its key."""
    one = finding_in_app(one)
    return Row(
        key=str(place),
        cells=(severity_words(one.severity), one.code, one.subject, number(one.count), stage.value, one.message),
        name=f"{one.subject}: {one.message}",
        tone=_TONES[one.severity],
        sort=(one.severity.value, one.code, one.subject, one.count, stage.value, one.message),
    )

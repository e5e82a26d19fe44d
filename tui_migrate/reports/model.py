"""The one report: facts, tables and findings about a package or a run, with a verdict; ready for any rendering.

Every text that goes in is made fit to be read at once: passwords of URLs are taken out, control characters become
escapes, and what is longer than MOST_CHARACTERS loses its middle. So no rendering has to, and none can forget to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_migrate.findings import Finding, Severity
from tui_migrate.redaction import printable, redact

SCHEMA: Final = 2
"""The version of what a report holds. One that reads reports refuses those of another."""
MOST_CHARACTERS: Final = 2_000
"""The longest text that a report takes in whole."""

_TO_SPARE: Final = 100
"""So much less than half of that is kept at each end: what comes together there may be redacted once more."""

Value = str | int | None
"""What a fact or a cell holds; None where it is not known. Anything else is a TypeError."""


class Verdict(StrEnum):
    """What the findings come to."""

    GOOD = "good"
    WARNINGS = "warnings"
    ERRORS = "errors"


class Unit(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    COUNT = "count"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known about the subject: `form`, `mongodump archive`."""

    name: str
    value: Value
    unit: Unit = Unit.TEXT

    def __post_init__(self) -> None:
        """Clean the texts."""
        object.__setattr__(self, "name", clean(self.name))
        object.__setattr__(self, "value", _cleaned(self.value))


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of a table of a report."""

    name: str
    unit: Unit = Unit.TEXT

    def __post_init__(self) -> None:
        """Clean the name."""
        object.__setattr__(self, "name", clean(self.name))


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows under columns. Each row has as many cells as there are columns."""

    title: str
    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        """Clean the texts. Raises ValueError for a row that is too long or too short."""
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of {self.title!r} has not {len(self.columns)} cells")
        object.__setattr__(self, "title", clean(self.title))
        object.__setattr__(self, "rows", tuple(tuple(map(_cleaned, row)) for row in self.rows))


Point = tuple[int, int]
"""Milliseconds since the beginning, and the value from the point before it up to there."""


@dataclass(frozen=True, slots=True)
class ReportChart:
    """Values over time, such as documents per second.

    Each line is what one attempt came to, its points in the order of time, at least two of them; between two lines
    nothing was measured.
    """

    title: str
    unit: str
    lines: tuple[tuple[Point, ...], ...]

    def __post_init__(self) -> None:
        """Clean the texts. Raises ValueError for a line that is none, or whose points are out of order."""
        for line in self.lines:
            times = [at for at, _ in line]
            if len(line) < 2 or times != sorted(times) or min(times) < 0 or any(value < 0 for _, value in line):
                raise ValueError(f"a line of {self.title!r} is none")
        object.__setattr__(self, "title", clean(self.title))
        object.__setattr__(self, "unit", clean(self.unit))


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and the stage of the run that found it; none for a package."""

    finding: Finding
    stage: str = ""

    def __post_init__(self) -> None:
        """Clean the finding's texts."""
        one = self.finding
        texts = (clean(one.code), clean(one.subject), clean(one.message), clean(one.hint))
        object.__setattr__(self, "finding", Finding(one.severity, *texts, one.count))
        object.__setattr__(self, "stage", clean(self.stage))


@dataclass(frozen=True, slots=True)
class Total:
    """How many findings there are of one severity and code, and how many times they were met."""

    severity: Severity
    code: str
    findings: int
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be known of a subject. `made_at` is ISO 8601 in UTC, `title` what kind of report it is."""

    title: str
    subject: str
    verdict: Verdict
    made_at: str
    tool_version: str
    facts: tuple[Fact, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    findings: tuple[Found, ...] = ()
    charts: tuple[ReportChart, ...] = ()

    def __post_init__(self) -> None:
        """Clean the texts."""
        for name in ("title", "subject", "made_at", "tool_version"):
            object.__setattr__(self, name, clean(getattr(self, name)))

    @property
    def totals(self) -> tuple[Total, ...]:
        """How many findings there are, the most severe first."""
        return totals(one.finding for one in self.findings)


def totals(findings: Iterable[Finding]) -> tuple[Total, ...]:
    """Count findings by severity and code, the most severe first."""
    groups: dict[tuple[Severity, str], list[Finding]] = {}
    for one in findings:
        groups.setdefault((one.severity, one.code), []).append(one)
    order = list(Severity)
    counted = [
        Total(severity, code, len(each), sum(one.count for one in each)) for (severity, code), each in groups.items()
    ]
    return tuple(sorted(counted, key=lambda one: (order.index(one.severity), one.code)))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Say what findings come to; notes are read and change nothing."""
    severities = {one.severity for one in findings}
    if Severity.ERROR in severities:
        return Verdict.ERRORS
    return Verdict.WARNINGS if Severity.WARNING in severities else Verdict.GOOD


def clean(text: str) -> str:
    """Take out what must not be in a report. Cleaning twice is cleaning once."""
    shown = redact(printable(text))
    if len(shown) <= MOST_CHARACTERS:
        return shown
    half = MOST_CHARACTERS // 2 - _TO_SPARE
    return redact(f"{shown[:half]}…{shown[-half:]}")


def _cleaned(value: Value) -> Value:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not (value is None or isinstance(value, int)):
        raise TypeError(f"{type(value).__name__} is no value of a report")
    return value

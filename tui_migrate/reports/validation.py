"""What validation with a catalog adds to the report of a package, and the report of a database that was validated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tui_migrate import __version__
from tui_migrate.findings import Finding, Severity
from tui_migrate.reports.findings import time_form
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, verdict_of
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.validation.model import Issue

DATABASE_TITLE: Final = "Check of a database"

_ASPECTS: Final = (
    ("references", ("dangling_reference",)),
    ("required fields", ("required_missing",)),
    ("unique values", ("value_duplicate",)),
    ("one type a field", ("type_drift", "fields_unfollowed")),
    ("version", ("catalog_version",)),
)
_RESULTS: Final = {Severity.ERROR: "faulty", Severity.WARNING: "warned", Severity.NOTE: "noted"}

_CHECKED: Final = (ReportColumn("what"), ReportColumn("result"), ReportColumn("findings", Unit.COUNT))
_DOCUMENTS: Final = (
    ReportColumn("finding"),
    ReportColumn("collection"),
    ReportColumn("field"),
    ReportColumn("_id"),
    ReportColumn("about"),
)
_COLLECTIONS: Final = (ReportColumn("name"), ReportColumn("kind"), ReportColumn("documents", Unit.COUNT))


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation with a catalog has shown. `is_own_choice` is false where the package's form chose the catalog."""

    catalog: str
    issues: tuple[Issue, ...]
    version: Finding | None = None
    is_own_choice: bool = True

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found, the most severe first."""
        found = [one.finding for one in self.issues] + ([self.version] if self.version is not None else [])
        return tuple(sorted(found, key=lambda one: list(Severity).index(one.severity)))


def with_validation(report: Report, validated: Validated) -> Report:
    """Put what validation has shown into the report of a package."""
    chosen = validated.catalog
    if not validated.is_own_choice:
        chosen += ", which goes with this form of package; --catalog none leaves it aside"
    order = list(Severity)
    found = [*report.findings, *(Found(one) for one in validated.findings)]
    return replace(
        report,
        verdict=verdict_of(one.finding for one in found),
        facts=(*report.facts, Fact("validated with", chosen)),
        tables=(*report.tables, *_tables(validated)),
        findings=tuple(sorted(found, key=lambda one: order.index(one.finding.severity))),
    )


def database_report(
    subject: str, database: str, collections: Sequence[CollectionInfo], validated: Validated, now: float
) -> Report:
    """Make the report of a database, as it was at a time (seconds since 1970)."""
    rows = tuple(
        (one.name, one.kind.value, None if one.kind is CollectionKind.VIEW else one.documents) for one in collections
    )
    findings = validated.findings
    return Report(
        title=DATABASE_TITLE,
        subject=subject,
        verdict=verdict_of(findings),
        made_at=time_form(now),
        tool_version=__version__,
        facts=(
            Fact("database", database),
            Fact("validated with", validated.catalog),
            Fact("collections", len(collections), Unit.COUNT),
            Fact("documents", sum(one.documents for one in collections), Unit.COUNT),
        ),
        tables=(ReportTable("Collections", _COLLECTIONS, rows), *_tables(validated)),
        findings=tuple(Found(one) for one in findings),
    )


def _tables(validated: Validated) -> tuple[ReportTable, ...]:
    rows = tuple(_aspect(name, codes, validated.findings) for name, codes in _ASPECTS)
    checked = ReportTable("What the catalog asks", _CHECKED, rows)
    named = tuple(
        (issue.finding.code, issue.collection, issue.field, one.document, one.about)
        for issue in validated.issues
        for one in issue.examples
    )
    return (checked, ReportTable("Documents by their ids", _DOCUMENTS, named)) if named else (checked,)


def _aspect(name: str, codes: Sequence[str], findings: Sequence[Finding]) -> tuple[str, str, int]:
    about = [one for one in findings if one.code in codes]
    return name, _RESULTS[about[0].severity] if about else "fine", len(about)

"""Checking a package and making the report of it: its form, what was checked and how that came out, and its types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate import __version__
from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Package, Progress
from tui_migrate.packages.types.model import Inference, InferredField, ValueType
from tui_migrate.reports.aspects import aspect_rows
from tui_migrate.reports.findings import time_form
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, verdict_of
from tui_migrate.stores.base import CollectionInfo, CollectionKind

CHECK_TITLE: Final = "Check of a package"
FORM_WORDS: Final = {
    PackageForm.NATIVE: "tui-migrate's own, a folder",
    PackageForm.TAR: "tui-migrate's own, one tar file",
    PackageForm.DUMP: "mongodump folder",
    PackageForm.BSON: "one collection as BSON",
    PackageForm.ARCHIVE: "mongodump archive",
    PackageForm.SECOND_BRAIN: "Second Brain Database export",
    PackageForm.GOFANNON: "Gofannon export",
    PackageForm.XCODEREVIEWER: "XCodeReviewer export",
    PackageForm.DAEMON: "Daemon endpoint export",
}
"""What people call each form."""

TYPE_WORDS: Final = {
    ValueType.AS_WRITTEN: "text, as written",
    ValueType.OBJECT_ID: "ObjectId",
    ValueType.DATE: "date",
    ValueType.BINARY: "binary",
    ValueType.DECIMAL: "Decimal128",
    ValueType.UUID: "UUID",
}
"""What people call each type."""

_COLLECTIONS: Final = (
    ReportColumn("name"),
    ReportColumn("kind"),
    ReportColumn("documents", Unit.COUNT),
    ReportColumn("bytes", Unit.BYTES),
    ReportColumn("indexes", Unit.COUNT),
)
_ASPECTS: Final = (ReportColumn("what"), ReportColumn("result"), ReportColumn("findings", Unit.COUNT))
_TYPES: Final = (
    ReportColumn("collection"),
    ReportColumn("path"),
    ReportColumn("looks like"),
    ReportColumn("values", Unit.COUNT),
    ReportColumn("of", Unit.COUNT),
    ReportColumn("example"),
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a check of a whole package has shown. `form` is None where it could not be found out."""

    form: PackageForm | None
    findings: tuple[Finding, ...]
    database: str = ""
    collections: tuple[CollectionInfo, ...] = ()
    inference: Inference | None = None
    catalog: str = ""


async def examine(package: Package, progress: Progress | None = None) -> Examined:
    """Read all of a package and gather what there is to say. Writes nothing.

    Damage becomes a finding. Raises UsageError where nothing lies there, Refused where it is no package, WrongKey,
    CredentialsMissing.
    """
    form = None
    try:
        form = await package.form()
        findings = await package.check(progress)
    except PackageDamaged as error:
        return Examined(form, (_as_finding(error),))
    try:
        database = (await package.identity()).database
        collections = await package.collections()
    except (PackageDamaged, Refused, MalformedDocument) as error:
        # The check has said why, mostly; where it has not, this is one more fault.
        if not any(one.severity is Severity.ERROR for one in findings):
            findings = (*findings, _as_finding(error))
        return Examined(form, findings)
    return Examined(form, findings, database, collections, await package.inference(), await package.catalog())


def package_report(path: str, examined: Examined, now: float) -> Report:
    """Make the report of what lies at a path, as it was at a time (seconds since 1970)."""
    collections = examined.collections
    form = examined.form
    facts = [Fact("form", form.value if form is not None else None)]
    if form is not None:
        facts.append(Fact("kind", FORM_WORDS[form]))
    if examined.database:
        facts.append(Fact("database", examined.database))
    if examined.catalog:
        facts.append(Fact("catalog", examined.catalog))
    if collections:
        facts.extend(
            (
                Fact("collections", len(collections), Unit.COUNT),
                Fact("documents", sum(one.documents for one in collections), Unit.COUNT),
                Fact("size", sum(one.size for one in collections), Unit.BYTES),
            )
        )
    tables = [
        ReportTable("What was checked", _ASPECTS, aspect_rows(form, examined.findings)),
        ReportTable("Collections", _COLLECTIONS, tuple(map(_row, collections))),
    ]
    if examined.inference is not None:
        tables.append(types_table(examined.inference))
    return Report(
        title=CHECK_TITLE,
        subject=path,
        verdict=verdict_of(examined.findings),
        made_at=time_form(now),
        tool_version=__version__,
        facts=tuple(facts),
        tables=tuple(tables),
        findings=_worst_first(examined.findings),
    )


def types_table(inference: Inference) -> ReportTable:
    """Show what the fields of a form without types look like: `values` of the values of a field fit the type."""
    rows = tuple(
        (
            one.collection,
            one.path,
            looks_words(one),
            one.count,
            one.total,
            one.examples[0] if one.examples else None,
        )
        for one in inference.fields
    )
    return ReportTable("Types that the values look like", _TYPES, rows)


def looks_words(field: InferredField) -> str:
    """Say what a field looks like. One told of as a text may be a decimal as well: nothing tells them apart."""
    return "text or decimal" if field.type is ValueType.AS_WRITTEN else TYPE_WORDS[field.type]


def _row(one: CollectionInfo) -> tuple[str, str, int | None, int | None, int | None]:
    if one.kind is CollectionKind.VIEW:
        return one.name, one.kind.value, None, None, None
    return one.name, one.kind.value, one.documents, one.size, len(one.indexes)


def _as_finding(error: Refused | MalformedDocument) -> Finding:
    return Finding(Severity.ERROR, error.code, "", error.message, error.hint)


def _worst_first(findings: Sequence[Finding]) -> tuple[Found, ...]:
    order = list(Severity)
    return tuple(Found(one) for one in sorted(findings, key=lambda one: order.index(one.severity)))

"""A comparison as a report: what each collection has in common and what not, down to the fields."""

from collections.abc import Iterator
from typing import Final

from tui_migrate import __version__
from tui_migrate.comparison.model import ComparedCollection, Comparison, DocumentDifference, FieldKind, Kind, Way
from tui_migrate.documents import show_id
from tui_migrate.findings import Finding, Severity
from tui_migrate.redaction import printable
from tui_migrate.reports.findings import time_form
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, Value, Verdict

COMPARISON_TITLE: Final = "Comparison of two ends"

_PRESENCE: Final = {None: "both", Kind.ONLY_LEFT: "A only", Kind.ONLY_RIGHT: "B only"}
_KINDS: Final = {Kind.ONLY_LEFT: "only in A", Kind.ONLY_RIGHT: "only in B", Kind.DIFFERENT: "different"}
_FIELDS: Final = {
    FieldKind.ADDED: "only in B",
    FieldKind.REMOVED: "only in A",
    FieldKind.CHANGED: "value",
    FieldKind.TYPE: "type",
    FieldKind.ORDER: "order of fields",
}
_COLLECTIONS: Final = (
    ReportColumn("name"),
    ReportColumn("in"),
    ReportColumn("equal", Unit.COUNT),
    ReportColumn("different", Unit.COUNT),
    ReportColumn("only A", Unit.COUNT),
    ReportColumn("only B", Unit.COUNT),
    ReportColumn("compared"),
)
_SIZED: Final = ReportColumn("same size", Unit.COUNT)
_DEFINITIONS: Final = (
    ReportColumn("collection"),
    ReportColumn("what"),
    ReportColumn("name"),
    ReportColumn("how"),
    ReportColumn("A"),
    ReportColumn("B"),
)
_DOCUMENTS: Final = (
    ReportColumn("collection"),
    ReportColumn("_id"),
    ReportColumn("how"),
    ReportColumn("reason"),
)
_CHANGES: Final = (
    ReportColumn("collection"),
    ReportColumn("_id"),
    ReportColumn("field"),
    ReportColumn("how"),
    ReportColumn("A"),
    ReportColumn("B"),
)


def comparison_report(left: str, right: str, comparison: Comparison, now: float, mask: Mask = NOTHING) -> Report:
    """Make the report of a comparison of two ends by their labels, as of a time (seconds since 1970).

    Values that `mask` hides are not shown.
    Its verdict is good only where everything was compared and is equal.
    """
    comparison = mask.comparison(comparison)
    is_good = comparison.is_proved and not comparison.differs
    tables = [_collections(comparison), *_details(comparison)]
    return Report(
        title=COMPARISON_TITLE,
        subject=f"A {left} with B {right}",
        verdict=Verdict.GOOD if is_good else Verdict.WARNINGS,
        made_at=time_form(now),
        tool_version=__version__,
        facts=_facts(left, right, comparison),
        tables=tuple(tables),
        findings=tuple(map(Found, _findings(comparison))),
    )


def _facts(left: str, right: str, comparison: Comparison) -> tuple[Fact, ...]:
    counts = comparison.counts
    outcome = "different" if comparison.differs else "equal"
    if not comparison.is_proved:
        outcome = "different" if comparison.differs else "not proved to be equal"
    facts = [
        Fact("A", left),
        Fact("B", right),
        Fact("outcome", outcome),
        Fact("equal", counts.equal, Unit.COUNT),
        Fact("different", counts.different, Unit.COUNT),
        Fact("only in A", counts.only_left, Unit.COUNT),
        Fact("only in B", counts.only_right, Unit.COUNT),
    ]
    if comparison.fast:
        facts.append(Fact("same _id and size", counts.same_size, Unit.COUNT))
    order = "left aside: an end does not keep it" if comparison.canonical else "counts"
    return (*facts, Fact("order of fields", order))


def _collections(comparison: Comparison) -> ReportTable:
    columns = (*_COLLECTIONS, _SIZED) if comparison.fast else _COLLECTIONS
    rows: list[tuple[Value, ...]] = []
    for one in comparison.collections:
        counts = one.counts
        has_documents = one.way is not Way.DEFINITION
        both: tuple[Value, ...] = (counts.equal, counts.different) if has_documents else (None, None)
        row: tuple[Value, ...] = (printable(one.name), _PRESENCE[one.presence], *both)
        row += (counts.only_left, counts.only_right, one.way.value if one.presence is None else "")
        rows.append((*row, counts.same_size) if comparison.fast else row)
    return ReportTable("Collections", columns, tuple(rows))


def _details(comparison: Comparison) -> Iterator[ReportTable]:
    """Give a table of each kind of difference that there is."""
    definitions = tuple(
        (printable(one.name), each.thing, each.name, _KINDS[each.kind], each.left, each.right)
        for one in comparison.collections
        for each in one.definitions
    )
    documents = tuple(_document(one, each) for one in comparison.collections for each in one.documents)
    changes = tuple(
        (printable(one.name), _id(each), change.path, _FIELDS[change.kind], change.left, change.right)
        for one in comparison.collections
        for each in one.documents
        for change in each.fields
    )
    if definitions:
        yield ReportTable("Definitions that differ", _DEFINITIONS, definitions)
    if documents:
        listed, all_of_them = len(documents), sum(one.counts.differences for one in _both(comparison))
        title = "Documents that differ" + (f", the first {listed:,} of {all_of_them:,}" if listed < all_of_them else "")
        yield ReportTable(title, _DOCUMENTS, documents)
    if changes:
        yield ReportTable("Fields that differ", _CHANGES, changes)


def _both(comparison: Comparison) -> list[ComparedCollection]:
    return [one for one in comparison.collections if one.presence is None]


def _document(collection: ComparedCollection, one: DocumentDifference) -> tuple[Value, ...]:
    return (printable(collection.name), _id(one), _KINDS[one.kind], one.reason)


def _id(one: DocumentDifference) -> str:
    return printable(show_id(one.id)) if one.id else "(none)"


def _findings(comparison: Comparison) -> Iterator[Finding]:
    for one in comparison.collections:
        name, counts = printable(one.name), one.counts
        if one.presence is not None:
            yield _warning("collection_missing", name, f"it is {_KINDS[one.presence]}")
        elif counts.differences:
            yield _warning("documents_differ", name, "documents differ", count=counts.differences)
        if one.definitions:
            message = "indexes, options or kind differ"
            yield _warning("definitions_differ", name, message, count=len(one.definitions))
        if counts.same_size:
            message = "documents are equal by size and _id, content not compared"
            hint = "compare without --fast to be sure"
            yield _warning("content_not_compared", name, message, hint, counts.same_size)
        if one.way is Way.DIGESTS:
            message = "documents whose digests in both manifests are equal were not read"
            hint = "tui-migrate validate checks that a package is what its manifest says"
            yield Finding(Severity.NOTE, "compared_by_digests", name, message, hint)
        for note in one.notes:
            yield Finding(Severity.NOTE, "comparison_note", name, note)
    for note in comparison.notes:
        yield Finding(Severity.NOTE, "comparison_note", "", note)


def _warning(code: str, subject: str, message: str, hint: str = "", count: int = 1) -> Finding:
    return Finding(Severity.WARNING, code, subject, message, hint, count)

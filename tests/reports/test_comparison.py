from dataclasses import replace

import pytest

from tests.suites.ids import int32
from tui_migrate.comparison.model import (
    ComparedCollection,
    Comparison,
    Counts,
    DefinitionDifference,
    DocumentDifference,
    FieldChange,
    FieldKind,
    Kind,
    Way,
)
from tui_migrate.documents import RawId
from tui_migrate.reports.comparison import comparison_report
from tui_migrate.reports.html import to_html
from tui_migrate.reports.json_form import parse, to_json
from tui_migrate.reports.markdown import to_markdown
from tui_migrate.reports.model import Report, Verdict
from tui_migrate.reports.text import to_text

SAME = ComparedCollection("users", Way.MERGED, counts=Counts(equal=5))
CHANGED = DocumentDifference(
    Kind.DIFFERENT, int32(7), (b"a", b"b"), "", (FieldChange("a.b", FieldKind.TYPE, "1", "\x1b[2J"),)
)
DIFFERENT = replace(
    SAME,
    counts=Counts(1, 2, 3, 4),
    documents=(CHANGED, DocumentDifference(Kind.ONLY_LEFT, RawId(b""), (b"a", b""))),
    definitions=(DefinitionDifference("index", "a_1", Kind.ONLY_RIGHT, right="{}"),),
    notes=("a side tells nothing",),
)


def report(*collections: ComparedCollection, canonical: bool = False, fast: bool = False) -> Report:
    return comparison_report("one", "two", Comparison(collections, canonical, fast), 0)


def fact(found: Report, name: str) -> object:
    return next(one.value for one in found.facts if one.name == name)


def test_what_is_equal_is_good() -> None:
    found = report(SAME)
    assert (found.verdict, found.findings, fact(found, "outcome")) == (Verdict.GOOD, (), "equal")
    assert [one.title for one in found.tables] == ["Collections"]
    assert found.tables[0].rows == (("users", "both", 5, 0, 0, 0, "merged by _id"),)


def test_what_differs_is_told_down_to_the_field() -> None:
    found = report(DIFFERENT, ComparedCollection("extra", Way.DEFINITION, Kind.ONLY_RIGHT, Counts(only_right=9)))
    assert found.verdict is Verdict.WARNINGS
    tables = {one.title: one.rows for one in found.tables}
    assert tables["Collections"][1] == ("extra", "B only", None, None, 0, 9, "")
    assert tables["Definitions that differ"] == (("users", "index", "a_1", "only in B", "", "{}"),)
    assert tables["Documents that differ, the first 2 of 6"] == (
        ("users", "7", "different", ""),
        ("users", "(none)", "only in A", ""),
    )
    assert tables["Fields that differ"] == (("users", "7", "a.b", "type", "1", "\\x1b[2J"),)
    assert {one.finding.code for one in found.findings} == {
        "documents_differ",
        "definitions_differ",
        "collection_missing",
        "comparison_note",
    }


def test_what_was_not_looked_at_is_not_called_equal() -> None:
    sized = replace(SAME, way=Way.SIZES, counts=Counts(same_size=5))
    found = report(sized, fast=True)
    assert (found.verdict, fact(found, "outcome")) == (Verdict.WARNINGS, "not proved to be equal")
    assert fact(found, "equal") == 0
    assert [one.finding.message for one in found.findings] == [
        "documents are equal by size and _id, content not compared"
    ]
    digests = report(replace(SAME, way=Way.DIGESTS), fast=True)
    assert (digests.verdict, [one.finding.code for one in digests.findings]) == (
        Verdict.GOOD,
        ["compared_by_digests"],
    )


def test_the_report_says_whether_the_order_of_fields_counts() -> None:
    assert fact(report(SAME), "order of fields") == "counts"
    assert "left aside" in str(fact(report(SAME, canonical=True), "order of fields"))


@pytest.mark.parametrize("render", [to_text, to_markdown, to_html, to_json])
def test_every_rendering_takes_it(render: object) -> None:
    assert callable(render)
    assert "users" in render(report(DIFFERENT))
    assert parse(to_json(report(DIFFERENT))) == report(DIFFERENT)

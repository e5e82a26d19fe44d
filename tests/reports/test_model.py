import unicodedata

import pytest
from hypothesis import given

from tests.reports.samples import finding, report, texts
from tui_migrate.findings import Severity
from tui_migrate.reports.model import (
    MOST_CHARACTERS,
    Fact,
    ReportColumn,
    ReportTable,
    Total,
    Verdict,
    clean,
    totals,
    verdict_of,
)


@given(texts)
def test_what_is_cleaned_acts_on_nothing_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert len(cleaned) <= MOST_CHARACTERS
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp") for one in cleaned)
    assert "hunter2" not in cleaned


def test_a_text_that_is_too_long_keeps_both_its_ends() -> None:
    cleaned = clean("begin" + "x" * MOST_CHARACTERS + "mongodb://u:hunter2@h end")
    assert cleaned.startswith("begin")
    assert cleaned.endswith("mongodb://u:***@h end")
    assert "…" in cleaned


def test_every_text_of_a_report_is_cleaned() -> None:
    evil = "mongodb://u:hunter2@h\x1b"
    said = report(finding(subject=evil, code=evil), subject=evil)
    table = ReportTable(evil, (ReportColumn(evil),), ((evil,), (1,), (None,)))
    for text in (repr(said), repr(table), repr(Fact(evil, evil))):
        assert "hunter2" not in text
        assert "\x1b" not in text
        assert "\\x1b" in text


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="has not 1 cells"):
        ReportTable("t", (ReportColumn("a"),), (("a", "b"),))


def test_totals_count_findings_and_times_the_most_severe_first() -> None:
    found = [
        finding(Severity.NOTE, "n"),
        finding(code="b", count=3),
        finding(code="b", subject="t", count=4),
        finding(code="a"),
    ]
    assert totals(found) == (
        Total(Severity.ERROR, "a", 1, 1),
        Total(Severity.ERROR, "b", 2, 7),
        Total(Severity.NOTE, "n", 1, 1),
    )


def test_notes_change_no_verdict() -> None:
    assert verdict_of([]) is verdict_of([finding(Severity.NOTE)]) is Verdict.GOOD
    assert verdict_of([finding(Severity.NOTE), finding(Severity.WARNING)]) is Verdict.WARNINGS
    assert verdict_of([finding(Severity.WARNING), finding()]) is Verdict.ERRORS

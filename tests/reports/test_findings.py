import json
import stat
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.runs import run
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.reports.findings import Total, to_json, to_markdown, totals, write_report

RUN = replace(run(RunState.COMPLETED_WITH_FINDINGS, stage=Stage.COMMIT), source="mongodb://u:hunter2@h/[shop]")


def finding(severity: Severity = Severity.ERROR, code: str = "c", subject: str = "s", count: int = 1) -> Finding:
    return Finding(severity, code, subject, "m", "h", count)


def test_totals_count_findings_and_times_the_most_severe_first() -> None:
    found = [
        (Stage.VERIFY, finding(Severity.NOTE, "n")),
        (Stage.VALIDATE, finding(code="b", count=3)),
        (Stage.VERIFY, finding(code="b", subject="t", count=4)),
        (Stage.VERIFY, finding(code="a")),
    ]
    assert totals(found) == (
        Total(Severity.ERROR, "a", 1, 1),
        Total(Severity.ERROR, "b", 2, 7),
        Total(Severity.NOTE, "n", 1, 1),
    )


def test_a_report_without_findings_says_so() -> None:
    assert "Nothing was found." in to_markdown(RUN, [])
    assert json.loads(to_json(RUN, []))["findings"] == []


@given(st.text(max_size=30))
def test_no_text_from_outside_is_markup_or_acts_on_a_terminal(text: str) -> None:
    markdown = to_markdown(RUN, [(Stage.VERIFY, finding(subject=text))])
    lines = [line for line in markdown.splitlines() if line.startswith("- **")]
    assert len(lines) == 1
    content = json.loads(to_json(RUN, [(Stage.VERIFY, finding(subject=text))]))
    subject = content["findings"][0]["subject"]
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") for one in subject)
    bare = lines[0].removeprefix("- **").split("** — ")[0]
    for sign in "`*_[]<>|":
        assert bare.count(sign) == bare.count("\\" + sign)


def test_no_password_of_a_url_is_in_a_report() -> None:
    for text in (to_json(RUN, []), to_markdown(RUN, [])):
        assert "hunter2" not in text


def test_a_file_is_for_its_user_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(path, RUN, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="is there already"):
        write_report(path, RUN, [])
    with pytest.raises(UsageError, match="ends neither"):
        write_report(tmp_path / "r.html", RUN, [])
    with pytest.raises(StorageFailed, match="cannot make"):
        write_report(tmp_path / "no" / "r.md", RUN, [])
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        write_report(tmp_path / "link.md", RUN, [])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.md", "r.json"]

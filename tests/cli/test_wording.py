import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.runs import CREATED_AT, collection, run
from tui_migrate.cli import tables
from tui_migrate.cli.output import Output, write_line
from tui_migrate.cli.summary import exit_code, next_steps, summary
from tui_migrate.cli.wording import at_and_ago, duration, parse_run_id, state_words
from tui_migrate.errors import Undecided, UsageError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import CollectionState, Counts, Failure
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind


@pytest.fixture
def in_vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Vienna")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("text", ["42", "0042", "000042"])
def test_run_ids(text: str) -> None:
    assert parse_run_id(text) == 42


@pytest.mark.parametrize("text", ["", "x", "-1", "+1", "1_0", " 1", "٣", "²", "1" * 19])
def test_what_is_no_run_id(text: str) -> None:
    with pytest.raises(UsageError):
        parse_run_id(text)


@pytest.mark.usefixtures("in_vienna")
def test_times_are_local_with_their_zone_and_relative() -> None:
    later = datetime.fromtimestamp(CREATED_AT, UTC) + timedelta(hours=2)
    assert at_and_ago(CREATED_AT, lambda: later) == "2026-01-31 13:00:00 CET (2 hours ago)"
    assert at_and_ago(None) == "—"


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "0.0s"), (59.94, "59.9s"), (60, "1m 00s"), (3_599.4, "59m 59s")])
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_every_state_has_a_mark_and_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for state in RunState:
        mark, _, word = state_words(state).partition(" ")
        assert len(mark) == 1
        assert word == state.value.replace("_", " ")
    monkeypatch.setattr(sys, "stdout", open(sys.stdout.fileno(), "w", encoding="ascii", closefd=False))  # noqa: SIM115 -- closed with the test
    assert all(state_words(state).isascii() for state in RunState)


def test_a_table_is_aligned_by_cells() -> None:
    assert tables.table(["name", "n"], [["家族", "1"], ["a\x1b", "1,000"]], numbers=(1,)) == [
        "name       n",
        "家族       1",
        "a\\x1b  1,000",
    ]


def test_a_summary_says_what_was_done_and_found() -> None:
    finding = Finding(Severity.WARNING, "source_moved", "shop.users", "3 documents moved", "run again", 3)
    done = collection("users", CollectionState.DONE, 1_000, 1_000, Counts(inserted=990, replaced=10))
    shown = run(RunState.COMPLETED_WITH_FINDINGS, done, findings=(finding, finding))
    assert list(summary(shown, findings_shown=10)) == [
        "! completed with findings  run 0042  copy  prod/shop → staging/shop",
        "  inserted 990  replaced 10  unchanged 0  skipped 0  rejected 0",
        "  took 10.0s (100 documents/s)",
        "  warning: shop.users: 3 documents moved",
        "    → run again",
    ]
    assert list(next_steps(shown, Output())) == ["take it back: tui-migrate rollback 42 --confirm"]


def test_a_run_that_is_taken_back_in_part_says_so_and_what_to_do() -> None:
    half = replace(run(RunState.COMPLETED), part_undone_by=43)
    assert list(summary(half, findings_shown=0))[:2] == [
        "! part undone  run 0042  copy  prod/shop → staging/shop",
        "  rolled back in part: run 0043, which did so, was cancelled; before that: ✓ completed",
    ]
    assert list(next_steps(half, Output())) == ["take the rest back: tui-migrate rollback 42 --confirm"]
    now = replace(run(RunState.COMPLETED), rollback_run=44, rollback_state=RunState.EXECUTING)
    assert list(summary(now, findings_shown=0))[:2] == [
        "↶ in rollback  run 0042  copy  prod/shop → staging/shop",
        "  being rolled back by run 0044; before that: ✓ completed",
    ]
    cancelled = replace(run(RunState.CANCELLED, kind=RunKind.ROLLBACK), rollback_of=41)
    said = "what it took back stays taken back; how its run stands: tui-migrate status 41"
    assert list(next_steps(cancelled, Output())) == [said]


def test_a_run_that_waits_for_decisions_is_not_said_to_be_gone_on_with() -> None:
    undecided = Failure(Undecided.code, "3 documents wait for your decision", "", 5)
    waiting = replace(run(RunState.INTERRUPTED, failure=undecided), undecided=3)
    assert next(next_steps(waiting, Output())) == "decide, and it goes on: tui-migrate conflicts 42"
    assert next(next_steps(replace(waiting, undecided=0), Output())) == "go on with it: tui-migrate resume 42"


def test_the_time_in_which_nobody_worked_is_said_apart() -> None:
    done = collection("users", CollectionState.DONE, 1_000, 1_000)
    shown = replace(run(RunState.COMPLETED, done), attempt=3, waited=7.5, undo_bytes=1_000)
    assert "  took 2.5s in 3 attempts, 7.5s at rest, undo log 1.0 kB" in summary(shown, findings_shown=0)


def test_the_summary_of_an_export_and_of_a_rollback() -> None:
    done = collection("users", CollectionState.DONE, 1_000, 1_000, Counts(deleted=3))
    assert "  1,000 documents of 1 collection, 100.0 kB" in summary(
        run(RunState.COMPLETED, done, kind=RunKind.EXPORT), findings_shown=0
    )
    lines = list(summary(run(RunState.COMPLETED, done, kind=RunKind.ROLLBACK), findings_shown=0))
    assert lines[0].endswith("rollback  of run 0000 in staging/shop")
    assert lines[1] == "  restored 0  deleted 3  kept 0"


@pytest.mark.parametrize(
    ("state", "failure", "code"),
    [
        (RunState.COMPLETED, None, 0),
        (RunState.COMPLETED_WITH_FINDINGS, None, 3),
        (RunState.FAILED, Failure("conflict", "", "", 4), 4),
        (RunState.FAILED, None, 1),
        (RunState.INTERRUPTED, Failure("stopped", "", "", 5), 5),
        (RunState.CANCELLED, None, 130),
    ],
)
def test_exit_codes(state: RunState, failure: Failure | None, code: int) -> None:
    assert exit_code(run(state, failure=failure)) == code


def test_no_line_acts_on_the_terminal_or_shows_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    for to_errors in (False, True):
        write_line("mongodb://anna:s3cret@host/ \x1b[2J\u202e", to_errors=to_errors)
    assert capsys.readouterr() == ("mongodb://anna:***@host/ \\x1b[2J\\u202e\n",) * 2

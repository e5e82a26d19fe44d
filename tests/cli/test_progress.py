import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.runs import collection, run
from tui_migrate.cli.progress import Bar, Lines, Rate, bar_text
from tui_migrate.journal.records import CollectionState
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.redaction import printable
from tui_migrate.reports.cells import cells


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def test_the_bar_shows_what_fits() -> None:
    shown = run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, 500, 1_000), stage=Stage.EXECUTE)
    assert bar_text(shown, 100.0, 79, shown.created_at) == (
        "██████████░░░░░░░░░░ execute    50.0 %  500 / 1,000 documents  100/s  ETA ~5s"
    )
    assert bar_text(shown, 100.0, 40, shown.created_at) == "execute    50.0 %  500 / 1,000 documents"
    assert bar_text(shown, 100.0, 10, shown.created_at) == "execute "


@given(st.integers(0, 200), st.text(max_size=20), st.integers(0, 10**9), st.floats(0, 10**6) | st.none())
def test_the_bar_never_wraps(width: int, name: str, done: int, rate: float | None) -> None:
    shown = run(RunState.EXECUTING, collection(name, CollectionState.ACTIVE, done, 10**9), stage=Stage.EXECUTE)
    text = bar_text(shown, rate, width, shown.created_at)
    assert cells(text) <= width
    assert printable(text) == text


def test_the_bar_says_when_the_worker_is_silent() -> None:
    shown = run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, 1, 2), last_heard_at=100.0)
    assert "worker last heard 8.0s ago" in bar_text(shown, 5.0, 100, 108.0)
    assert "last heard" not in bar_text(shown, 5.0, 100, 104.0)


def test_there_is_no_rate_while_verifying() -> None:
    shown = run(RunState.VERIFYING, collection("users", CollectionState.ACTIVE, 1, 2), stage=Stage.VERIFY)
    assert "ETA" not in bar_text(shown, 5.0, 100, shown.created_at)


def test_the_bar_is_redrawn_at_most_twice_a_second_and_only_when_it_changed() -> None:
    stream, clock = io.StringIO(), Clock()
    bar = Bar(stream, clock, lambda: 0.0)
    shown = run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, 1, 1_000))
    for _ in range(100):
        bar.show(shown)
        clock.at += 0.01
    once = stream.getvalue()
    assert once.count("\r") == 1
    for done in range(100):
        bar.show(replace(shown, collections=(collection("users", CollectionState.ACTIVE, done * 10, 1_000),)))
        clock.at += 0.1
    assert 15 <= stream.getvalue().count("\r") <= 21
    bar.close()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_line_above_the_bar_wipes_it_first(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    bar = Bar(stream, Clock(), lambda: 0.0)
    bar.say("first")
    assert stream.getvalue() == ""
    bar.show(run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, 1, 2)))
    bar.say("second \x1b[2J")
    assert stream.getvalue().endswith("\x1b[K\r\x1b[K")
    assert capsys.readouterr().err == "first\nsecond \\x1b[2J\n"


def test_lines_come_with_stages_and_every_ten_per_cent(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    for done in range(0, 1_001, 5):
        lines.show(run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, done, 1_000)))
        clock.at += 0.001
    lines.show(run(RunState.VERIFYING, collection("users", CollectionState.DONE, 1_000, 1_000), stage=Stage.VERIFY))
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11
    assert said[0] == "run 0042: execute  0.0 %  0 / 1,000 documents"
    assert said[1].startswith("run 0042: execute  10.0 %")
    assert said[-1] == "run 0042: verify  100.0 %  1,000 / 1,000 documents"


def test_a_slow_run_has_a_line_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    for done in range(100):
        lines.show(run(RunState.EXECUTING, collection("users", CollectionState.ACTIVE, done * 10, 1_000_000)))
        clock.at += 1
    assert len(capsys.readouterr().err.splitlines()) in range(8, 12)


def test_a_rate_needs_a_second_and_forgets_after_ten() -> None:
    rate = Rate()
    assert rate.add(0.0, 0) is None
    assert rate.add(0.5, 100) is None
    assert rate.add(2.0, 200) == 100.0
    assert rate.add(100.0, 200) is None
    assert rate.add(104.0, 240) == 10.0

"""A clock that is set back in the middle of a run: what was first stays first, and nothing takes less than no time."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.runs import CREATED_AT, run
from tests.engine.scene import Ended, Scene
from tests.faults.test_full_disk import KINDS, fill, staged
from tui_migrate.cli import wording
from tui_migrate.cli.progress import bar_text
from tui_migrate.cli.summary import summary
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import TRANSITIONS, RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.packages.check import check
from tui_migrate.worker.pace import Pace

pytestmark = pytest.mark.slow

HOUR = 3_600.0


class JumpingClock:
    """Goes on by a second each time it is looked at, and back by an hour once."""

    def __init__(self, jumps_at: int) -> None:
        self._now = 1_800_000_000.0
        self._left = jumps_at

    @property
    def has_jumped(self) -> bool:
        """True when it was set back."""
        return self._left <= 0

    def __call__(self) -> float:
        self._left -= 1
        self._now += -HOUR if self._left == 0 else 1.0
        return self._now


@contextmanager
def set_back(jumps_at: int) -> Iterator[JumpingClock]:
    """Let the journals that are opened within go by such a clock."""
    clock, real = JumpingClock(jumps_at), JournalWriter.open

    async def open_with_clock(path: Path) -> JournalWriter:
        return await real(path, clock)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JournalWriter, "open", staticmethod(open_with_clock))
        yield clock


@pytest.mark.parametrize("jumps_at", [2, 4, 7, 10, 13])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_clock_that_is_set_back_changes_nothing_but_what_the_clock_said(kind: str, jumps_at: int) -> None:
    with staged() as (scene, root):
        await fill(scene)
        output = root / "out" / "package"
        with set_back(jumps_at) as clock:
            run_id = await KINDS[kind](scene, output)
            ended = await scene.work(run_id)
        assert clock.has_jumped
        assert ended.record.state in (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS)
        await prove_order(scene, run_id)
        prove_times(ended)
        if kind == "export":
            assert await check(output) == ()
            interval = json.loads((output / "manifest.json").read_text())["interval"]
            assert interval["from"] <= interval["to"]


async def prove_order(scene: Scene, run_id: int) -> None:
    """States and log in the order in which they came, whatever their times say."""
    reader = await JournalReader.open(scene.home.journal)
    try:
        events = await reader.events(run_id)
        query = "SELECT from_state, to_state FROM transitions WHERE run_id = ? ORDER BY sequence"
        rows = [(RunState(one[0]), RunState(one[1])) for one in await reader._rows(query, run_id)]
    finally:
        await reader.close()
    assert [one.sequence for one in events] == sorted(one.sequence for one in events)
    assert rows[0][0] is RunState.PLANNED
    assert all(second in TRANSITIONS[first] for first, second in rows)
    assert [one[1] for one in rows[:-1]] == [one[0] for one in rows[1:]]


def prove_times(ended: Ended) -> None:
    told = "\n".join(summary(ended.record, findings_shown=5))
    assert "took" in told
    assert not re.search(r"took -|-\d+ documents/s", told), told
    for now in (0.0, 1_800_000_000.0 - HOUR, 1_800_000_000.0):
        assert (ended.record.seconds_at_work(now) or 0.0) >= 0.0


def test_a_run_that_ended_before_it_started_took_no_time() -> None:
    ended = run(RunState.COMPLETED)
    object.__setattr__(ended, "ended_at", CREATED_AT - HOUR)
    assert "took 0.0s" in "\n".join(summary(ended, findings_shown=0))


def test_a_worker_that_was_heard_in_the_future_is_not_silent() -> None:
    working = run(RunState.EXECUTING, last_heard_at=CREATED_AT + HOUR, worker_pid=1)
    assert "last heard" not in bar_text(working, 10.0, 100, CREATED_AT)


def test_what_lies_in_the_future_is_now() -> None:
    now = datetime.fromtimestamp(CREATED_AT, UTC)
    assert wording.at_and_ago(CREATED_AT + HOUR, lambda: now).endswith("(now)")
    assert wording.at_and_ago(CREATED_AT, lambda: now + timedelta(hours=1)).endswith("(an hour ago)")


def test_a_rate_is_held_by_a_clock_that_nobody_sets() -> None:
    pace = Pace(10)
    assert pace._clock.__name__ == "monotonic"

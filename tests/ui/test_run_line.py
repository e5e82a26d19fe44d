"""What the Run screen sends over the line."""

import sys
import time
from pathlib import Path

import pytest

from tests.ui.driving import copy_plan
from tests.ui.run_scene import ActedRun, acted_run
from tests.ui.terminal.operator import Operator, environment
from tui_migrate.journal.records import CollectionState, Counts
from tui_migrate.journal.states import RunState

LIVE_BYTES_A_SECOND = 600
SECONDS = 6.0
BATCH_SECONDS = 0.25

pytestmark = pytest.mark.slow


async def work(run: ActedRun, operator: Operator, seconds: float) -> float:
    """Commit batches as a quick worker would, and give how many bytes a second came meanwhile."""
    before, begun = len(operator.received), time.monotonic()
    while time.monotonic() < begun + seconds:
        run.clock.now = time.time()
        await run.batch("orders", Counts(inserted=4_321, unchanged=17), 4_500_000)
        next_at = time.monotonic() + BATCH_SECONDS
        while time.monotonic() < next_at:
            operator.read(0.05)
    return (len(operator.received) - before) / (time.monotonic() - begun)


async def test_a_live_run_sends_little_and_one_that_has_ended_nothing(tmp_path: Path) -> None:
    async with acted_run(tmp_path, copy_plan(collections=("orders", "users", "audit_log")), time.time()) as run:
        await run.collection("orders", CollectionState.ACTIVE)
        command = [sys.executable, "-m", "tests.ui.run_app", str(tmp_path / "home"), str(run.id)]
        with Operator(command, environment(tmp_path)) as operator:
            operator.until_shown("● orders")
            await work(run, operator, 3.0)
            assert await work(run, operator, SECONDS) < LIVE_BYTES_A_SECOND
            assert operator.shows("docs/s   ETA")
            await run.end(RunState.CANCELLED)
            operator.until_shown("✗ cancelled")
            operator.until(lambda: not operator.read(1.5), "nothing more to be sent")
            assert not operator.read(1.5)

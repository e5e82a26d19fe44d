"""Killed while they decide, or while they write what was decided: no decision is lost, and none is written twice."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.workers import ROOT, SECONDS
from tests.engine.scene import create, documents, put
from tests.engine.servers import Pair, pair
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate import failpoints
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictState, Counts
from tui_migrate.plan.model import Policy
from tui_migrate.worker import control

pytestmark = pytest.mark.slow


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, mongodb_pair, database) as made:
        await put(made.source, *(doc(int32(one), n=text("mine")) for one in range(6)))
        await create(made.target, "things")
        await put(made.target, *(doc(int32(one), n=text("theirs")) for one in range(4)))
        await made.run(await made.plan(Policy.ASK, batch=2))
        yield made


def command(ends: Pair, failpoint: str, *words: str) -> int:
    """Run a module in a process of its own, and give how it ended."""
    environment = {**os.environ, failpoints.VARIABLE: failpoint, "PYTHONPATH": str(ROOT)}
    whole = [sys.executable, "-m", *words, "--home", str(ends.home.state.parent)]
    done = subprocess.run(whole, env=environment, input=b"\n", capture_output=True, timeout=SECONDS, check=False)
    return done.returncode


async def states(ends: Pair) -> list[ConflictState]:
    reader = await JournalReader.open(ends.home.journal)
    try:
        return [one.state for one in await reader.conflicts(1)]
    finally:
        await reader.close()


@pytest.mark.parametrize("failpoint", ["journal.before_decision", "journal.after_decision"])
async def test_a_decision_is_recorded_whole_or_not_at_all(ends: Pair, failpoint: str) -> None:
    words = ("tui_migrate", "decide", "1", "--replace", "--all", "--detach")
    assert await asyncio.to_thread(command, ends, failpoint, *words) == -signal.SIGKILL
    recorded = ConflictState.REPLACE if failpoint.endswith("after_decision") else ConflictState.OPEN
    assert await states(ends) == [recorded] * 4


@pytest.mark.parametrize(
    "failpoint",
    [
        "conflicts.after_lookup",
        "undo.after_intent",
        "batch.after_replace",
        "undo.after_outcome",
        "conflicts.after_write",
        "journal.before_batch",
        "journal.after_batch",
        "conflicts.after_checkpoint",
    ],
)
async def test_a_worker_that_is_killed_writing_decisions_is_taken_up(ends: Pair, failpoint: str) -> None:
    await control.decide(ends.home, 1, ConflictState.REPLACE, numbers=[1, 2, 3])
    await control.decide(ends.home, 1, ConflictState.KEEP, numbers=[4])
    assert await asyncio.to_thread(command, ends, failpoint, "tui_migrate.worker", "1") == -signal.SIGKILL
    assert (await ends.record(1)).state.is_active
    ended = await ends.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=2, replaced=3, skipped=1))
    assert [one == doc(int32(3), n=text("theirs")) for one in sorted(await documents(ends.target))].count(True) == 1
    undone = await ends.roll_back(1)
    assert undone.exit_code == 0
    assert set(await documents(ends.target)) == {doc(int32(one), n=text("theirs")) for one in range(4)}

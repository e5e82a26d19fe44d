"""Workers killed in a world with an `_id` of every type, to servers with transactions and without, and taken up."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import tui_migrate
from tests.engine.scene import Ended, Snapshot, same, snapshot
from tests.engine.servers import Pair, half_full, left_by, pair
from tests.engine.worlds import World, expected
from tui_migrate import failpoints
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.worker import launch

ROOT = Path(tui_migrate.__file__).parent
SECONDS = 60

pytestmark = pytest.mark.slow


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, mongodb_pair, database) as made:
        yield made


def worker(ends: Pair, run_id: int, failpoint: str) -> int:
    """Let a process of its own work a run, and give how it ended."""
    environment = {**os.environ, failpoints.VARIABLE: failpoint, "PYTHONPATH": str(ROOT.parent)}
    command = [sys.executable, "-m", "tui_migrate.worker", str(run_id), "--home", str(ends.home.state.parent)]
    done = subprocess.run(command, env=environment, input=b"\n", capture_output=True, timeout=SECONDS, check=False)
    return done.returncode


async def killed(ends: Pair, run_id: int, failpoint: str) -> None:
    assert await asyncio.to_thread(worker, ends, run_id, failpoint) == -signal.SIGKILL


async def filled(ends: Pair) -> tuple[World, Snapshot, Snapshot]:
    """Fill both ends; give the world, the target before, and the target as a run has to leave it."""
    world = half_full(Policy.OVERWRITE)
    await world.put_into(ends.source, ends.target)
    before = await ends.look()
    return world, before, left_by(world, before, await snapshot(ends.source))


def told_like_one_that_was_left_alone(world: World, ended: Ended) -> None:
    assert ended.record.failure is None
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes - {"assumed_ours"} == {"id_type_differs", "options_differ"}
    assert {one.name: _plain(one.counts) for one in ended.record.collections if one.name != "view"} == {
        name: one.counts for name, one in expected(world).items()
    }


def _plain(counts: Counts) -> Counts:
    return Counts(counts.inserted, counts.replaced, counts.unchanged, counts.skipped, counts.rejected)


@pytest.mark.parametrize(
    "failpoint", ["undo.after_made:4", "batch.after_insert:3", "undo.before_outcome:2", "batch.after_replace"]
)
async def test_a_copy_that_is_killed_and_resumed_ends_as_if_it_had_been_left_alone(ends: Pair, failpoint: str) -> None:
    world, before, after = await filled(ends)
    run_id = await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=world.batch))
    await killed(ends, run_id, failpoint)
    ended = await ends.work(run_id)
    told_like_one_that_was_left_alone(world, ended)
    assert same(await ends.look(), after)
    undone = await ends.roll_back(run_id)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert await ends.look() == before


async def test_a_copy_to_a_server_without_transactions_is_resumed_too(
    tmp_path: Path, mongodb_url: str, mongodb_standalone_url: str, database: str
) -> None:
    async with pair(tmp_path, (mongodb_url, mongodb_standalone_url), database) as ends:
        world, before, after = await filled(ends)
        run_id = await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=world.batch))
        await killed(ends, run_id, "batch.after_replace")
        told_like_one_that_was_left_alone(world, await ends.work(run_id))
        assert same(await ends.look(), after)
        assert (await ends.roll_back(run_id)).exit_code == 0
        assert await ends.look() == before

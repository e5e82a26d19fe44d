"""Workers that are killed with SIGKILL at every failpoint, between real servers, and taken up again."""

import asyncio
import os
import re
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
from tui_migrate.engine import failpoints
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.packages.check import check
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.worker import launch

ROOT = Path(tui_migrate.__file__).parent
COPYING = (
    "undo.before_magic",
    "undo.before_made",
    "undo.after_made",
    "undo.before_intent",
    "undo.after_intent",
    "batch.after_insert",
    "batch.after_replace",
    "undo.before_outcome",
    "batch.before_checkpoint",
    "batch.after_checkpoint",
)
EXPORTING = (
    "export.after_create",
    "export.after_append",
    "export.after_checkpoint",
    "export.before_seal",
    "export.after_seal",
)
ROLLING_BACK = (
    "rollback.after_indexes",
    "rollback.before_checkpoint",
    "rollback.after_checkpoint",
    "rollback.after_documents",
    "rollback.after_rename",
)
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


def test_every_failpoint_of_the_program_is_tried() -> None:
    found = {name for file in ROOT.rglob("*.py") for name in re.findall(r'failpoint\("([^"]+)"\)', file.read_text())}
    assert found == {*COPYING, *EXPORTING, *ROLLING_BACK}


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


@pytest.mark.parametrize("failpoint", [*COPYING, "undo.after_made:4", "batch.after_insert:3", "undo.before_outcome:2"])
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


@pytest.mark.parametrize("failpoint", ["undo.after_made:2", "batch.after_insert:2", "batch.after_replace"])
async def test_a_copy_that_is_killed_can_be_rolled_back_at_once(ends: Pair, failpoint: str) -> None:
    world, before, _ = await filled(ends)
    run_id = await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=world.batch))
    await killed(ends, run_id, failpoint)
    undone = await ends.roll_back(run_id)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert await ends.look() == before


@pytest.mark.parametrize("failpoint", ["undo.after_intent:2", "batch.after_insert:2", "batch.after_checkpoint:3"])
async def test_an_import_that_is_killed_and_resumed_ends_as_if_it_had_been_left_alone(
    ends: Pair, tmp_path: Path, failpoint: str
) -> None:
    world, before, after = await filled(ends)
    package = tmp_path / "package"
    assert (await ends.work(await ends.export(package, batch=world.batch))).exit_code == 0
    plan = await ends.plan(Policy.OVERWRITE, source=PackageEnd(str(package)), kind=RunKind.IMPORT)
    run_id = await launch.create_run(ends.home, plan)
    await killed(ends, run_id, failpoint)
    ended = await ends.work(run_id)
    told_like_one_that_was_left_alone(world, ended)
    assert same(await ends.look(), after)
    assert (await ends.roll_back(run_id)).exit_code == 0
    assert await ends.look() == before


@pytest.mark.parametrize("failpoint", [*EXPORTING, "export.after_append:3", "export.after_checkpoint:5"])
async def test_an_export_that_is_killed_and_resumed_makes_the_same_package(
    ends: Pair, tmp_path: Path, failpoint: str
) -> None:
    world, _, _ = await filled(ends)
    package = tmp_path / "package"
    run_id = await ends.export(package, batch=world.batch)
    await killed(ends, run_id, failpoint)
    ended = await ends.work(run_id)
    assert (ended.exit_code, ended.record.findings) == (0, ())
    assert ended.counts == Counts(inserted=sum(len(one.documents) for one in world.source.values()))
    assert await check(package) == ()
    for name in await ends.look():
        await ends.target.drop_collection(name)
    plan = await ends.plan(Policy.FAIL, source=PackageEnd(str(package)), kind=RunKind.IMPORT)
    assert (await ends.run(plan)).exit_code == 0
    assert same(await ends.look(), await snapshot(ends.source))


@pytest.mark.parametrize("failpoint", [*ROLLING_BACK, "rollback.before_checkpoint:4"])
async def test_a_rollback_that_is_killed_and_resumed_restores_the_target(ends: Pair, failpoint: str) -> None:
    world, before, _ = await filled(ends)
    run = await ends.run(await ends.plan(Policy.OVERWRITE, batch=world.batch))
    rollback = await launch.create_rollback(ends.home, run.record.id)
    await killed(ends, rollback, failpoint)
    undone = await ends.work(rollback)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert undone.counts == Counts(deleted=run.counts.inserted, restored=run.counts.replaced)
    assert await ends.look() == before
    assert (await ends.record(run.record.id)).state is RunState.ROLLED_BACK

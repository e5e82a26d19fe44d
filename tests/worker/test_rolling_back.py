"""Rollbacks by workers: which runs can be taken back, and what ends before."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from bson import encode

from tests.worker.conftest import Hold
from tests.worker.scene import SLOW, Scene, content, fill, make_plan, memory_end, store, without_undo
from tests.worker.test_control import cut_short, journal_says
from tests.worker.test_lock import wait_until_stopped
from tui_migrate.errors import NotReversible, Refused, RunNotFound
from tui_migrate.journal.records import Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy, RunKind
from tui_migrate.worker import control, launch
from tui_migrate.worker.lock import holder


async def test_a_run_that_was_killed_can_be_rolled_back(scene: Scene) -> None:
    source, target = memory_end(), memory_end()
    await fill(source)
    run_id = await scene.create(make_plan(RunKind.COPY, source, target), SLOW)
    await cut_short(scene, run_id)
    await journal_says(scene, run_id, RunState.EXECUTING)
    assert "users: creating the collection" in await scene.log(run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    assert await scene.work(rollback_id) == 0
    assert (await scene.read(run_id)).state is RunState.ROLLED_BACK
    assert await content(target) == []
    said = "interrupted: the worker of attempt 1 was gone without a word, last heard of "
    assert any(one.startswith(said) for one in await scene.log(run_id))


async def test_a_rollback_ends_the_stopped_worker_of_its_run_first(scene: Scene, hold: Hold) -> None:
    run_id = await scene.copy(rate=SLOW)
    await cut_short(scene, run_id)
    await journal_says(scene, run_id, RunState.EXECUTING)
    process = hold(scene.home.run(run_id).lock)
    with pytest.raises(NotReversible, match="is at work"):
        await launch.create_rollback(scene.home, run_id)
    process.send_signal(signal.SIGSTOP)
    wait_until_stopped(process.pid)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    assert await scene.work(rollback_id) == 0
    assert process.wait() == -signal.SIGKILL


async def test_while_a_run_is_rolled_back_nobody_has_its_lock(scene: Scene) -> None:
    run_id = await scene.copy()
    await scene.work(run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    async with open_both(scene.home.journal) as (journal, _):
        await journal.set_rate_limit(rollback_id, SLOW)
    working = asyncio.create_task(scene.work(rollback_id))
    await scene.until(rollback_id, lambda one: one.counts.deleted > 0)
    assert holder(scene.home.run(run_id).lock) == os.getpid()
    with pytest.raises(Refused):
        await control.delete(scene.home, run_id)
    await scene.let_go(rollback_id)
    assert await working == 0
    assert holder(scene.home.run(run_id).lock) is None


async def test_a_rollback_that_was_cancelled_half_way_is_gone_on_with_by_another(scene: Scene) -> None:
    target = memory_end()
    await store(target).insert("users", [encode({"_id": number, "name": "old"}) for number in range(15)])
    before = await content(target)
    source = memory_end()
    await fill(source)
    run_id = await scene.create(replace(make_plan(RunKind.COPY, source, target), policy=Policy.OVERWRITE))
    await scene.work(run_id)
    first = await launch.create_rollback(scene.home, run_id)
    async with open_both(scene.home.journal) as (journal, _):
        await journal.set_rate_limit(first, SLOW)
    working = asyncio.create_task(scene.work(first))
    await scene.until(first, lambda one: one.counts.deleted > 0)
    await control.ask(scene.home, first, Wish.CANCEL)
    assert await working == RunState.CANCELLED.exit_code
    assert (await scene.read(run_id)).part_undone_by == first
    assert f"prepare: reading the undo log of run {run_id:04d}" in await scene.log(first)
    assert await content(target) != before
    second = await launch.create_rollback(scene.home, run_id)
    assert await scene.work(second) == 0
    assert await content(target) == before
    run = await scene.read(run_id)
    assert (run.state, run.rolled_back_by, run.part_undone_by) == (RunState.ROLLED_BACK, second, 0)


async def test_a_rollback_of_a_deleted_run_says_so(scene: Scene) -> None:
    run_id = await scene.copy()
    await scene.work(run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    async with open_both(scene.home.journal) as (journal, _):
        await journal.delete_run(run_id)
    with pytest.raises(RunNotFound, match=f"no run {run_id:04d}"):
        await scene.work(rollback_id)


async def test_which_runs_can_be_rolled_back(scene: Scene, tmp_path: Path) -> None:
    export_id = await scene.export(tmp_path / "package")
    await scene.work(export_id)
    planned_id = await scene.copy()
    source, target = memory_end(), memory_end()
    await fill(source)
    kept_id = await scene.create(without_undo(make_plan(RunKind.COPY, source, target)))
    await scene.work(kept_id)
    gone_id = await scene.copy()
    await scene.work(gone_id)
    scene.home.run(gone_id).undo_log.unlink()
    done_id = await scene.copy()
    await scene.work(done_id)
    undone_by = await launch.create_rollback(scene.home, done_id)
    with pytest.raises(NotReversible, match="is being rolled back by run"):
        await launch.create_rollback(scene.home, done_id)
    await scene.work(undone_by)
    for run_id, reason in (
        (export_id, "is a export|is an export"),
        (planned_id, "has written nothing"),
        (kept_id, "--no-rollback"),
        (gone_id, "undo log of run .* is gone"),
        (done_id, "has been rolled back already"),
        (undone_by, "is a rollback"),
    ):
        with pytest.raises(NotReversible, match=reason):
            await launch.create_rollback(scene.home, run_id)


async def test_a_journal_that_was_lost_gives_no_new_run_an_old_undo_log(scene: Scene) -> None:
    run_id = await scene.copy()
    await scene.work(run_id)
    for one in scene.home.state.glob("journal.db*"):
        one.unlink()
    assert await scene.copy() == run_id + 1

"""Requests to cancel that a worker did not live to carry out, or that met a run which was about to stop otherwise."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.worker.scene import SLOW, Scene, content, fill, make_plan, memory_end, store
from tests.worker.test_control import cut_short, journal_says, partials
from tui_migrate.errors import Interrupted, Refused, TuiMigrateError, WriteRefused
from tui_migrate.journal.records import ROLL_BACK, ControlStatus, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import OnFailure, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.worker import control, launch

CANCELLED = RunState.CANCELLED.exit_code


async def asked_of_one_that_died(
    scene: Scene, run_id: int, value: int = 0, status: ControlStatus = ControlStatus.PENDING
) -> None:
    """Have a run work a batch and its worker die, of which somebody had wanted that it cancels the run."""
    await cut_short(scene, run_id)
    await journal_says(scene, run_id, RunState.EXECUTING)
    async with open_both(scene.home.journal) as (journal, reader):
        await journal.file_control(run_id, Wish.CANCEL, value, "anna", RunState.EXECUTING)
        (asked,) = await reader.controls(run_id, ControlStatus.PENDING)
        await journal.answer_control(asked, status)


async def target_of(scene: Scene, run_id: int) -> StoreEnd:
    target = from_yaml((await scene.read(run_id)).plan, "the plan").target
    assert isinstance(target, StoreEnd)
    return target


@pytest.mark.parametrize("status", [ControlStatus.PENDING, ControlStatus.ACCEPTED])
async def test_the_next_worker_of_a_run_carries_a_cancel_out_and_writes_nothing(
    scene: Scene, status: ControlStatus
) -> None:
    run_id = await scene.copy(rate=SLOW)
    await asked_of_one_that_died(scene, run_id, status=status)
    assert await scene.work(run_id) == CANCELLED
    run = await scene.read(run_id)
    assert (run.state, run.counts.inserted, run.failure) == (RunState.CANCELLED, 10, None)
    assert (await scene.controls(run_id))[-1].status is ControlStatus.ACCEPTED
    with pytest.raises(Refused, match="has ended: cancelled"):
        await scene.work(run_id)


@pytest.mark.parametrize("status", [ControlStatus.PENDING, ControlStatus.ACCEPTED])
async def test_the_next_worker_of_a_run_takes_it_back_where_that_was_asked_for(
    scene: Scene, status: ControlStatus
) -> None:
    run_id = await scene.copy(rate=SLOW)
    await asked_of_one_that_died(scene, run_id, ROLL_BACK, status)
    assert (await scene.seen(run_id)).rollback_asked
    assert await scene.work(run_id) == CANCELLED
    run = await scene.read(run_id)
    assert (run.state, run.rolled_back_by, run.rollback_asked) == (RunState.ROLLED_BACK, 2, False)
    assert (await scene.read(2)).state is RunState.COMPLETED
    assert await store(await target_of(scene, run_id)).collections() == ()


async def test_a_rollback_that_is_recorded_is_begun_by_the_next_worker_of_the_run_it_takes_back(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    await asked_of_one_that_died(scene, run_id, ROLL_BACK)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    await journal_says(scene, rollback_id, RunState.EXECUTING)
    assert await scene.work(run_id) == CANCELLED
    assert (await scene.read(run_id)).rolled_back_by == rollback_id
    with pytest.raises(Refused, match="has ended: rolled_back"):
        await scene.work(run_id)


async def test_a_rollback_that_somebody_cancelled_is_not_made_again(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    await asked_of_one_that_died(scene, run_id, ROLL_BACK)
    await control.ask(scene.home, await launch.create_rollback(scene.home, run_id), Wish.CANCEL)
    assert await scene.work(run_id) == CANCELLED
    assert (await scene.read(run_id)).state is RunState.CANCELLED
    assert len(await content(await target_of(scene, run_id))) == 10


async def test_an_export_that_was_to_be_cancelled_leaves_nothing(scene: Scene, tmp_path: Path) -> None:
    run_id = await scene.export(tmp_path / "package", rate=SLOW)
    await asked_of_one_that_died(scene, run_id)
    assert len(partials(tmp_path)) == 1
    assert await scene.work(run_id) == CANCELLED
    assert partials(tmp_path) == []


async def test_somebody_who_wants_the_run_to_go_on_calls_the_cancel_off(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    await asked_of_one_that_died(scene, run_id, ROLL_BACK)
    await control.go_on(scene.home, run_id)
    assert not (await scene.seen(run_id)).cancel_asked
    working = asyncio.create_task(scene.work(run_id))
    await scene.until(run_id, lambda one: one.attempt == 2 and one.state is RunState.EXECUTING)
    with pytest.raises(Refused):
        await control.go_on(scene.home, run_id)
    await scene.let_go(run_id)
    assert await working == 0


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("error", [WriteRefused("refused"), Interrupted("given up")])
async def test_a_run_that_stops_otherwise_before_it_heeds_a_cancel_is_cancelled_and_taken_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: TuiMigrateError, is_heard: bool
) -> None:
    run_id = await scene.copy(rate=SLOW)
    await cut_short(scene, run_id)

    async def ask_and_fail(*_: object) -> RunState:
        await control.ask(scene.home, run_id, Wish.CANCEL, ROLL_BACK)
        while is_heard and (await scene.controls(run_id))[-1].status is not ControlStatus.ACCEPTED:
            await asyncio.sleep(0.01)
        monkeypatch.undo()
        raise error

    monkeypatch.setattr("tui_migrate.worker.main.drive", ask_and_fail)
    assert await scene.work(run_id) == CANCELLED
    run = await scene.read(run_id)
    assert (run.state, run.rolled_back_by, run.failure) == (RunState.ROLLED_BACK, 2, None)
    assert (await scene.controls(run_id))[-1].status is ControlStatus.ACCEPTED


async def test_a_run_that_its_plan_wants_taken_back_when_it_fails_is_so_whoever_cancels_it_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = memory_end()
    await fill(source)
    plan = replace(make_plan(RunKind.COPY, source, memory_end()), on_failure=OnFailure.ROLLBACK)
    run_id = await scene.create(plan, SLOW)
    await cut_short(scene, run_id)

    async def ask_and_fail(*_: object) -> RunState:
        await control.ask(scene.home, run_id, Wish.CANCEL)
        monkeypatch.undo()
        raise WriteRefused("refused")

    monkeypatch.setattr("tui_migrate.worker.main.drive", ask_and_fail)
    assert await scene.work(run_id) == 1
    run = await scene.read(run_id)
    assert (run.state, run.rolled_back_by) == (RunState.ROLLED_BACK, 2)
    assert run.failure is not None
    assert run.failure.code == "write_refused"

import asyncio
import getpass
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

import pytest

from tests.worker.conftest import Hold
from tests.worker.scene import SLOW, Scene, content, fill, make_plan, memory_end
from tests.worker.test_lock import taken, wait_until_stopped
from tui_migrate.errors import Refused, RunNotFound, StorageFailed, UsageError
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ControlStatus, RunRecord, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.model import MOST_PARALLEL, PIPE, PackageEnd, RunKind
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.worker import control, launch


async def journal_says(scene: Scene, run_id: int, state: RunState) -> None:
    """Put a run into a state as a worker that was killed leaves it."""
    async with open_both(scene.home.journal) as (journal, _), journal.transaction() as database:
        await database.execute("UPDATE runs SET state = ?, worker_pid = 99 WHERE id = ?", (state.value, run_id))


async def cut_short(scene: Scene, run_id: int) -> None:
    """Run until a batch is committed, then stop."""
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    await control.ask(scene.home, run_id, Wish.STOP)
    assert await working == 5


def partials(folder: Path) -> list[Path]:
    return list(folder.glob(".*.partial-*"))


def test_the_operator_is_user_and_host() -> None:
    user, _, host = control.operator().partition("@")
    assert (user, host) == (getpass.getuser(), os.uname().nodename)


def test_an_operator_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert control.operator().startswith(f"{os.getuid()}@")


def test_the_operators_name_acts_on_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "an\x1bna")
    assert control.operator().startswith("an\\x1bna@")


@pytest.mark.parametrize("state", list(RunState))
async def test_a_run_that_should_be_worked_and_is_not_was_interrupted(scene: Scene, state: RunState) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, state)
    seen = await scene.seen(run_id)
    if state.is_active:
        assert (seen.state, seen.worker_pid) == (RunState.INTERRUPTED, None)
        lock = taken(scene.home.run(run_id).lock)
        assert (await scene.seen(run_id)).state is state
        lock.release()
    else:
        assert seen.state is state


async def test_a_run_whose_worker_is_stopped_counts_as_interrupted(scene: Scene, hold: Hold) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, RunState.EXECUTING)
    process = hold(scene.home.run(run_id).lock)
    assert (await scene.seen(run_id)).state is RunState.EXECUTING
    process.send_signal(signal.SIGSTOP)
    wait_until_stopped(process.pid)
    assert (await scene.seen(run_id)).state is RunState.INTERRUPTED
    assert not control.has_worker(scene.home, run_id)


async def test_a_run_that_ends_while_it_is_looked_at_was_not_interrupted(scene: Scene) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, RunState.COMMITTING)
    reader = await JournalReader.open(scene.home.journal)
    try:
        stale = await reader.run(run_id)
        await journal_says(scene, run_id, RunState.COMPLETED)
        assert (await control.effective(scene.home, reader, stale)).state is RunState.COMPLETED
    finally:
        await reader.close()


def every_call(scene: Scene, run_id: int) -> tuple[Coroutine[None, None, object], ...]:
    """Whatever is asked of a run that has to be there."""
    return (
        control.ask(scene.home, run_id, Wish.CANCEL),
        control.delete(scene.home, run_id),
        launch.start(scene.home, run_id, {}),
        launch.create_rollback(scene.home, run_id),
        scene.work(run_id),
    )


async def test_where_nothing_was_run_there_is_no_run(scene: Scene) -> None:
    for call in every_call(scene, 1):
        with pytest.raises(RunNotFound, match="there is no run yet"):
            await call
    assert not scene.home.state.exists()


async def test_a_run_that_is_not_there_is_said_and_leaves_no_folder(scene: Scene) -> None:
    await scene.copy()
    for call in every_call(scene, 9):
        with pytest.raises(RunNotFound, match="no run 0009"):
            await call
    assert not scene.home.run(9).path.exists()


async def test_a_rate_below_nothing_is_refused(scene: Scene) -> None:
    with pytest.raises(UsageError):
        await control.ask(scene.home, await scene.copy(), Wish.RATE, -1)


@pytest.mark.parametrize("value", [-1, 0, MOST_PARALLEL + 1])
async def test_a_number_at_once_that_cannot_be_is_refused(scene: Scene, value: int) -> None:
    with pytest.raises(UsageError, match="cannot be verified at once"):
        await control.ask(scene.home, await scene.copy(), Wish.PARALLEL, value)


async def test_a_run_that_writes_into_a_pipe_is_not_paused(scene: Scene) -> None:
    run_id = await scene.create(make_plan(RunKind.EXPORT, memory_end("source"), PackageEnd(PIPE, PackageForm.ARCHIVE)))
    with pytest.raises(Refused, match="into a pipe and cannot be paused"):
        await control.ask(scene.home, run_id, Wish.PAUSE)
    assert await scene.controls(run_id) == ()


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.RESUME, Wish.STOP, Wish.RATE, Wish.PARALLEL])
@pytest.mark.parametrize("state", [RunState.PLANNED, RunState.EXECUTING, RunState.FAILED, RunState.COMPLETED])
async def test_nobody_is_asked_where_nobody_is(scene: Scene, wish: Wish, state: RunState) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, state)
    with pytest.raises(Refused, match=f"nobody is there to {wish.verb}") as caught:
        await control.ask(scene.home, run_id, wish, 1)
    expected = "history" if state.is_final else f"resume {run_id}"
    assert expected in caught.value.hint
    assert await scene.controls(run_id) == ()


@pytest.mark.parametrize(
    "state", [RunState.PLANNED, RunState.PAUSED, RunState.EXECUTING, RunState.INTERRUPTED, RunState.FAILED]
)
async def test_a_run_without_a_worker_is_cancelled_there_and_then(scene: Scene, state: RunState) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, state)
    assert await control.ask(scene.home, run_id, Wish.CANCEL) == 0
    run = await scene.read(run_id)
    assert (run.state, run.worker_pid) == (RunState.CANCELLED, None)
    assert not control.has_worker(scene.home, run_id)
    with pytest.raises(Refused, match="is cancelled"):
        await control.ask(scene.home, run_id, Wish.CANCEL)


@pytest.mark.parametrize("state", [one for one in RunState if one.is_final])
async def test_a_run_that_has_ended_is_not_cancelled(scene: Scene, state: RunState) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, state)
    with pytest.raises(Refused):
        await control.ask(scene.home, run_id, Wish.CANCEL)
    assert (await scene.read(run_id)).state is state


async def test_a_run_that_a_worker_is_about_to_take_up_is_not_cancelled_behind_its_back(
    scene: Scene, hold: Hold
) -> None:
    run_id = await scene.copy()
    hold(scene.home.run(run_id).lock)
    with pytest.raises(Refused, match="has a worker"):
        await control.ask(scene.home, run_id, Wish.CANCEL)
    assert (await scene.read(run_id)).state is RunState.PLANNED


async def test_cancelling_ends_a_worker_that_is_stopped(scene: Scene, hold: Hold) -> None:
    run_id = await scene.copy()
    await journal_says(scene, run_id, RunState.EXECUTING)
    process = hold(scene.home.run(run_id).lock)
    process.send_signal(signal.SIGSTOP)
    wait_until_stopped(process.pid)
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert (await scene.read(run_id)).state is RunState.CANCELLED
    assert process.wait() == -signal.SIGKILL


async def test_cancelling_an_interrupted_export_takes_its_partial_folder_away(scene: Scene, tmp_path: Path) -> None:
    run_id = await scene.export(tmp_path / "package", rate=SLOW)
    await cut_short(scene, run_id)
    assert len(partials(tmp_path)) == 1
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert partials(tmp_path) == []
    assert (await scene.read(run_id)).state is RunState.CANCELLED


async def test_cancelling_a_copy_leaves_what_was_written_and_frees_the_target(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    await cut_short(scene, run_id)
    plan = from_yaml((await scene.read(run_id)).plan, "")
    again = await scene.create(plan)
    assert await scene.work(again) == 4
    failure = (await scene.read(again)).failure
    assert failure is not None
    assert f"run {run_id:04d} is interrupted, has begun to write" in failure.message
    assert f"resume {run_id}, cancel {run_id} or rollback {run_id}" in failure.hint
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert await scene.work(again) == 0
    assert (await scene.read(again)).counts.unchanged == 10


@pytest.mark.rule(25, "kept until the record is deleted")
async def test_a_deleted_run_leaves_nothing(scene: Scene, tmp_path: Path) -> None:
    run_id = await scene.export(tmp_path / "package", rate=SLOW)
    await cut_short(scene, run_id)
    await control.delete(scene.home, run_id)
    assert partials(tmp_path) == []
    assert not scene.home.run(run_id).path.exists()
    with pytest.raises(RunNotFound):
        await scene.read(run_id)
    assert await scene.copy() == run_id + 1


async def test_the_package_of_a_deleted_export_stays(scene: Scene, tmp_path: Path) -> None:
    run_id = await scene.export(tmp_path / "package")
    assert await scene.work(run_id) == 0
    await control.delete(scene.home, run_id)
    assert (tmp_path / "package/manifest.json").exists()


async def test_a_live_run_is_not_deleted(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    with pytest.raises(Refused, match="is executing"):
        await control.delete(scene.home, run_id)
    await control.ask(scene.home, run_id, Wish.STOP)
    await working
    assert scene.home.run(run_id).undo_log.exists()


async def test_a_run_that_is_just_taken_up_is_not_deleted(scene: Scene, hold: Hold) -> None:
    run_id = await scene.copy()
    hold(scene.home.run(run_id).lock)
    with pytest.raises(Refused, match="has a worker"):
        await control.delete(scene.home, run_id)
    await scene.read(run_id)


async def test_a_run_that_is_being_rolled_back_is_not_deleted(scene: Scene) -> None:
    run_id = await scene.copy()
    await scene.work(run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    with pytest.raises(Refused, match=f"run {rollback_id:04d}, which rolls run {run_id:04d} back"):
        await control.delete(scene.home, run_id)
    await control.ask(scene.home, rollback_id, Wish.CANCEL)
    await control.delete(scene.home, run_id)


async def test_a_folder_that_is_gone_already_is_no_error(scene: Scene) -> None:
    run_id = await scene.copy()
    scene.home.run(run_id).path.rmdir()
    await control.delete(scene.home, run_id)


async def test_a_folder_that_cannot_be_removed_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = await scene.copy()

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(StorageFailed, match=f"cannot remove .*{run_id:04d}: Permission denied"):
        await control.delete(scene.home, run_id)


async def test_requests_race_with_the_end_of_a_run_and_none_stays_open(scene: Scene) -> None:
    for _ in range(5):
        run_id = await scene.copy(count=20)
        working = asyncio.create_task(scene.work(run_id))
        while not working.done():
            with suppress(Refused):
                await control.ask(scene.home, run_id, Wish.RATE, 0)
        assert await working == 0
        statuses = {one.status for one in await scene.controls(run_id)}
        assert ControlStatus.PENDING not in statuses


@pytest.mark.rule(6, "two runs into one target: the second is refused")
async def test_two_runs_into_one_target_at_once(scene: Scene) -> None:
    source, target, other = memory_end(), memory_end(), memory_end()
    for end in (source, other):
        await fill(end)
    first = await scene.create(make_plan(RunKind.COPY, source, target), SLOW)
    working = asyncio.create_task(scene.work(first))
    await scene.until_moving(first)
    second = await scene.create(make_plan(RunKind.COPY, other, target))
    assert await scene.work(second) == 4
    record: RunRecord = await scene.read(second)
    assert record.state is RunState.FAILED
    assert record.failure is not None
    assert record.failure.message == f"run {first:04d} is at work on the collection users of this target"
    assert not record.writes_begun
    await scene.let_go(first)
    assert await working == 0
    assert await scene.work(second) == 0
    assert len(await content(target)) == 30

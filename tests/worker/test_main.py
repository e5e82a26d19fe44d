import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.worker.conftest import Hold
from tests.worker.scene import SLOW, WAIT_SECONDS, Scene, fill, make_plan, memory_end
from tests.worker.test_control import cut_short, partials
from tui_migrate.engine.drive import drive
from tui_migrate.errors import Refused, StorageFailed, Unreachable, UsageError
from tui_migrate.journal.records import ROLL_BACK, ControlStatus, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.model import RunKind
from tui_migrate.stores.base import Block
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import control, launch, main
from tui_migrate.worker.__main__ import read_passwords
from tui_migrate.worker.lock import holder
from tui_migrate.worker.steering import WorkerSteering


async def test_a_run_is_worked_to_its_end(scene: Scene) -> None:
    run_id = await scene.copy()
    assert await scene.work(run_id) == 0
    run = await scene.read(run_id)
    assert (run.state, run.attempt, run.worker_pid, run.failure) == (RunState.COMPLETED, 1, None, None)
    assert run.counts.inserted == 30
    assert holder(scene.home.run(run_id).lock) is None


async def test_what_is_open_is_closed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[MemoryStore] = []

    async def close(store: MemoryStore) -> None:
        closed.append(store)

    monkeypatch.setattr(MemoryStore, "close", close)
    await scene.work(await scene.copy())
    assert len(closed) == 2


async def test_a_run_that_has_ended_is_not_worked_again(scene: Scene) -> None:
    run_id = await scene.copy()
    await scene.work(run_id)
    with pytest.raises(Refused, match="has ended: completed"):
        await scene.work(run_id)
    assert (await scene.read(run_id)).attempt == 1


async def test_a_run_that_another_works_is_left_to_it(scene: Scene, hold: Hold) -> None:
    run_id = await scene.copy()
    process = hold(scene.home.run(run_id).lock)
    with pytest.raises(Refused, match=f"pid {process.pid}"):
        await scene.work(run_id)
    assert (await scene.read(run_id)).attempt == 0


async def test_a_run_that_is_being_rolled_back_is_not_resumed(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    await cut_short(scene, run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    for resume in (scene.work(run_id), launch.start(scene.home, run_id, {})):
        with pytest.raises(Refused, match=f"is being rolled back by run {rollback_id:04d}"):
            await resume


@pytest.mark.parametrize("stopped_by", ["signal", "request"])
async def test_a_stopped_run_is_finished_by_the_next_attempt(scene: Scene, stopped_by: str) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    if stopped_by == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        await control.ask(scene.home, run_id, Wish.STOP)
    assert await working == 5
    run = await scene.read(run_id)
    assert (run.state, run.worker_pid, run.counts.inserted) == (RunState.INTERRUPTED, None, 10)
    assert run.failure is not None
    assert (run.failure.code, run.failure.hint) == ("stopped", f"tui-migrate resume {run_id}")
    resumed = asyncio.create_task(scene.work(run_id))
    await scene.until(run_id, lambda one: one.attempt == 2 and one.state is RunState.EXECUTING)
    await scene.let_go(run_id)
    assert await resumed == 0
    run = await scene.read(run_id)
    assert (run.state, run.counts.inserted, run.failure) == (RunState.COMPLETED, 30, None)
    assert "taken up again: attempt 2 goes on where it stopped" in await scene.log(run_id)


async def test_signals_are_as_before_when_the_work_is_done(scene: Scene) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)]
    await scene.work(await scene.copy())
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)] == before


async def test_a_hangup_changes_nothing(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    os.kill(os.getpid(), signal.SIGHUP)
    await scene.let_go(run_id)
    assert await working == 0


async def test_a_pause_keeps_the_worker_and_a_resume_wakes_it(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    await control.ask(scene.home, run_id, Wish.PAUSE)
    await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert not working.done()
    assert holder(scene.home.run(run_id).lock) == os.getpid()
    await control.ask(scene.home, run_id, Wish.RESUME)
    await scene.let_go(run_id)
    assert await working == 0
    run = await scene.read(run_id)
    assert (run.attempt, run.counts.inserted) == (1, 30)


async def test_a_run_that_is_cancelled_to_be_taken_back_is_so_by_its_own_worker(scene: Scene) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until(run_id, lambda one: one.counts.inserted > 0)
    await control.ask(scene.home, run_id, Wish.CANCEL, ROLL_BACK)
    assert await working == RunState.CANCELLED.exit_code
    run = await scene.read(run_id)
    assert (run.state, run.rolled_back_by, run.rollback_asked) == (RunState.ROLLED_BACK, 2, False)
    assert (await scene.read(2)).state is RunState.COMPLETED


async def test_a_cancel_that_was_to_keep_what_was_written_calls_the_rollback_off(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_heard = asyncio.Event()
    real = WorkerSteering.wait_for_resume

    async def wait_until_both_are_heard(steering: WorkerSteering) -> None:
        try:
            await real(steering)
        finally:
            await both_heard.wait()

    monkeypatch.setattr(WorkerSteering, "wait_for_resume", wait_until_both_are_heard)
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    await control.ask(scene.home, run_id, Wish.PAUSE)
    await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    await control.ask(scene.home, run_id, Wish.CANCEL, ROLL_BACK)
    second = await control.ask(scene.home, run_id, Wish.CANCEL)
    answer = await control.answer_to(scene.home, run_id, second, WAIT_SECONDS)
    both_heard.set()
    assert answer.status is ControlStatus.ACCEPTED
    assert await working == RunState.CANCELLED.exit_code
    assert (await scene.read(run_id)).state is RunState.CANCELLED


@pytest.mark.parametrize("is_paused", [False, True])
async def test_a_cancelled_export_takes_its_partial_folder_away(scene: Scene, tmp_path: Path, is_paused: bool) -> None:
    run_id = await scene.export(tmp_path / "package", rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until(run_id, lambda one: one.counts.inserted > 0)
    if is_paused:
        await control.ask(scene.home, run_id, Wish.PAUSE)
        await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert len(partials(tmp_path)) == 1
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert await working == 130
    assert (await scene.read(run_id)).state is RunState.CANCELLED
    assert partials(tmp_path) == []
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_request_at_the_last_moment_is_answered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, is_heard: bool
) -> None:
    run_id = await scene.copy()
    real = drive

    async def drive_and_ask(*values: object) -> RunState:
        state = await real(*values)  # type: ignore[arg-type] # passed through as they came
        await control.ask(scene.home, run_id, Wish.CANCEL)
        while is_heard and (await scene.controls(run_id))[0].status is not ControlStatus.ACCEPTED:
            await asyncio.sleep(0.01)
        return state

    monkeypatch.setattr("tui_migrate.worker.main.drive", drive_and_ask)
    assert await scene.work(run_id) == 0
    (control_,) = await scene.controls(run_id)
    assert control_.status is ControlStatus.REFUSED
    assert "completed" in control_.answer


async def test_the_heart_beats_and_the_journal_is_tidied_while_nothing_else_happens(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "BEAT_SECONDS", 0.005)
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)
    await control.ask(scene.home, run_id, Wish.PAUSE)
    paused = await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert paused.last_heard_at is not None
    heard = paused.last_heard_at
    tidied = scene.home.journal.stat().st_mtime_ns
    await scene.until(run_id, lambda one: (one.last_heard_at or 0) > heard)
    await scene.until(run_id, lambda _: scene.home.journal.stat().st_mtime_ns > tidied)
    await control.ask(scene.home, run_id, Wish.STOP)
    assert await working == 5


async def test_a_run_that_nobody_can_steer_any_more_fails_and_does_not_hang(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await scene.copy(rate=SLOW)
    working = asyncio.create_task(scene.work(run_id))
    await scene.until_moving(run_id)

    async def fail(journal: JournalWriter, run_id: int) -> None:
        raise StorageFailed("the disk is gone")

    monkeypatch.setattr(main, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(JournalWriter, "beat", fail)
    async with asyncio.timeout(60):
        assert await working == 1
    run = await scene.read(run_id)
    assert run.state is RunState.FAILED
    assert run.failure is not None
    assert run.failure.message == "the disk is gone"


async def broken_read(*_: object, **__: object) -> AsyncGenerator[Block]:
    for url in ("mongodb://anna:hunter2@host/db",):
        raise ValueError(f"odd {url}")
    yield Block([], b"")


async def test_an_error_that_nobody_foresaw_ends_the_run_and_only_the_log_has_its_traceback(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = await scene.copy()
    monkeypatch.setattr(MemoryStore, "read", broken_read)
    with caplog.at_level(logging.INFO):
        assert await scene.work(run_id) == 1
    run = await scene.read(run_id)
    assert run.failure is not None
    assert run.failure.message == "an error that should not be: odd mongodb://anna:***@host/db"
    assert str(scene.home.run(run_id).worker_log) in run.failure.hint
    assert "Traceback" in caplog.text
    assert "broken_read" in caplog.text
    assert "hunter2" not in caplog.text


async def test_a_server_that_does_not_come_back_leaves_a_run_that_can_be_resumed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await scene.copy()
    monkeypatch.setattr("tui_migrate.engine.drive.FIRST_WAIT", 0.0)

    async def away(store: MemoryStore, collection: str, documents: list[bytes], **_: bool) -> tuple[()]:
        raise Unreachable("mongodb://anna:hunter2@host does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "insert", away)
        assert await scene.work(run_id) == 5
    run = await scene.read(run_id)
    assert run.state is RunState.INTERRUPTED
    assert run.failure is not None
    assert run.failure.hint == f"tui-migrate resume {run_id}"
    assert "hunter2" not in run.failure.message
    assert await scene.work(run_id) == 0


async def test_what_the_checks_refuse_leaves_no_claim(scene: Scene) -> None:
    target = memory_end()
    source = memory_end()
    run_id = await scene.create(make_plan(RunKind.COPY, source, target))
    assert await scene.work(run_id) == 4
    run = await scene.read(run_id)
    assert (run.state, run.stage, run.writes_begun) == (RunState.FAILED, Stage.VALIDATE, False)
    await fill(source)
    assert await scene.work(await scene.create(make_plan(RunKind.COPY, source, target))) == 0


@pytest.mark.parametrize(
    ("line", "passwords"),
    [("", {}), ("\n", {}), ("{}\n", {}), ('{"prod/shop": "p\\u00e4ss"}\n', {"prod/shop": "päss"})],
)
def test_passwords_are_one_line_of_json(line: str, passwords: dict[str, str]) -> None:
    assert read_passwords(line) == passwords


@pytest.mark.parametrize("line", ["hunter2\n", '["hunter2"]\n', '{"a": 1, "b": "hunter2"}\n', '"hunter2"'])
def test_another_line_is_refused_without_a_word_of_it(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_passwords(line)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__cause__ is None


def test_a_home_is_a_value(tmp_path: Path) -> None:
    assert Home.find(tmp_path) == Home.find(tmp_path)

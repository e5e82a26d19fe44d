import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.worker.scene import make_plan, memory_end
from tui_migrate.engine.lanes import Lanes
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import JournalBusy, StorageFailed
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Control, ControlStatus, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.plan.model import RunKind, Verify
from tui_migrate.worker import steering as module
from tui_migrate.worker.pace import Pace
from tui_migrate.worker.steering import WorkerSteering

RUN = 1


@dataclass
class Ear:
    """A worker's steering that listens, and the journal through which it is asked."""

    journal: JournalWriter
    reader: JournalReader
    pace: Pace
    lanes: Lanes
    steering: WorkerSteering

    async def ask(self, wish: Wish, value: int = 0) -> Control:
        """File a request and wait for its answer."""
        filed = await self.journal.file_control(RUN, wish, value, "anna", RunState.EXECUTING)
        async with asyncio.timeout(30):
            while True:
                control = next(one for one in await self.reader.controls(RUN) if one.id == filed)
                if control.status is not ControlStatus.PENDING:
                    return control
                await asyncio.sleep(0.005)

    async def is_held(self, waiting: "asyncio.Task[None]") -> bool:
        """Say whether a task still waits when everything else has had its turn."""
        for _ in range(20):
            await asyncio.sleep(0)
        return not waiting.done()


@pytest.fixture
async def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ear]:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.005)
    path = tmp_path / "journal.db"
    await (await JournalWriter.open(path)).close()
    async with open_both(path) as (journal, reader):
        await journal.create_run(make_plan(RunKind.COPY, memory_end(), memory_end()), "anna")
        await journal.begin_attempt(RUN, 1, "host", RunState.VALIDATING)
        pace, lanes = Pace(), Lanes()
        found = Ear(journal, reader, pace, lanes, WorkerSteering(RUN, journal, reader, pace, lanes))
        listening = asyncio.create_task(found.steering.listen())
        yield found
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening


async def wish_at_gate(steering: WorkerSteering, documents: int = 0) -> Wish | None:
    try:
        await steering.gate(documents)
    except Steered as asked:
        return asked.wish
    return None


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.STOP, Wish.CANCEL])
async def test_a_wish_is_felt_at_the_next_gate_and_answered(ear: Ear, wish: Wish) -> None:
    assert await wish_at_gate(ear.steering) is None
    assert (await ear.ask(wish)).status is ControlStatus.ACCEPTED
    assert await wish_at_gate(ear.steering) is wish
    assert [one.message for one in await ear.reader.events(RUN)] == [f"{wish} asked by anna"]


async def test_a_paused_run_goes_on_when_it_is_resumed(ear: Ear) -> None:
    await ear.ask(Wish.PAUSE)
    waiting = asyncio.create_task(ear.steering.wait_for_resume())
    assert await ear.is_held(waiting)
    await ear.ask(Wish.RATE, 5)
    assert await ear.is_held(waiting)
    await ear.ask(Wish.RESUME)
    await waiting
    assert await wish_at_gate(ear.steering) is None


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.CANCEL])
async def test_a_paused_run_can_be_ended(ear: Ear, wish: Wish) -> None:
    await ear.ask(Wish.PAUSE)
    waiting = asyncio.create_task(ear.steering.wait_for_resume())
    await ear.ask(wish)
    with pytest.raises(Steered) as caught:
        await waiting
    assert caught.value.wish is wish


async def test_an_end_is_not_called_off_but_a_stop_can_become_a_cancel(ear: Ear) -> None:
    await ear.ask(Wish.STOP)
    refused = [await ear.ask(wish) for wish in (Wish.PAUSE, Wish.RESUME, Wish.STOP)]
    assert {(one.status, one.answer) for one in refused} == {(ControlStatus.REFUSED, "the run is ending")}
    assert await wish_at_gate(ear.steering) is Wish.STOP
    assert (await ear.ask(Wish.CANCEL)).status is ControlStatus.ACCEPTED
    assert await wish_at_gate(ear.steering) is Wish.CANCEL


async def test_a_signal_to_end_does_not_undo_a_cancel(ear: Ear) -> None:
    await ear.ask(Wish.CANCEL)
    ear.steering.stop()
    assert await wish_at_gate(ear.steering) is Wish.CANCEL


async def test_a_signal_ends_a_pause(ear: Ear) -> None:
    await ear.ask(Wish.PAUSE)
    ear.steering.stop()
    assert await wish_at_gate(ear.steering) is Wish.STOP


@pytest.mark.parametrize("rate", [0, 1_000_000])
async def test_another_rate_frees_a_run_that_waits_for_the_old_one(ear: Ear, rate: int) -> None:
    await ear.ask(Wish.RATE, 1)
    await ear.steering.gate(10_000)
    waiting = asyncio.create_task(ear.steering.gate(10))
    assert await ear.is_held(waiting)
    await ear.ask(Wish.RATE, rate)
    async with asyncio.timeout(30):
        await waiting
    assert (await ear.reader.run(RUN)).rate_limit == rate
    said = "rate set to no limit by anna" if rate == 0 else f"rate set to {rate:,} by anna"
    assert (await ear.reader.events(RUN))[-1].message == said


async def test_a_slower_rate_frees_for_one_batch_and_holds_the_next(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ear.pace, "_clock", lambda: 100.0)
    ear.pace.change(2)
    await ear.steering.gate(10_000)
    await ear.ask(Wish.RATE, 1)
    await ear.steering.gate(10)
    assert ear.pace.left() == 10


async def test_a_number_at_once_holds_at_once_and_frees_nobody_who_waits(ear: Ear) -> None:
    await ear.ask(Wish.PAUSE)
    assert (await ear.ask(Wish.PARALLEL, 3)).status is ControlStatus.ACCEPTED
    assert (ear.lanes.wanted, (await ear.reader.run(RUN)).parallel) == (3, 3)
    assert await wish_at_gate(ear.steering) is Wish.PAUSE
    assert (await ear.reader.events(RUN))[-1].message == "collections verified at once set to 3 by anna"


async def test_a_number_at_once_that_the_plan_does_not_allow_is_refused_with_the_reason(ear: Ear) -> None:
    ear.lanes.heed(replace(make_plan(RunKind.COPY, memory_end(), memory_end()), verify=Verify.NONE))
    refused = await ear.ask(Wish.PARALLEL, 3)
    assert (refused.status, refused.answer) == (ControlStatus.REFUSED, "this run verifies nothing")
    assert (ear.lanes.wanted, (await ear.reader.run(RUN)).parallel) == (1, 1)


async def test_settings_stand_beside_each_other_and_take_the_place_of_their_own_kind(ear: Ear) -> None:
    for wish, value in ((Wish.PARALLEL, 2), (Wish.RATE, 5), (Wish.PAUSE, 0), (Wish.PARALLEL, 4)):
        await ear.journal.file_control(RUN, wish, value, "anna", RunState.EXECUTING)
    statuses = [one.status for one in await ear.reader.controls(RUN)]
    assert statuses[0] in (ControlStatus.SUPERSEDED, ControlStatus.ACCEPTED)
    assert ControlStatus.SUPERSEDED not in statuses[1:]
    async with asyncio.timeout(30):
        while ear.lanes.wanted != 4:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.STOP, Wish.CANCEL])
async def test_a_wish_is_felt_while_waiting_for_the_rate(ear: Ear, wish: Wish) -> None:
    ear.pace.change(1)
    await ear.steering.gate(10_000)
    waiting = asyncio.create_task(wish_at_gate(ear.steering, 10))
    await ear.ask(wish)
    async with asyncio.timeout(30):
        assert await waiting is wish


async def test_looking_at_the_gate_costs_no_time(ear: Ear) -> None:
    ear.pace.change(1)
    await ear.steering.gate(10_000)
    async with asyncio.timeout(30):
        await ear.steering.gate(0)


@pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.STOP, Wish.CANCEL])
async def test_a_wait_ends_when_somebody_wants_something(ear: Ear, wish: Wish) -> None:
    waiting = asyncio.create_task(ear.steering.wait(3_600))
    assert await ear.is_held(waiting)
    await ear.ask(Wish.RATE, 5)
    assert await ear.is_held(waiting)
    await ear.ask(wish)
    with pytest.raises(Steered):
        await waiting


async def test_a_wait_that_nobody_disturbs_is_over_in_time(ear: Ear) -> None:
    async with asyncio.timeout(30):
        await ear.steering.wait(0.01)
        await ear.steering.wait(0)


@pytest.mark.parametrize(
    ("wish", "state", "status"),
    [
        (Wish.CANCEL, RunState.CANCELLED, ControlStatus.ACCEPTED),
        (Wish.STOP, RunState.INTERRUPTED, ControlStatus.ACCEPTED),
        (Wish.CANCEL, RunState.COMPLETED, ControlStatus.REFUSED),
        (Wish.PAUSE, RunState.COMPLETED_WITH_FINDINGS, ControlStatus.REFUSED),
        (Wish.STOP, RunState.FAILED, ControlStatus.REFUSED),
    ],
)
async def test_a_wish_that_came_too_late_is_said_to_have(
    ear: Ear, wish: Wish, state: RunState, status: ControlStatus
) -> None:
    await ear.ask(wish)
    await ear.steering.conclude(state)
    (control,) = await ear.reader.controls(RUN)
    assert control.status is status
    assert control.answer == ("" if status is ControlStatus.ACCEPTED else f"too late: the run is {state}")


@pytest.mark.parametrize(("wish", "state"), [(Wish.CANCEL, RunState.CANCELLED), (Wish.STOP, RunState.INTERRUPTED)])
async def test_a_wish_that_was_heeded_before_it_could_be_answered_is_accepted(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, wish: Wish, state: RunState
) -> None:
    waiting = asyncio.create_task(ear.steering.wait(3_600))
    with monkeypatch.context() as patch:

        async def answer(*_: object) -> None:
            raise JournalBusy("the journal is busy")

        patch.setattr(ear.journal, "answer_control", answer)
        filed = await ear.journal.file_control(RUN, wish, 0, "anna", RunState.EXECUTING)
        with pytest.raises(Steered):
            await waiting
    await ear.steering.conclude(state)
    await ear.journal.end_attempt(RUN, state, None)
    (control,) = await ear.reader.controls(RUN)
    assert (control.id, control.status) == (filed, ControlStatus.ACCEPTED)


async def test_a_pause_that_was_heeded_and_resumed_is_not_too_late(ear: Ear) -> None:
    await ear.ask(Wish.PAUSE)
    await ear.ask(Wish.RESUME)
    await ear.steering.conclude(RunState.COMPLETED)
    assert {one.status for one in await ear.reader.controls(RUN)} == {ControlStatus.ACCEPTED}


@pytest.mark.parametrize("method", ["answer_control", "add_event", "set_rate_limit", "set_parallel"])
@pytest.mark.parametrize("wish", [Wish.STOP, Wish.RATE, Wish.PARALLEL])
async def test_a_busy_journal_does_not_make_the_worker_deaf(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, method: str, wish: Wish
) -> None:
    real, failures = getattr(ear.journal, method), [JournalBusy("held")]

    async def busy(*values: object) -> None:
        if failures:
            raise failures.pop()
        await real(*values)

    monkeypatch.setattr(ear.journal, method, busy)
    assert (await ear.ask(wish, 7)).status is ControlStatus.ACCEPTED
    assert await wish_at_gate(ear.steering) is (Wish.STOP if wish is Wish.STOP else None)


async def test_another_fault_of_the_journal_is_raised(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> int:
        raise StorageFailed("full")

    monkeypatch.setattr(ear.reader, "data_version", fail)
    with pytest.raises(StorageFailed):
        await ear.steering.listen()

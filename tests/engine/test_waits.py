"""What the pipeline waits for, and which of that is said to hold a run up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import bson
import pytest

from tests.engine.scene import Scene
from tui_migrate.engine.waits import Lane, Wait, Waits, held_up_by
from tui_migrate.journal.hindrance import Hindrance, last_hindrance
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.worker import hindrance, launch, main
from tui_migrate.worker.steering import WorkerSteering

SOURCE = (Lane.READ, Hindrance.SOURCE)
TARGET = (Lane.WRITE, Hindrance.TARGET)
DISK = (Lane.WRITE, Hindrance.DISK)
LIMIT = (Lane.WRITE, Hindrance.LIMIT)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_wait_within_a_wait_counts_for_the_inner_one_alone() -> None:
    clock = Clock()
    waits = Waits(clock)
    with waits.on(*TARGET):
        clock.now += 3
        with waits.on(*DISK):
            clock.now += 2
        clock.now += 1
    assert waits.take() == {TARGET: Wait(4.0, 1), DISK: Wait(2.0, 1)}
    assert waits.take() == {}


def test_a_wait_that_has_not_ended_counts_so_far_and_not_twice() -> None:
    clock = Clock()
    waits = Waits(clock)
    with waits.on(*SOURCE):
        clock.now += 30
        assert waits.take() == {SOURCE: Wait(30.0, 0)}
        clock.now += 1
    assert waits.take() == {SOURCE: Wait(1.0, 1)}


async def test_what_waits_at_the_same_time_is_told_apart_by_its_task() -> None:
    clock = Clock()
    waits = Waits(clock)
    inside = asyncio.Event()

    async def write() -> None:
        with waits.on(*TARGET):
            inside.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def items() -> AsyncIterator[int]:
        await inside.wait()
        clock.now += 5
        yield 1

    async def read() -> None:
        reading = items()
        assert await waits.next_of(reading, *SOURCE) == 1
        assert await waits.next_of(reading, *SOURCE) is None

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        group.create_task(write())
    taken = waits.take()
    assert (taken[SOURCE].times, taken[TARGET].times) == (2, 1)
    assert taken[SOURCE].seconds == 5.0


def test_what_fails_is_counted_too() -> None:
    waits = Waits(Clock())
    with pytest.raises(ValueError, match="no"), waits.on(*SOURCE):
        raise ValueError("no")
    assert waits.take()[SOURCE].times == 1


@pytest.mark.parametrize(
    ("waited", "round_trips", "said"),
    [
        ({}, {}, (None, 0.0)),
        ({SOURCE: Wait(4.9, 5)}, {}, (None, 0.0)),
        ({SOURCE: Wait(9.0, 5), TARGET: Wait(6.0, 5)}, {}, (Hindrance.SOURCE, 0.9)),
        ({SOURCE: Wait(6.0, 5), TARGET: Wait(4.0, 5), DISK: Wait(5.0, 9)}, {}, (Hindrance.DISK, 0.5)),
        ({LIMIT: Wait(8.0, 3), TARGET: Wait(1.0, 3)}, {}, (Hindrance.LIMIT, 0.8)),
        ({SOURCE: Wait(9.0, 90)}, {Hindrance.SOURCE: 0.08}, (Hindrance.NETWORK, 0.9)),
        ({SOURCE: Wait(9.0, 90)}, {Hindrance.SOURCE: 0.01}, (Hindrance.SOURCE, 0.9)),
        ({SOURCE: Wait(9.0, 90)}, {Hindrance.TARGET: 0.08}, (Hindrance.SOURCE, 0.9)),
    ],
)
def test_the_busiest_task_is_what_holds_a_run_up(
    waited: dict[tuple[Lane, Hindrance], Wait],
    round_trips: dict[Hindrance, float],
    said: tuple[Hindrance | None, float],
) -> None:
    assert held_up_by(waited, 10.0, round_trips) == said


async def test_a_run_says_in_its_log_that_it_keeps_to_its_limit(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    real = WorkerSteering._wait_for_change

    async def wait_for_change(steering: WorkerSteering, seconds: float) -> None:
        clock.now += hindrance.WINDOW_SECONDS  # no other wait takes any time, however slow the machine is
        await real(steering, seconds)

    monkeypatch.setattr(WorkerSteering, "_wait_for_change", wait_for_change)
    monkeypatch.setattr(main, "Waits", lambda: Waits(clock))
    monkeypatch.setattr(main, "Complaint", lambda waits: hindrance.Complaint(waits, clock))
    monkeypatch.setattr(main, "BEAT_SECONDS", 0.05)
    await scene.source.insert("things", [bson.encode({"_id": number}) for number in range(12)])
    run_id = await launch.create_run(scene.home, await scene.plan(Policy.FAIL), rate_limit=20)
    ended = await scene.work(run_id)
    assert ended.record.state is RunState.COMPLETED
    reader = await JournalReader.open(scene.home.journal)
    try:
        said = [one for one in await reader.events(run_id) if one.message.startswith("held up")]
    finally:
        await reader.close()
    assert [one.message.partition(":")[0] for one in said] == ["held up by the rate limit"]
    last = last_hindrance(said)
    assert last is not None
    assert last.by is Hindrance.LIMIT

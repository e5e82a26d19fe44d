import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.engine.crashing import Trap, trapped
from tests.engine.scene import Scene, documents, put
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.engine.steering import Steered
from tui_migrate.engine.time_limit import TimeLimit
from tui_migrate.engine.transfer import Transfer
from tui_migrate.errors import TimedOut
from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import PackageEnd, Plan, RunKind
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker.steering import WorkerSteering

DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(1, 8))
NEARLY = 0.99
"""Seconds of one that are spent before a test begins to wait."""

LONG = 3_600.25
"""Seconds that no test takes."""

TURNS = 50


def limit(timeout: int = 0, stage_timeout: int = 0, **spent: float) -> TimeLimit:
    """A limit of which some is used up already, by stage."""
    plan = Plan(RunKind.COPY, PackageEnd("a"), PackageEnd("b"), (), timeout=timeout, stage_timeout=stage_timeout)
    made = TimeLimit(7, plan)
    made._spent.update({Stage(name): seconds for name, seconds in spent.items()})
    return made


async def test_a_stage_that_takes_too_long_is_cancelled_and_named() -> None:
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimedOut) as said:
        async with limit(stage_timeout=1, execute=NEARLY).spent_on(Stage.EXECUTE):
            await hang()
    assert cancelled.is_set()
    assert said.value.code == "timed_out"
    assert "the stage execute has worked for 1 s" in said.value.message
    assert "tui-migrate resume 7" in said.value.hint


async def test_work_that_goes_on_to_its_end_though_it_was_cancelled_has_timed_out_all_the_same() -> None:
    async def swallow() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    with pytest.raises(TimedOut, match="the stage execute has worked for 1 s"):
        async with limit(stage_timeout=1, execute=NEARLY).spent_on(Stage.EXECUTE):
            await swallow()


async def test_the_run_s_time_is_the_sum_of_its_stages() -> None:
    with pytest.raises(TimedOut, match=r"the run has worked for 100 s and was in the stage verify"):
        async with asyncio.timeout(30), limit(timeout=100, prepare=50.0, execute=49.99).spent_on(Stage.VERIFY):
            await asyncio.Event().wait()


async def test_a_stage_is_not_charged_for_the_others() -> None:
    async with limit(stage_timeout=1, prepare=5.0, execute=5.0).spent_on(Stage.VERIFY):
        await asyncio.sleep(0)


async def test_what_is_spent_in_one_stage_over_several_tries_adds_up() -> None:
    one = limit(stage_timeout=1, execute=NEARLY)
    with pytest.raises(TimedOut):
        async with one.spent_on(Stage.EXECUTE):
            await asyncio.Event().wait()
    with pytest.raises(TimedOut):
        async with one.spent_on(Stage.EXECUTE):
            await asyncio.sleep(0)


@pytest.mark.parametrize("is_stage", [True, False])
async def test_the_limit_that_is_reached_first_is_the_one_that_is_named(is_stage: bool) -> None:
    one = limit(timeout=100, stage_timeout=1, execute=NEARLY) if is_stage else limit(1, 100, execute=NEARLY)
    with pytest.raises(TimedOut, match="each stage" if is_stage else "allows the run"):
        async with one.spent_on(Stage.EXECUTE):
            await asyncio.Event().wait()


async def test_without_a_limit_nothing_is_limited_and_another_s_timeout_is_its_own() -> None:
    async with limit().spent_on(Stage.EXECUTE):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with limit(timeout=100).spent_on(Stage.EXECUTE):
            raise TimeoutError


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("of_run", [True, False])
async def test_a_run_that_times_out_in_any_stage_has_failed_and_can_be_resumed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, stage: Stage, of_run: bool
) -> None:
    async def hang(work: Transfer) -> None:
        await asyncio.Event().wait()

    def left(_: TimeLimit, asked: Stage) -> float | None:
        return 0.02 if asked is stage else None

    await put(scene.source, *DOCUMENTS)
    plan = replace(await scene.plan(), timeout=int(of_run), stage_timeout=int(not of_run))
    with monkeypatch.context() as patch:
        patch.setattr(TimeLimit, "_left", left)
        patch.setattr(Transfer, stage.value, hang)
        ended = await scene.run(plan)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.state, ended.record.failure.code) == (1, RunState.FAILED, "timed_out")
    assert stage.value in ended.record.failure.message
    ended = await scene.work(ended.record.id)
    assert (ended.exit_code, ended.record.state) == (0, RunState.COMPLETED)
    assert set(await documents(scene.target)) == set(DOCUMENTS)


async def test_a_batch_that_is_broken_off_in_the_middle_of_its_write_is_counted_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, real_timeout = MemoryStore.insert, asyncio.timeout
    limits: list[asyncio.Timeout] = []

    def timeout(seconds: float | None) -> asyncio.Timeout:
        made = real_timeout(seconds)
        if seconds == LONG:
            limits.append(made)
        return made

    async def insert_and_hang(store: MemoryStore, collection: str, some: list[bytes], **_: bool) -> None:
        await real(store, collection, some)
        limits[-1].reschedule(asyncio.get_running_loop().time())
        await asyncio.Event().wait()

    await put(scene.source, *DOCUMENTS)
    plan = replace(await scene.plan(), stage_timeout=1)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "insert", insert_and_hang)
        patch.setattr(TimeLimit, "_left", lambda *_: LONG)
        patch.setattr(asyncio, "timeout", timeout)
        ended = await scene.run(plan)
    assert ended.record.failure is not None
    assert ended.record.failure.code == "timed_out"
    ended = await scene.work(ended.record.id)
    assert (ended.exit_code, ended.counts.inserted, ended.counts.assumed_ours) == (0, 7, 3)
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert await documents(scene.target) == []


async def test_what_an_operator_takes_for_a_pause_does_not_count(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []
    loop = asyncio.get_running_loop()
    real = loop.time

    async def think(_steering: WorkerSteering) -> None:
        paused.append(LONG)
        for _turn in range(TURNS):  # a limit that counts the pause has the time to strike
            await asyncio.sleep(0)

    monkeypatch.setattr(WorkerSteering, "wait_for_resume", think)
    monkeypatch.setattr(loop, "time", lambda: real() + sum(paused))
    await put(scene.source, *DOCUMENTS)
    plan = replace(await scene.plan(), timeout=600, stage_timeout=600)
    with trapped(Trap(name="batch.after_checkpoint", error=lambda _: Steered(Wish.PAUSE))):
        ended = await scene.run(plan)
    assert len(paused) == 1
    assert (ended.exit_code, ended.record.state) == (0, RunState.COMPLETED)

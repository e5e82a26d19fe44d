"""Runs whose plan wants them taken back when they fail: by their own worker, and resumed when that one is killed."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, new_scene, put, snapshot
from tests.engine.test_rejects import fill_with_bad
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import JournalBusy, Refused, TimedOut, Unreachable
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import OnFailure, Plan, Policy
from tui_migrate.worker import launch, main
from tui_migrate.worker.lock import holder

DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(1, 8))
OLD = doc(int32(3), n=text("old"))


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


async def to_take_back(scene: Scene, policy: Policy = Policy.OVERWRITE) -> Plan:
    return replace(await scene.plan(policy, batch=2), on_failure=OnFailure.ROLLBACK)


async def full(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, OLD)


def failing(error: Callable[[], BaseException], times: int = 2) -> Trap:
    """Let a run fail when it has written some batches."""
    return Trap(name="batch.after_checkpoint", times=times, error=lambda _: error())


async def check_taken_back(scene: Scene, ended: Ended, code: str) -> None:
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.state, ended.record.failure.code) == (1, RunState.ROLLED_BACK, code)
    rollback = await scene.record(ended.record.rolled_back_by)
    assert (rollback.state, rollback.rollback_of, rollback.counts.spared) == (RunState.COMPLETED, ended.record.id, 0)
    for one in (ended.record.id, rollback.id):
        assert holder(scene.home.run(one).lock) is None


async def test_a_run_that_fails_is_taken_back_and_has_failed_all_the_same(scene: Scene) -> None:
    await fill_with_bad(scene)
    before = await snapshot(scene.target)
    ended = await scene.run(await to_take_back(scene))
    await check_taken_back(scene, ended, "write_refused")
    assert await snapshot(scene.target) == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (lambda: RuntimeError("a fault of ours"), "internal"),
        (lambda: JournalBusy("busy", hint="wait"), "journal_busy"),
        (lambda: TimedOut("too long", hint="wait"), "timed_out"),
    ],
)
async def test_whatever_it_fails_of(scene: Scene, error: Callable[[], BaseException], code: str) -> None:
    await full(scene)
    before = await snapshot(scene.target)
    with trapped(failing(error)):
        ended = await scene.run(await to_take_back(scene))
    await check_taken_back(scene, ended, code)
    assert await snapshot(scene.target) == before


class Away(Trap):
    """A server that goes away in the middle of the second batch, and answers nothing but a rollback from then on."""

    def is_due(self, name: str) -> bool:
        self.passed.append(name)
        return name == self.name and self.passed.count(name) >= 2


async def test_a_run_that_is_given_up_because_a_server_stays_away_is_taken_back_too(scene: Scene) -> None:
    await full(scene)
    before = await snapshot(scene.target)
    with trapped(Away(name="batch.before_checkpoint", error=lambda _: Unreachable("away", hint="wait"))):
        ended = await scene.run(await to_take_back(scene))
    await check_taken_back(scene, ended, "unreachable")
    assert await snapshot(scene.target) == before


async def test_a_run_that_is_to_be_left_as_it_is_stays_so(scene: Scene) -> None:
    await full(scene)
    with trapped(failing(lambda: RuntimeError("a fault of ours"))):
        ended = await scene.run(await scene.plan(batch=2))
    assert (ended.record.state, ended.record.rolled_back_by) == (RunState.FAILED, 0)
    assert len(await documents(scene.target)) > 1
    assert (await scene.work(ended.record.id)).exit_code == 0


async def test_a_run_that_has_written_nothing_needs_no_rollback(scene: Scene) -> None:
    await full(scene)
    ended = await scene.run(await to_take_back(scene, Policy.FAIL))
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    await no_other_run(scene)


@pytest.mark.parametrize(("wish", "state"), [(Wish.STOP, RunState.INTERRUPTED), (Wish.CANCEL, RunState.CANCELLED)])
async def test_a_run_that_is_stopped_by_its_operator_has_not_failed(scene: Scene, wish: Wish, state: RunState) -> None:
    await full(scene)
    with trapped(failing(lambda: Steered(wish))):
        ended = await scene.run(await to_take_back(scene))
    assert ended.record.state is state
    await no_other_run(scene)


async def no_other_run(scene: Scene) -> None:
    reader = await JournalReader.open(scene.home.journal)
    try:
        assert await reader.count_runs() == 1
    finally:
        await reader.close()


@pytest.mark.parametrize(
    "place",
    [
        "rollback.before_checkpoint",
        "rollback.after_checkpoint",
        "rollback.after_documents",
        "before change",
        "after change",
    ],
)
async def test_a_rollback_of_a_failed_run_that_is_killed_is_resumed(scene: Scene, place: str) -> None:
    await full(scene)
    before = await snapshot(scene.target)
    run_id = await launch.create_run(scene.home, await to_take_back(scene))
    real = launch.create_rollback_run
    trap = Trap(name=place)

    async def create_and_arm(*arguments: object) -> int:
        trap.passed.clear()
        return await real(*arguments)  # type: ignore[arg-type] # handed on as they are

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "create_rollback_run", create_and_arm)
        fault = failing(lambda: RuntimeError("a fault of ours"))
        with trapped(_both(fault, trap)), pytest.raises(Crash):
            await scene.work(run_id)
    with pytest.raises(Refused, match="is being rolled back by run 0002"):
        await scene.work(run_id)
    assert (await scene.work(2)).exit_code == 0
    assert (await scene.record(run_id)).state is RunState.ROLLED_BACK
    assert await snapshot(scene.target) == before


class _both(Trap):
    """Two traps in one place; the second is armed when the first has sprung."""

    def __init__(self, first: Trap, second: Trap) -> None:
        super().__init__()
        self._first, self._second = first, second
        self._sprung = False

    def __call__(self, name: str) -> None:
        if self._sprung:
            self._second(name)
        elif self._first.is_due(name):
            self._sprung = True
            raise self._first.error(name)


async def test_whoever_dies_between_the_failure_and_its_record_leaves_a_rollback_to_resume(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise Crash

    await full(scene)
    before = await snapshot(scene.target)
    run_id = await launch.create_run(scene.home, await to_take_back(scene))
    with monkeypatch.context() as patch, trapped(failing(lambda: RuntimeError("a fault of ours"))):
        patch.setattr("tui_migrate.journal.writer.JournalWriter.end_attempt", die)
        with pytest.raises(Crash):
            await scene.work(run_id)
    assert (await scene.work(2)).exit_code == 0
    assert (await scene.record(run_id)).state is RunState.ROLLED_BACK
    assert await snapshot(scene.target) == before


async def test_a_rollback_that_cannot_be_made_leaves_the_run_failed_and_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> int:
        raise JournalBusy("the journal is held", hint="wait")

    monkeypatch.setattr(main, "create_rollback_run", busy)
    await full(scene)
    with trapped(failing(lambda: RuntimeError("a fault of ours"))):
        ended = await scene.run(await to_take_back(scene))
    assert (ended.exit_code, ended.record.state) == (1, RunState.FAILED)
    reader = await JournalReader.open(scene.home.journal)
    try:
        said = [one.message for one in await reader.last_events(ended.record.id, 5)]
    finally:
        await reader.close()
    assert "the run failed and could not be taken back: the journal is held" in said


async def test_later_edits_of_others_are_spared_by_it_too(scene: Scene) -> None:
    async def meddle_and_fail() -> None:
        await put(scene.target, doc(int32(99)))

    await full(scene)
    plan = await to_take_back(scene)
    await meddle_and_fail()
    with trapped(failing(lambda: RuntimeError("a fault of ours"))):
        ended = await scene.run(plan)
    await check_taken_back(scene, ended, "internal")
    assert set(await documents(scene.target)) == {OLD, doc(int32(99))}

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tui_migrate.engine import drive as driving
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.drive import CHECK_TRIES, LONGEST_WAIT, TRIES, drive
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import Interrupted, Refused, TuiMigrateError, Unreachable
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, Counts, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import RunFolder
from tui_migrate.plan.model import Plan, PlannedCollection, RunKind, StoreEnd
from tui_migrate.stores.memory import MemoryStore

Fault = TuiMigrateError | Steered


@dataclass
class ScriptedWork:
    """A work that fails as the script of each step says, and keeps what was called."""

    script: dict[str, list[Fault | None]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    progress: Progress | None = None

    async def validate(self) -> None:
        self._step("validate")

    async def prepare(self) -> None:
        self._step("prepare")

    async def execute(self) -> None:
        self._step("execute", counts=True)
        if self.progress is not None:
            await commit(self.progress, self.called.count("execute"))
        self._raise("execute")

    async def verify(self) -> None:
        self._step("verify")

    async def commit(self) -> None:
        self._step("commit")

    async def abandon(self) -> None:
        self.called.append("abandon")

    async def close(self) -> None:
        self.called.append("close")

    def _step(self, name: str, *, counts: bool = False) -> None:
        self.called.append(name)
        if not counts:
            self._raise(name)

    def _raise(self, name: str) -> None:
        left = self.script.get(name, [])
        fault = left.pop(0) if left else None
        if fault is not None:
            raise fault


async def commit(progress: Progress, number: int) -> None:
    await progress.commit_batch(Checkpoint("users", number, b"", b"", 1, 1, b"", Counts(inserted=1)))


@dataclass
class ScriptedSteering:
    """Waits for nothing; `wishes` are raised by the gates in turn, `waits` are the seconds asked for."""

    wishes: list[Wish | None] = field(default_factory=list)
    wishes_in_wait: list[Wish] = field(default_factory=list)
    after_pause: Wish | None = None
    waits: list[float] = field(default_factory=list)
    pauses: int = 0

    def pause(self) -> None:
        self.wishes.insert(0, Wish.PAUSE)

    async def gate(self, documents: int) -> None:
        wish = self.wishes.pop(0) if self.wishes else None
        if wish is not None:
            raise Steered(wish)

    async def wait(self, seconds: float) -> None:
        if seconds:
            self.waits.append(seconds)
            if self.wishes_in_wait:
                raise Steered(self.wishes_in_wait.pop(0))

    async def wait_for_resume(self) -> None:
        self.pauses += 1
        if self.after_pause is not None:
            raise Steered(self.after_pause)


@dataclass
class Scene:
    context: RunContext
    steering: ScriptedSteering
    work: ScriptedWork

    async def drive(self, begun: Stage = Stage.VALIDATE) -> RunState:
        return await drive(self.context, self.work, self.steering, begun)

    async def states(self) -> list[str]:
        rows = await self.context.journal._connection.execute_fetchall(
            "SELECT to_state FROM transitions ORDER BY sequence"
        )
        return [row[0] for row in rows]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    path = tmp_path / "journal.db"
    end = StoreEnd("shop", url="memory://drive/shop")
    plan = Plan(RunKind.COPY, end, end, (PlannedCollection("users"),))
    await (await JournalWriter.open(path)).close()
    async with open_both(path) as (journal, reader):
        run_id = await journal.create_run(plan, "anna")
        await journal.begin_attempt(run_id, 1, "host", RunState.VALIDATING)
        steering = ScriptedSteering()
        context = RunContext(
            run_id=run_id,
            attempt=1,
            plan=plan,
            folder=RunFolder(tmp_path),
            journal=journal,
            reader=reader,
            progress=Progress(journal, run_id),
            steering=steering,
            source=MemoryStore.at(end.url, end.database),
        )
        yield Scene(context, steering, ScriptedWork())


def faults(count: int) -> list[Fault | None]:
    return [Unreachable(f"fault {number}") for number in range(count)]


WHOLE = ["prepare", "execute", "verify", "commit"]


async def test_a_run_goes_through_its_stages(scene: Scene) -> None:
    assert await scene.drive() is RunState.COMPLETED
    assert scene.work.called == ["validate", *WHOLE]
    assert await scene.states() == ["validating", "ready", "preparing", "executing", "verifying", "committing"]
    assert (await scene.context.reader.run(1)).stage is Stage.COMMIT


@pytest.mark.parametrize("begun", [Stage.PREPARE, Stage.EXECUTE, Stage.VERIFY, Stage.COMMIT])
async def test_a_run_that_is_taken_up_is_not_checked_again(scene: Scene, begun: Stage) -> None:
    await scene.context.journal.transition(1, RunState.INTERRUPTED)
    assert await scene.drive(begun) is RunState.COMPLETED
    assert scene.work.called == WHOLE


async def test_what_the_checks_refuse_is_not_prepared(scene: Scene) -> None:
    scene.work.script["validate"] = [Refused("no")]
    with pytest.raises(Refused):
        await scene.drive()
    assert scene.work.called == ["validate"]


async def test_a_server_that_stays_away_at_the_checks_is_soon_said_to_be(scene: Scene) -> None:
    scene.work.script["validate"] = faults(CHECK_TRIES + 1)
    with pytest.raises(Unreachable, match=f"fault {CHECK_TRIES}"):
        await scene.drive()
    assert len(scene.steering.waits) == CHECK_TRIES
    said = [one.message.partition(";")[0] for one in await scene.context.reader.events(1)]
    assert said == [f"fault {one}" for one in range(CHECK_TRIES)]


async def test_a_fault_at_the_checks_that_passes_does_not_fail_the_run(scene: Scene) -> None:
    scene.work.script["validate"] = faults(CHECK_TRIES)
    assert await scene.drive() is RunState.COMPLETED
    assert scene.work.called == ["validate"] * (CHECK_TRIES + 1) + WHOLE


async def test_a_pause_while_the_checks_wait_is_felt_behind_them(scene: Scene) -> None:
    scene.work.script["validate"] = faults(1)
    scene.steering.wishes_in_wait = [Wish.PAUSE]
    scene.steering.wishes = [Wish.PAUSE]
    assert await scene.drive() is RunState.COMPLETED
    assert (scene.work.called[:2], scene.steering.pauses) == (["validate", "validate"], 1)


@pytest.mark.parametrize("step", WHOLE)
async def test_a_fault_that_passes_is_tried_again_from_prepare(scene: Scene, step: str) -> None:
    scene.work.script[step] = faults(2)
    assert await scene.drive() is RunState.COMPLETED
    assert scene.work.called.count("close") == 2
    assert scene.work.called[-len(WHOLE) :] == WHOLE
    assert len(scene.steering.waits) == 2
    said = await scene.context.reader.events(1)
    assert [one.severity for one in said] == ["warning", "warning"]
    assert said[0].message.startswith("fault 0; again in ")


async def test_a_fault_that_does_not_pass_is_given_up(scene: Scene) -> None:
    scene.work.script["execute"] = faults(99)
    with pytest.raises(Interrupted, match=f"given up after {TRIES} tries: fault {TRIES}") as caught:
        await scene.drive()
    assert caught.value.hint == "tui-migrate resume 1"
    waits = scene.steering.waits
    assert len(waits) == TRIES
    assert all(0 < one <= LONGEST_WAIT for one in waits)
    assert all(
        driving.FIRST_WAIT * 2**number / 2 <= min(one * 1.0001, LONGEST_WAIT)
        for number, one in enumerate(waits)
        if driving.FIRST_WAIT * 2**number < LONGEST_WAIT
    )


async def test_a_run_that_comes_further_between_faults_is_never_given_up(scene: Scene) -> None:
    scene.work.progress = scene.context.progress
    scene.work.script["execute"] = faults(5 * TRIES)
    assert await scene.drive() is RunState.COMPLETED
    assert len(scene.steering.waits) == 5 * TRIES
    assert max(scene.steering.waits) <= driving.FIRST_WAIT


@pytest.mark.parametrize("gate", range(4))
async def test_a_pause_closes_what_is_open_and_the_run_goes_on_in_the_same_worker(scene: Scene, gate: int) -> None:
    scene.steering.wishes = [*([None] * gate), Wish.PAUSE]
    assert await scene.drive() is RunState.COMPLETED
    assert scene.steering.pauses == 1
    assert scene.work.called == ["validate", *WHOLE[:gate], "close", *WHOLE]
    states = await scene.states()
    assert states[states.index("paused") + 1] == "preparing"


async def test_a_pause_within_a_stage(scene: Scene) -> None:
    scene.work.script["execute"] = [Steered(Wish.PAUSE)]
    assert await scene.drive() is RunState.COMPLETED
    assert scene.work.called == ["validate", "prepare", "execute", "close", *WHOLE]


async def test_a_pause_while_waiting_for_a_server_does_not_end_the_worker(scene: Scene) -> None:
    scene.work.script["execute"] = faults(1)
    scene.steering.wishes_in_wait = [Wish.PAUSE]
    assert await scene.drive() is RunState.COMPLETED
    assert scene.steering.pauses == 1
    assert "paused" in await scene.states()


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.CANCEL])
@pytest.mark.parametrize("gate", range(4))
async def test_a_wish_to_end_is_felt_before_every_stage(scene: Scene, wish: Wish, gate: int) -> None:
    scene.steering.wishes = [*([None] * gate), wish]
    with pytest.raises(Steered) as caught:
        await scene.drive()
    assert caught.value.wish is wish
    assert scene.work.called == ["validate", *WHOLE[:gate]]


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.CANCEL])
async def test_a_wish_to_end_is_felt_while_waiting_for_a_server_and_in_a_pause(scene: Scene, wish: Wish) -> None:
    scene.work.script["execute"] = faults(1)
    scene.steering.wishes_in_wait = [wish]
    with pytest.raises(Steered):
        await scene.drive()
    scene.steering.wishes = [Wish.PAUSE]
    scene.steering.after_pause = wish
    with pytest.raises(Steered):
        await scene.drive(Stage.EXECUTE)


@pytest.mark.rule(21, "completed is earned")
@pytest.mark.parametrize(
    ("severity", "stage", "state"),
    [
        (Severity.NOTE, Stage.VERIFY, RunState.COMPLETED),
        (Severity.WARNING, Stage.VALIDATE, RunState.COMPLETED),
        (Severity.WARNING, Stage.VERIFY, RunState.COMPLETED_WITH_FINDINGS),
        (Severity.ERROR, Stage.EXECUTE, RunState.COMPLETED_WITH_FINDINGS),
    ],
)
async def test_success_is_earned(scene: Scene, severity: Severity, stage: Stage, state: RunState) -> None:
    await scene.context.journal.add_findings(1, stage, [Finding(severity, "code", "users", "found")])
    assert await scene.drive() is state


async def test_a_run_with_rejects_is_not_just_completed(scene: Scene) -> None:
    await scene.context.progress.add_counts("users", Counts(rejected=1))
    assert await scene.drive() is RunState.COMPLETED_WITH_FINDINGS


async def test_a_driven_run_can_be_cancelled_from_outside(scene: Scene) -> None:
    event = asyncio.Event()

    class Waiting(ScriptedSteering):
        async def wait(self, seconds: float) -> None:
            event.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(drive(scene.context, scene.work, Waiting(), Stage.VALIDATE))
    await event.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

"""Runs at work without a worker: this process holds the lock, and a test writes what a worker would."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from textual.pilot import Pilot

from tests.ui.driving import NOW, copy_plan, know_ends, new_app, new_home, shows, until
from tui_migrate.findings import Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import (
    Checkpoint,
    CollectionState,
    Control,
    ControlStatus,
    Counts,
    Failure,
    RunRecord,
    Wish,
)
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.model import Plan
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.footer import KeyFooter
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.worker.lock import RunLock

SIZE = (80, 24)


@dataclass(slots=True)
class Clock:
    """The time of everybody in the test."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class ActedRun:
    """One run, acted by the test."""

    home: Home
    id: int
    clock: Clock
    write: JournalWriter
    lock: RunLock | None
    batches: int = 0

    async def batch(self, collection: str, counts: Counts, size: int = 0) -> None:
        """Commit a batch."""
        documents = counts.inserted + counts.replaced + counts.unchanged + counts.skipped + counts.rejected
        documents += counts.restored + counts.deleted + counts.spared
        done = Checkpoint(collection, self.batches, b"", b"", documents, size or documents * 100, b"", counts)
        await Progress(self.write, self.id).commit_batch(done)
        self.batches += 1

    async def collection(self, name: str, state: CollectionState) -> None:
        await Progress(self.write, self.id).set_collection(name, state)

    async def say(self, message: str, severity: Severity = Severity.NOTE) -> None:
        await self.write.add_event(self.id, message, severity)

    async def go_to(self, *states: RunState, stage: Stage | None = None) -> None:
        for one in states:
            await self.write.transition(self.id, one)
        if stage is not None:
            await self.write.set_stage(self.id, stage)

    async def end(self, state: RunState, failure: Failure | None = None) -> None:
        """Leave the run as a worker does."""
        await self.write.end_attempt(self.id, state, failure)
        self.die()

    def die(self) -> None:
        """Let the lock go without a word."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None

    async def ask(self, wish: Wish, by: str, value: int = 0) -> int:
        return await self.write.file_control(self.id, wish, value, by, RunState.EXECUTING)

    async def answer(self, status: ControlStatus, answer: str = "") -> Control:
        """Answer the last request."""
        last = (await self.controls())[-1]
        await self.write.answer_control(last, status, answer)
        return last

    async def controls(self) -> Sequence[Control]:
        reader = await JournalReader.open(self.home.journal)
        try:
            return await reader.controls(self.id)
        finally:
            await reader.close()

    async def record(self) -> RunRecord:
        reader = await JournalReader.open(self.home.journal)
        try:
            return await reader.run(self.id)
        finally:
            await reader.close()


@asynccontextmanager
async def acted_run(folder: Path, plan: Plan | None = None, now: float = NOW) -> AsyncIterator[ActedRun]:
    """A run that is executing, eight seconds after its start."""
    home = new_home(folder)
    clock = Clock(now - 8)
    know_ends(home, plan or copy_plan())
    journal = await JournalWriter.open(home.journal, clock)
    run_id = await journal.create_run(plan or copy_plan(), "anna@bastion")
    home.run(run_id).path.mkdir(parents=True)
    run = ActedRun(home, run_id, clock, journal, RunLock.acquire(home.run(run_id).lock))
    try:
        await journal.begin_attempt(run_id, 1, "bastion", RunState.VALIDATING)
        await run.go_to(RunState.READY, RunState.PREPARING, RunState.EXECUTING, stage=Stage.EXECUTE)
        await journal.set_writes_begun(run_id)
        clock.now = now
        await journal.beat(run_id)
        yield run
    finally:
        run.die()
        await journal.close()


@asynccontextmanager
async def watched(run: ActedRun, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilot[None]]:
    """The Run screen over an acted run."""
    app = new_app(run.home, run.clock)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(RunScreen(run.id))
        await until(pilot, shows(pilot, "execute"), "the run")
        yield pilot


@asynccontextmanager
async def scene(folder: Path, plan: Plan | None = None) -> AsyncIterator[tuple[ActedRun, Pilot[None]]]:
    async with AsyncExitStack() as stack:
        run = await stack.enter_async_context(acted_run(folder, plan))
        yield run, await stack.enter_async_context(watched(run))


def said(pilot: Pilot[None]) -> str:
    """What the screen says in sentences, unbroken."""
    return pilot.app.screen.query_one("#status", Prose).words


def keys(pilot: Pilot[None]) -> str:
    return "".join(one.shown for one in pilot.app.screen.query_one(KeyFooter).shown)


async def wishes(run: ActedRun) -> list[tuple[Wish, int, ControlStatus]]:
    return [(one.wish, one.value, one.status) for one in await run.controls()]


async def until_wished(pilot: Pilot[None], run: ActedRun, *expected: tuple[Wish, int]) -> None:
    """Wait until these requests stand in the journal and on the screen."""
    found: list[tuple[Wish, int]] = []
    screen = cast("RunScreen", pilot.app.screen)

    def is_there() -> bool:
        seen = screen._snapshot.controls if screen._snapshot else ()
        found[:] = [(one.wish, one.value) for one in seen]
        return found == list(expected)

    await until(pilot, is_there, f"{expected}, not {found}")

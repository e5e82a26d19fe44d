"""Runs of real plans, in this process on memory stores or in detached workers on servers, and watching them."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bson import encode

from tests.journal.log import lines_of
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Control, RunRecord, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import End, PackageEnd, Plan, PlannedCollection, RunKind, StoreEnd
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import control, launch
from tui_migrate.worker.main import work

DATABASE = "shop"
BATCH = 10
SLOW = 1
"""Documents a second: after its first batch of ten a run waits until somebody wants something."""

WAIT_SECONDS = 90.0


def memory_end(server: str = "") -> StoreEnd:
    """A database of a memory server of its own."""
    return StoreEnd(DATABASE, url=f"memory://{server or uuid.uuid4().hex}/{DATABASE}")


def store(end: StoreEnd) -> MemoryStore:
    return MemoryStore.at(end.url, end.database)


async def fill(end: StoreEnd, collection: str = "users", count: int = 30) -> None:
    documents = [encode({"_id": number, "name": f"user {number}"}) for number in range(count)]
    assert not await store(end).insert(collection, documents)


async def content(end: StoreEnd, collection: str = "users") -> list[bytes]:
    return [one async for block in store(end).read(collection) for one in block.documents]


def make_plan(kind: RunKind, source: End, target: End, *collections: str, batch_documents: int = BATCH) -> Plan:
    planned = tuple(PlannedCollection(one) for one in collections or ("users",))
    return Plan(kind, source, target, planned, batch_documents=batch_documents)


@dataclass(frozen=True, slots=True)
class Scene:
    """A home, and what can be done in it."""

    home: Home

    async def create(self, plan: Plan, rate: int = 0) -> int:
        run_id = await launch.create_run(self.home, plan)
        if rate:
            async with open_both(self.home.journal) as (journal, _):
                await journal.set_rate_limit(run_id, rate)
        return run_id

    async def copy(self, *, rate: int = 0, count: int = 30) -> int:
        """A planned copy between two memory stores."""
        source = memory_end()
        await fill(source, count=count)
        return await self.create(make_plan(RunKind.COPY, source, memory_end()), rate)

    async def export(self, output: Path, *, rate: int = 0) -> int:
        """A planned export of a memory store."""
        source = memory_end()
        await fill(source)
        return await self.create(make_plan(RunKind.EXPORT, source, PackageEnd(str(output))), rate)

    async def work(self, run_id: int) -> int:
        return await work(self.home, run_id, {})

    async def read(self, run_id: int) -> RunRecord:
        """The run as the journal has it."""
        reader = await JournalReader.open(self.home.journal)
        try:
            return await reader.run(run_id)
        finally:
            await reader.close()

    async def log(self, run_id: int) -> list[str]:
        """What the run has said."""
        return await lines_of(self.home, run_id)

    async def seen(self, run_id: int) -> RunRecord:
        """The run as faces see it."""
        reader = await JournalReader.open(self.home.journal)
        try:
            return await control.effective(self.home, reader, await reader.run(run_id))
        finally:
            await reader.close()

    async def controls(self, run_id: int) -> tuple[Control, ...]:
        reader = await JournalReader.open(self.home.journal)
        try:
            return await reader.controls(run_id)
        finally:
            await reader.close()

    async def until(self, run_id: int, condition: Callable[[RunRecord], bool]) -> RunRecord:
        """Wait until the journal says so."""
        reader = await JournalReader.open(self.home.journal)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition(record := await reader.run(run_id)):
                    await asyncio.sleep(0.01)
        finally:
            await reader.close()
        return record

    async def until_moving(self, run_id: int) -> RunRecord:
        """Wait until a run has committed a batch and has not ended."""
        record = await self.until(run_id, lambda one: one.counts.inserted > 0 or not started(one))
        assert record.state is RunState.EXECUTING, record
        return record

    async def until_ended(self, run_id: int) -> RunRecord:
        """Wait until a run has ended and its worker is gone."""
        record = await self.until(run_id, lambda one: not (one.state is RunState.PLANNED or one.state.is_active))
        async with asyncio.timeout(WAIT_SECONDS):
            while control.has_worker(self.home, run_id):
                await asyncio.sleep(0.01)
        return record

    async def let_go(self, run_id: int) -> None:
        """Take the rate limit off a run that is at work."""
        await control.ask(self.home, run_id, Wish.RATE, 0)


def started(record: RunRecord) -> bool:
    return record.state is RunState.PLANNED or record.state.is_active


def without_undo(plan: Plan) -> Plan:
    return replace(plan, undo=False)

"""A journal in a fresh folder, open both ways, with a clock that a test sets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import pytest

from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.plan.model import Plan, PlannedCollection, RunKind, StoreEnd


@dataclass
class Clock:
    now: float = 1_769_860_800.0

    def __call__(self) -> float:
        return self.now


def make_plan(*collections: str, kind: RunKind = RunKind.COPY, rollback_of: int = 0) -> Plan:
    source, target = (StoreEnd("shop", url=f"mongodb://{host}/shop") for host in ("a", "b"))
    planned = tuple(PlannedCollection(one, 5, 500) for one in collections or ("users", "families"))
    return Plan(kind, source, target, planned, rollback_of=rollback_of, undo=not rollback_of)


@dataclass
class Journal:
    """Both ways into one journal, and `rows` for what neither shows."""

    path: Path
    clock: Clock
    write: JournalWriter
    read: JournalReader

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with aiosqlite.connect(self.path) as database:
            return [tuple(row) for row in await database.execute_fetchall(query)]

    async def create(self, *collections: str) -> int:
        return await self.write.create_run(make_plan(*collections), "anna@bastion")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    path, clock = tmp_path / "journal.db", Clock()
    write = await JournalWriter.open(path, clock)
    read = await JournalReader.open(path)
    yield Journal(path, clock, write, read)
    await read.close()
    await write.close()


WORKING = (
    RunState.VALIDATING,
    RunState.READY,
    RunState.PREPARING,
    RunState.EXECUTING,
    RunState.VERIFYING,
    RunState.COMMITTING,
)


async def bring_to(journal: Journal, run_id: int, state: RunState) -> None:
    """Lead a planned run to a state that is worked."""
    for one in WORKING[: WORKING.index(state) + 1]:
        await journal.write.transition(run_id, one)

"""A prepared run that waits for decisions, without any server."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tests.suites.ids import int32, text
from tests.ui.driving import PreparedJournal, copy_plan
from tui_migrate.documents import RawId
from tui_migrate.journal.decisions import decide_conflicts
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, ConflictRecord, ConflictState, Counts, Failure
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy


def conflicts_of(ids: Sequence[RawId], collection: str = "orders") -> list[ConflictRecord]:
    fields = (("level",), ("name", "address.city"), ("",))
    return [
        ConflictRecord(collection, one, b"ours%d" % place, b"theirs%d" % place, fields[place % 3])
        for place, one in enumerate(ids)
    ]


IDS = (int32(1), int32(2), text("名前"), text("[b]7[/]"), int32(5))


async def waiting_run(home: Home, conflicts: Sequence[ConflictRecord], decided: int = 0) -> int:
    """A run that has asked about these, of which the first are decided: kept and replaced by turns."""
    failure = Failure("undecided", f"{len(conflicts)} documents wait for your decision", "tui-migrate conflicts 1", 5)
    plan = replace(copy_plan(), policy=Policy.ASK)
    run_id = await PreparedJournal(home).run(RunState.INTERRUPTED, plan, failure=failure)
    journal = await JournalWriter.open(home.journal, lambda: 0.0)
    try:
        progress, step = Progress(journal, run_id), 1_000
        for number, start in enumerate(range(0, len(conflicts), step), 1):
            done = Checkpoint("orders", number, b"", b"", 0, 0, b"", Counts(), 4_000, 4_000)
            await progress.commit_batch(done, queued=conflicts[start : start + step])
        for number in range(1, decided + 1):
            decision = ConflictState.REPLACE if number % 2 else ConflictState.KEEP
            await decide_conflicts(journal, run_id, decision, "anna@bastion", numbers=[number])
    finally:
        await journal.close()
    return run_id


def prepare_waiting(home: Home, count: int = 0, decided: int = 0) -> None:
    """Let there be one run that waits for decisions about IDS, or about so many documents."""
    ids = [int32(one) for one in range(count)] or IDS
    asyncio.run(waiting_run(home, conflicts_of(ids), decided))

"""A copy between two real servers that is disturbed, and what it has to come to all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.engine.scene import Ended, Snapshot, differences, snapshot
from tests.engine.servers import Pair, half_full, left_by
from tests.engine.worlds import World, expected
from tui_migrate.engine import drive
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts, Event
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.stores.mongodb import reading
from tui_migrate.worker import launch

SMALL = 10
"""Documents in one answer of a server: so few that a cursor has to be asked for more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there was before a copy, and what an undisturbed one leaves."""

    world: World
    before: Snapshot
    after: Snapshot


async def filled(ends: Pair) -> Wanted:
    """Fill both ends, half of the target with the same and with other documents."""
    world = half_full(Policy.OVERWRITE)
    await world.put_into(ends.source, ends.target)
    before = await ends.look()
    return Wanted(world, before, left_by(world, before, await snapshot(ends.source)))


async def planned(ends: Pair) -> int:
    """Record the copy as a run."""
    return await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=SMALL))


@contextmanager
def without_long_waits() -> Iterator[None]:
    """Let nobody wait long before he tries again, and let every cursor be asked for more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drive, "FIRST_WAIT", 0.01)
        patch.setattr(reading, "BATCH_DOCUMENTS", SMALL)
        yield


async def prove_undisturbed(ends: Pair, wanted: Wanted, ended: Ended, *, rolls_back: bool = False) -> None:
    """See that a copy ended as if it had been left alone: target, counts, findings, and its rollback."""
    assert ended.record.failure is None, ended.record.failure
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes - {"assumed_ours"} == {"id_type_differs", "options_differ"}
    assert {one.name: plain(one.counts) for one in ended.record.collections if one.name != "view"} == {
        name: one.counts for name, one in expected(wanted.world).items()
    }
    assert differences(await ends.look(), wanted.after) == []
    if rolls_back:
        undone = await ends.roll_back(ended.record.id)
        assert (undone.exit_code, undone.record.findings) == (0, ())
        assert differences(await ends.look(), wanted.before) == []


def plain(counts: Counts) -> Counts:
    """The counts without what tells of a fault."""
    return Counts(counts.inserted, counts.replaced, counts.unchanged, counts.skipped, counts.rejected)


async def events(ends: Pair, run_id: int) -> tuple[Event, ...]:
    reader = await JournalReader.open(ends.home.journal)
    try:
        return tuple(await reader.events(run_id))
    finally:
        await reader.close()


async def retries(ends: Pair, run_id: int) -> list[str]:
    """What the run's log says of what was tried again."""
    words = ("; again in ", "decided anew", "asked again", "reading on behind")
    return [one.message for one in await events(ends, run_id) if any(word in one.message for word in words)]

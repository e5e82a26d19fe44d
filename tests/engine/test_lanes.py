"""The lanes by themselves: how many pieces of work are under way when somebody changes how many are wanted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.worker.scene import make_plan, memory_end
from tui_migrate.engine import pipeline
from tui_migrate.engine.lanes import Lanes
from tui_migrate.plan.model import MOST_PARALLEL, RunKind, Verify

TURNS = 20
"""After so many turns of the loop everything that can go on has done so."""


class Broken(Exception):
    """Work that went wrong."""


@dataclass
class Site:
    """Work that begins when a lane takes it up and ends when the test says so."""

    lanes: Lanes
    begun: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    ends: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)

    async def work(self, item: int) -> None:
        self.begun.append(item)
        self.ends[item] = asyncio.get_running_loop().create_future()
        try:
            await self.ends[item]
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            del self.ends[item]

    async def all_of(self, count: int) -> None:
        await self.lanes.each(range(count), self.work)

    async def settled(self) -> list[int]:
        """The work that is under way when nothing moves any more."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        return sorted(self.ends)

    async def end(self, *items: int) -> list[int]:
        for one in items:
            self.ends[one].set_result(None)
        return await self.settled()


async def test_one_lane_works_one_after_the_other() -> None:
    site = Site(Lanes())
    running = asyncio.create_task(site.all_of(3))
    assert await site.settled() == [0]
    assert await site.end(0) == [1]
    assert await site.end(1) == [2]
    assert await site.end(2) == []
    await running


async def test_lanes_that_are_opened_begin_at_once_and_those_closed_end_what_they_have_begun() -> None:
    site = Site(Lanes())
    running = asyncio.create_task(site.all_of(9))
    assert await site.settled() == [0]
    site.lanes.change(3)
    assert await site.settled() == [0, 1, 2]
    site.lanes.change(2)
    assert await site.settled() == [0, 1, 2]
    assert await site.end(1) == [0, 2]
    assert await site.end(0) == [2, 3]
    site.lanes.change(1)
    assert await site.end(2) == [3]
    assert await site.end(3) == [4]
    site.lanes.change(99)
    assert await site.settled() == [4, 5, 6, 7, 8]
    await site.end(4, 5, 6, 7, 8)
    await running
    assert site.begun == list(range(9))


async def test_there_are_never_more_than_the_most() -> None:
    site = Site(Lanes(MOST_PARALLEL + 5))
    running = asyncio.create_task(site.all_of(MOST_PARALLEL + 3))
    assert len(await site.settled()) == MOST_PARALLEL
    await site.end(*range(MOST_PARALLEL))
    await site.end(*range(MOST_PARALLEL, MOST_PARALLEL + 3))
    await running


async def test_nothing_to_do_is_done() -> None:
    await Site(Lanes(3)).all_of(0)


async def test_the_first_that_fails_ends_the_others_and_is_raised_as_it_is() -> None:
    site = Site(Lanes(2))
    running = asyncio.create_task(site.all_of(5))
    await site.settled()
    site.ends[1].set_exception(Broken("as it is"))
    with pytest.raises(Broken, match="as it is"):
        await running
    assert (site.begun, site.cancelled) == ([0, 1], [0])


async def test_who_is_cancelled_ends_all_lanes() -> None:
    site = Site(Lanes(2))
    running = asyncio.create_task(site.all_of(5))
    await site.settled()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (site.begun, site.cancelled) == ([0, 1], [0, 1])


async def test_lanes_share_the_bytes_that_they_hold() -> None:
    lanes, held = Lanes(3), 0
    most: list[int] = []

    async def hold(size: int) -> None:
        nonlocal held
        async with lanes.holding(size):
            held += size
            most.append(held)
            await asyncio.sleep(0)
            held -= size

    half = pipeline.BUDGET // 2
    sizes: Sequence[int] = [pipeline.LARGE + 1, pipeline.LARGE + 1, half, half, 2 * pipeline.BUDGET]
    await lanes.each(sizes, hold)
    assert sorted(most)[-1] == 2 * pipeline.BUDGET
    assert sorted(most)[-2] <= pipeline.BUDGET


async def test_what_a_pass_held_that_was_broken_off_is_free_for_the_next() -> None:
    lanes = Lanes()
    left: list[object] = []

    async def leak(size: int) -> None:
        holding = lanes.holding(size)
        left.append(holding)  # which would let go of it with the last that knows it
        await holding.__aenter__()

    async def hold(size: int) -> None:
        async with lanes.holding(size):
            pass

    await lanes.each([pipeline.BUDGET], leak)
    async with asyncio.timeout(30):
        await lanes.each([pipeline.BUDGET], hold)


@pytest.mark.parametrize(
    ("kind", "verify", "said"),
    [
        (RunKind.COPY, Verify.CONTENT, ""),
        (RunKind.COPY, Verify.COUNT, ""),
        (RunKind.COPY, Verify.NONE, "this run verifies nothing"),
        (RunKind.EXPORT, Verify.CONTENT, ""),
        (RunKind.EXPORT, Verify.COUNT, "this run does not read its source again"),
        (RunKind.ROLLBACK, Verify.CONTENT, "a rollback looks at its documents in the order in which they were written"),
    ],
)
def test_a_plan_that_has_nothing_to_verify_at_once_keeps_to_one(kind: RunKind, verify: Verify, said: str) -> None:
    lanes = Lanes(4)
    lanes.heed(replace(make_plan(kind, memory_end(), memory_end()), verify=verify))
    assert (lanes.obstacle, lanes.wanted) == (said, 1 if said else 4)

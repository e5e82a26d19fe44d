"""A line that is cut, stops or trickles after any byte, on either side, changes nothing but the time."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.engine.scene import Ended
from tests.engine.servers import Pair, pair
from tests.faults.proxy import Proxy, Trouble, Way, proxied
from tests.faults.scene import Wanted, filled, planned, prove_undisturbed, retries
from tests.stores.mongodb.conftest import Stage
from tests.suites.documents import index
from tests.waiting import waiting_less_than
from tui_migrate.errors import Unreachable
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import StoreEnd
from tui_migrate.stores.mongodb import MongoStore, client

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_sockets", "quick"),
    # pymongo forgets a socket that is lost while its monitor or its pool makes a new one.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

PATIENCE_MS = 700
SOURCE, TARGET = "source", "target"


@dataclass
class Lines:
    """A pair whose ends are reached by proxies, by which side it is."""

    ends: Pair
    proxies: dict[str, Proxy]
    wanted: Wanted


@pytest.fixture
async def lines(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Lines]:
    ports = [int(url.rpartition(":")[2]) for url in mongodb_pair]
    async with pair(tmp_path, mongodb_pair, database) as ends, proxied(ports[0]) as one, proxied(ports[1]) as two:
        wanted = await filled(ends)
        ends.source_end = by_way_of(one, ends.source_end)
        ends.target_end = by_way_of(two, ends.target_end)
        yield Lines(ends, {SOURCE: one, TARGET: two}, wanted)


def by_way_of(proxy: Proxy, end: StoreEnd) -> StoreEnd:
    return replace(end, url=proxy.url(end.database, PATIENCE_MS))


async def test_a_proxy_that_does_nothing_changes_nothing(lines: Lines) -> None:
    run_id = await planned(lines.ends)
    before = {side: dict(proxy.passed) for side, proxy in lines.proxies.items()}
    ended = await lines.ends.work(run_id)
    for (side, way), least in PASSES.items():
        passed = lines.proxies[side].passed[way] - before[side][way]
        assert least < passed, (side, way, passed)
    await prove_undisturbed(lines.ends, lines.wanted, ended, rolls_back=True)
    assert await retries(lines.ends, ended.record.id) == []


PASSES = {
    (SOURCE, Way.TO_SERVER): 9_000,
    (SOURCE, Way.TO_WORKER): 17_000,
    (TARGET, Way.TO_SERVER): 24_000,
    (TARGET, Way.TO_WORKER): 24_000,
}
"""The bytes of a copy, at least, so that every trouble below is met."""

PLACES = [0.9, 0.4, 0.6, 0.75, *(random.Random(11).random() for _ in range(12))]
"""Where a line has its trouble, in parts of what passes. By 0.4 the checks are done."""


async def worked_through(lines: Lines, side: str, way: Way, trouble: Trouble, place: float) -> Ended:
    """Work a copy whose line has a trouble, for as long as it takes to end."""
    run_id = await planned(lines.ends)
    lines.proxies[side].arm(trouble, way, int(place * PASSES[side, way]) + 1)
    ended = await lines.ends.work(run_id)
    assert lines.proxies[side].met == 1
    if ended.record.state is not RunState.COMPLETED_WITH_FINDINGS:
        # The checks are tried twice only: a line that was cut and the next one too is said.
        assert ended.record.state in (RunState.FAILED, RunState.INTERRUPTED)
        assert ended.exit_code in (1, 5)
        assert ended.record.failure is not None
        assert "127.0.0.1" in ended.record.failure.message
        assert ended.record.failure.hint
        ended = await lines.ends.work(run_id)
    return ended


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("side", [SOURCE, TARGET])
async def test_a_line_that_is_cut(lines: Lines, side: str, place: int) -> None:
    way = (Way.TO_WORKER, Way.TO_SERVER)[place % 2]
    ended = await worked_through(lines, side, way, Trouble.CUT, PLACES[place])
    await prove_undisturbed(lines.ends, lines.wanted, ended, rolls_back=place == 0)
    assert await retries(lines.ends, ended.record.id)


@pytest.mark.parametrize("place", range(2))
@pytest.mark.parametrize("side", [SOURCE, TARGET])
async def test_a_line_on_which_nothing_moves_any_more(lines: Lines, side: str, place: int) -> None:
    way = (Way.TO_WORKER, Way.TO_SERVER)[place % 2]
    with waiting_less_than(30 * PATIENCE_MS / 1_000):
        ended = await worked_through(lines, side, way, Trouble.STALL, PLACES[place])
    await prove_undisturbed(lines.ends, lines.wanted, ended)
    assert await retries(lines.ends, ended.record.id)


@pytest.mark.parametrize("side", [SOURCE, TARGET])
async def test_a_line_that_trickles_is_waited_for(lines: Lines, side: str) -> None:
    lines.proxies[side].pause = 0.001
    ended = await worked_through(lines, side, Way.TO_WORKER, Trouble.TRICKLE, PLACES[1])
    await prove_undisturbed(lines.ends, lines.wanted, ended)
    assert await retries(lines.ends, ended.record.id) == []


@pytest.mark.crash_full
@pytest.mark.parametrize("place", range(len(PLACES)))
@pytest.mark.parametrize("trouble", [Trouble.CUT, Trouble.STALL])
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("side", [SOURCE, TARGET])
async def test_any_line_anywhere(lines: Lines, side: str, way: Way, trouble: Trouble, place: int) -> None:
    ended = await worked_through(lines, side, way, trouble, PLACES[place])
    await prove_undisturbed(lines.ends, lines.wanted, ended, rolls_back=True)


@pytest.mark.crash_full
@pytest.mark.parametrize("side", [SOURCE, TARGET])
async def test_lines_that_are_cut_again_and_again_leave_a_run_to_resume(lines: Lines, side: str) -> None:
    run_id = await planned(lines.ends)
    proxy = lines.proxies[side]
    begin = int(PASSES[side, Way.TO_WORKER] * 0.5)
    for number in range(200):
        proxy.arm(Trouble.CUT, Way.TO_WORKER, begin + number * 3_000)
    ended = await lines.ends.work(run_id)
    proxy.disarm()
    assert proxy.met > 1
    if ended.record.state is not RunState.COMPLETED_WITH_FINDINGS:
        assert ended.record.state in (RunState.FAILED, RunState.INTERRUPTED)
        ended = await lines.ends.work(run_id)
    await prove_undisturbed(lines.ends, lines.wanted, ended, rolls_back=True)


async def test_a_cancelled_task_is_not_held_by_a_line_on_which_nothing_moves(lines: Lines) -> None:
    run_id = await planned(lines.ends)
    lines.proxies[TARGET].arm(Trouble.STALL, Way.TO_WORKER, PASSES[TARGET, Way.TO_WORKER] // 2)
    working = asyncio.create_task(lines.ends.work(run_id))
    async with asyncio.timeout(60):
        while not lines.proxies[TARGET].met:
            await asyncio.sleep(0.005)
        working.cancel()
        with waiting_less_than(20), pytest.raises(asyncio.CancelledError):
            await working
    await prove_undisturbed(lines.ends, lines.wanted, await lines.ends.work(run_id))


@pytest.mark.parametrize("is_counting", [False, True])
async def test_what_may_take_hours_is_not_waited_for_when_the_server_is_silent(
    lines: Lines, stage: Stage, monkeypatch: pytest.MonkeyPatch, is_counting: bool
) -> None:
    """Building indexes and counting have no time-out of their own to speak of: the server is asked meanwhile."""
    monkeypatch.setattr(client, "WATCH_SECONDS", 0.1)
    proxy, command = lines.proxies[SOURCE], "aggregate" if is_counting else "createIndexes"
    store = MongoStore(lines.ends.source_end.url, lines.ends.source_end.database)
    try:
        assert await store.count("numbers") == 30
        await stage(command, blockConnection=True, blockTimeMS=3_000)
        call = store.count("numbers") if is_counting else store.create_indexes("numbers", [index("m")])
        before = proxy.passed[Way.TO_SERVER]
        async with asyncio.timeout(30):
            task = asyncio.ensure_future(call)
            while proxy.passed[Way.TO_SERVER] == before:
                await asyncio.sleep(0.001)
            proxy.is_silent = True
            with pytest.raises(Unreachable, match="does not answer"):
                await task
    finally:
        await store.close()


async def test_what_takes_long_is_waited_for_while_the_server_answers(
    lines: Lines, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "WATCH_SECONDS", 0.1)
    store = MongoStore(lines.ends.source_end.url, lines.ends.source_end.database)
    try:
        await stage("aggregate", blockConnection=True, blockTimeMS=2 * PATIENCE_MS)
        assert await store.count("numbers") == 30
    finally:
        await store.close()

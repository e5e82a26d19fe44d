import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.engine import pipeline
from tui_migrate.engine.pipeline import LARGE, Budget, Channel, first_cause, run_together


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_channel_is_walked_to_its_end_in_order() -> None:
    channel: Channel[int] = Channel()
    taken: list[int] = []

    async def write() -> None:
        for number in range(10):
            await channel.put(number)
        await channel.close()

    async def read() -> None:
        taken.extend([one async for one in channel])

    await run_together(write(), read())
    assert taken == list(range(10))


async def test_a_channel_holds_no_more_than_its_depth() -> None:
    channel: Channel[int] = Channel(2)
    put: list[int] = []

    async def write() -> None:
        for number in range(9):
            await channel.put(number)
            put.append(number)

    task = asyncio.create_task(write())
    await settle()
    assert put == [0, 1]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


sizes = st.lists(st.integers(0, 60), max_size=30)


@given(sizes, st.integers(1, 50))
def test_no_more_is_under_way_than_the_budget_but_for_one_alone(every: list[int], limit: int) -> None:
    peaks = asyncio.run(pass_through(every, limit))
    assert all(total <= limit or count == 1 for total, count in peaks)
    assert len(peaks) == len(every)


async def pass_through(every: Sequence[int], limit: int, keep: int = 3) -> list[tuple[int, int]]:
    """Take each size, give the oldest back when `keep` are under way; give bytes and pieces after every taking."""
    budget = Budget(limit)
    under_way: list[int] = []
    peaks: list[tuple[int, int]] = []

    async def take() -> None:
        for one in every:
            await budget.take(one)
            under_way.append(one)
            peaks.append((sum(under_way), len([piece for piece in under_way if piece])))

    async def give_back() -> None:
        while not taking.done() or under_way:
            await settle()
            if under_way and (len(under_way) >= keep or len(peaks) == len(every) or is_stuck()):
                await budget.give_back(under_way.pop(0))

    def is_stuck() -> bool:
        return len(peaks) < len(every) and not budget._fits(every[len(peaks)])

    taking = asyncio.create_task(take())
    async with asyncio.timeout(30):
        await give_back()
        await taking
    return peaks


@pytest.mark.rule(11, "one document over 8 MB in flight")
async def test_large_documents_pass_one_at_a_time() -> None:
    budget = Budget(10 * LARGE)
    await budget.take(LARGE + 1)
    await budget.take(LARGE)
    second = asyncio.create_task(budget.take(LARGE + 1))
    await settle()
    assert not second.done()
    await budget.give_back(LARGE)
    await settle()
    assert not second.done()
    await budget.give_back(LARGE + 1)
    await second


async def test_one_who_gives_up_waiting_keeps_nobody_out() -> None:
    budget = Budget(10)
    await budget.take(10)
    waiting = asyncio.create_task(budget.take(5))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await budget.give_back(10)
    await budget.take(10)


async def test_the_first_failure_ends_the_others_and_is_raised_plain() -> None:
    ended: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("first")

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def nested() -> None:
        await run_together(wait(), fail())

    with pytest.raises(ValueError, match="first"):
        await run_together(wait(), nested())
    assert ended == ["waiting", "waiting"]


async def test_who_is_cancelled_cancels_all() -> None:
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    task = asyncio.create_task(run_together(wait(1), wait(2)))
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]


async def test_one_that_loses_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `asyncio.wait_for` does before Python 3.12 where the answer comes in the same moment."""
    monkeypatch.setattr(pipeline, "CANCEL_AGAIN_SECONDS", 0.01)
    channel: Channel[int] = Channel()

    async def read() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        while True:
            await channel.put(1)

    async def fail() -> None:
        await settle()
        raise ValueError("first")

    async with asyncio.timeout(30):
        with pytest.raises(ValueError, match="first"):
            await run_together(read(), fail())
        task = asyncio.create_task(run_together(read(), asyncio.sleep(60)))
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_the_first_cause_is_found_at_any_depth() -> None:
    inner = ValueError("inner")
    group = BaseExceptionGroup("a", [BaseExceptionGroup("b", [inner, KeyError()]), TypeError()])
    assert first_cause(group) is inner

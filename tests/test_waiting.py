import asyncio
import time
from collections.abc import Callable, Coroutine

import pytest

from tests.waiting import waiting_less_than

WAITS: list[Callable[[], Coroutine[None, None, None]]] = [
    lambda: asyncio.sleep(0.01),
    lambda: asyncio.to_thread(time.sleep, 0.01),
]


@pytest.mark.parametrize("wait", WAITS, ids=["timer", "thread"])
async def test_waits_are_counted(wait: Callable[[], Coroutine[None, None, None]]) -> None:
    async def twenty() -> None:  # of which a machine under load may not let the loop wait for each
        with waiting_less_than(0.001):
            for _ in range(20):
                await wait()

    with pytest.raises(AssertionError, match="it has waited for"):
        await twenty()


async def test_work_and_coming_back_late_are_not_counted() -> None:
    with waiting_less_than(0.01):
        time.sleep(0.06)  # noqa: ASYNC251 - holds the loop as work does
        await asyncio.sleep(0)


async def test_what_fails_within_is_told_as_it_is() -> None:
    with pytest.raises(ValueError, match="first"), waiting_less_than(0):
        raise ValueError("first")

"""The bounded pipeline: tasks that overlap, queues that hold little, and a budget of bytes over all of them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Final, Generic, TypeVar

LARGE: Final = 8 * 1024 * 1024
"""Documents above this size pass one at a time."""

BUDGET: Final = 32 * 1024 * 1024

CANCEL_AGAIN_SECONDS: Final = 1.0
"""How long a task that was cancelled may take to end before it is cancelled once more."""

Item = TypeVar("Item")


class Channel(Generic[Item]):
    """A queue between two tasks that its writer closes and its reader walks to the end."""

    def __init__(self, depth: int = 1) -> None:
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue(depth)

    async def put(self, item: Item) -> None:
        """Hand an item on; waits while the queue is full."""
        await self._queue.put(item)

    async def close(self) -> None:
        """Say that nothing more comes."""
        await self._queue.put(None)

    async def __aiter__(self) -> AsyncIterator[Item]:
        while (item := await self._queue.get()) is not None:
            yield item


class Budget:
    """Bytes that may be under way at once. More than the whole budget passes alone, one large document at a time."""

    def __init__(self, limit: int = BUDGET) -> None:
        self._limit = limit
        self._used = 0
        self._large = 0
        self._changed = asyncio.Condition()

    async def take(self, size: int) -> None:
        """Wait until `size` bytes fit."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._fits(size))
            self._used += size
            self._large += size > LARGE

    async def give_back(self, size: int) -> None:
        """Say that these bytes have left memory."""
        async with self._changed:
            self._used -= size
            self._large -= size > LARGE
            self._changed.notify_all()

    def _fits(self, size: int) -> bool:
        if size > LARGE and self._large:
            return False
        return self._used == 0 or self._used + size <= self._limit


async def run_together(*tasks: Coroutine[object, object, None]) -> None:
    """Run tasks until all are done; the first that fails cancels the others and is what is raised."""
    running = [asyncio.create_task(one) for one in tasks]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        # Looked at before any is cancelled: what fails because of that is not the cause.
        failures = [one.exception() for one in running if one.done() and not one.cancelled()]
        await _end(running)
    for failure in failures:
        if failure is not None:
            raise failure
    for one in running:
        one.result()


async def _end(running: list[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for`, through which a driver waits for a server, loses a
    cancellation that comes in the moment of the answer (python/cpython#86296), and who lost it may wait for ever.
    """
    is_cancelled = False
    while left := [one for one in running if not one.done()]:
        for one in left:
            one.cancel()
        try:
            await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError:
            is_cancelled = True
    for one in running:
        if not one.cancelled():
            one.exception()  # taken note of: what is raised is the first
    if is_cancelled:
        raise asyncio.CancelledError


def first_cause(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the first plain exception within a group."""
    first = failures.exceptions[0]
    return first_cause(first) if isinstance(first, BaseExceptionGroup) else first

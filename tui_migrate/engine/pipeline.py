"""The bounded pipeline: tasks that overlap, queues that hold little, and a budget of bytes over all of them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Final, Generic, TypeVar

LARGE: Final = 8 * 1024 * 1024
"""Documents above this size pass one at a time."""

BUDGET: Final = 32 * 1024 * 1024

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
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as failures:
        raise first_cause(failures) from None


def first_cause(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the first plain exception within a group."""
    first = failures.exceptions[0]
    return first_cause(first) if isinstance(first, BaseExceptionGroup) else first

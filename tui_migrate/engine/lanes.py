"""How many collections are verified at once: lanes that an operator opens and closes while the run goes.

Only reading is done side by side. Writing stays one collection after the other: the undo log is one file, whose order a
run that is resumed relies on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from tui_migrate.engine.pipeline import Budget, run_together
from tui_migrate.plan.model import MOST_PARALLEL, Plan, RunKind, Verify
from tui_migrate.stores.base import Source

Item = TypeVar("Item")


class Lanes:
    """The lanes of one run: how many are wanted, and what stands against more than one.

    Memory is bounded by their number, which is at most MOST_PARALLEL, times two blocks, and by one budget of bytes that
    they share for the blocks that are being compared. `ends` are the open stores that are read.
    """

    def __init__(self, wanted: int = 1) -> None:
        self._wanted = _bounded(wanted)
        self._obstacle = ""
        self._changed = asyncio.Event()
        self._budget = Budget()
        self.ends: Sequence[Source] = ()

    def heed(self, plan: Plan) -> None:
        """Take note of what the run's plan has to say against several at once."""
        self._obstacle = _obstacle(plan)

    @property
    def obstacle(self) -> str:
        """Why collections are not read at once; empty where nothing stands against it, as far as that is known yet."""
        if self._obstacle:
            return self._obstacle
        if all(one.capabilities.reads_at_once for one in self.ends):
            return ""
        return "an end of this run is read as one stream, one collection after the other"

    @property
    def wanted(self) -> int:
        """How many are to be verified at once: 1 where more cannot be."""
        return 1 if self.obstacle else self._wanted

    def change(self, wanted: int) -> None:
        """Open more lanes at once, or let those that are too many close when they are through with a collection."""
        self._wanted = _bounded(wanted)
        self._changed.set()

    async def each(self, items: Iterable[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """Do some work for each item, in order of their beginning; the first that fails ends all and is raised."""
        if queue := deque(items):
            # What a pass that was broken off held is gone with it.
            self._budget = Budget()
            passing = _Passing(self, queue, work, self._changed)
            await run_together(*(passing.lane() for _ in range(min(MOST_PARALLEL, len(queue)))))

    @asynccontextmanager
    async def holding(self, size: int) -> AsyncIterator[None]:
        """Hold so many bytes of a block for as long as it is compared; waits while other lanes hold too many."""
        await self._budget.take(size)
        try:
            yield
        finally:
            await self._budget.give_back(size)


class _Passing(Generic[Item]):
    """Items on their way through the lanes. A lane that is not wanted waits until it is, or until none is left."""

    def __init__(
        self, lanes: Lanes, queue: deque[Item], work: Callable[[Item], Awaitable[None]], changed: asyncio.Event
    ) -> None:
        self._lanes = lanes
        self._queue = queue
        self._work = work
        self._changed = changed
        self._running = 0

    async def lane(self) -> None:
        """Take items while there are any and fewer are under way than are wanted."""
        while self._queue:
            if self._running >= self._lanes.wanted:
                self._changed.clear()
                await self._changed.wait()
                continue
            item = self._queue.popleft()
            self._running += 1
            try:
                await self._work(item)
            except BaseException:
                self._queue.clear()
                raise
            finally:
                self._running -= 1
                self._changed.set()


def _bounded(wanted: int) -> int:
    return max(1, min(MOST_PARALLEL, wanted))


def _obstacle(plan: Plan) -> str:
    if plan.kind is RunKind.ROLLBACK:
        return "a rollback looks at its documents in the order in which they were written"
    if plan.verify is Verify.NONE:
        return "this run verifies nothing"
    if plan.kind is RunKind.EXPORT and plan.verify is not Verify.CONTENT:
        return "this run does not read its source again"
    return ""

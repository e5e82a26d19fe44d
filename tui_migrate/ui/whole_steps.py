"""What an app does whole: steps that go on whoever stops waiting for them, until the app has ended.

A look can be given up at any time. What an operator has decided cannot be lost because the next key came before it was
written, and a run that is recorded and never worked would stand in the way of the next.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from textual.worker import Worker, get_current_worker

from tui_migrate.errors import JournalError

Result = TypeVar("Result")

FINISH_SECONDS: Final = 5.0
"""How long the app's end waits for steps that are under way; a worker is there long before."""


class WholeSteps:
    """What is under way in an app that is not to be cut short."""

    def __init__(self) -> None:
        self._steps: dict[asyncio.Task[Any], tuple[Worker[Any] | None, int]] = {}
        self._deeds: set[asyncio.Task[Any]] = set()
        self._turn = asyncio.Lock()

    async def take(self, step: Coroutine[Any, Any, Result], run_id: int = 0) -> Result:
        """Await a step that goes on where the background work that waits for it is cancelled.

        `run_id` is the run that it starts, 0 for one that is not recorded yet. Raises what the step raises.
        """
        return await asyncio.shield(self._begin(step, get_current_worker(), run_id))

    def do(self, deed: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
        """Begin what was decided, now, after what was decided before it; give what waits for it and raises its errors.

        Nobody has to wait: the end of the app tells what went wrong with those it has waited for.
        """
        task = self._begin(self._in_turn(deed), None, 0)
        self._deeds.add(task)
        task.add_done_callback(self._deeds.discard)
        return _outcome(task)

    def has(self, worker: Worker[Any]) -> bool:
        """Say whether this background work is at such a step."""
        return any(one is worker for one, _ in self._steps.values())

    def starts(self, run_id: int) -> bool:
        """Say whether a worker of this run is being started."""
        return any(one == run_id for _, one in self._steps.values())

    async def finish(self) -> tuple[BaseException, ...]:
        """Wait, but not for ever, until nothing is under way; give what became of deeds that were not done.

        What a start failed with is in the journal.
        """
        steps, deeds = list(self._steps), set(self._deeds)
        if steps:
            await asyncio.wait(steps, timeout=FINISH_SECONDS)
        late = [one for one in steps if not one.done()]
        for one in late:
            one.cancel()
        faults = [one.exception() for one in steps if one in deeds and one not in late]
        if deeds.intersection(late):
            faults.append(JournalError("it took too long", hint="somebody may hold the journal; do it again"))
        return tuple(one for one in faults if one is not None)

    def _begin(
        self, step: Coroutine[Any, Any, Result], worker: Worker[Any] | None, run_id: int
    ) -> asyncio.Task[Result]:
        task = asyncio.create_task(step)
        self._steps[task] = worker, run_id
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._steps.pop(task, None)
        if not task.cancelled():
            task.exception()  # told, or not waited for: asyncio is not to complain

    async def _in_turn(self, deed: Coroutine[Any, Any, Result]) -> Result:
        try:
            async with self._turn:
                return await deed
        finally:
            deed.close()


async def _outcome(task: asyncio.Task[Result]) -> Result:
    return await asyncio.shield(task)

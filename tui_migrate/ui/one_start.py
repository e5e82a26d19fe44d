"""Starting runs from a screen: one at a time, given up by esc while nothing has begun, and never cut in half.

What asks and connects can be given up. From the record of a run to its worker it is one step, which goes on whoever
stops waiting: a run that is recorded and never worked would stand in the way of the next.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from textual.message import Message
from textual.worker import Worker, get_current_worker

from tui_migrate.ui import resuming
from tui_migrate.wording import run_name

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen

Result = TypeVar("Result")

FINISH_SECONDS: Final = 5.0
"""How long the app's end waits for steps that are under way; a worker is there long before."""


class WholeSteps:
    """What is under way in an app that is not to be cut short."""

    def __init__(self) -> None:
        self._steps: dict[asyncio.Task[Any], tuple[Worker[Any], int]] = {}

    async def take(self, step: Coroutine[Any, Any, Result], run_id: int = 0) -> Result:
        """Await a step that goes on where the background work that waits for it is cancelled.

        `run_id` is the run that it starts, 0 for one that is not recorded yet. Raises what the step raises.
        """
        task = asyncio.create_task(step)
        self._steps[task] = get_current_worker(), run_id
        task.add_done_callback(lambda done: self._steps.pop(done, None))
        return await asyncio.shield(task)

    def has(self, worker: Worker[Any]) -> bool:
        """Say whether this background work is at such a step."""
        return any(one is worker for one, _ in self._steps.values())

    def starts(self, run_id: int) -> bool:
        """Say whether a worker of this run is being started."""
        return any(one == run_id for _, one in self._steps.values())

    async def finish(self) -> None:
        """Wait, but not for ever, until nothing is under way. What a step failed with is in the journal."""
        if self._steps:
            await asyncio.wait(list(self._steps), timeout=FINISH_SECONDS)
        for one in list(self._steps):
            one.cancel()


class OneStart:
    """The start of a run that a screen has under way."""

    class Over(Message):
        """It is not under way any more: other keys work."""

    def __init__(self, screen: "OperatorScreen") -> None:
        self._screen = screen
        self._worker: Worker[Any] | None = None
        self._token: object = None

    @property
    def is_under_way(self) -> bool:
        """True from the wish to start until it was done, has failed, or was given up."""
        return self._token is not None and self._worker is not None and not self._worker.is_finished

    @property
    def is_recording(self) -> bool:
        """True once everything is confirmed, and the run and its worker are being made: that is not given up."""
        worker = self._worker
        return self.is_under_way and worker is not None and self._screen.migrate_app.whole_steps.has(worker)

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]], group: str, words: str = "") -> None:
        """Do this in the background and say so; where a start is under way, nothing else is begun."""
        if self.is_under_way:
            self._screen.notify_line("A run is being started already.")
            return
        if words:
            self._screen.notify_line(words, is_error=False)
        self._token = object()
        self._worker = self._screen.migrate_app.in_background(self._until_over(work, self._token), group)
        self._screen.refresh_frame()

    def stop(self) -> bool:
        """Do what esc means while a start is under way; say whether one was."""
        if not self.is_under_way or self._worker is None:
            return False
        if self.is_recording:
            cancel = self._screen.key_of("run.cancel")
            self._screen.notify_line(f"The run is being started: {cancel} on its screen cancels it.")
        else:
            self._token = None
            self._worker.cancel()
            self._screen.notify_line("Stopped waiting.", is_error=False)
            self._screen.refresh_frame()
        return True

    def resume(self, run_id: int) -> None:
        """Start a worker for a run that stopped, or never began."""
        self.begin(lambda: self._resume(run_id), f"start-{run_id}")

    async def _resume(self, run_id: int) -> None:
        if await resuming.resume(self._screen.migrate_app, run_id):
            said = f"A worker has taken up run {run_name(run_id)}."
            self._screen.migrate_app.say(said, is_error=False, until_ended=run_id)

    async def _until_over(self, work: Callable[[], Coroutine[Any, Any, None]], token: object) -> None:
        try:
            await work()
        finally:
            if self._token is token:
                self._token = None
            self._screen.post_message(self.Over())

"""Starting runs from a screen: one at a time, given up by esc while nothing has begun, and never cut in half.

What asks and connects can be given up. From the record of a run to its worker it is one of the app's whole steps.
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.worker import Worker

from tui_migrate.ui import resuming
from tui_migrate.wording import run_name

if TYPE_CHECKING:
    from tui_migrate.ui.screens.base import OperatorScreen


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

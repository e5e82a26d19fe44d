"""The worker's ear: reads the requests that faces file in the journal, and lets the engine feel them."""

import asyncio
import time
from typing import Final

from tui_migrate.engine.steering import Steered
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Control, ControlStatus, Wish
from tui_migrate.journal.writer import JournalWriter

POLL_SECONDS: Final = 0.1


class WorkerSteering:
    """What the operators of one run want of it, as far as they have said so."""

    def __init__(self, run_id: int, journal: JournalWriter, reader: JournalReader, rate_limit: int = 0) -> None:
        self._run_id = run_id
        self._journal = journal
        self._reader = reader
        self._rate = rate_limit
        self._wish: Wish | None = None
        self._changed = asyncio.Event()
        self._next_at = 0.0

    async def listen(self) -> None:
        """Take up requests until cancelled."""
        seen = -1
        while True:
            version = await self._reader.data_version()
            if version != seen:
                seen = version
                for control in await self._reader.controls(self._run_id, ControlStatus.PENDING):
                    await self._take(control)
            await asyncio.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Want the worker to end after its batch: for SIGTERM."""
        self._want(Wish.STOP)

    async def gate(self, documents: int) -> None:
        """Hold the engine to the rate, and away from its next batch where somebody wants that. Raises Steered."""
        self._check()
        if self._rate and documents:
            now = time.monotonic()
            await self.wait(max(0.0, self._next_at - now))
            self._next_at = max(now, self._next_at) + documents / self._rate

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody wants something. Raises Steered."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._changed.clear()
            self._check()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                break
        self._check()

    async def wait_for_resume(self) -> None:
        """Return when the run is to go on. Raises Steered for stop and cancel."""
        while self._wish is Wish.PAUSE:
            self._changed.clear()
            await self._changed.wait()
        self._check()

    def _check(self) -> None:
        if self._wish is not None:
            raise Steered(self._wish)

    def _want(self, wish: Wish) -> None:
        self._wish = None if wish is Wish.RESUME else wish
        self._changed.set()

    async def _take(self, control: Control) -> None:
        if control.wish is Wish.RATE:
            self._rate = control.value
            self._next_at = 0.0
            self._changed.set()
            await self._journal.set_rate_limit(self._run_id, control.value)
            await self._journal.add_event(
                self._run_id, f"rate set to {control.value or 'no limit'} by {control.asked_by}"
            )
        elif self._wish in (Wish.STOP, Wish.CANCEL):
            await self._journal.answer_control(control, ControlStatus.REFUSED, "the run is ending")
            return
        else:
            self._want(control.wish)
            await self._journal.add_event(self._run_id, f"{control.wish} asked by {control.asked_by}")
        await self._journal.answer_control(control, ControlStatus.ACCEPTED)

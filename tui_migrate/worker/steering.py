"""The worker's ear: reads the requests that faces file in the journal, and lets the engine feel them."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from tui_migrate.engine.lanes import Lanes
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import JournalBusy
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Control, ControlStatus, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.wording import number
from tui_migrate.worker.pace import Pace

POLL_SECONDS: Final = 0.1

_HEEDED: Final = frozenset(((Wish.CANCEL, RunState.CANCELLED), (Wish.STOP, RunState.INTERRUPTED)))

log = logging.getLogger("tui_migrate.worker")


class WorkerSteering:
    """What the operators of one run want of it, as far as they have said so."""

    def __init__(self, run_id: int, journal: JournalWriter, reader: JournalReader, pace: Pace, lanes: Lanes) -> None:
        self._run_id = run_id
        self._journal = journal
        self._reader = reader
        self._pace = pace
        self._lanes = lanes
        self._wish: Wish | None = None
        self._asked: Control | None = None
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        """Take up requests until cancelled. Raises JournalError, StorageFailed."""
        seen = -1
        while True:
            try:
                version = await self._reader.data_version()
                if version != seen:
                    for control in await self._reader.controls(self._run_id, ControlStatus.PENDING):
                        await self._take(control)
                seen = version
            except JournalBusy as error:
                log.warning("%s", error.message)
            await asyncio.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Want the worker to end after its batch: for SIGTERM."""
        if Wish.STOP.may_follow(self._wish):
            self._want(Wish.STOP, None)

    def pause(self) -> None:
        """Want the run to pause until somebody resumes it."""
        if Wish.PAUSE.may_follow(self._wish):
            self._want(Wish.PAUSE, None)

    async def gate(self, documents: int) -> None:
        """Hold the engine to the rate, and away from its next batch where somebody wants that. Raises Steered."""
        self._check()
        if documents:
            while (left := self._pace.left()) > 0:
                await self._wait_for_change(left)
            self._pace.spend(documents)

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until somebody wants something. Raises Steered."""
        self._check()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (left := deadline - loop.time()) > 0:
            await self._wait_for_change(left)

    async def wait_for_resume(self) -> None:
        """Return when the run is to go on. Raises Steered for stop and cancel."""
        while self._wish is Wish.PAUSE:
            self._changed.clear()
            await self._changed.wait()
        self._check()

    async def give_up(self, asked: Control) -> None:
        """Take over a request to cancel that was not carried out: by a worker that died, or before the run stopped."""
        if self._asked is not None and self._asked.id == asked.id:
            return
        self._want(Wish.CANCEL, asked)
        await self._journal.add_event(self._run_id, f"{_said(asked)}, and carried out now")
        await self._journal.answer_control(asked, ControlStatus.ACCEPTED)

    async def conclude(self, state: RunState) -> None:
        """Answer the last request for good: the engine may have heeded it before there was time to answer, or not."""
        if self._asked is None:
            return
        if (self._wish, state) in _HEEDED:
            await self._journal.answer_control(self._asked, ControlStatus.ACCEPTED)
        else:
            await self._journal.answer_control(self._asked, ControlStatus.REFUSED, f"too late: the run is {state}")

    async def _wait_for_change(self, seconds: float) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._check()

    def _check(self) -> None:
        if self._wish is not None:
            raise Steered(self._wish)

    def _want(self, wish: Wish, asked: Control | None) -> None:
        self._wish, self._asked = (None, None) if wish is Wish.RESUME else (wish, asked)
        self._changed.set()

    async def _take(self, control: Control) -> None:
        """Do what a request wants, then answer it. One that a busy journal left without its answer comes again."""
        is_again = self._asked is not None and self._asked.id == control.id
        if not (is_again or control.wish.may_follow(self._wish)):
            await self._journal.answer_control(control, ControlStatus.REFUSED, "the run is ending")
            return
        if control.wish is Wish.PARALLEL and control.value > 1 and self._lanes.obstacle:
            await self._journal.answer_control(control, ControlStatus.REFUSED, self._lanes.obstacle)
            return
        if control.wish is Wish.RATE:
            self._pace.change(control.value)
            self._changed.set()
            await self._journal.set_rate_limit(self._run_id, control.value)
            said = f"rate set to {number(control.value) if control.value else 'no limit'} by {control.asked_by}"
        elif control.wish is Wish.PARALLEL:
            self._lanes.change(control.value)
            await self._journal.set_parallel(self._run_id, control.value)
            said = f"collections verified at once set to {control.value} by {control.asked_by}"
        else:
            self._want(control.wish, control)
            said = _said(control)
        await self._journal.add_event(self._run_id, said)
        await self._journal.answer_control(control, ControlStatus.ACCEPTED)


def _said(control: Control) -> str:
    then = ", then a rollback" if control.wants_rollback else ""
    return f"{control.wish}{then} asked by {control.asked_by}"

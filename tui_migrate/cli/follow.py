"""Following a run: reading the journal until its worker has ended, drawing as it goes, passing on ctrl+c.

A face learns of a run only by the journal, and steers it only by requests in it. Ctrl+C and SIGTERM ask the worker to
stop after its batch, once; the second time, and at SIGHUP, the command leaves and the worker goes on.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.cli.progress import Progress, choose_progress
from tui_migrate.errors import Refused
from tui_migrate.findings import Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord, Wish
from tui_migrate.paths import Home
from tui_migrate.wording import run_name
from tui_migrate.worker import control

POLL_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 1.0


@dataclass(slots=True)
class Signals:
    """What the keyboard and the system have asked of this command so far."""

    stops: int = 0
    hung_up: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Ctrl+C or SIGTERM came."""
        self.stops += 1
        self.changed.set()

    def hang_up(self) -> None:
        """The terminal is gone."""
        self.hung_up = True
        self.changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a signal, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()
        self.changed.clear()


@contextmanager
def caught_signals() -> Iterator[Signals]:
    """Take SIGINT, SIGTERM and SIGHUP for as long as this lasts."""
    signals = Signals()
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGINT: signals.stop, signal.SIGTERM: signals.stop, signal.SIGHUP: signals.hang_up}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield signals
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


@dataclass(frozen=True, slots=True)
class Followed:
    """How following ended: the run as it stood, and whether its worker goes on without us."""

    run: RunRecord
    left: bool = False


Begin = Callable[[], Awaitable[None]]


async def follow(home: Home, run_id: int, signals: Signals, begin: Begin | None = None) -> Followed:
    """Draw a run until its worker has ended.

    `begin` starts the worker of a run that is this command's own, and that ctrl+c stops; a run that is only joined goes
    on when the command leaves.
    """
    reader = await JournalReader.open(home.journal)
    try:
        with closing(choose_progress()) as progress:
            follower = Follower(home, run_id, signals, progress, reader)
            if begin is not None:
                await follower.begin(begin)
            return await follower.watch()
    finally:
        await reader.close()


class Follower:
    """Follows one run."""

    def __init__(self, home: Home, run_id: int, signals: Signals, progress: Progress, reader: JournalReader) -> None:
        self._home = home
        self._run_id = run_id
        self._signals = signals
        self._progress = progress
        self._reader = reader
        self._is_ours = False
        self._stop_asked = False
        self._event_seen = 0

    async def begin(self, begin: Begin) -> None:
        """Start the run's worker, and take care of the run from now on. `begin` returns when the worker has it."""
        self._is_ours = True
        await self._skip_events()
        await begin()

    async def watch(self) -> Followed:
        """Draw the run until its worker has ended, or this command leaves."""
        loop = asyncio.get_running_loop()
        looked, version = -LOOK_SECONDS, -1
        while True:
            newest = await self._reader.data_version()
            if newest != version or loop.time() - looked >= LOOK_SECONDS:
                version, looked = newest, loop.time()
                run = await control.effective(self._home, self._reader, await self._reader.run(self._run_id))
                await self._say_events()
                # A worker lets its lock go last, so a run that is taken up again does not seem ended before it began.
                if not (run.state.is_active or control.has_worker(self._home, run.id)):
                    return Followed(run)
                self._progress.show(run)
            if self._is_ours and self._signals.stops and not self._stop_asked:
                await self._ask_to_stop()
            if self._signals.hung_up or self._signals.stops > int(self._is_ours):
                return Followed(run, left=True)
            await self._signals.wait(POLL_SECONDS)

    async def _ask_to_stop(self) -> None:
        self._stop_asked = True
        try:
            await control.ask(self._home, self._run_id, Wish.STOP)
        except Refused as error:
            self._progress.say(f"tui-migrate: {error.message}")
        else:
            name = run_name(self._run_id)
            self._progress.say(f"run {name}: asked the worker to stop after its batch; ctrl+c again leaves it at work")

    async def _skip_events(self) -> None:
        while events := await self._reader.events(self._run_id, self._event_seen):
            self._event_seen = events[-1].sequence

    async def _say_events(self) -> None:
        for event in await self._reader.events(self._run_id, self._event_seen):
            self._event_seen = event.sequence
            if event.severity != Severity.NOTE:
                self._progress.say(f"run {run_name(self._run_id)}: {event.severity}: {event.message}")

"""Turns the journal into snapshots: the one place of the app that reads it.

It polls `PRAGMA data_version` on one long-lived connection, and once a second the locks of live runs, because a worker
that dies writes nothing. A snapshot is made and posted only where something has changed, and not while the terminal's
line is still busy with the last one.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from textual.message import Message

from tui_migrate.errors import JournalError, RunNotFound, TuiMigrateError
from tui_migrate.findings import Finding
from tui_migrate.journal.conflict_reading import Alike
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import (
    DECISIONS,
    ConflictRecord,
    ConflictState,
    Control,
    ControlStatus,
    Event,
    RunRecord,
    RunSummary,
    Sample,
)
from tui_migrate.journal.retries import RETRY
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.paths import Home
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.environments import Environments
from tui_migrate.ui.look import Fault
from tui_migrate.ui.messages import JournalChanged, JournalUnreadable, RunEnded
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.worker.control import effective, with_rollback

FAST_SECONDS: Final = 0.5
SLOW_SECONDS: Final = 1.0
LOCK_SECONDS: Final = 1.0
EVENTS_SHOWN: Final = 100
LIVE_RUNS: Final = 50
"""Runs that have not ended among which those at work are looked for."""

PAGE: Final = 500
"""Runs in a page of the history."""

CONFLICTS_READ: Final = 2_000
"""Documents of a run's queue that are listed."""

FINDINGS_READ: Final = 20_000
"""Findings of one run that are read for its report."""

Post = Callable[[Message], object]


class JournalFeed:
    """Reads for one screen at a time: what `watch` was last told."""

    def __init__(
        self,
        home: Home,
        post: Post,
        *,
        is_busy: Callable[[], bool] = lambda: False,
        seconds: float = FAST_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._home = home
        self._post = post
        self._is_busy = is_busy
        self._seconds = seconds
        self._clock = clock
        self._subject = Subject()
        self._wanted = asyncio.Event()
        self._reader: JournalReader | None = None
        self._opened_file: tuple[int, int] | None = None
        self._last: Snapshot | None = None
        self._retries = (0, 0, 0)
        """Of which run the second tries are counted, up to which line of its log, and how many there are."""
        self._live: tuple[int, ...] = ()
        self._taken_back: frozenset[int] = frozenset()
        self._paused: frozenset[int] = frozenset()
        self._watched: set[int] = set()
        self.latest = 0
        """The run that was started last in this sitting, 0 where none was."""
        self._environments = Environments(home)

    def watch(self, subject: Subject) -> None:
        """Look at something else from now on; the next snapshot comes at once."""
        self._subject = subject
        self._last = None
        self._wanted.set()

    def expect(self, run_id: int) -> None:
        """Tell of the end of a run that was just started, also if it has ended before it was seen at work."""
        self._watched.add(run_id)
        self.latest = run_id

    def live_runs(self) -> list[int]:
        """The runs at work, as of the last look."""
        return sorted(self._live)

    def live_to_take_back(self) -> frozenset[int]:
        """Those of the runs at work that are to be cancelled and rolled back, as of the last look."""
        return self._taken_back

    def live_and_paused(self) -> frozenset[int]:
        """Those of the runs at work whose workers wait to be told to go on, as of the last look."""
        return self._paused

    async def run(self) -> None:
        """Feed until cancelled."""
        version, looked = -1, 0.0
        try:
            while True:
                self._wanted.clear()
                try:
                    reader = await self._open()
                    newest = await reader.data_version() if reader is not None else -1
                    now = asyncio.get_running_loop().time()
                    due = newest != version or now - looked >= LOCK_SECONDS or self._last is None
                    if due and (self._last is None or not self._is_busy()):
                        version, looked = newest, now
                        await self._look(reader)
                except TuiMigrateError as error:
                    await self._close()
                    self._last = None
                    fault = Fault.of(error)
                    self._post(JournalUnreadable(f"{fault.message} ({fault.hint})" if fault.hint else fault.message))
                await self._wait()
        finally:
            await self._close()

    async def _look(self, reader: JournalReader | None) -> None:
        subject = self._subject
        with _understood(self._home.journal):
            snapshot = await self._read(reader, subject) if reader is not None else Snapshot(subject, self._clock())
        self._live = snapshot.live
        self._taken_back = frozenset(one.run.id for one in snapshot.at_work if one.run.rollback_asked)
        self._paused = frozenset(one.run.id for one in snapshot.at_work if one.run.state is RunState.PAUSED)
        if reader is not None:
            await self._tell_ended(reader, snapshot.live)
        if subject is self._subject and self._is_news(snapshot):
            self._last = snapshot
            self._post(JournalChanged(snapshot))

    async def _tell_ended(self, reader: JournalReader, live: tuple[int, ...]) -> None:
        self._watched.update(live)
        for run_id in sorted(self._watched.difference(live)):
            try:
                run = await effective(self._home, reader, await reader.run(run_id))
            except RunNotFound:
                self._watched.discard(run_id)
                continue
            if not run.state.is_active and run.state is not RunState.PLANNED:
                self._watched.discard(run_id)
                self._post(RunEnded(run_id, run.state, run.kind))

    async def _read(self, reader: JournalReader, subject: Subject) -> Snapshot:
        await self._environments.refresh()
        runs = await reader.runs(subject.runs, subject.offset) if subject.runs else ()
        run: RunRecord | None = None
        events: tuple[Event, ...] = ()
        controls: tuple[Control, ...] = ()
        samples: tuple[Sample, ...] = ()
        retried, verified = 0, None
        if subject.run_id:
            try:
                run = await self._shown(reader, await reader.run(subject.run_id))
                events = await reader.last_events(subject.run_id, EVENTS_SHOWN)
                retried = await self._count_retries(reader, subject.run_id)
                controls = await _requests(reader, run)
                if run.state is RunState.VERIFYING and run.kind is not RunKind.ROLLBACK:
                    verified = await reader.verified_documents(subject.run_id)
                samples = await reader.samples(subject.run_id) if subject.samples else ()
            except RunNotFound:
                run = None
        unfinished = await self._summaries(reader, await reader.unfinished(subject.summaries or LIVE_RUNS))
        summaries = await reader.summaries(subject.summaries) if subject.summaries else ()
        return Snapshot(
            subject,
            self._clock(),
            total=await reader.count_runs() if subject.runs or subject.summaries else 0,
            runs=tuple([await self._shown(reader, one) for one in runs]),
            run=run,
            events=events,
            controls=controls,
            samples=samples,
            retried=retried,
            verified=verified,
            summaries=await self._summaries(reader, summaries),
            unfinished=unfinished if subject.summaries else (),
            live=tuple(one.run.id for one in unfinished if one.run.state.is_active),
            at_work=tuple(one for one in unfinished if one.run.state.is_active),
        )

    async def _count_retries(self, reader: JournalReader, run_id: int) -> int:
        """Count the second tries of a run, of a log that only grows: those that are new since the last look."""
        _, after, known = self._retries if self._retries[0] == run_id else (run_id, 0, 0)
        new, last = await reader.count_said(run_id, RETRY, after)
        self._retries = run_id, last, known + new
        return known + new

    async def older(self, before: int) -> tuple[RunSummary, ...]:
        """Give a page of the runs in short older than one, newest first. Raises JournalError, StorageFailed."""
        async with self._apart() as reader:
            return await self._summaries(reader, await reader.summaries(PAGE, before)) if reader is not None else ()

    async def whole(self, run_id: int) -> RunRecord:
        """Give one run with its plan. Raises RunNotFound, JournalError, StorageFailed."""
        async with self._apart() as reader:
            if reader is None:
                raise RunNotFound(f"there is no run {run_id:04d}", hint="the journal is gone")
            return await self._shown(reader, await reader.run(run_id))

    async def findings(self, run_id: int) -> tuple[tuple[Stage, Finding], ...]:
        """Give all that a run found, each with the stage that found it. Raises JournalError, StorageFailed."""
        async with self._apart() as reader:
            return await reader.staged_findings(run_id, FINDINGS_READ) if reader is not None else ()

    async def conflicts(self, run_id: int) -> tuple[tuple[ConflictRecord, ...], dict[tuple[str, ConflictState], int]]:
        """Give the first of a run's queue, open ones first, and how many there are. Raises JournalError."""
        async with self._apart() as reader:
            if reader is None:
                return (), {}
            found: tuple[ConflictRecord, ...] = ()
            for states in ((ConflictState.OPEN,), DECISIONS, (ConflictState.KEPT, ConflictState.REPLACED)):
                if room := CONFLICTS_READ - len(found):
                    found += await reader.conflicts(run_id, states, limit=room)
            return tuple(sorted(found, key=lambda one: one.number)), await reader.count_conflicts(run_id)

    async def alike(self, run_id: int, one: ConflictRecord) -> Alike:
        """Count the documents of a run's queue that are like one of it. Raises JournalError, StorageFailed."""
        async with self._apart() as reader:
            if reader is None:
                return Alike(Counter(), Counter(), Counter())
            return await reader.count_alike(run_id, one.collection, one.fields)

    async def decided(self, run_id: int) -> Counter[ConflictState]:
        """Count a run's queue by state. Raises JournalError, StorageFailed."""
        found: Counter[ConflictState] = Counter()
        async with self._apart() as reader:
            for (_, state), count in (await reader.count_conflicts(run_id)).items() if reader is not None else ():
                found[state] += count
        return found

    async def samples(self, run_id: int) -> tuple[Sample, ...]:
        """Give how far a run was at which times. Raises JournalError, StorageFailed."""
        async with self._apart() as reader:
            return await reader.samples(run_id) if reader is not None else ()

    @asynccontextmanager
    async def _apart(self) -> AsyncIterator[JournalReader | None]:
        """A connection of its own, so that a long read does not hold up what is watched; None without a journal."""
        await self._environments.refresh()
        reader = await self._opened()
        try:
            with _understood(self._home.journal):
                yield reader
        finally:
            if reader is not None:
                await reader.close()

    async def _shown(self, reader: JournalReader, run: RunRecord) -> RunRecord:
        """Give a run as it is: with what has become of its worker, and how dangerous its place is now."""
        return self._environments.shown(await effective(self._home, reader, run))

    async def _summaries(self, reader: JournalReader, found: tuple[RunSummary, ...]) -> tuple[RunSummary, ...]:
        """Give runs as they are: see `_shown`; workers are asked about where there should be one."""
        shown = []
        for one in found:
            if one.run.state.is_active:
                run = await self._shown(reader, one.run)
                shown.append(replace(one, run=replace(run, plan="", collections=(), findings=())))
            else:
                run = with_rollback(self._home, one.run)
                shown.append(replace(one, run=self._environments.shown(run)))
        return tuple(shown)

    def _is_news(self, snapshot: Snapshot) -> bool:
        """A live run is news each second, for the seconds that pass on the screen; else only what has changed."""
        last = self._last
        if last is None or (snapshot.run is not None and snapshot.run.state.is_active):
            return True
        return replace(last, taken_at=0.0) != replace(snapshot, taken_at=0.0)

    async def _open(self) -> JournalReader | None:
        """Open the journal when there is one: before the first run there is none.

        One that lies there instead of the one that is open is opened: what was removed can be read for ever.
        """
        there = _file_at(self._home.journal)
        if self._reader is not None and there != self._opened_file:
            await self._close()
            self._last = None
        if self._reader is None:
            self._reader, self._opened_file = await self._opened(), there
            self._retries = (0, 0, 0)
        return self._reader

    async def _opened(self) -> JournalReader | None:
        path = self._home.journal
        try:
            return await JournalReader.open(path)
        except RunNotFound:
            return None

    async def _close(self) -> None:
        if self._reader is not None:
            reader, self._reader = self._reader, None
            await reader.close()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._wanted.wait()
        except TimeoutError:
            return


def _file_at(path: Path) -> tuple[int, int] | None:
    """Say which file lies at a path; None where none does, or nobody may look."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Raise JournalError for a value in the journal that this program never writes."""
    try:
        yield
    except ValueError as error:
        raise JournalError(
            f"the journal {path} is damaged: {error}", hint="move it away to start a new one; keep it for recovery"
        ) from error


async def _requests(reader: JournalReader, run: RunRecord) -> tuple[Control, ...]:
    """The requests made of a run in its last attempt, and those that nobody has answered.

    What the worker of an earlier attempt had accepted ended with that worker: nobody is finishing a batch for it. What
    it refused is not of now.
    """
    found = await reader.controls(run.id)
    if run.attempt <= 1 or not found:
        return found
    began = await reader.attempt_began_at(run.id, run.attempt)
    return tuple(
        one for one in found if one.status is ControlStatus.PENDING or (began is not None and one.asked_at >= began)
    )

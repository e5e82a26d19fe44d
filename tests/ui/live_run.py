"""A run at work without any engine: a thread that holds its lock and writes its progress, twice a second."""

import asyncio
import threading
from types import TracebackType

from tests.ui.driving import copy_plan
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, CollectionState, Counts
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.worker.lock import RunLock

COLLECTIONS = ("orders", "audit_log", "users")
TICK_SECONDS = 0.5


class LiveRun:
    """Lives as long as the `with` block. `quiet` makes it write nothing after its first batch."""

    def __init__(self, home: Home, *, quiet: bool = False) -> None:
        self._home = home
        self._quiet = quiet
        self._stop = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()))

    def __enter__(self) -> "LiveRun":
        self._thread.start()
        assert self._begun.wait(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    async def _work(self) -> None:
        journal = await JournalWriter.open(self._home.journal)
        lock = None
        try:
            run_id = await journal.create_run(copy_plan(collections=COLLECTIONS), "anna@bastion")
            lock = RunLock.acquire(self._home.run(run_id).lock)
            await journal.begin_attempt(run_id, 1, "bastion", RunState.VALIDATING)
            for state in (RunState.READY, RunState.PREPARING, RunState.EXECUTING):
                await journal.transition(run_id, state)
            progress = Progress(journal, run_id)
            await progress.set_collection("orders", CollectionState.ACTIVE)
            await progress.set_totals("orders", 1_800_000, 900_000_000)
            number = 0
            while not self._stop.is_set():
                if number == 0 or not self._quiet:
                    counts = Counts(inserted=800, replaced=100, unchanged=23)
                    await progress.commit_batch(Checkpoint("orders", number, b"", b"", 923, 461_500, b"", counts))
                    number += 1
                self._begun.set()
                await asyncio.to_thread(self._stop.wait, TICK_SECONDS)
        finally:
            await journal.close()
            if lock is not None:
                lock.release()

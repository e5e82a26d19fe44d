"""Steering runs from a face: requests go into the journal, and the worker answers there."""

import getpass
import platform
import shutil
from dataclasses import replace

from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.worker.lock import RunLock, holder


def operator() -> str:
    """Who asks: user and host."""
    return f"{getpass.getuser()}@{platform.node()}"


def effective(home: Home, record: RunRecord) -> RunRecord:
    """Give a run as it is: interrupted where the journal says that it works but no worker has it."""
    if record.state.is_active and holder(home.run(record.id).lock) is None:
        return replace(record, state=RunState.INTERRUPTED, worker_pid=None)
    return record


def has_worker(home: Home, run_id: int) -> bool:
    """Say whether a live process has the run."""
    return holder(home.run(run_id).lock) is not None


async def ask(home: Home, run_id: int, wish: Wish, value: int = 0) -> int:
    """File a request to a run and give its id, 0 for a run without a worker that was cancelled there and then.

    Raises Refused where there is nobody to ask, RunNotFound.
    """
    reader = await JournalReader.open(home.journal)
    journal = await JournalWriter.open(home.journal)
    try:
        record = effective(home, await reader.run(run_id))
        if record.state.is_active:
            return await journal.file_control(run_id, wish, value, operator(), record.state)
        if wish is Wish.CANCEL and not record.state.is_final:
            await _cancel_without_worker(home, journal, record)
            return 0
        raise Refused(f"run {run_id:04d} is {record.state}: nobody is there to {wish}", hint=_hint(record))
    finally:
        await journal.close()
        await reader.close()


async def delete(home: Home, run_id: int) -> None:
    """Take a run's record, log and undo log away. Raises Refused for a live run, RunNotFound."""
    reader = await JournalReader.open(home.journal)
    journal = await JournalWriter.open(home.journal)
    try:
        record = effective(home, await reader.run(run_id))
        if record.state.is_active:
            raise Refused(f"run {run_id:04d} is {record.state}", hint=f"tui-migrate cancel {run_id} first")
        await journal.delete_run(run_id)
        try:
            shutil.rmtree(home.run(run_id).path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StorageFailed(f"cannot remove {home.run(run_id).path}: {error.strerror}", hint="by hand") from error
    finally:
        await journal.close()
        await reader.close()


async def _cancel_without_worker(home: Home, journal: JournalWriter, record: RunRecord) -> None:
    lock = RunLock.acquire(home.run(record.id).lock)
    if lock is None:
        raise Refused(f"a worker has just taken run {record.id:04d} up", hint="ask again")
    try:
        await journal.transition(record.id, RunState.CANCELLED)
        await journal.add_event(record.id, f"cancelled by {operator()}")
    finally:
        lock.release()


def _hint(record: RunRecord) -> str:
    return f"tui-migrate resume {record.id}" if record.state.is_resumable else "tui-migrate history shows what is there"

"""Steering runs from a face: requests go into the journal, and the worker answers there."""

import asyncio
import getpass
import os
import platform
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Unpack

from tui_migrate.errors import Refused, StorageFailed, UsageError
from tui_migrate.journal.decisions import Which, decide_conflicts
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictState, Control, ControlStatus, RunRecord, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.packages.writer import discard_partial
from tui_migrate.paths import Home
from tui_migrate.plan.model import MOST_PARALLEL, PackageEnd, RunKind
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.redaction import printable
from tui_migrate.worker.inputs import remove_unneeded
from tui_migrate.worker.lock import take_over, worker_at_work

ANSWER_POLL_SECONDS: Final = 0.05


def operator() -> str:
    """Who asks: user and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        user = str(os.getuid())
    return printable(f"{user}@{platform.node()}")


async def effective(home: Home, reader: JournalReader, record: RunRecord) -> RunRecord:
    """Give a run as it is: interrupted where the journal says that it works but no worker does, or it is stopped.

    A record that was read before its worker ended is read again: a worker lets its lock go after its last word.
    """
    lock = home.run(record.id).lock
    if record.state.is_active and worker_at_work(lock) is None:
        record = await reader.run(record.id)
        if record.state.is_active and worker_at_work(lock) is None:
            record = replace(record, state=RunState.INTERRUPTED, worker_pid=None)
    return with_rollback(home, record)


def with_rollback(home: Home, record: RunRecord) -> RunRecord:
    """Give a run with how the one that takes it back stands: interrupted where no worker is at that one."""
    state = record.rollback_state
    if state is None or not state.is_active or worker_at_work(home.run(record.rollback_run).lock) is not None:
        return record
    return replace(record, rollback_state=RunState.INTERRUPTED)


async def decide(home: Home, run_id: int, decision: ConflictState, **which: Unpack[Which]) -> int:
    """Record what is to become of documents that wait for a decision, and say of how many; the worker writes them.

    Raises Refused for a run that is over, RunNotFound.
    """
    async with open_both(home.journal) as (journal, _):
        return await decide_conflicts(journal, run_id, decision, operator(), **which)


def has_worker(home: Home, run_id: int) -> bool:
    """Say whether a process is at work on the run; one that is stopped is not."""
    return worker_at_work(home.run(run_id).lock) is not None


async def ask(home: Home, run_id: int, wish: Wish, value: int = 0) -> int:
    """File a request to a run and give its id, 0 for a run without a worker that was cancelled there and then.

    A live worker that is to cancel with the value `ROLL_BACK` takes the run back itself, whoever looks on. Raises
    Refused where there is nobody to ask or the run is about to end, RunNotFound, UsageError.
    """
    if wish is Wish.RATE and value < 0:
        raise UsageError(f"a rate of {value} documents/s makes no sense", hint="0 is no limit")
    if wish is Wish.PARALLEL and not 1 <= value <= MOST_PARALLEL:
        raise UsageError(f"{value} collections cannot be verified at once", hint=f"from 1 to {MOST_PARALLEL} can")
    async with open_both(home.journal) as (journal, reader):
        record = await effective(home, reader, await reader.run(run_id))
        if record.is_piped and wish is Wish.PAUSE:
            raise Refused(
                f"run {run_id:04d} writes into a pipe and cannot be paused",
                hint=f"let it go on, or tui-migrate cancel {run_id}",
            )
        if record.state.is_active:
            return await journal.file_control(run_id, wish, value, operator(), record.state)
        if wish is Wish.CANCEL and not record.state.is_final:
            await _cancel_without_worker(home, journal, reader, run_id)
            await remove_unneeded(home)
            return 0
        raise Refused(f"run {run_id:04d} is {record.state}: nobody is there to {wish.verb}", hint=_hint(record))


async def answer_to(home: Home, run_id: int, request: int, seconds: float) -> Control:
    """Give a request as the worker has answered it, or as it stands after so many seconds. Raises RunNotFound."""
    reader = await JournalReader.open(home.journal)
    try:
        deadline = time.monotonic() + seconds
        while True:
            (found,) = [one for one in await reader.controls(run_id) if one.id == request]
            if found.status is not ControlStatus.PENDING or time.monotonic() >= deadline:
                return found
            await asyncio.sleep(ANSWER_POLL_SECONDS)
    finally:
        await reader.close()


async def go_on(home: Home, run_id: int) -> None:
    """Call off that a run without a worker is to be cancelled, and rolled back then: a worker goes on with it.

    Raises Refused for a run that has a worker, RunNotFound.
    """
    async with open_both(home.journal) as (journal, reader), _held(home, reader, run_id):
        await journal.call_off_cancel(run_id)
        await journal.add_event(run_id, f"to be gone on with after all, says {operator()}")


async def discard_package(record: RunRecord) -> None:
    """Remove what an export has written that will never be a package. Raises StorageFailed."""
    if record.kind is RunKind.EXPORT and not record.state.is_final:
        target = from_yaml(record.plan, f"plan of run {record.id:04d}").target
        if isinstance(target, PackageEnd) and not target.is_pipe:
            await discard_partial(Path(target.path), record.id)


async def delete(home: Home, run_id: int) -> None:
    """Take a run's record, its files and an unfinished package away.

    Raises Refused for a run that has a worker or is being rolled back, RunNotFound, StorageFailed.
    """
    async with open_both(home.journal) as (journal, reader):
        record = await effective(home, reader, await reader.run(run_id))
        if record.state.is_active:
            raise Refused(f"run {run_id:04d} is {record.state}", hint=f"tui-migrate cancel {run_id} first")
        for one in await reader.rollbacks_of(run_id):
            if not (await reader.run(one)).state.is_final:
                raise Refused(
                    f"run {one:04d}, which rolls run {run_id:04d} back, still needs its undo log",
                    hint=f"tui-migrate resume {one}, or cancel {one}",
                )
        for one, state in await reader.retries_of(run_id):
            if not state.is_final:
                raise Refused(
                    f"run {one:04d}, which writes again what run {run_id:04d} could not, still needs its documents",
                    hint=f"tui-migrate resume {one}, or cancel {one}",
                )
        async with _held(home, reader, run_id) as held:
            await discard_package(held)
            await journal.delete_run(run_id)
            await asyncio.to_thread(_remove, home.run(run_id).path)
    await remove_unneeded(home)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageFailed(f"cannot remove {folder}: {error.strerror}", hint="remove it by hand") from error


async def _cancel_without_worker(home: Home, journal: JournalWriter, reader: JournalReader, run_id: int) -> None:
    async with _held(home, reader, run_id) as record:
        if record.state.is_final:
            raise Refused(f"run {run_id:04d} is {record.state}: there is nothing to cancel", hint=_hint(record))
        await discard_package(record)
        await journal.call_off_cancel(run_id)
        await journal.transition(run_id, RunState.CANCELLED)
        await journal.add_event(run_id, f"cancelled by {operator()}")


@asynccontextmanager
async def _held(home: Home, reader: JournalReader, run_id: int) -> AsyncIterator[RunRecord]:
    """Hold a run's lock as its worker would, and give the run as it is under it. Raises Refused where one has it."""
    lock = await asyncio.to_thread(take_over, home.run(run_id).lock)
    try:
        yield await reader.run(run_id)
    finally:
        lock.release()


def _hint(record: RunRecord) -> str:
    return f"tui-migrate resume {record.id}" if record.state.is_resumable else "tui-migrate history shows what is there"

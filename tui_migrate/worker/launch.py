"""Starting runs: the record in the journal, and the detached process that works it."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from tui_migrate.errors import NotReversible, Refused, RunNotFound, StorageFailed
from tui_migrate.findings import Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.packages.package import PASSPHRASE_VARIABLE
from tui_migrate.paths import Home, RunFolder, is_there, make_private_folder
from tui_migrate.plan.checks.look import Rival
from tui_migrate.plan.environments import current_plan
from tui_migrate.plan.model import Plan, PlannedCollection, RunKind
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.redaction import printable, redact
from tui_migrate.worker.control import operator
from tui_migrate.worker.lock import worker_at_work
from tui_migrate.worker.survival import find_survival

START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05
PRIVATE: Final = 0o077
"""The umask of a worker: whatever it writes is for the user alone."""


async def create_run(home: Home, plan: Plan, created_by: str | None = None, *, rate_limit: int = 0) -> int:
    """Record a plan as a run and give its id; nothing is started. Raises JournalError, StorageFailed.

    Its ends are recorded as dangerous as their connections say now, where the plan says less. `rate_limit` is what it
    begins with, documents/s, 0 for none.

    The number of a run whose folder is there is not given again, even where the journal was lost: its undo log is
    another run's.
    """
    home.prepare()
    plan = await asyncio.to_thread(current_plan, plan, home)
    journal = await JournalWriter.open(home.journal)
    try:
        # A plan that somebody wrote by hand may quote a URL with its password.
        shown = replace(plan, description=redact(plan.description))
        run_id = await journal.create_run(shown, created_by or operator(), above=home.highest_run())
        if rate_limit:
            await journal.set_rate_limit(run_id, rate_limit)
    finally:
        await journal.close()
    make_private_folder(home.run(run_id).path)
    return run_id


async def find_rivals(home: Home, places: Sequence[str], collections: Sequence[str]) -> tuple[Rival, ...]:
    """Give the runs of this home that have claimed one of these collections at one of these places of a target."""
    try:
        reader = await JournalReader.open(home.journal)
    except RunNotFound:
        return ()
    try:
        found = await reader.claimants(places, collections)
    finally:
        await reader.close()
    return tuple(Rival(run_id, name, state.is_active) for run_id, name, state in found)


async def create_rollback(home: Home, run_id: int, *, force: bool = False) -> int:
    """Record the run that takes another back; with `force` it takes what others have changed since, too.

    Raises NotReversible saying why that cannot be, RunNotFound.
    """
    return await create_rollback_run(home, await check_reversible(home, run_id), force=force)


async def create_rollback_run(home: Home, undone: RunRecord, *, force: bool = False) -> int:
    """Record the run that takes this one back, of which the caller knows that it can be. Raises NotReversible."""
    plan = from_yaml(undone.plan, f"plan of run {undone.id:04d}")
    counts = {one.name: one.counts.inserted + one.counts.replaced + one.counts.deleted for one in undone.collections}
    return await create_run(
        home,
        Plan(
            kind=RunKind.ROLLBACK,
            source=plan.target,
            target=plan.target,
            collections=tuple(PlannedCollection(one.name, counts[one.name]) for one in plan.collections),
            undo=False,
            description=f"takes back run {undone.id:04d}" + (", and what others have changed since" if force else ""),
            rollback_of=undone.id,
            force=force,
        ),
    )


async def create_retry(home: Home, run_id: int, max_rejects: int | None = None) -> int:
    """Record the run that writes again what the target refused in another, under the same plan but for `max_rejects`.

    Raises Refused saying why that cannot be, RunNotFound.
    """
    reader = await JournalReader.open(home.journal)
    try:
        first = await reader.run(run_id)
        sizes = await reader.reject_sizes(run_id)
    finally:
        await reader.close()
    _refuse_if_not_retriable(home, first, sum(count for count, _ in sizes.values()))
    plan = from_yaml(first.plan, f"plan of run {run_id:04d}")
    planned = (PlannedCollection(name, count, size) for name, (count, size) in sizes.items())
    return await create_run(
        home,
        replace(
            plan,
            collections=tuple(planned),
            max_rejects=plan.max_rejects if max_rejects is None else max_rejects,
            description=f"writes again what the target refused in run {run_id:04d}",
            retry_of=run_id,
            mirror=False,
        ),
    )


def _refuse_if_not_retriable(home: Home, first: RunRecord, rejects: int) -> None:
    run = f"run {first.id:04d}"
    if not rejects:
        raise Refused(f"the target has refused no documents of {run}", hint=f"tui-migrate status {first.id} shows it")
    if first.state in (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS):
        raise Refused(f"{run} has been rolled back", hint="start a new run")
    if not first.state.is_final:
        raise Refused(
            f"{run} has not ended ({first.state})",
            hint=f"tui-migrate resume {first.id}, or cancel {first.id} to give the rest of it up; then retry",
        )
    if not is_there(home.run(first.id).rejects):
        raise Refused(f"the refused documents of {run} are gone ({home.run(first.id).rejects})", hint="start a new run")


async def check_reversible(home: Home, run_id: int) -> RunRecord:
    """Give a run that can be taken back. Raises NotReversible saying why another cannot, RunNotFound."""
    reader = await JournalReader.open(home.journal)
    try:
        undone = await reader.run(run_id)
        await _refuse_if_not_reversible(home, reader, undone)
    finally:
        await reader.close()
    return undone


async def start(home: Home, run_id: int, passwords: Mapping[str, str], pipe: int | None = None) -> str:
    """Start the detached worker of a run, for the first time or again, and wait until it has taken the run up.

    It has a session and a log of its own and no terminal; passwords reach it through its standard input, and an export
    into a pipe inherits `pipe`, the descriptor that it writes to. Gives a
    warning, which the run's log has too, where the worker will not outlive the user's login, else nothing. Raises
    Refused where the run has a live worker or has ended, RunNotFound.
    """
    folder = home.run(run_id)
    reader = await JournalReader.open(home.journal)
    try:
        record = await reader.run(run_id)
        _refuse_if_not_startable(home, record)
        _refuse_without_pipe(record, pipe)
        if record.kind is not RunKind.ROLLBACK and (by := await reader.rollbacks_of(run_id)):
            raise Refused(
                f"run {run_id:04d} is being rolled back by run {by[-1]:04d}",
                hint=f"tui-migrate attach {by[-1]}, or resume {by[-1]} where it was broken off",
            )
        survival = await asyncio.to_thread(find_survival)
        process = await asyncio.to_thread(_spawn, home, run_id, passwords, survival.prefix, pipe)
        # A face that outlives the worker has to take its exit status, or the worker stays behind as a zombie.
        threading.Thread(target=process.wait, name=f"worker-{run_id}", daemon=True).start()
        try:
            async with asyncio.timeout(START_SECONDS):
                await _taken_up(reader, record, process, folder)
        except TimeoutError:
            process.kill()
            raise Refused(
                f"the worker of run {run_id:04d} has not taken it up within {START_SECONDS:.0f} s",
                hint=f"see {folder.worker_log}",
            ) from None
    finally:
        await reader.close()
    if survival.warning:
        await _warn(home, run_id, survival.warning)
    return survival.warning


async def _warn(home: Home, run_id: int, warning: str) -> None:
    journal = await JournalWriter.open(home.journal)
    try:
        await journal.add_event(run_id, warning, Severity.WARNING)
    finally:
        await journal.close()


async def _taken_up(
    reader: JournalReader, record: RunRecord, process: "subprocess.Popen[bytes]", folder: RunFolder
) -> None:
    """Return when this very worker has begun an attempt. Raises Refused where it ends without, or another has begun."""
    while True:
        has_ended = process.poll() is not None
        now = await reader.run(record.id)
        if now.attempt != record.attempt and now.worker_pid in (None, process.pid):
            return
        if has_ended:
            raise Refused(
                f"the worker of run {record.id:04d} has ended before it took the run up", hint=_last_words(folder)
            )
        await asyncio.sleep(POLL_SECONDS)


def _last_words(folder: RunFolder) -> str:
    """Where a worker's log is, and its last line."""
    lines = folder.worker_log.read_text(errors="replace").splitlines() or [""]
    return f"see {folder.worker_log}: {printable(redact(lines[-1]))[:200]}"


def _refuse_if_not_startable(home: Home, record: RunRecord) -> None:
    pid = worker_at_work(home.run(record.id).lock)
    if pid is not None:
        raise Refused(f"run {record.id:04d} has a worker already (pid {pid})", hint=f"tui-migrate attach {record.id}")
    if record.state.is_final:
        raise Refused(f"run {record.id:04d} has ended: {record.state}", hint="start a new run")


def _refuse_without_pipe(record: RunRecord, pipe: int | None) -> None:
    if pipe is None and record.is_piped:
        raise Refused(
            f"run {record.id:04d} wrote into a pipe, which is gone, and cannot be resumed",
            hint=f"start the export again; tui-migrate cancel {record.id} closes this run's record",
        )


async def _refuse_if_not_reversible(home: Home, reader: JournalReader, undone: RunRecord) -> None:
    run = f"run {undone.id:04d}"
    if undone.kind in (RunKind.EXPORT, RunKind.ROLLBACK):
        article = "an" if undone.kind is RunKind.EXPORT else "a"
        raise NotReversible(f"{run} is {article} {undone.kind.value}, which is not rolled back", hint=_instead(undone))
    if undone.state.is_active and worker_at_work(home.run(undone.id).lock) is not None:
        raise NotReversible(f"{run} is at work ({undone.state})", hint=f"tui-migrate cancel {undone.id} first")
    if undone.rolled_back_by or undone.state in (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS):
        raise NotReversible(
            f"{run} has been rolled back already, by run {undone.rolled_back_by:04d}",
            hint=f"tui-migrate status {undone.rolled_back_by}",
        )
    if not undone.writes_begun:
        raise NotReversible(f"{run} has written nothing that could be taken back", hint="there is nothing to do")
    if not undone.undo:
        raise NotReversible(f"{run} was made with --no-rollback", hint="restore the target from a backup")
    if not is_there(home.run(undone.id).undo_log):
        raise NotReversible(
            f"the undo log of {run} is gone ({home.run(undone.id).undo_log})", hint="restore the target from a backup"
        )
    if started := await reader.rollbacks_of(undone.id):
        raise NotReversible(
            f"{run} is being rolled back by run {started[-1]:04d}",
            hint=f"tui-migrate attach {started[-1]}, or resume {started[-1]} where it was broken off",
        )


def _instead(undone: RunRecord) -> str:
    return f"remove the package {undone.target}" if undone.kind is RunKind.EXPORT else "start the first run again"


def _spawn(
    home: Home, run_id: int, passwords: Mapping[str, str], prefix: Sequence[str], pipe: int | None
) -> "subprocess.Popen[bytes]":
    folder = home.run(run_id)
    make_private_folder(folder.path)
    root = home.state.parent
    arguments = [*prefix, sys.executable, "-m", "tui_migrate.worker", str(run_id)]
    if home == Home.find(root):
        arguments += ["--home", str(root)]
    try:
        log = os.open(folder.worker_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFailed(f"cannot write {folder.worker_log}: {error.strerror}", hint="free some space") from error
    inherited = [] if pipe is None else [os.dup(pipe)]  # under its own number it would be the worker's stdout
    try:
        process = subprocess.Popen(
            [*arguments, *(word for one in inherited for word in ("--pipe", str(one)))],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            umask=PRIVATE,
            pass_fds=inherited,
            env={name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE},
        )
    finally:
        for one in (log, *inherited):
            os.close(one)
    if process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin:  # it may have ended already: whoever waits for it will see
            process.stdin.write(json.dumps(dict(passwords)).encode() + b"\n")
    return process

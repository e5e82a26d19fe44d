"""What the steering commands do once their arguments are read: ask a live worker, or start one."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tui_migrate import settings
from tui_migrate.amounts import amount
from tui_migrate.cli.errors_out import ConfirmationNeeded
from tui_migrate.cli.follow import Followed, caught_signals, follow
from tui_migrate.cli.launching import show_detached
from tui_migrate.cli.output import Output
from tui_migrate.cli.records import read_later_runs, read_run
from tui_migrate.cli.render import run_form
from tui_migrate.cli.summary import conclude
from tui_migrate.cli.wording import state_words
from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.finish_command import run_finish_command
from tui_migrate.journal.records import ControlStatus, RunRecord, Wish
from tui_migrate.paths import Home
from tui_migrate.wording import end_words, number, run_name
from tui_migrate.worker import control, launch

FINISH_SECONDS = 5.0
"""How long a command waits for the one that the user has run at a run's end, to say that it failed."""

ANSWER_SECONDS = 5.0
"""How long a command waits for a worker's answer, which comes within a tenth of a second unless it is held up."""

_ASKED = {
    Wish.PAUSE: "to pause after its batch",
    Wish.RESUME: "to go on",
    Wish.CANCEL: "to end for good after its batch",
}


async def join(home: Home, run_id: int, output: Output) -> int:
    """Follow a run that another command started."""
    run = await read_run(home, run_id)
    command = settings.load(home).on_finish
    # Whoever reads what ctrl+c does may press it at once, so it is heard before it is named.
    with caught_signals() as signals:
        if run.state.is_active:
            output.note(f"run {run_name(run_id)}: {state_words(run.state)}; ctrl+c leaves it at work")
        followed = await follow(home, run_id, signals)
        if command and run.state.is_active and not followed.left:
            ended = followed.run
            fault = await run_finish_command(command, run_id, ended.state, ended.kind, FINISH_SECONDS)
            if fault is not None:
                output.note(f"tui-migrate: warning: {fault}")
        return conclude(followed, home, output)


async def ask(home: Home, run_id: int, wish: Wish, output: Output) -> int:
    """Ask a run's worker for something and say so. Raises Refused where there is nobody to ask."""
    await read_run(home, run_id)
    await control.ask(home, run_id, wish)
    run = await read_run(home, run_id)
    output.document(run_form(run))
    if run.state.is_active:
        output.line(f"asked run {run_name(run_id)} {_ASKED[wish]}")
    else:
        output.line(f"run {run_name(run_id)}: {state_words(run.state)}")
    return 0


async def set_parallel(home: Home, run_id: int, collections: int, output: Output) -> int:
    """Ask a run's worker to verify so many collections at once, and say what it answers. Raises Refused."""
    await read_run(home, run_id)
    request = await control.ask(home, run_id, Wish.PARALLEL, collections)
    answer = await control.answer_to(home, run_id, request, ANSWER_SECONDS)
    if answer.status is ControlStatus.REFUSED:
        raise Refused(
            f"run {run_name(run_id)} does not verify {amount(collections, 'collection')} at once: {answer.answer}",
            hint=f"{output.command(f'status {run_id}')} shows how far it is",
        )
    output.document(run_form(await read_run(home, run_id)))
    asked = "asked run" if answer.status is ControlStatus.PENDING else "run"
    output.line(f"{asked} {run_name(run_id)}: {amount(collections, 'collection')} verified at once")
    return 0


async def go_on(home: Home, run: RunRecord, passwords: Mapping[str, str], output: Output, *, detach: bool) -> int:
    """Wake a paused run, or start a worker for one that has none, whatever was to become of it before.

    Raises Refused for a run that is over.
    """
    if run.state.is_active:
        if detach:
            return await ask(home, run.id, Wish.RESUME, output)
        await control.ask(home, run.id, Wish.RESUME)
        output.note(f"asked run {run_name(run.id)} {_ASKED[Wish.RESUME]}")
        return await join(home, run.id, output)
    if not run.state.is_resumable:
        raise Refused(
            f"run {run_name(run.id)} is {run.state.value.replace('_', ' ')} and cannot be resumed",
            hint=f"{output.command(f'status {run.id}')} shows what it did",
        )
    if _was_to_end(run):
        await control.go_on(home, run.id)
    return await _start(home, run.id, passwords, output, detach=detach)


def refuse_if_cancelled(run: RunRecord, output: Output) -> None:
    """Raise ConfirmationNeeded for a run without a worker that somebody wanted to be cancelled."""
    if not _was_to_end(run):
        return
    end = f"rollback {run.id} --confirm" if run.rollback_asked and run.rollback_available else f"cancel {run.id}"
    raise ConfirmationNeeded(
        f"nothing was done; run {run_name(run.id)} was {end_words(run)}, and its worker was gone before that",
        hint=f"to do that: {output.command(end)};"
        f" to go on with the run all the same: {output.command(f'resume {run.id} --despite-cancel')}",
    )


def _was_to_end(run: RunRecord) -> bool:
    return run.cancel_asked and run.state.is_resumable


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingBack:
    """What a user says about a rollback that is asked for."""

    confirm: bool
    force: bool
    despite_later: bool
    detach: bool


async def take_back(home: Home, run: RunRecord, passwords: Mapping[str, str], output: Output, asked: TakingBack) -> int:
    """Make a run's rollback and follow it; unconfirmed, say what it would do.

    Raises NotReversible, and Refused where later runs wrote to the same collections and nobody has said that this is
    to be done all the same.
    """
    await launch.check_reversible(home, run.id)
    later = await read_later_runs(home, run.id)
    names = f"run{'s' * (len(later) > 1)} {', '.join(map(run_name, later))}" if later else ""
    if later and not (asked.force or asked.despite_later):
        raise Refused(
            f"nothing was done; {names} wrote to the same collections after run {run_name(run.id)}",
            hint=f"roll that back first: {output.command(f'rollback {later[-1]} --confirm')};"
            " or leave what it changed as it is with --despite-later",
        )
    if not asked.confirm:
        raise _what_it_would_do(run, names, asked, output)
    if later:
        fate = "taken back too" if asked.force else "kept"
        output.note(f"tui-migrate: warning: {names} wrote to the same collections later; what it changed is {fate}")
    rollback_id = await launch.create_rollback(home, run.id, force=asked.force)
    return await _start(home, rollback_id, passwords, output, detach=asked.detach)


async def write_again(
    home: Home,
    run: RunRecord,
    passwords: Mapping[str, str],
    output: Output,
    max_rejects: int | None,
    *,
    detach: bool,
) -> int:
    """Make the run that writes another's refused documents again, and follow it. Raises Refused."""
    retry_id = await launch.create_retry(home, run.id, max_rejects)
    return await _start(home, retry_id, passwords, output, detach=detach)


def work_on(home: Home, run: RunRecord, passwords: Mapping[str, str], output: Output) -> int:
    """Do a run's work in this process, then print the run. Ctrl+C ends it after its batch, as SIGTERM does."""
    from tui_migrate.worker import main
    from tui_migrate.worker.log import log_to

    with _open_log(home.run(run.id).worker_log) as file:
        log_to(file)
        signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        asyncio.run(main.work(home, run.id, passwords))
        logging.shutdown()
    ended = asyncio.run(read_run(home, run.id))
    return conclude(Followed(ended), home, output)


def _open_log(path: Path) -> TextIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}", hint="make the folder writable") from error
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")


async def _start(home: Home, run_id: int, passwords: Mapping[str, str], output: Output, *, detach: bool) -> int:
    async def begin() -> None:
        if warning := await launch.start(home, run_id, passwords):
            output.note(warning)

    if detach:
        await begin()
        return await show_detached(home, run_id, output)
    with caught_signals() as signals:
        output.note(f"run {run_name(run_id)}: started; it goes on if this terminal is closed")
        return conclude(await follow(home, run_id, signals, begin), home, output)


def _what_it_would_do(run: RunRecord, later: str, asked: TakingBack, output: Output) -> ConfirmationNeeded:
    counts = run.counts
    fate = "taken back too" if asked.force else "kept"
    warning = f" ({later} wrote to the same collections later; what it changed is {fate})" if later else ""
    if run.part_undone_by:
        warning += f"; run {run_name(run.part_undone_by)}, which was cancelled, has taken a part of that back already"
    flags = " --force" * asked.force + " --despite-later" * asked.despite_later
    others = ", whoever has changed them since" if asked.force else ""
    return ConfirmationNeeded(
        f"nothing was done; rolling back run {run_name(run.id)} would delete {amount(counts.inserted, 'document')}"
        f" and put {number(counts.replaced + counts.deleted)} back in {run.target}{others}{warning}",
        hint=f"to do it: {output.command(f'rollback {run.id} --confirm{flags}')}",
    )

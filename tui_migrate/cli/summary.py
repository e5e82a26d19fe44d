"""What a command says about a run when it is done with it: how it ended, what it did, what to do next."""

from collections.abc import Iterator
from typing import Final

from tui_migrate.amounts import amount
from tui_migrate.cli.errors_out import show_error_line
from tui_migrate.cli.follow import Followed
from tui_migrate.cli.output import Output
from tui_migrate.cli.render import run_form
from tui_migrate.cli.wording import arrow, counts_words, duration, ends_words, standing_words, state_words
from tui_migrate.errors import Undecided
from tui_migrate.findings import Finding
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import RunKind
from tui_migrate.wording import number, rollback_begun_words, run_name, size

FINDINGS_SHOWN: Final = 10
STOPPED: Final = "stopped"
"""The code of a run that stopped because it was asked to, which is no error."""

_LEFT_EXIT_CODE: Final = 5


def conclude(followed: Followed, home: Home, output: Output) -> int:
    """Print a run that was followed to its end, or that was left, and give the command's exit code."""
    run = followed.run
    output.document(run_form(run))
    if followed.left:
        output.note(
            f"tui-migrate: left run {run_name(run.id)} at work; {output.command(f'attach {run.id}')} follows it"
        )
        return _LEFT_EXIT_CODE
    for line in summary(run, findings_shown=FINDINGS_SHOWN):
        output.line(line)
    if not output.json:
        _show_failure(run, home, output)
    for step in next_steps(run, output):
        output.line(f"  {arrow()} {step}")
    if len(run.findings) > FINDINGS_SHOWN:
        output.line(f"  {arrow()} all {len(run.findings)} findings: {output.command(f'status {run.id}')}")
    return exit_code(run)


def _show_failure(run: RunRecord, home: Home, output: Output) -> None:
    log = f"the worker's log: {home.run(run.id).worker_log}"
    if run.state is RunState.INTERRUPTED and run.failure is None:
        show_error_line(f"the worker of run {run_name(run.id)} is gone", log, output)
    elif run.failure is not None and run.failure.code != STOPPED:
        show_error_line(run.failure.message, "" if run.state.is_final else run.failure.hint, output)
        if run.state is RunState.FAILED:
            output.note(f"  {arrow()} {log}")


def exit_code(run: RunRecord) -> int:
    """The exit code of a command that waited for this run. One that failed has failed, also once it is taken back."""
    if run.failure is not None and (run.state is RunState.FAILED or (run.rolled_back_by and not was_stopped(run))):
        return run.failure.exit_code
    return run.state.exit_code


def was_stopped(run: RunRecord) -> bool:
    """Say whether the run stopped because somebody asked it to, which is no failure."""
    return run.failure is not None and run.failure.code == STOPPED


def summary(run: RunRecord, *, findings_shown: int) -> Iterator[str]:
    """Say how a run stands: a line of head, what it did, and its first findings."""
    yield f"{standing_words(run)}  run {run_name(run.id)}  {run.kind.value}  {ends_words(run)}"
    if begun := rollback_begun_words(run):
        yield f"  {begun}; before that: {state_words(run.state)}"
    yield f"  {_done(run)}"
    if (took := _took(run)) is not None:
        yield f"  {took}"
    # What a check found before the run and the verification still finds is one thing to people.
    yield from findings_lines(tuple(dict.fromkeys(run.findings))[:findings_shown])


def findings_lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Show findings, each with its hint below it."""
    for one in findings:
        times = f" ({number(one.count)} times)" if one.count > 1 and number(one.count) not in one.message else ""
        yield f"  {one.severity.value}: {one.subject}: {one.message}{times}"
        if one.hint:
            yield f"    {arrow()} {one.hint}"


def next_steps(run: RunRecord, output: Output) -> Iterator[str]:
    """Say what can be done with a run whose worker has ended."""
    if run.failure is not None and run.failure.code == Undecided.code and run.undecided:
        yield f"decide, and it goes on: {output.command(f'conflicts {run.id}')}"
    elif run.may_resume and run.cancel_asked and not run.rollback_asked:
        yield f"cancel it, as was asked: {output.command(f'cancel {run.id}')}"
    elif run.may_resume and not run.cancel_asked and not run.is_piped:
        yield f"go on with it: {output.command(f'resume {run.id}')}"
    if run.rollback_run:
        yield f"how it is being taken back: {output.command(f'status {run.rollback_run}')}"
    if run.rollback_available:
        asked = ", as was asked" if run.rollback_asked else ""
        what = "the rest" if run.part_undone_by else "it"
        yield f"take {what} back{asked}: {output.command(f'rollback {run.id} --confirm')}"
    if run.kind is RunKind.ROLLBACK and run.state is RunState.CANCELLED:
        yield f"what it took back stays taken back; how its run stands: {output.command(f'status {run.rollback_of}')}"
    if run.cancel_asked and run.may_resume and not run.is_piped:
        yield f"go on with it all the same: {output.command(f'resume {run.id} --despite-cancel')}"
    if run.counts.rejected and run.state.is_final and not run.rolled_back_by:
        yield f"write what was refused again: {output.command(f'retry {run.id}')}"
    if run.rolled_back_by:
        yield f"how it was taken back: {output.command(f'status {run.rolled_back_by}')}"


def _done(run: RunRecord) -> str:
    if run.kind is not RunKind.EXPORT:
        return counts_words(run)
    documents = sum(one.documents_done for one in run.collections)
    content = sum(one.bytes_done for one in run.collections)
    return f"{amount(documents, 'document')} of {amount(len(run.collections), 'collection')}, {size(content)}"


def _took(run: RunRecord) -> str | None:
    seconds = run.seconds_at_work(run.ended_at) if run.ended_at is not None else None
    if seconds is None:
        return None
    documents = sum(one.documents_done for one in run.collections)
    rate = f" ({number(round(documents / seconds))} documents/s)" if seconds > 0 and run.attempt <= 1 else ""
    tries = f" in {run.attempt} attempts" if run.attempt > 1 else ""
    tries += f", {duration(run.waited)} at rest" if run.waited else ""
    undo = f", undo log {size(run.undo_bytes)}" if run.undo_bytes else ""
    return f"took {duration(seconds)}{rate}{tries}{undo}"

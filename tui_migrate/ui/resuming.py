"""Taking a run up again, from whatever screen it is asked."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import Refused
from tui_migrate.journal.records import ConflictState, RunRecord
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, Plan, Policy, RunKind, StoreEnd
from tui_migrate.ui.credentials import have_passwords, passwords_of
from tui_migrate.ui.look import host_words
from tui_migrate.ui.plan_reading import read_plan
from tui_migrate.ui.screens.dialogs import TEXT_CELLS, Choose, TypeName
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import end_words, is_to_be_taken_back, number, run_name
from tui_migrate.worker import control, launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

REFUSED_SECRETS: Final = ("authentication_failed", "wrong_key")
"""Codes of failures after which a password or a passphrase that was typed is not taken again."""


async def plan_of(app: "MigrateApp", run_id: int) -> Plan:
    """Give the plan of a run, its ends as their connections are now. Raises RunNotFound, InvalidFile, JournalError."""
    return await read_plan(await app.feed.whole(run_id), app.session.home)


async def resume(app: "MigrateApp", run_id: int) -> bool:
    """Start a worker for a run that stopped, or never began; say whether one was started.

    A worker of a run that was to be cancelled does that, and rolls it back where that was wished, unless the operator
    wants the run to go on.

    Where its target is production the name is to be typed first; passwords that are missing, or that the server did
    not take from the last worker, are asked for. Once the worker is being started, that is not cut short any more.

    Raises Refused where that cannot be, and what keeps a password from being tried.
    """
    run = await app.feed.whole(run_id)
    plan = await read_plan(run, app.session.home)
    if (then := await _ask_what_then(app, run)) is _Then.NOTHING:
        return False
    ends = (plan.target,) if plan.retry_of or then is _Then.END else (plan.source, plan.target)
    if run.failure is not None and run.failure.code in REFUSED_SECRETS:
        for one in ends:
            app.session.passwords.pop(one.label, None)
    if not await _confirm(app, run, plan):
        return False
    app.say("Starting a worker… esc stops waiting.", is_error=False)
    if not await have_passwords(app, ends):
        return False
    calls_off = run.cancel_asked and then is _Then.GO_ON
    given = passwords_of(ends, app.session.passwords)
    if app.whole_steps.starts(run_id):
        raise Refused(f"a worker for run {run_name(run_id)} is being started already", hint="it shows in a moment")
    await app.whole_steps.take(_start(app.session.home, run_id, given, calls_off=calls_off), run_id)
    return True


class _Then(StrEnum):
    """What a worker is to do with a run that somebody has asked to end."""

    END = "end"
    GO_ON = "on"
    NOTHING = "nothing"


async def _ask_what_then(app: "MigrateApp", run: RunRecord) -> _Then:
    """Ask whether a run that was to be cancelled is to be, now; nobody is asked about another, which goes on."""
    if not run.cancel_asked or not run.state.is_resumable:
        return _Then.GO_ON
    back = " and roll back what it wrote" if is_to_be_taken_back(run) else ""
    choices = [
        (_Then.END, f"Cancel it{back}, as was asked"),
        (_Then.GO_ON, "Go on with the run instead"),
        (_Then.NOTHING, "Leave it as it is"),
    ]
    said = f"It was {end_words(run)}, and its worker was gone before that."
    chosen = await app.push_screen_wait(Choose(f"Run {run_name(run.id)}", wrap(said, TEXT_CELLS), choices))
    return _Then(chosen or _Then.NOTHING)


async def _start(home: Home, run_id: int, passwords: Mapping[str, str], *, calls_off: bool) -> None:
    if calls_off:
        await control.go_on(home, run_id)
    await launch.start(home, run_id, passwords)


async def _confirm(app: "MigrateApp", run: RunRecord, plan: Plan) -> bool:
    """Have the name of a target in production typed: one key alone sets no worker on it."""
    target = plan.target
    if not isinstance(target, StoreEnd) or target.environment is not Environment.PRODUCTION:
        return True
    said = [f"A worker for run {run_name(run.id)} ({plan.kind.value}) writes to PRODUCTION."]
    said.append(await _decided_words(app, run.id) if plan.policy is Policy.ASK else _left_words(run))
    if not plan.undo and plan.kind is not RunKind.ROLLBACK:
        said.append("It keeps no undo log: there is no way back.")
    return await app.push_screen_wait(TypeName("Production target", said, host_words(target)))


def _left_words(run: RunRecord) -> str:
    """Say how much of a run is done, and of how much."""
    done, total = (sum(counts) for counts in zip(*_counts(run), strict=True)) if run.collections else (0, 0)
    return f"{number(done)} of some {number(total)} documents are done; it goes on with the rest."


def _counts(run: RunRecord) -> list[tuple[int, int]]:
    return [(one.documents_done, one.documents_expected) for one in run.collections]


async def _decided_words(app: "MigrateApp", run_id: int) -> str:
    """Say what becomes of the documents that the run has asked about."""
    counts = await app.feed.decided(run_id)
    replaced, kept, left = (counts[one] for one in (ConflictState.REPLACE, ConflictState.KEEP, ConflictState.OPEN))
    said = f"Decided: {number(replaced)} to take the source's, {number(kept)} to keep the target's."
    return f"{said} {number(left)} undecided stay as they are." if left else said

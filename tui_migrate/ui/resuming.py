"""Taking a run up again, from whatever screen it is asked."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import Refused
from tui_migrate.plan.model import Environment, Plan, RunKind, StoreEnd
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import host_words
from tui_migrate.ui.plan_reading import read_plan
from tui_migrate.ui.screens.dialogs import TypeName
from tui_migrate.wording import run_name
from tui_migrate.worker import launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

REFUSED_SECRETS: Final = ("authentication_failed", "wrong_key")
"""Codes of failures after which a password or a passphrase that was typed is not taken again."""


async def plan_of(app: "MigrateApp", run_id: int) -> Plan:
    """Give the plan of a run, its ends as their connections are now. Raises RunNotFound, InvalidFile, JournalError."""
    return await read_plan(await app.feed.whole(run_id), app.session.home)


async def resume(app: "MigrateApp", run_id: int, when_confirmed: Callable[[], object]) -> bool:
    """Start a worker for a run that stopped, or never began; say whether one was started.

    Where its target is production the name is to be typed first; passwords that are missing, or that the server did
    not take from the last worker, are asked for. `when_confirmed` is called as soon as it is wanted for certain. Once
    the worker is being started, that is not cut short any more.

    Raises Refused where that cannot be, and what keeps a password from being tried.
    """
    run = await app.feed.whole(run_id)
    plan = await read_plan(run, app.session.home)
    ends = (plan.target,) if plan.retry_of else (plan.source, plan.target)
    if run.failure is not None and run.failure.code in REFUSED_SECRETS:
        for one in ends:
            app.session.passwords.pop(one.label, None)
    if not await _confirm(app, run_id, plan):
        return False
    when_confirmed()
    if not await have_passwords(app, ends):
        return False
    labels = {one.label for one in ends}
    given = {label: word for label, word in app.session.passwords.items() if label in labels}
    if app.whole_steps.starts(run_id):
        raise Refused(f"a worker for run {run_name(run_id)} is being started already", hint="it shows in a moment")
    await app.whole_steps.take(launch.start(app.session.home, run_id, given), run_id)
    return True


async def _confirm(app: "MigrateApp", run_id: int, plan: Plan) -> bool:
    """Have the name of a target in production typed: one key alone sets no worker on it."""
    target = plan.target
    if not isinstance(target, StoreEnd) or target.environment is not Environment.PRODUCTION:
        return True
    said = [f"A worker for run {run_name(run_id)} ({plan.kind.value}) writes to PRODUCTION."]
    if not plan.undo and plan.kind is not RunKind.ROLLBACK:
        said.append("It keeps no undo log: there is no way back.")
    return await app.push_screen_wait(TypeName("Production target", said, host_words(target)))

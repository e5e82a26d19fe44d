"""Taking a run up again, from whatever screen it is asked."""

import asyncio
from typing import TYPE_CHECKING

from tui_migrate.plan.environments import current_plan
from tui_migrate.plan.model import Environment, Plan, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import host_words
from tui_migrate.ui.screens.dialogs import TypeName
from tui_migrate.wording import run_name
from tui_migrate.worker import launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def plan_of(app: "MigrateApp", run_id: int) -> Plan:
    """Give the plan of a run, its ends as their connections are now. Raises RunNotFound, InvalidFile, JournalError."""
    plan = from_yaml((await app.feed.whole(run_id)).plan, f"plan of run {run_name(run_id)}")
    return await asyncio.to_thread(current_plan, plan, app.session.home)


async def resume(app: "MigrateApp", run_id: int) -> bool:
    """Start a worker for a run that stopped, or never began; say whether one was started.

    Where its target is production the name is to be typed first; passwords that are missing are asked for.

    Raises Refused where that cannot be, and what keeps a password from being tried.
    """
    plan = await plan_of(app, run_id)
    ends = (plan.target,) if plan.retry_of else (plan.source, plan.target)
    if not await _confirm(app, run_id, plan) or not await have_passwords(app, ends):
        return False
    labels = {one.label for one in ends}
    given = {label: word for label, word in app.session.passwords.items() if label in labels}
    await launch.start(app.session.home, run_id, given)
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

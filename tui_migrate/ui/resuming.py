"""Taking a run up again, from whatever screen it is asked."""

from typing import TYPE_CHECKING

from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.wording import run_name
from tui_migrate.worker import launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def plan_of(app: "MigrateApp", run_id: int) -> Plan:
    """Give the plan of a run. Raises RunNotFound, InvalidFile, JournalError."""
    return from_yaml((await app.feed.whole(run_id)).plan, f"plan of run {run_name(run_id)}")


async def resume(app: "MigrateApp", run_id: int) -> bool:
    """Start a worker for a run that stopped, asking for passwords that are missing; say whether one was started.

    Raises Refused where that cannot be, and what keeps a password from being tried.
    """
    plan = await plan_of(app, run_id)
    ends = (plan.source, plan.target)
    if not await have_passwords(app, ends):
        return False
    labels = {one.label for one in ends if isinstance(one, StoreEnd)}
    given = {label: word for label, word in app.session.passwords.items() if label in labels}
    await launch.start(app.session.home, run_id, given)
    return True

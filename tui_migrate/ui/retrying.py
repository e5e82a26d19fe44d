"""Writing again what the target refused in a run: asked first, then begun as a run of its own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, host_words
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.taking_back import Begun, target_password
from tui_migrate.wording import number, run_name
from tui_migrate.worker import launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def retry(app: "MigrateApp", run_id: int, documents: int) -> Begun | None:
    """Begin the run that writes these documents again; None where the operator went back. For background work.

    Raises Refused where that cannot be, RunNotFound, and what keeps a password from being tried.
    """
    plan = await plan_of(app, run_id)
    target = plan.target
    count = f"{number(documents)} document{'' if documents == 1 else 's'}"
    said = (
        f"{count} that {printable(target.label)} refused in run {run_name(run_id)} {'is' if documents == 1 else 'are'}"
        " written again, under the same plan. What is refused again stays a reject of the new run."
    )
    if isinstance(target, StoreEnd) and target.environment is Environment.PRODUCTION:
        window = TypeName("Production target", ["This writes to PRODUCTION.", said], host_words(target))
        if not await app.push_screen_wait(window):
            return None
    else:
        choices = [("back", "Go back"), ("retry", f"Write {count} again")]
        if await app.push_screen_wait(Choose(f"Retry run {run_name(run_id)}", [said], choices)) != "retry":
            return None
    if not await have_passwords(app, (target,)):
        return None
    return await app.whole_steps.take(_begin(app.session.home, run_id, target_password(plan, app.session.passwords)))


async def _begin(home: Home, run_id: int, passwords: Mapping[str, str]) -> Begun:
    retry_id = await launch.create_retry(home, run_id)
    try:
        await launch.start(home, retry_id, passwords)
    except TuiMigrateError as error:
        return Begun(retry_id, Fault.of(error))
    return Begun(retry_id)

"""Trying again what the target refused in a run: as it was kept, by a run of its own, or read anew by a plan."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.plan.model import End, Environment, Plan, StoreEnd
from tui_migrate.plan.rereading import MOST_READ_AGAIN, rereading_plan, what_blocks_rereading
from tui_migrate.redaction import printable
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.credentials import have_passwords
from tui_migrate.ui.look import Fault, host_words
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.taking_back import Begun, target_password
from tui_migrate.wording import number, run_name
from tui_migrate.worker import launch
from tui_migrate.worker.rejected_documents import read_rejected_ids

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_KEPT: Final = "kept"
_ANEW: Final = "anew"


async def retry(app: "MigrateApp", run_id: int, documents: int, mask: Mask = NOTHING) -> Begun | Plan | None:
    """Begin the run that writes these documents again as they were kept, or give the plan that reads them again.

    None where the operator went back. For background work. Raises Refused where that cannot be, RunNotFound, and what
    keeps a password from being tried.
    """
    plan = await plan_of(app, run_id)
    count = f"{number(documents)} document{'' if documents == 1 else 's'}"
    chosen = await app.push_screen_wait(_question(plan, run_id, documents, count, mask))
    if chosen == _ANEW:
        return rereading_plan(plan, run_id, await read_rejected_ids(app.session.home, run_id, MOST_READ_AGAIN))
    target = plan.target
    if chosen != _KEPT or not await _is_meant(app, target, f"{count}, as kept, {_are(documents)} written again."):
        return None
    if not await have_passwords(app, (target,)):
        return None
    return await app.whole_steps.take(_begin(app.session.home, run_id, target_password(plan, app.session.passwords)))


def _question(plan: Plan, run_id: int, documents: int, count: str, mask: Mask) -> Choose:
    sentences = [
        f"{printable(plan.target.label)} refused {count} in run {run_name(run_id)}. What is kept is what was read then:"
        " what was mended in the source since is not in it.",
        "What is refused again stays a reject of the new run.",
    ]
    choices = [("back", "Go back"), (_KEPT, f"Write {count} again, as kept")]
    blocked = what_blocks_rereading(plan, documents)
    if not blocked and not any(mask.hides(one.name, "_id") for one in plan.collections):
        choices.append((_ANEW, f"Plan {'it' if documents == 1 else 'them'} anew, from the source as it is now"))
    elif blocked:
        sentences.append(f"They cannot be read again one by one: {blocked}.")
    return Choose(f"Retry run {run_name(run_id)}", sentences, choices)


async def _is_meant(app: "MigrateApp", target: End, said: str) -> bool:
    if not isinstance(target, StoreEnd) or target.environment is not Environment.PRODUCTION:
        return True
    window = TypeName("Production target", ["This writes to PRODUCTION.", said], host_words(target))
    is_typed = await app.push_screen_wait(window)
    return is_typed is True


def _are(documents: int) -> str:
    return "is" if documents == 1 else "are"


async def _begin(home: Home, run_id: int, passwords: Mapping[str, str]) -> Begun:
    retry_id = await launch.create_retry(home, run_id)
    try:
        await launch.start(home, retry_id, passwords)
    except TuiMigrateError as error:
        return Begun(retry_id, Fault.of(error))
    return Begun(retry_id)

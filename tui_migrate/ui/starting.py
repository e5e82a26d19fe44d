"""Starting the run that was planned: what has to be confirmed, the passwords, the worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import TuiMigrateError
from tui_migrate.findings import Finding
from tui_migrate.paths import Home
from tui_migrate.plan.environments import is_production
from tui_migrate.plan.model import Plan, StoreEnd
from tui_migrate.plan.refusals import Refusals
from tui_migrate.redaction import printable
from tui_migrate.ui.credentials import have_passwords, passwords_of
from tui_migrate.ui.draft import MOST_REJECTS
from tui_migrate.ui.look import Fault, host_words
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.wording import number
from tui_migrate.worker import launch
from tui_migrate.worker.backups import note_made_for

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

Create = Callable[[Home, Plan], Awaitable[int]]
"""Records a plan as a run and gives its id."""

NONE_REFUSED: Final = Refusals()
LINES_SHOWN: Final = 9
TEXT_CELLS: Final = 66


async def confirm(
    app: "MigrateApp", plan: Plan, sentence: str, warnings: Sequence[Finding], refused: Refusals = NONE_REFUSED
) -> Plan | None:
    """Have warnings read, and the name of a target in production typed. To be awaited in background work.

    Gives the plan that is confirmed, None for going back. Where more documents are `refused` than it lets be put
    aside, it is offered to allow so many, which changes plan and sentence.
    """
    if warnings:
        title = f"{len(warnings)} warning{'s' if len(warnings) != 1 else ''}"
        choices = [("back", "Go back"), ("start", "Start all the same")]
        if refused.count > plan.max_rejects:
            most = f"up to {number(refused.count)}" if refused.is_whole else "whatever is refused"
            choices.append(("aside", f"Start, and put {most} aside"))
        chosen = await app.push_screen_wait(Choose(title, _warning_lines(warnings), choices))
        if chosen not in ("start", "aside"):
            return None
        if chosen == "aside":
            before = refused.words(plan.max_rejects)
            plan = replace(plan, max_rejects=refused.count if refused.is_whole else MOST_REJECTS)
            sentence = sentence.replace(before, refused.words(plan.max_rejects))
    target = plan.target
    if isinstance(target, StoreEnd) and await asyncio.to_thread(is_production, target, app.session.home):
        sentences = ["This writes to PRODUCTION.", *wrap(sentence, TEXT_CELLS)]
        if not await app.push_screen_wait(TypeName("Production target", sentences, host_words(target))):
            return None
    return plan


async def have_worker(
    app: "MigrateApp",
    plan: Plan,
    rate_limit: int = 0,
    back_up: Callable[[], Awaitable[str]] | None = None,
    *,
    create: Create | None = None,
) -> tuple[int, Fault | None] | None:
    """Record the run and start its worker, asking for passwords that are missing; None where nothing was recorded.

    `rate_limit` is what the run begins with, documents/s, 0 for none. `back_up` makes a backup before anything is
    recorded, and gives its name, empty for none. `create` records the run, if not as every run is.

    A run that is recorded and whose worker did not start comes with the fault. Raises JournalError, StorageFailed,
    and what keeps a password from being tried.
    """
    ends = (plan.source, plan.target)
    if not await have_passwords(app, ends):
        return None
    given = passwords_of(ends, app.session.passwords)
    home = app.session.home
    backup = await back_up() if back_up is not None else ""
    recording = create(home, plan) if create else launch.create_run(home, plan, rate_limit=rate_limit)
    run_id, fault = await app.whole_steps.take(_record_and_start(home, recording, given, backup))
    if fault is None:
        app.feed.expect(run_id)
    return run_id, fault


async def _record_and_start(
    home: Home, recording: Awaitable[int], passwords: Mapping[str, str], backup: str
) -> tuple[int, Fault | None]:
    run_id = await recording
    if backup:
        await note_made_for(home, backup, run_id)
    try:
        await launch.start(home, run_id, passwords)
    except TuiMigrateError as error:
        return run_id, Fault.of(error)
    return run_id, None


def _warning_lines(warnings: Sequence[Finding]) -> list[str]:
    """What the warnings say, as many lines of it as a window has room for."""
    lines = [line for one in warnings for line in wrap(f"! {one.subject}: {one.message}", TEXT_CELLS, "  ")]
    shown = [printable(line) for line in lines[:LINES_SHOWN]]
    return (
        shown if len(lines) <= LINES_SHOWN else [*shown, f"… {len(warnings)} in all; the list is behind this window."]
    )

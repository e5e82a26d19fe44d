"""The backup of a target that is made and checked before a run into it begins.

The backup is a run of its own with its own worker: it goes on where somebody stops waiting for it, and then nothing
else is started.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import Refused, TuiMigrateError, UsageError
from tui_migrate.findings import Severity
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan import preflight
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.ends import read_options
from tui_migrate.plan.model import PackageEnd, Plan, RunKind, StoreEnd
from tui_migrate.reports.model import verdict_of
from tui_migrate.reports.package import examine
from tui_migrate.ui.look import Opening, first_error
from tui_migrate.wording import number, run_name, size
from tui_migrate.worker import backups, control, launch

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

POLL_SECONDS: Final = 0.3
_READ_STEP: Final = 64 * 1024 * 1024
"""So many bytes are read between two words about it."""

Tell = Callable[[str], object]


async def back_up_target(app: "MigrateApp", plan: Plan, tell: Tell) -> str:
    """Back up what a plan's target has of its collections, check the backup whole, and give its name.

    Gives nothing where the target has none of them; `tell` hears how far it is. The passwords are known by now. Raises
    Refused where the backup has not completed or is not whole, UsageError, Unreachable, and what the journal raises.
    """
    end = plan.target
    if not isinstance(end, StoreEnd):
        raise UsageError("a package is made anew: there is nothing to back up", hint="turn Backup first off")
    home, session = app.session.home, app.session
    opening = Opening(home, session.passwords, session.clock)
    name = backups.default_name(end, session.clock())
    tell("Looking at what the target has of these collections…")
    try:
        planned = await _planned(home, opening, name, end, {one.name for one in plan.collections})
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    if planned is None:
        return ""
    words = {end.label: session.passwords[end.label]} if end.label in session.passwords else {}
    run_id = await app.whole_steps.take(_begin(home, name, *planned, words))
    tell(f"Run {run_name(run_id)} backs the target up first…")
    ended = await _followed(home, run_id, tell)
    if ended.state is not RunState.COMPLETED:
        raise Refused(
            f"the backup {name} has not completed, so nothing was started",
            hint=f"run {run_name(run_id)} ({ended.state.value}) shows why; or turn Backup first off",
        )
    await _check(home, name, tell)
    return name


async def _planned(
    home: Home, opening: Opening, name: str, end: StoreEnd, planned: set[str]
) -> tuple[Plan, backups.BackedUp] | None:
    """Plan the backup and check that; None where there is nothing to back up."""
    async with opening.source(end) as opened:
        of = backups.BackedUp(await opened.identity(), tuple(one.name for one in await opened.collections()))
        names = tuple(one for one in of.collections if one in planned)
        if not names:
            return None
        await asyncio.to_thread(make_private_folder, home.backups)
        path = home.backups / backups.file_name(name, encrypted=False)
        target = PackageEnd(str(await asyncio.to_thread(path.absolute)), PackageForm.TAR)
        description = f"the backup {name}, before a run into {end.label}"
        plan = await build_plan(PlanRequest(RunKind.EXPORT, end, target, names, description=description), opened)
        about = preflight.Circumstances(folder=home.runs, rivals=partial(launch.find_rivals, home), for_people=True)
        found = await preflight.check(plan, opened, None, about=about)
        if (error := next((one for one in found if one.severity is Severity.ERROR), None)) is not None:
            raise Refused(f"the target cannot be backed up: {error.subject}: {error.message}", hint=error.hint)
    return plan, of


async def _begin(home: Home, name: str, plan: Plan, of: backups.BackedUp, passwords: Mapping[str, str]) -> int:
    """Record the run that makes the backup, and start its worker."""
    run_id = await backups.create_backup(home, name, plan, of)
    await launch.start(home, run_id, passwords)
    return run_id


async def _followed(home: Home, run_id: int, tell: Tell) -> RunRecord:
    """Wait until a run has ended, and say how far it is."""
    reader = await JournalReader.open(home.journal)
    try:
        while True:
            run = await control.effective(home, reader, await reader.run(run_id))
            if not run.state.is_active and run.state is not RunState.PLANNED:
                return run
            done = sum(one.documents_done for one in run.collections)
            total = sum(one.documents_total for one in run.collections)
            tell(f"Run {run_name(run_id)} backs the target up first: {number(done)} of {number(total)} documents…")
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await reader.close()


async def _check(home: Home, name: str, tell: Tell) -> None:
    """Read all of a backup, and record what that came to. Raises Refused where it is not whole."""
    found = await backups.find_backup(home, name)
    end = PackageEnd(found.record.path)
    package = RecognisedPackage(Path(end.path), read_options(end, {}))
    told = 0

    def progress(done: int, total: int) -> None:
        nonlocal told
        if done - told >= _READ_STEP or not told:
            told = done or 1
            tell(f"Checking the backup {name}: {size(done)} of {size(total)}…")

    try:
        verdict = verdict_of((await examine(package, progress)).findings)
    except* TuiMigrateError as group:
        raise first_error(group) from None
    finally:
        await package.close()
    await backups.note_verified(home, name, verdict.value)
    if verdict == backups.FAULTY:
        raise Refused(f"the backup {name} is not whole, so nothing was started", hint="its check shows why")

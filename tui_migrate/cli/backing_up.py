"""Making backups: what the command `backup` does, and the one that a run takes of its target first."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tui_migrate.cli.backup_check import examined
from tui_migrate.cli.encryption import Encrypting
from tui_migrate.cli.errors_out import CheckFailed
from tui_migrate.cli.follow import caught_signals, follow
from tui_migrate.cli.launching import Launching
from tui_migrate.cli.options import Common, Handling, Selection
from tui_migrate.cli.package_options import absolute
from tui_migrate.cli.passwords import ask_missing, typed_end
from tui_migrate.cli.summary import findings_lines
from tui_migrate.errors import Refused, UsageError
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Scope
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import PackageEnd, Plan, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.model import verdict_of
from tui_migrate.wording import run_name
from tui_migrate.worker import backups, launch
from tui_migrate.worker.backing_up import looked_at, own_folder, package_end


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asks of a backup beside its collections. `output` is the folder, None for the home's."""

    url: str
    name: str
    output: Path | None
    owner: str
    detach: bool


def back_up(wanted: Wanted, selection: Selection, encrypting: Encrypting, common: Common) -> int:
    """Make a backup and follow its run. Raises UsageError for a name that is none or taken."""
    passwords: dict[str, str] = {}
    home = common.place
    source = typed_end(wanted.url, home, passwords, common.output)
    name = backups.check_name(wanted.name or backups.default_name(source, time.time()))
    target = _target(name, _folder(home, wanted.output), encrypting, passwords)
    ask_missing((source, target), home, passwords)
    request = PlanRequest(
        kind=RunKind.EXPORT,
        source=source,
        target=target,
        names=selection.collections,
        exclude=selection.exclude,
        description=selection.description or f"the backup {name}",
        catalog=selection.catalog_in(home),
        scope=Scope(owner=wanted.owner),
    )

    async def make() -> int:
        await backups.refuse_taken(home, name)
        launching = Launching(home, common.output, Handling(detach=wanted.detach), passwords)
        async with launching.source(source) as opened:
            plan, of = await build_plan(request, opened), await looked_at(opened)
        return await replace(launching, create=_recorder(name, of)).carry_out(plan)

    return asyncio.run(make())


async def back_up_target(launching: Launching, plan: Plan) -> str:
    """Back up what a plan's target has of its collections, check the backup whole, and give its name.

    Gives nothing where the target has none of them. Raises UsageError for a plan without a database as its target,
    Refused where the backup has not completed or is not whole.
    """
    end, home = plan.target, launching.home
    if not isinstance(end, StoreEnd):
        raise UsageError("--backup-first is for a run into a database", hint="leave --backup-first away")
    planned = {one.name for one in plan.collections}
    async with launching.source(end) as opened:
        of = await looked_at(opened)
        names = tuple(one for one in of.collections if one in planned)
        if not names:
            launching.output.note("the target has none of these collections: there is nothing to back up")
            return ""
        name = backups.default_name(end, time.time())
        target = _target(name, _folder(home, None), Encrypting(), {})
        description = f"the backup {name}, before a run into {end.label}"
        request = PlanRequest(RunKind.EXPORT, end, target, names, description=description)
        made = await build_plan(request, opened)
    await _make_and_check(launching, name, made, of)
    return name


async def _make_and_check(launching: Launching, name: str, plan: Plan, of: backups.BackedUp) -> None:
    home, output = launching.home, launching.output
    findings = await replace(launching, handling=Handling()).check(plan)
    if errors := [one for one in findings if one.severity.value == "error"]:
        raise CheckFailed(findings, errors)
    with caught_signals() as signals:
        run_id = await backups.create_backup(home, name, plan, of)
        output.note(f"run {run_name(run_id)}: makes the backup {name} first")

        async def begin() -> None:
            await launch.start(home, run_id, launching.passwords)

        followed = await follow(home, run_id, signals, begin)
    if followed.left or followed.run.state is not RunState.COMPLETED:
        for line in findings_lines(followed.run.findings):
            output.note(line)
        raise Refused(
            f"the backup {name} has not completed (run {run_name(run_id)}: {followed.run.state.value}), so nothing was"
            " written to the target",
            hint=f"{output.command(f'status {run_id}')} shows why; or start without --backup-first",
        )
    verdict = verdict_of((await examined(plan.target, {})).findings) if isinstance(plan.target, PackageEnd) else ""
    await backups.note_verified(home, name, str(verdict))
    if verdict == backups.FAULTY:
        raise Refused(
            f"the backup {name} is not whole, so nothing was written to the target",
            hint=f"{output.command(f'backups verify {name}')} shows why",
        )
    output.note(f"the backup {name} is complete and was checked")


def _recorder(name: str, of: backups.BackedUp) -> Callable[[Home, Plan], Awaitable[int]]:
    async def create(home: Home, plan: Plan) -> int:
        return await backups.create_backup(home, name, plan, of)

    return create


def _folder(home: Home, chosen: Path | None) -> Path:
    if chosen is None:
        return own_folder(home)
    if not chosen.is_dir():
        raise UsageError(
            f"there is no folder {printable(str(chosen))}", hint="make it, or leave --output away for the home's own"
        )
    return chosen


def _target(name: str, folder: Path, encrypting: Encrypting, passwords: dict[str, str]) -> PackageEnd:
    is_plain = encrypting == Encrypting()
    end = package_end(name, Path(absolute(folder)), encrypted=not is_plain)
    return end if is_plain else encrypting.target(end, passwords)

"""Restoring a backup: the package that it is, the plan that brings it back, and what that would change."""

import asyncio

from tui_migrate.comparison.compare import Progress, compare
from tui_migrate.comparison.model import Comparison, Request
from tui_migrate.comparison.state import State
from tui_migrate.errors import Refused
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind, StoreEnd
from tui_migrate.plan.restoring import mirroring
from tui_migrate.stores.base import Source
from tui_migrate.worker.backups import USABLE, Backup, BackupStatus


def package_of(backup: Backup) -> PackageEnd:
    """Give the package of a backup. Raises Refused for one that is not finished or not there."""
    if backup.status not in USABLE:
        hints = {
            BackupStatus.MISSING: f"it should lie at {backup.record.path}",
            BackupStatus.INTERRUPTED: f"tui-migrate resume {backup.record.run_id} goes on with it",
            BackupStatus.RUNNING: f"tui-migrate attach {backup.record.run_id} follows it",
        }
        raise Refused(
            f"the backup {backup.name} cannot be used: it is {backup.status}",
            hint=hints.get(backup.status, "choose another: tui-migrate backups list"),
        )
    return PackageEnd(backup.record.path)


def restore_request(backup: Backup, source: PackageEnd, target: StoreEnd) -> PlanRequest:
    """Ask for all of a backup to be brought back into a database; `source` is its package with what opens it."""
    return PlanRequest(
        kind=RunKind.IMPORT,
        source=source,
        target=target,
        policy=Policy.OVERWRITE,
        description=f"restores the backup {backup.name}",
    )


async def restore_plan(backup: Backup, request: PlanRequest, source: Source, target: Source) -> Plan:
    """Plan a restore. Raises what `build_plan` raises, and what keeps the target from being listed.

    The target's collections become those of the backup; those that a whole backup does not have are removed. A backup
    of one user's documents only adds and replaces.
    """
    plan = await build_plan(request, source)
    if backup.record.owner:
        return plan
    has_all = backup.record.is_whole and not request.names
    return mirroring(plan, await target.collections() if has_all else ())


async def compared(plan: Plan, source: Source, target: Source, progress: Progress | None = None) -> Comparison:
    """Compare a backup, as the target is to get it, with what is there now: that is what the restore would change."""
    state = await asyncio.to_thread(State, None, "")
    try:
        names = tuple(one.name for one in plan.collections)
        return await compare(source, target, Request(names, listed=0), state, progress)
    finally:
        state.close()

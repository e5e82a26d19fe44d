"""Restoring a backup: the package that it is, the plan that brings it back, and what that would change."""

import asyncio
from collections.abc import Sequence

from tui_migrate.comparison.compare import Progress, compare
from tui_migrate.comparison.model import Request
from tui_migrate.comparison.state import State
from tui_migrate.errors import Refused
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.mirror import is_mirror, is_replaced
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind, StoreEnd
from tui_migrate.plan.restoring import CollectionChange, changes, mirroring
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Source
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


async def restore_changes(
    plan: Plan, source: Source, target: Source, progress: Progress | None = None
) -> tuple[CollectionChange, ...]:
    """Compare a backup, as the target is to get it, with what is there now, and say what the restore would change."""
    state = await asyncio.to_thread(State, None, "")
    names = tuple(one.name for one in plan.collections)
    try:
        found = await compare(source, target, Request(names, listed=0), state, progress)
    finally:
        state.close()
    whole = await _replaced_whole(names, source, target) if is_mirror(plan) else {}
    return changes(found, mirror=plan.mirror, whole=whole)


async def _replaced_whole(names: Sequence[str], source: Source, target: Source) -> dict[str, tuple[int, int]]:
    """Count what either side has of the collections that a mirror of the source replaces whole."""
    mine = {one.name: one for one in await source.collections(names)}
    pairs = [(mine[one.name], one) for one in await target.collections(names) if one.name in mine]
    return {
        one.name: (await _documents(source, one), await _documents(target, there))
        for one, there in pairs
        if is_replaced(one, there)
    }


async def _documents(store: Source, info: CollectionInfo) -> int:
    return 0 if info.kind is CollectionKind.VIEW else await store.count(info.name)

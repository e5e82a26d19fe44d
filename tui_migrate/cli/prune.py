"""What `backups prune` does: show what would go and what stays and why, or remove it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tui_migrate.amounts import amount
from tui_migrate.cli.backup_form import backup_form
from tui_migrate.cli.options import Common
from tui_migrate.cli.tables import table
from tui_migrate.cli.wording import arrow, at_and_ago
from tui_migrate.wording import number, size
from tui_migrate.worker import pruning
from tui_migrate.worker.backups import read_backups


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a user wants to be removed."""

    days: int
    keep_minimum: int
    connection: str
    confirm: bool


async def prune_backups(wanted: Pruning, common: Common, clock: Callable[[], float] = time.time) -> int:
    """Show which backups are old enough to go, and remove them where that is confirmed."""
    home, output = common.place, common.output
    backups = await read_backups(home)
    chosen = [
        one
        for one in pruning.choose(backups, clock(), wanted.days, wanted.keep_minimum)
        if wanted.connection in ("", one.backup.record.connection)
    ]
    go = [one.backup for one in chosen if one.stays is None]
    if wanted.confirm:
        await pruning.sweep(backups, home)
        for one in go:
            await pruning.remove(home, one)
    output.document(
        {
            "removed": wanted.confirm,
            "prune": [backup_form(one) for one in go],
            "keep": [{"name": one.backup.name, "reason": one.stays.value} for one in chosen if one.stays is not None],
            "disk_bytes": sum(one.disk_bytes for one in go),
        }
    )
    rows = [
        [
            one.backup.name,
            "stays" if one.stays else ("removed" if wanted.confirm else "goes"),
            one.backup.status.value,
            at_and_ago(one.backup.record.created_at),
            size(one.backup.disk_bytes),
            one.stays.value if one.stays else "",
        ]
        for one in chosen
    ]
    for line in table(["name", "", "status", "made", "on disk", "why it stays"], rows, numbers=(4,)) if rows else ():
        output.line(line)
    total = f"{number(len(go))} of {amount(len(chosen), 'backup')}, {size(sum(one.disk_bytes for one in go))}"
    if wanted.confirm:
        output.line(f"removed {total}")
    else:
        output.line(f"nothing was removed; what goes: {total}")
        if go:
            output.line(f"  {arrow()} to remove them: {output.command(_again(wanted))}")
    return 0


def _again(wanted: Pruning) -> str:
    of = f" --connection {wanted.connection}" if wanted.connection else ""
    return f"backups prune --days {wanted.days} --keep-minimum {wanted.keep_minimum}{of} --confirm"

"""Checking a backup whole, as `validate` checks a package, and keeping what that came to."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tui_migrate.cli.encryption import Decrypting
from tui_migrate.cli.options import Common
from tui_migrate.cli.passwords import ask_missing
from tui_migrate.cli.reading import choose_reading
from tui_migrate.cli.validate import show_report
from tui_migrate.errors import Refused
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.ends import read_options
from tui_migrate.plan.model import PackageEnd
from tui_migrate.reports.package import Examined, examine, package_report
from tui_migrate.worker import backups
from tui_migrate.worker.backups import Backup, BackupStatus

_USABLE = (BackupStatus.GOOD, BackupStatus.WITH_FINDINGS, BackupStatus.FAULTY)


def check_backup(name: str, decrypting: Decrypting, common: Common) -> int:
    """Check a backup, report on it, and give the exit code of the report. Raises UsageError, Refused."""
    home, passwords = common.place, dict[str, str]()
    end = opened_end(asyncio.run(backups.find_backup(home, name)), decrypting, passwords)
    ask_missing([end], home, passwords)
    report = package_report(end.path, asyncio.run(examined(end, passwords)), time.time())
    report = replace(report, title=f"Check of the backup {name}")
    asyncio.run(backups.note_verified(home, name, report.verdict.value))
    return show_report(report, common.output)


async def examined(end: PackageEnd, passwords: Mapping[str, str]) -> Examined:
    """Read all of a package and say how far that is; damage becomes a finding."""
    package, reading = RecognisedPackage(Path(end.path), read_options(end, passwords)), choose_reading()
    try:
        return await examine(package, reading)
    finally:
        reading.close()
        await package.close()


def opened_end(backup: Backup, decrypting: Decrypting, passwords: dict[str, str]) -> PackageEnd:
    """Give the package of a backup with what opens it. Raises Refused for one that is not finished or not there."""
    if backup.status not in _USABLE:
        hints = {
            BackupStatus.MISSING: f"it should lie at {backup.record.path}",
            BackupStatus.INTERRUPTED: f"tui-migrate resume {backup.record.run_id} goes on with it",
            BackupStatus.RUNNING: f"tui-migrate attach {backup.record.run_id} follows it",
        }
        raise Refused(
            f"the backup {backup.name} cannot be used: it is {backup.status}",
            hint=hints.get(backup.status, "choose another: tui-migrate backups list"),
        )
    return decrypting.source(PackageEnd(backup.record.path), passwords)

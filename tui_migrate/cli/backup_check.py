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
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.ends import read_options
from tui_migrate.plan.model import PackageEnd
from tui_migrate.reports.package import Examined, examine, package_report
from tui_migrate.worker import backups
from tui_migrate.worker.restoring import package_of


def check_backup(name: str, decrypting: Decrypting, common: Common) -> int:
    """Check a backup, report on it, and give the exit code of the report. Raises UsageError, Refused."""
    home, passwords = common.place, dict[str, str]()
    end = decrypting.source(package_of(asyncio.run(backups.find_backup(home, name))), passwords)
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

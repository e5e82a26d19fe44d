"""Check a backup: it is read whole, as any package is, and when that was and what it came to is kept."""

from dataclasses import replace

from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.model import Report
from tui_migrate.ui.screens.package_check import PackageCheckScreen
from tui_migrate.worker.backups import note_verified


class BackupCheckScreen(PackageCheckScreen):
    """The check of one backup by its name."""

    def __init__(self, name: str, end: PackageEnd) -> None:
        super().__init__(end)
        self._backup = name

    def where(self) -> tuple[str, None, str]:
        """Which backup."""
        return f"backups › check {printable(self._backup)}", None, ""

    def report_name(self) -> str:
        """Named after the backup."""
        return f"{self._backup}-report.md"

    async def finish(self, report: Report) -> Report:
        """Keep when it was checked and what that came to. Raises JournalError, StorageFailed."""
        await note_verified(self.session.home, self._backup, report.verdict.value)
        return replace(report, title=f"Check of the backup {self._backup}")

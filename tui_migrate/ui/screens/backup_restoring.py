"""From a backup to the screen that shows what bringing it back would change, from wherever the backup is named."""

from typing import TYPE_CHECKING

from tui_migrate.ui.screens.backup_choice import ask_place, opened_package
from tui_migrate.ui.screens.backup_deeds import RestoreScreen
from tui_migrate.worker.backups import find_backup

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def restore_named(app: "MigrateApp", name: str) -> None:
    """Ask what opens a backup and where it goes, then show what that would change; to be awaited in background work.

    Raises UsageError where there is no such backup any more, Refused for one that cannot be used, PackageDamaged.
    """
    backup = await find_backup(app.session.home, name)
    end = await opened_package(app, backup)
    if end is not None and (target := await ask_place(app, backup)) is not None:
        app.push_screen(RestoreScreen(backup, end, target))

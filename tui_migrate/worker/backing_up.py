"""What it takes to make a backup, whoever asks for it: its folder, its package, and what it is of."""

from pathlib import Path

from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import PackageEnd
from tui_migrate.stores.base import Source
from tui_migrate.worker.backups import BackedUp, file_name


def own_folder(home: Home) -> Path:
    """Give the home's folder of backups, made where it is missing. Raises StorageFailed."""
    make_private_folder(home.backups)
    return home.backups


def package_end(name: str, folder: Path, *, encrypted: bool = False) -> PackageEnd:
    """Give the package of a backup in an absolute folder: one file; what encrypts it is still to be said."""
    path = str(folder / file_name(name, encrypted=encrypted))
    return PackageEnd(path, PackageForm.ARCHIVE if encrypted else PackageForm.TAR)


async def looked_at(source: Source) -> BackedUp:
    """Say what a backup of an opened database is of."""
    return BackedUp(await source.identity(), tuple(one.name for one in await source.collections()))

"""Where the files of a native package lie: in a folder, or one behind the other in a tar. All of it blocks."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from tui_migrate.errors import PackageDamaged, Refused, UsageError
from tui_migrate.packages import files, layout
from tui_migrate.packages.fault_list import FaultList
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limit, Limits
from tui_migrate.packages.members import MARKED_HEADER

_OTHER_ENTRIES: Final = 2
"""What lies in a package beside two files for each collection: the manifest, and the folder of the documents."""


class Files(Protocol):
    """Files by their relative paths with `/`."""

    def where(self, relative: str) -> str:
        """A file as it may stand in a message."""
        ...

    def open(self, relative: str) -> BinaryIO:
        """Open a file to read. Raises PackageDamaged."""
        ...


class NativeFiles(Files, Protocol):
    """The files of one native package."""

    @property
    def path(self) -> Path:
        """Where the package lies."""
        ...

    @property
    def limits(self) -> Limits:
        """What it may come to."""
        ...

    @property
    def form(self) -> PackageForm:
        """Which of the native forms it is."""
        ...

    def has_manifest(self) -> bool:
        """Say whether it has a manifest. Raises UsageError where nothing is there, Refused, PackageDamaged."""
        ...

    def has_folder(self, database: str) -> bool:
        """Say whether documents can lie there at all."""
        ...

    def listing(self, database: str, faults: FaultList) -> Mapping[str, int | None]:
        """Give the size of every file, None for what is none; what is wrong with how they lie goes to `faults`.

        Without a database, where no manifest names one, only that can be told which does not depend on it.
        """
        ...


def read_bounded(package: Files, relative: str, limit: int, hint: str = files.TOO_LARGE_HINT) -> bytes:
    """Read a whole file of at most `limit` bytes. Raises PackageDamaged, with the hint where it has more."""
    with package.open(relative) as file:
        return files.read_up_to(file, limit, package.where(relative), hint)


class FolderFiles:
    """A package that is a folder."""

    def __init__(self, path: Path, limits: Limits = USUAL) -> None:
        self.path = path
        self.limits: Final = limits

    @property
    def form(self) -> PackageForm:
        """A folder with a manifest."""
        return PackageForm.NATIVE

    def where(self, relative: str) -> str:
        """Its path."""
        return shown(self.path / relative)

    def has_manifest(self) -> bool:
        """Say whether the folder has one. Raises UsageError for what cannot be looked at, Refused for a file."""
        return has_manifest(self.path)

    def has_folder(self, database: str) -> bool:
        """Say whether the folder of the documents is there, and no link."""
        return is_folder(self.path / database)

    def listing(self, database: str, faults: FaultList) -> Mapping[str, int | None]:
        """Look at everything in the package's two folders, up to the limit; a link is not followed."""
        most = 2 * self.limits.entries + _OTHER_ENTRIES
        found: dict[str, int | None] = {}
        for relative, size in self._entries(database, faults):
            if len(found) == most:
                hint = Limit.ENTRIES.hint(self.limits.entries)
                faults.add("file_extra", ".", f"there are more than {most:,} files in the package", hint=hint)
                break
            if relative != database:
                found[relative] = size
        return found

    def open(self, relative: str) -> BinaryIO:
        """Open a regular file; a link is refused. Raises PackageDamaged."""
        return files.open_regular(self.path / relative)

    def _entries(self, database: str, faults: FaultList) -> Iterator[tuple[str, int | None]]:
        folders = [""]
        if database and self.has_folder(database):
            folders.append(f"{database}/")
        elif database:
            faults.add("file_kind", database, "this should be a folder, and is missing or something else")
        for prefix in folders:
            try:
                with os.scandir(self.path / prefix) as items:
                    for item in items:
                        status = item.stat(follow_symlinks=False)
                        yield prefix + item.name, status.st_size if stat.S_ISREG(status.st_mode) else None
            except OSError as error:
                faults.add("file_unreadable", prefix or ".", f"the folder cannot be read: {error.strerror}")


def is_folder(path: Path) -> bool:
    """Say whether a folder lies there, and not a link to one."""
    return os.path.lexists(path) and stat.S_ISDIR(path.lstat().st_mode)


def has_manifest(path: Path) -> bool:
    """Say whether a folder has a manifest. Raises UsageError for what is not there or cannot be looked at, Refused."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            raise Refused(f"{shown(path)} is not a folder", hint="a package is a folder with a manifest.json in it")
        (path / layout.MANIFEST).lstat()
    except OSError as error:
        if error.errno == errno.ENOENT and path.is_dir():
            return False
        raise UsageError(
            f"cannot open the package {shown(path)}: {error.strerror}", hint="check the path and its permissions"
        ) from error
    return True


def has_marked_metadata(path: Path) -> bool:
    """Say whether a folder, or one within it, holds metadata that was written for a package. Raises OSError."""
    with os.scandir(path) as items:
        found = sorted(items, key=lambda item: item.name)
    return any(
        has_marked_metadata_in(Path(item.path)) if item.is_dir(follow_symlinks=False) else _is_marked(Path(item.path))
        for item in found
    )


def has_marked_metadata_in(folder: Path) -> bool:
    """Say whether one folder holds it; in one that cannot be read nothing is found."""
    try:
        with os.scandir(folder) as items:
            return any(_is_marked(Path(item.path)) for item in items)
    except PermissionError:
        return False


def _is_marked(path: Path) -> bool:
    if not path.name.endswith(layout.METADATA_SUFFIX):
        return False
    try:
        with files.open_regular(path) as file:
            return file.read(len(MARKED_HEADER)) == MARKED_HEADER
    except PackageDamaged:
        return False


def damaged(message: str) -> PackageDamaged:
    """An error for a package that is not what it was when it was written."""
    return PackageDamaged(message, hint="get a fresh copy of the package; nothing of this one may be trusted")

"""The place on disk where a package is to lie, and the folder beside it in which it is written. All of it blocks."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from tui_migrate.errors import Refused
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages import files
from tui_migrate.packages.files import shown, storing


def partial_path(path: Path, run_id: int) -> Path:
    """The folder a run writes before the package gets its name: beside it, hidden."""
    return path.with_name(f".{path.name}.partial-{run_id}")


def find_obstacle(path: Path, size: int) -> Finding | None:
    """Look, without writing, for what keeps a package of `size` bytes of documents from being made at `path`.

    The size is before compression, so too little room is a warning only.
    """
    final = path.absolute()
    if os.path.lexists(final):
        return _obstacle("output_exists", final, "the output exists", "choose another name; nothing is replaced")
    if not final.parent.is_dir():
        return _obstacle("output_folder", final.parent, "there is no such folder", "make it, or choose another place")
    if not os.access(final.parent, os.W_OK | os.X_OK):
        hint = "make the folder writable or choose another place"
        return _obstacle("output_unwritable", final.parent, "the folder cannot be written to", hint)
    free = shutil.disk_usage(final.parent).free
    if free < size:
        message = f"{free:,} bytes are free, the documents have {size:,} before compression"
        hint = "make room, or go on if they compress well"
        return Finding(Severity.WARNING, "output_space", shown(final.parent), message, hint)
    return None


def _obstacle(code: str, path: Path, message: str, hint: str) -> Finding:
    return Finding(Severity.ERROR, code, shown(path), message, hint)


def make_folders(path: Path, partial: Path, database: str) -> None:
    """Make the temporary folder and the database's in it; nothing stays behind where that fails.

    An empty one is taken up: the run that made it died before it could record that it had. Raises Refused where output
    or a temporary folder with something in it exist, StorageFailed.
    """
    if os.path.lexists(path):
        raise Refused(f"the output {shown(path)} exists", hint="choose another name; nothing is replaced")
    with storing(partial, "make the folder"):
        _clear_empty(partial, database)
        try:
            partial.mkdir(mode=files.FOLDER_MODE)
        except FileExistsError:
            raise Refused(
                f"an unfinished package lies at {shown(partial)}",
                hint="resume the run that left it, or remove it if that run is gone",
            ) from None
        try:
            (partial / database).mkdir(mode=files.FOLDER_MODE)
            failpoint("package.after_folders")
            files.sync_folder(partial)
            files.sync_folder(partial.parent)
        except OSError:
            with suppress(OSError):  # the first error is the one to tell
                shutil.rmtree(partial)
            raise


def _clear_empty(partial: Path, database: str) -> None:
    folder = partial / database
    with suppress(OSError):  # not there, or not to be removed: making the folder tells
        if list(partial.rglob("*")) == [folder]:
            folder.rmdir()
        partial.rmdir()

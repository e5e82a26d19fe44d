"""Writing a report to a file, in the form that the ending of its name asks for. All of it blocks."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.packages import files
from tui_migrate.redaction import printable
from tui_migrate.reports.html import to_html
from tui_migrate.reports.json_form import to_json
from tui_migrate.reports.markdown import to_markdown
from tui_migrate.reports.model import Report
from tui_migrate.reports.text import to_text

RENDERINGS: Final[dict[str, Callable[[Report], str]]] = {
    ".json": to_json,
    ".md": to_markdown,
    ".html": to_html,
    ".txt": to_text,
}
"""How a report is written, by the ending of the file's name."""

ENDINGS: Final = ".json, .md, .html or .txt"
_HEAD_BYTES: Final = 1_024


def refuse_place(path: Path, *, replaces: str = "") -> None:
    """Say no before any work is done for a report that could not be written.

    Raises UsageError for another ending than those of RENDERINGS, for a folder, device or link in its place, and for a
    file that is there, unless it is an earlier report of the title `replaces`.
    """
    shown = printable(str(path))
    if path.suffix not in RENDERINGS:
        raise UsageError(f"{shown} does not end in {ENDINGS}", hint="its ending says in which form to write")
    if not (replaces and _is_report(path, replaces)):
        refuse_to_replace(path)


def _is_report(path: Path, title: str) -> bool:
    """Say whether a file is a report of ours: what it is about stands near its start in every rendering."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return title.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False


def refuse_to_replace(path: Path) -> None:
    """Raise UsageError where anything lies in a place; StorageFailed where that cannot be seen."""
    shown = printable(str(path))
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageFailed(f"cannot write {shown}: {error.strerror}", hint="choose another place") from error
    if not stat.S_ISREG(mode):
        raise UsageError(f"{shown} is there already and no file", hint="choose another name; nothing is replaced")
    raise UsageError(f"{shown} is there already", hint="choose another name; nothing is replaced")


def refuse_within(path: Path, package: Path) -> None:
    """Raise UsageError for a place that is the package itself, or within its folder: that would damage it."""
    place, whole = path.resolve(), package.resolve()
    if place == whole or whole in place.parents:
        raise UsageError(
            f"{printable(str(path))} is part of the package {printable(str(package))}",
            hint="choose a place outside of it",
        )


def save(path: Path, report: Report, *, replaces: str = "") -> None:
    """Write a report for the user alone: beside its place first, then renamed, so that no half of one is ever there.

    Raises what `refuse_place` does, and StorageFailed.
    """
    refuse_place(path, replaces=replaces)
    content = RENDERINGS[path.suffix](report).encode("utf-8", "backslashreplace")
    beside = path.with_name(f".{path.name[:80]}.{uuid4().hex}")
    shown = printable(str(path))
    try:
        try:
            _write_new(beside, content)
            if replaces:
                beside.replace(path)
            else:
                files.rename_new(beside, path)
            files.sync_folder(path.parent)
        finally:
            with suppress(OSError):
                beside.unlink()
    except FileExistsError:
        raise UsageError(f"{shown} is there already", hint="choose another name; nothing is replaced") from None
    except OSError as error:
        raise StorageFailed(f"cannot write {shown}: {error.strerror}", hint="choose another place") from error


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, files.FILE_MODE)
    try:
        files.write_all(descriptor, content)
        files.sync(descriptor)
    finally:
        os.close(descriptor)

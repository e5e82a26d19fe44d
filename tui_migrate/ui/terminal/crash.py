"""What becomes of an error that nobody foresaw: its traceback goes to a private file, one line to the screen."""

import os
import sys
import traceback
from pathlib import Path

from textual.worker import WorkerFailed

from tui_migrate.errors import StorageFailed, TuiMigrateError
from tui_migrate.paths import make_private_folder
from tui_migrate.redaction import printable, redact


def cause_of(error: BaseException) -> BaseException:
    """Give the error behind a failed background task."""
    return cause_of(error.error) if isinstance(error, WorkerFailed) else error


def log_crash(path: Path, error: BaseException) -> bool:
    """Add the traceback, without local variables and without passwords, to a file of mode 0600. False: no room."""
    text = redact("".join(traceback.format_exception(cause_of(error))))
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.version.split()[0]} {sys.platform}\n{text}\n")
    except (OSError, StorageFailed):
        return False
    return True


def crash_line(path: Path, error: BaseException, *, logged: bool) -> str:
    """Say in one line what happened and where more about it stands."""
    cause = cause_of(error)
    what = cause.message if isinstance(cause, TuiMigrateError) else f"an unexpected {type(cause).__name__}"
    where = f"the details are in {path}" if logged else f"{path} cannot be written to say more"
    return printable(redact(f"tui-migrate: error: {what}; {where}"))

"""A package that comes through a pipe: taken down in a file first, since it is checked whole before it is imported."""

import asyncio
import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.cli.output import Output
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import PIPE
from tui_migrate.wording import size
from tui_migrate.worker.inputs import remove_unneeded

CHUNK: Final = 1024 * 1024
SPARE_BYTES: Final = 256 * 1024 * 1024
"""What is left free on the disk: the journal and the undo log of the import need room, too."""

SAY_SECONDS: Final = 10.0


@contextmanager
def package_path(path: Path, home: Home, output: Output) -> Iterator[Path]:
    """Give the path of a package that a user named; `-` is what comes through the pipe, in a file of the home's.

    That file goes when this ends, unless a run was made that needs it. Raises UsageError, StorageFailed.
    """
    if str(path) != PIPE:
        yield path
        return
    if sys.stdin.isatty():
        raise UsageError("there is no pipe to read a package from", hint="pipe one in, or name its file with --input")
    home.prepare()
    asyncio.run(remove_unneeded(home))
    make_private_folder(home.inputs)
    descriptor, name = _make(home.inputs)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _take_down(sys.stdin.buffer, file, Path(name), output)
            yield Path(name)
    finally:
        asyncio.run(remove_unneeded(home))


def _make(folder: Path) -> tuple[int, str]:
    try:
        return tempfile.mkstemp(prefix="package-", dir=folder)
    except OSError as error:
        raise StorageFailed(f"cannot write to {folder}: {error.strerror}", hint="make it writable") from error


def _take_down(stream: BinaryIO, file: BinaryIO, path: Path, output: Output) -> None:
    done, said_at = 0, time.monotonic()
    try:
        while content := stream.read(CHUNK):
            if shutil.disk_usage(path.parent).free - len(content) < SPARE_BYTES:
                raise StorageFailed(
                    f"the disk of {path.parent} has no room for what comes through the pipe, {size(done)} so far",
                    hint="make room, or name another place with --home; or keep the package in a file, and import that",
                )
            file.write(content)
            done += len(content)
            if time.monotonic() - said_at >= SAY_SECONDS:
                said_at = time.monotonic()
                output.note(f"{size(done)} have come through the pipe so far")
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise StorageFailed(
            f"cannot take down what comes through the pipe: {error.strerror}", hint="make room"
        ) from error
    if not done:
        raise UsageError("nothing came through the pipe", hint="see why the command before it ended")

"""File operations a package rests on: made for the owner alone, durable when they return, never through a link.

Everything here blocks; callers run it in a thread.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.errors import PackageDamaged, StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.redaction import printable

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
UNFINISHED: Final = ".new"
"""How the name of a file ends that `write_file` has not finished."""

_FULL_SYNC: Final[int | None] = getattr(fcntl, "F_FULLFSYNC", None)
_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def shown(path: Path | str) -> str:
    """A path as it may stand in a message: control characters and undecodable bytes as escapes."""
    return printable(str(path))


@contextmanager
def storing(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError within into a StorageFailed that names the path and says what to do next."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageFailed(f"cannot {doing} {shown(path)}: {reason}", hint=_storage_hint(path, error)) from error


def _storage_hint(path: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f"{_free_space(path)}; make room or choose another place, then resume the run"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "make the folder writable or choose another place"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "check the path: the folder above it must exist"
    return "check the disk; what was written before the last checkpoint is whole, and the run can be resumed"


def _free_space(path: Path) -> str:
    folder = next(folder for folder in (path, *path.parents) if folder.is_dir())
    return f"{shutil.disk_usage(folder).free:,} bytes are free on the disk of {shown(folder)}"


def sync(descriptor: int) -> None:
    """Make what was written durable. On macOS fsync stops at the drive's cache, F_FULLFSYNC does not."""
    if _FULL_SYNC is not None:
        fcntl.fcntl(descriptor, _FULL_SYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, however many calls that takes."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_all_at(descriptor: int, content: bytes, offset: int) -> None:
    """Write all of it at a place, and leave the position where it is."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        rest, offset = rest[written:], offset + written


def write_file(path: Path, content: bytes) -> None:
    """Put a whole file in place of what has its name: written beside it, made durable, renamed. Raises OSError."""
    beside = path.with_name(path.name[:200] + UNFINISHED)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(beside, flags, FILE_MODE)
    try:
        write_all(descriptor, content)
        failpoint("file.before_sync")
        sync(descriptor)
    finally:
        os.close(descriptor)
    failpoint("file.before_rename")
    beside.replace(path)
    failpoint("file.after_rename")
    sync_folder(path.parent)


def rename_new(old: Path, new: Path) -> None:
    """Rename and never replace: raises FileExistsError where `new` exists, even as an empty folder.

    renameat2(2) does both in one step. Where system or file system lacks it, a look comes first; what could slip in
    between is an empty folder alone, since rename(2) puts a folder in place of nothing else.
    """
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        if renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), _RENAME_NOREPLACE) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):
            raise OSError(code, os.strerror(code), str(old), None, str(new))
    if os.path.lexists(new):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new))
    old.rename(new)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read; a link, a device or a pipe is refused. Raises PackageDamaged."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise PackageDamaged(
            f"cannot read {shown(path)}: {reason}", hint="check the file and its permissions"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PackageDamaged(f"{shown(path)} is not a regular file", hint="get a fresh copy of the package")
    return os.fdopen(descriptor, "rb")


TOO_LARGE_HINT: Final = "it cannot be what tui-migrate wrote; get a fresh copy"


def read_bounded(path: Path, limit: int) -> bytes:
    """Read a whole regular file of at most `limit` bytes. Raises PackageDamaged."""
    with open_regular(path) as file:
        return read_up_to(file, limit, shown(path))


def read_up_to(file: BinaryIO, limit: int, name: str, hint: str = TOO_LARGE_HINT) -> bytes:
    """Read an open file that has at most `limit` bytes. Raises PackageDamaged, with the hint where it has more."""
    try:
        content = file.read(limit + 1)
    except OSError as error:
        raise PackageDamaged(f"cannot read {name}: {error.strerror}", hint="check the disk") from error
    if len(content) > limit:
        raise PackageDamaged(f"{name} is larger than {limit:,} bytes", hint=hint)
    return content

"""One worker a run: an advisory lock on the run's lock file, held for as long as the process lives.

The kernel lets it go when the process ends, however that happens. The file holds the pid of its holder, for people and
for taking over from a worker that is alive but stopped.
"""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.paths import make_private_folder

TAKE_OVER_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.02


class RunLock:
    """The lock of a run, held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path) -> "RunLock | None":
        """Take the lock, or give None where a live process has it. Raises StorageFailed."""
        deadline = time.monotonic() + TAKE_OVER_SECONDS
        while (descriptor := _try(path)) is None:
            # A glance by `holder` keeps others out for a moment too, and is not a worker.
            if holder(path) is not None or time.monotonic() > deadline:
                return None
            time.sleep(POLL_SECONDS)
        try:
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(path, error) from error
        return cls(descriptor)

    def release(self) -> None:
        """Let the lock go."""
        os.close(self._descriptor)


def _try(path: Path) -> int | None:
    """Open and lock the file, once. None where it is locked, or was deleted in between."""
    make_private_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _unwritable(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(
        f"the run's folder {path.parent} cannot be written: {error.strerror}",
        hint="make it writable, or free some space on its disk",
    )


def holder(path: Path) -> int | None:
    """Give the pid of the process that holds a run's lock, 0 where that is not known, None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.pread(descriptor, 32, 0)
        return int(written) if written.isdigit() else 0
    else:
        return None
    finally:
        os.close(descriptor)


def worker_at_work(path: Path) -> int | None:
    """Give what `holder` gives, but None for a worker that is stopped: it does nothing, and another may take over."""
    pid = holder(path)
    return None if pid and is_stopped(pid) else pid


def take_over(path: Path) -> RunLock:
    """Take the lock, ending a worker that holds it but is stopped. Raises Refused where a running worker has it.

    A stopped worker could write again as soon as somebody continues it, so it is killed before another begins.
    """
    deadline = time.monotonic() + TAKE_OVER_SECONDS
    killed = 0
    while (lock := RunLock.acquire(path)) is None:
        pid = holder(path)
        if pid and pid != killed:
            if not (is_stopped(pid) and _has_open(pid, path)):
                raise Refused(f"the run has a worker already (pid {pid})", hint="attach to it, or cancel it")
            _kill(pid)
            killed = pid
        if time.monotonic() > deadline:
            raise Refused(f"the worker that has the run (pid {pid}) does not end", hint="end that process by hand")
        time.sleep(POLL_SECONDS)
    return lock


def _kill(pid: int) -> None:
    try:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    except PermissionError as error:
        raise Refused(
            f"the run has a worker that is stopped (pid {pid}) and belongs to another user", hint="have it ended"
        ) from error


def _has_open(pid: int, path: Path) -> bool:
    """Say whether a process has a file open: a pid that was written in another container may be anybody's here."""
    with suppress(OSError):
        status = path.stat()
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(status, one.stat()):
                    return True
    return False


def is_stopped(pid: int) -> bool:
    """Say whether a process is alive but stopped (SIGSTOP, or a debugger's hold)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in ("T", "t")

"""One worker a run: an advisory lock on the run's lock file, held for as long as the process lives.

The kernel lets it go when the process ends, however that happens. The file holds the pid of its holder, for people and
for taking over from a worker that is alive but stopped.
"""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Final

from tui_migrate.errors import Refused, StorageFailed

TAKE_OVER_SECONDS: Final = 10.0


class RunLock:
    """The lock of a run, held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path) -> "RunLock | None":
        """Take the lock, or give None where a live process has it. Raises StorageFailed."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFailed(
                f"the run's folder {path.parent} cannot be written: {error.strerror}", hint="make it writable"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let the lock go."""
        os.close(self._descriptor)


def holder(path: Path) -> int | None:
    """Give the pid of the process that holds a run's lock, 0 where that is not known, None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
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


def take_over(path: Path) -> RunLock:
    """Take the lock, ending a worker that holds it but is stopped. Raises Refused where a running worker has it.

    A stopped worker could write again as soon as somebody continues it, so it is killed before another begins.
    """
    deadline = time.monotonic() + TAKE_OVER_SECONDS
    while (lock := RunLock.acquire(path)) is None:
        pid = holder(path)
        if pid and not is_stopped(pid):
            raise Refused(f"the run has a worker already (pid {pid})", hint="attach to it, or cancel it")
        if pid:
            os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise Refused(f"the worker that has the run (pid {pid}) does not end", hint="end that process by hand")
        time.sleep(0.05)
    return lock


def is_stopped(pid: int) -> bool:
    """Say whether a process is alive but stopped (SIGSTOP, or a debugger's hold)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] in ("T", "t")

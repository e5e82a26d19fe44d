"""The demo's locks. All are `flock`s: the kernel lets go of them when their holder ends, however that happens.

`lease`       held shared by every demo that runs; the supervisor takes it alone before it ends by itself
`supervisor`  held by the supervisor for life; whoever starts one takes it first and hands it down, open
`sample`      held while the servers are being filled
"""

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import StorageFailed, TuiMigrateError
from tui_migrate.worker.lock import holder

LEASE: Final = "lease"
SUPERVISOR: Final = "supervisor"
SAMPLE: Final = "sample"

_RETRY_SECONDS: Final = 0.05


class Lock:
    """A lock that is held; leaving the `with` block lets go of it."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path, *, shared: bool = False) -> "Lock | None":
        """Take a lock, or give None where somebody holds it. Raises StorageFailed."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageFailed(f"cannot open the lock {path}: {error.strerror}", hint="see its permissions") from error
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    @classmethod
    async def wait(cls, path: Path, seconds: float, *, shared: bool = False) -> "Lock":
        """Take a lock as soon as it is free. Raises TuiMigrateError when the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while (lock := cls.take(path, shared=shared)) is None:
                    await asyncio.sleep(_RETRY_SECONDS)
        except TimeoutError as error:
            raise TuiMigrateError(
                f"the demo's lock {path} has been held for {seconds:.0f} s",
                hint="another demo is starting or stopping; try again, or end it with tui-migrate demo --stop",
            ) from error
        return lock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go. A process that the open lock was handed down to keeps it."""
        os.close(self.descriptor)


def is_held(path: Path) -> bool:
    """Say whether somebody holds a lock."""
    lock = Lock.take(path)
    if lock is None:
        return True
    lock.close()
    return False


def live_runs(place: DemoPlace) -> tuple[int, ...]:
    """Give the runs of the demo's home whose worker lives."""
    folders = sorted((place.home.state / "runs").glob("[0-9]*"))
    runs = [int(one.name) for one in folders if one.name.isdecimal()]
    return tuple(one for one in runs if holder(place.home.run(one).lock) is not None)

"""Blocking work on one package's files, one piece at a time, and none after a failure of the disk."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from tui_migrate.errors import StorageFailed

Result = TypeVar("Result")


class DiskWork:
    """Runs work in threads.

    After a failed write or fsync nothing more is taken: what the disk holds then is not known (a kernel may drop the
    pages that it could not write and report success the next time).
    """

    def __init__(self, let_go: Callable[[], None], break_off: Callable[[], None] | None = None) -> None:
        self._let_go: Final = let_go
        self._break_off: Final = break_off
        self._lock: Final = threading.Lock()
        self._failure: StorageFailed | None = None

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do a piece of work. Raises what it raises, and the StorageFailed of an earlier piece."""

        def guarded() -> Result:
            with self._lock:
                if self._failure is not None:
                    raise self._failure
                try:
                    return work()
                except StorageFailed as error:
                    self._failure = error
                    self._let_go()
                    raise

        return await asyncio.to_thread(guarded)

    async def undoubtedly(self, work: Callable[[], Result]) -> Result:
        """Do a piece of work after which, where it was cancelled or has failed, the open files are let go of.

        A cancelled call's thread goes on to its end: only what is opened again after that is known to the byte.
        """
        try:
            return await self.run(work)
        except BaseException:
            await asyncio.shield(self.let_go())
            raise

    async def let_go(self) -> None:
        """Let go of open files once no piece of work is under way: one that may wait is broken off. Never raises."""
        if self._break_off is not None:
            self._break_off()

        def let_go() -> None:
            with self._lock:
                self._let_go()

        await asyncio.to_thread(let_go)

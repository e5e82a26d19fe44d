"""Bytes from one thread to another, a bounded number at a time, that either side can break off."""

import threading
from collections import deque
from typing import Final

from tui_migrate.errors import TuiMigrateError

BLOCK: Final = 256 * 1024
"""Bytes that are gathered before they are handed over: pyrage gives 8 KiB at a time."""
MOST_BLOCKS: Final = 4


class BrokenOff(OSError):
    """The other side does not go on."""


class HandOver:
    """One side puts and ends, the other takes; both block."""

    def __init__(self) -> None:
        self._changed: Final = threading.Condition()
        self._blocks: Final[deque[bytes]] = deque()
        self._gathered = bytearray()
        self._has_ended = False
        self._is_broken_off = False
        self._failure: TuiMigrateError | None = None

    def write(self, content: bytes, /) -> int:
        """Put bytes, waiting where the other side is behind. Raises BrokenOff."""
        self._gathered += content
        if len(self._gathered) >= BLOCK:
            self.flush()
        return len(content)

    def flush(self) -> None:
        """Put what was gathered. Raises BrokenOff."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._blocks) < MOST_BLOCKS or self._is_broken_off)
            if self._is_broken_off:
                raise BrokenOff
            if self._gathered:
                self._blocks.append(bytes(self._gathered))
                self._gathered.clear()
                self._changed.notify_all()

    def end(self, failure: TuiMigrateError | None = None) -> None:
        """Say that nothing more comes; a failure is raised on the other side, behind what was put before."""
        with self._changed:
            self._has_ended, self._failure = True, failure
            self._changed.notify_all()

    def read(self, size: int = BLOCK, /) -> bytes:
        """Take up to `size` bytes, none only at the end. Raises BrokenOff, and the failure that it was ended with."""
        with self._changed:
            self._changed.wait_for(lambda: self._blocks or self._has_ended or self._is_broken_off)
            if self._is_broken_off:
                raise BrokenOff
            if not self._blocks:
                if self._failure is not None:
                    raise self._failure
                return b""
            block = self._blocks.popleft()
            if len(block) > size:
                self._blocks.appendleft(block[size:])
                block = block[:size]
            self._changed.notify_all()
            return block

    def break_off(self) -> None:
        """Let neither side go on; what was not taken is forgotten."""
        with self._changed:
            self._is_broken_off = True
            self._blocks.clear()
            self._changed.notify_all()

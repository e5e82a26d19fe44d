"""The thread that writes to the terminal, so that the event loop never waits for the line."""

import errno
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_PATIENCE_SECONDS: Final = 1.0


class TerminalWriter(threading.Thread):
    """Writes what it is given, in order, to a file descriptor.

    `write` never blocks; who makes frames asks `is_busy` first and skips those for which the line has no room, which is
    what bounds the queue. `on_idle` and `on_lost` are called in this thread: when all is written, and once when the
    terminal is gone; from then on everything is thrown away.
    """

    def __init__(self, fileno: int, encoding: str, *, on_idle: Callable[[], None], on_lost: Callable[[], None]) -> None:
        super().__init__(name="terminal-output", daemon=True)
        self._fileno = fileno
        self._encoding = encoding
        self._on_idle = on_idle
        self._on_lost = on_lost
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._lost = False

    @property
    def is_busy(self) -> bool:
        """True while something waits to be written or is being written."""
        return bool(self._queue)

    def write(self, text: str) -> None:
        """Write a text some time soon; what the encoding has not becomes `?`."""
        data = text.encode(self._encoding, "replace")
        with self._changed:
            if data and not self._lost:
                self._queue.append(data)
                self._changed.notify()

    def stop(self) -> None:
        """Write what is left and end; give up after a second where the line stands still."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self.join(_PATIENCE_SECONDS)

    def run(self) -> None:
        """Write until it is stopped."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._ending)
                if not self._queue:
                    return
                data = self._queue[0]
            try:
                self._write_all(data)
            except OSError:
                self._lose()
                return
            with self._changed:
                self._queue.popleft()
                idle = not self._queue
            if idle:
                self._on_idle()

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fileno, rest) :]
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                with suppress(InterruptedError):
                    select.select((), (self._fileno,), ())

    def _lose(self) -> None:
        with self._changed:
            self._lost = True
            self._queue.clear()
        self._on_lost()

"""The signals that a worker heeds: SIGTERM stops it after its batch; SIGHUP, which a lost line sends, does nothing."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tui_migrate.worker.steering import WorkerSteering


class Signals:
    """SIGTERM for the whole life of a worker: it stops the attempt that is under way, or the next where none is."""

    def __init__(self) -> None:
        self._steering: WorkerSteering | None = None
        self._is_stopped = False

    def _stop(self) -> None:
        self._is_stopped = True
        if self._steering is not None:
            self._steering.stop()

    def steer(self, steering: WorkerSteering) -> None:
        """Let it stop this from now on."""
        self._steering = steering
        if self._is_stopped:
            steering.stop()

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Heed SIGTERM, and not SIGHUP."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGHUP, signal.SIG_DFL if before is None else before)
            loop.remove_signal_handler(signal.SIGTERM)

"""The rate that an operator sets for a run, as the time to wait before each batch."""

import time
from collections.abc import Callable


class Pace:
    """Spreads documents over time: after a batch of N at R documents/s the next may go N / R seconds later."""

    def __init__(self, rate: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rate = max(0, rate)
        self._free_at = 0.0

    def change(self, rate: int) -> None:
        """Set the documents/s from now on; 0 is no limit. What was waited for under another rate is let off."""
        self._rate = max(0, rate)
        self._free_at = 0.0

    def left(self) -> float:
        """Seconds until the next batch may go."""
        return max(0.0, self._free_at - self._clock()) if self._rate else 0.0

    def spend(self, documents: int) -> None:
        """Count a batch that goes now."""
        if self._rate:
            self._free_at = max(self._clock(), self._free_at) + documents / self._rate

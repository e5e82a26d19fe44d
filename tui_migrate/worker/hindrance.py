"""Says in the log what holds a run up, each time that changes and stays so for a while."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from tui_migrate.engine.waits import Waits, held_up_by
from tui_migrate.journal.hindrance import Hindrance, hindrance_line
from tui_migrate.stores.base import Distant, Source

WINDOW_SECONDS: Final = 10.0
"""Over how long the waits are looked at."""

QUIET_SECONDS: Final = 30.0
"""How long a word on it stands at least: a run that swings between two does not fill the log."""


class Complaint:
    """What is to be said, if anything, when the worker's heart beats."""

    def __init__(self, waits: Waits, clock: Callable[[], float] = time.monotonic) -> None:
        self._waits = waits
        self._clock = clock
        self._begun = clock()
        self._said: Hindrance | None = None
        self._said_at = -QUIET_SECONDS
        self.ends: Mapping[Hindrance, Source] = {}
        """The open ends, whose way there and back is known to them."""

    def due(self) -> str | None:
        """Give the line for the log, None where there is nothing new."""
        now = self._clock()
        elapsed = now - self._begun
        if elapsed < WINDOW_SECONDS:
            return None
        self._begun = now
        waits = self._waits.take()
        if not waits:
            return None  # nothing is on its way: the run is paused, or at another stage
        by, share = held_up_by(waits, elapsed, self._round_trips())
        if by is self._said or now - self._said_at < QUIET_SECONDS:
            return None
        self._said, self._said_at = by, now
        return hindrance_line(by, share)

    def _round_trips(self) -> dict[Hindrance, float]:
        ways = ((by, end.round_trip) for by, end in self.ends.items() if isinstance(end, Distant))
        return {by: seconds for by, seconds in ways if seconds is not None}

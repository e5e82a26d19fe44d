"""What the tasks of the pipeline wait for, and which of that holds a run up.

The tasks overlap, and the slowest of them is the one that never waits for the others: what it spends its time on is
what the run is held up by. Only waits for something outside are counted, never those for the next task.
"""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeVar

from tui_migrate.journal.hindrance import Hindrance

LEAST_SHARE: Final = 0.5
"""A task that is at work for less of the time than this holds nobody up."""

NETWORK_SHARE: Final = 0.5
"""From this share of a wait on, round trips are what it is made of."""

Item = TypeVar("Item")


class Lane(Enum):
    """The tasks of the pipeline."""

    READ = "read"
    FIND = "find"
    WRITE = "write"


Key = tuple[Lane, Hindrance]


@dataclass(slots=True)
class Wait:
    """Seconds that were waited for something, and how often it was asked."""

    seconds: float = 0.0
    times: int = 0


@dataclass(slots=True)
class _Span:
    key: Key
    since: float


class Waits:
    """Counts for one run. Waits within waits count for the inner one alone; one that has not ended counts so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: defaultdict[Key, Wait] = defaultdict(Wait)
        self._spans: dict[int, _Span] = {}
        self._current: ContextVar[_Span | None] = ContextVar("wait", default=None)

    @contextmanager
    def on(self, lane: Lane, by: Hindrance) -> Iterator[None]:
        """Count what passes within."""
        outer, span = self._current.get(), _Span((lane, by), self._clock())
        if outer is not None:
            self._stop(outer)
        self._spans[id(span)] = span
        token = self._current.set(span)
        try:
            yield
        finally:
            self._stop(span)
            self._counted[span.key].times += 1
            self._current.reset(token)
            if outer is not None:
                outer.since = self._clock()
                self._spans[id(outer)] = outer

    async def next_of(self, items: AsyncIterator[Item], lane: Lane, by: Hindrance) -> Item | None:
        """Give the next of some items, None behind the last, and count how long it took."""
        with self.on(lane, by):
            return await anext(items, None)

    def take(self) -> Mapping[Key, Wait]:
        """Give what was counted since the last time."""
        for span in tuple(self._spans.values()):
            self._count(span)
            span.since = self._clock()
        taken = dict(self._counted)
        self._counted.clear()
        return taken

    def _stop(self, span: _Span) -> None:
        del self._spans[id(span)]
        self._count(span)

    def _count(self, span: _Span) -> None:
        self._counted[span.key].seconds += max(0.0, self._clock() - span.since)


def held_up_by(
    waits: Mapping[Key, Wait], elapsed: float, round_trips: Mapping[Hindrance, float]
) -> tuple[Hindrance | None, float]:
    """Say what held the run up for so many seconds, and for which share of them; None where nothing did.

    `round_trips` are the seconds to each end and back, of those ends for which they are known.
    """
    lanes: defaultdict[Lane, float] = defaultdict(float)
    for (lane, _), wait in waits.items():
        lanes[lane] += wait.seconds
    busiest = max(lanes, key=lambda one: lanes[one], default=None)
    if busiest is None or elapsed <= 0 or lanes[busiest] < LEAST_SHARE * elapsed:
        return None, 0.0
    (_, by), wait = max(((key, one) for key, one in waits.items() if key[0] is busiest), key=lambda one: one[1].seconds)
    share = wait.seconds / elapsed
    travelled = max(1, wait.times) * round_trips.get(by, 0.0)
    return (Hindrance.NETWORK if travelled >= NETWORK_SHARE * wait.seconds else by), share

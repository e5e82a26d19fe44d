"""How fast a run goes: a smoothed rate, what it says about the end, and its last half minute in steps of two seconds.

Everything is fed with times in seconds and documents done by then; nothing here reads a clock.
"""

import math
from collections import deque
from typing import Final

from tui_migrate.wording import duration

WINDOW_SECONDS: Final = 10.0
"""Over how long the rate is taken, at least; a slow run's batches may lie further apart."""

LEAST_CHANGES: Final = 3
"""How many changes the window holds at least, so that a rate is known where one batch takes a minute."""

LEAST_SECONDS: Final = 1.0
"""The shortest time over which a rate says anything."""

PATIENCE: Final = 3.0
"""After this many usual gaps without a change the rate is unknown."""

ETA_STEP: Final = 5
"""Seconds: a time that is left is shown in steps of this."""

BUCKET_SECONDS: Final = 2.0
BUCKETS: Final = 14

UNKNOWN: Final = "—"


class RateMeter:
    """Documents a second, from what was done when.

    What is kept are changes alone: batches come in at once, and between two of them the rate stays what it was. Only
    when the next one is overdue does it sink, and then it is unknown.
    """

    def __init__(self) -> None:
        self._changes: deque[tuple[float, int]] = deque()
        self._done: int | None = None
        self._now = 0.0

    def note(self, at: float, done: int) -> None:
        """Take in how many documents are done at a time. Fewer than before, or time that runs back, begins anew."""
        if self._done is not None and (done < self._done or at < self._now):
            self.reset()
        is_first, self._now = self._done is None, at
        if done != self._done and not is_first:
            # What was done before the first look has no time; the first change seen is where counting begins.
            self._changes.append((at, done))
        self._done = done
        while len(self._changes) > LEAST_CHANGES and at - self._changes[1][0] > WINDOW_SECONDS:
            self._changes.popleft()

    def reset(self) -> None:
        """Forget everything: the run stood still, or was counted anew."""
        self._changes.clear()
        self._done = None

    @property
    def rate(self) -> float | None:
        """Documents a second; None where it is not known."""
        if len(self._changes) < 2:
            return None
        (begun, first), (last, done) = self._changes[0], self._changes[-1]
        gap = (last - begun) / (len(self._changes) - 1)
        waited = self._now - last
        if last - begun < LEAST_SECONDS or waited > max(WINDOW_SECONDS, PATIENCE * gap):
            return None
        return (done - first) / (last - begun + max(0.0, waited - gap))


class RateHistory:
    """Documents in each of the last steps of two seconds: what a sparkline shows, and shifts by once in two seconds."""

    def __init__(self) -> None:
        self._buckets: deque[float] = deque(maxlen=BUCKETS)
        self._place: int | None = None
        self._done = 0

    def note(self, at: float, done: int) -> None:
        """Take in how many documents are done at a time; steps that nobody looked at share what was done in them."""
        place = math.floor(at / BUCKET_SECONDS)
        if self._place is None or place < self._place or done < self._done:
            self._place, self._done = place, done
            return
        passed = place - self._place
        if passed:
            share = (done - self._done) / passed
            self._buckets.extend([share] * min(passed, BUCKETS))
            self._place, self._done = place, done

    def rest(self, at: float) -> None:
        """Take in that nobody was at work until a time: the steps since the last look stay empty."""
        if self._place is not None:
            self.note(at, self._done)

    @property
    def values(self) -> tuple[float, ...]:
        """Documents in each step, the latest last."""
        return tuple(self._buckets)


def steady(rate: float) -> int:
    """Round a rate so that its last digits do not flicker: to 5 in its fourth digit."""
    step: float = 5 * 10.0 ** (math.floor(math.log10(rate)) - 3) if rate >= 1_000 else 1.0
    return round(round(rate / step) * step)


def eta_words(left: int, rate: float | None) -> str:
    """Say how long `left` documents take: `~40s` in steps of five seconds, `—` where that is not known."""
    if rate is None or rate <= 0:
        return UNKNOWN
    seconds = left / rate
    if not math.isfinite(seconds) or seconds > 99 * 3_600:
        return UNKNOWN
    return f"~{duration(max(ETA_STEP, math.ceil(seconds / ETA_STEP) * ETA_STEP))}"


def slower_than(limit: int, rate: float | None) -> int | None:
    """Give the next lower limit: the next rung, or half the present rate where there is none; None: not known yet."""
    if limit:
        return max((rung for rung in RUNGS if rung < limit), default=min(limit, RUNGS[0]))
    return max(RUNGS[0], _readable(rate / 2)) if rate else None


def faster_than(limit: int, fastest: float | None) -> int:
    """Give the next higher limit; 0, which is none, above the last rung or where the run never went faster."""
    rung = next((one for one in RUNGS if one > limit), 0) if limit else 0
    return 0 if fastest is not None and rung >= fastest else rung


RUNGS: Final[tuple[int, ...]] = tuple(step * 10**power for power in range(1, 6) for step in (1, 2, 5))
"""Limits in documents a second: 10, 20, 50, 100 … 500,000."""


def _readable(rate: float) -> int:
    """Keep three digits."""
    step: float = 10.0 ** max(0, math.floor(math.log10(rate)) - 2) if rate >= 1 else 1.0
    return round(round(rate / step) * step)

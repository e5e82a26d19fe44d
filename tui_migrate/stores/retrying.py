"""Trying again what can pass: how long to wait before it, and telling whoever drives a run that it happens.

A store tries again where it knows best how: a lost cursor behind its last document, a decision that somebody else
overtook. It has no journal; what it tells reaches the one of the run that is being driven, if there is one.
"""

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Tell = Callable[[str], Awaitable[None]]
Chance = Callable[[], float]
"""Gives numbers from 0 up to 1."""

_listener: Final[ContextVar[Tell | None]] = ContextVar("listener", default=None)


def backoff(tries: int, first: float, longest: float, chance: Chance = random.random) -> float:
    """Give the seconds to wait after the `tries`th failure in a row, counted from 1.

    They double from `first` up to `longest`, and of that at least half is waited: the rest is left to chance, so that
    many that failed together do not come back together.
    """
    # 2**64 of anything is longest by then; the power itself must not outgrow a float.
    whole = min(longest, first * 2.0 ** min(max(tries, 1) - 1, 64))
    return whole * (0.5 + chance() / 2)


@contextmanager
def told_to(tell: Tell) -> Iterator[None]:
    """Let `tell` have every retry of the stores that are used within."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


async def announce(message: str) -> None:
    """Say that something is tried again; nobody needs to listen."""
    tell = _listener.get()
    if tell is not None:
        await tell(message)

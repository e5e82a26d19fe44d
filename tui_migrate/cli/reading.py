"""How far the reading of a package is, on stderr: a line redrawn in place on a terminal, plain lines without one."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol, TextIO

from tui_migrate.cli.output import shows_unicode, write, write_line
from tui_migrate.cli.progress import LINE_PERCENT, LINE_SECONDS, REDRAW_SECONDS, Clock
from tui_migrate.wording import number, size

_BAR_CELLS: Final = 20


class Reading(Protocol):
    """Shows how much was read. To be given to `Package.check` as its progress."""

    def __call__(self, done: int, total: int) -> None:
        """Show how many bytes were read, and of how many."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


Words = Callable[[int, int], str]
"""Says how much of how much is done."""


def choose_reading(words: Words | None = None) -> Reading:
    """Take the bar on a terminal that can redraw a line, else plain lines; `words` for other than bytes."""
    said = words or reading_text
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return ReadingBar(sys.stderr, words=said)
    return ReadingLines(words=said)


class ReadingBar:
    """One line, redrawn in place at most twice a second."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, words: Words | None = None) -> None:
        self._stream = stream
        self._words = words or reading_text
        self._clock = clock
        self._drawn = ""
        self._drawn_at = -REDRAW_SECONDS

    def __call__(self, done: int, total: int) -> None:
        """Redraw the line if it is time to."""
        at = self._clock()
        if at - self._drawn_at < REDRAW_SECONDS:
            return
        full, empty = ("█", "░") if shows_unicode(to_errors=True) else ("#", ".")
        filled = int(_percent(done, total) / 100 * _BAR_CELLS)
        text = f"{full * filled}{empty * (_BAR_CELLS - filled)} {self._words(done, total)}"
        text = text[: max(0, shutil.get_terminal_size().columns - 1)]
        if text != self._drawn:
            write(self._stream, f"\r{text}\x1b[K")
            self._drawn, self._drawn_at = text, at

    def close(self) -> None:
        """Wipe the line."""
        if self._drawn:
            write(self._stream, "\r\x1b[K")
        self._drawn, self._drawn_at = "", -REDRAW_SECONDS


class ReadingLines:
    """A line about every ten seconds in which ten per cent were read, so that a small package gets none."""

    def __init__(self, clock: Clock = time.monotonic, words: Words | None = None) -> None:
        self._clock = clock
        self._words = words or reading_text
        self._said_at = clock()
        self._percent = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Write a line if there is something to say."""
        at, percent = self._clock(), _percent(done, total)
        if at - self._said_at >= LINE_SECONDS and percent - self._percent >= LINE_PERCENT:
            self._said_at, self._percent = at, percent
            write_line(self._words(done, total), to_errors=True)

    def close(self) -> None:
        """Nothing is left on the terminal."""


def reading_text(done: int, total: int) -> str:
    """Say how much was read."""
    return f"checking  {_percent(done, total):5.1f} %  {size(done)} of {size(total)}"


def comparing_text(done: int, total: int) -> str:
    """Say how many documents were compared."""
    return f"comparing  {_percent(done, total):5.1f} %  {number(done)} of about {number(total)} documents"


def validating_text(done: int, total: int) -> str:
    """Say how many documents were held against a catalog."""
    return f"validating  {_percent(done, total):5.1f} %  {number(done)} of about {number(total)} documents"


def _percent(done: int, total: int) -> float:
    return min(100.0, 100 * done / total) if total > 0 else 0.0

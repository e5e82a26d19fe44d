"""How a run in progress is drawn on stderr: a line redrawn in place on a terminal, plain lines without one."""

import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TextIO

from tui_migrate.cli.output import shows_unicode, write, write_line
from tui_migrate.cli.render import percentage
from tui_migrate.cli.wording import duration
from tui_migrate.journal.records import CollectionState, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.redaction import printable
from tui_migrate.reports.cells import cells
from tui_migrate.wording import number, run_name

REDRAW_SECONDS: Final = 0.5
LINE_SECONDS: Final = 10.0
LINE_PERCENT: Final = 10.0
RATE_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 5.0
LEAST_RATE: Final = 0.01
"""Documents a second below which nothing is said about the end."""

Clock = Callable[[], float]


class Progress(Protocol):
    """Shows a run as it goes."""

    def show(self, run: RunRecord) -> None:
        """Show how the run stands now."""
        ...

    def say(self, text: str) -> None:
        """Show a line that stays."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def choose_progress() -> Progress:
    """Take the bar on a terminal that can redraw a line, else plain lines."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return Bar(sys.stderr)
    return Lines()


class Rate:
    """Documents a second over the last ten seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, at: float, done: int) -> float | None:
        """Note how many are done by now, and give the rate; None where it is not known yet."""
        self._seen.append((at, done))
        while at - self._seen[0][0] > RATE_SECONDS:
            self._seen.popleft()
        passed = at - self._seen[0][0]
        return (done - self._seen[0][1]) / passed if passed >= 1 else None


class Bar:
    """One line, redrawn in place at most twice a second and only where it changed."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, now: Clock = time.time) -> None:
        self._stream = stream
        self._clock = clock
        self._now = now
        self._rate = Rate()
        self._drawn = ""
        self._drawn_at = -REDRAW_SECONDS

    def show(self, run: RunRecord) -> None:
        """Redraw the line if it is time to."""
        at = self._clock()
        rate = self._rate.add(at, sum(one.documents_done for one in run.collections))
        if at - self._drawn_at < REDRAW_SECONDS:
            return
        text = bar_text(run, rate, shutil.get_terminal_size().columns - 1, self._now())
        if text != self._drawn:
            write(self._stream, f"\r{text}\x1b[K")
            self._drawn, self._drawn_at = text, at

    def say(self, text: str) -> None:
        """Write a line where the bar was; the bar comes again below it."""
        self.close()
        write_line(text, to_errors=True)

    def close(self) -> None:
        """Wipe the line."""
        if self._drawn:
            write(self._stream, "\r\x1b[K")
        self._drawn, self._drawn_at = "", -REDRAW_SECONDS


class Lines:
    """A line at each stage, and about every ten per cent or ten seconds."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._said = ""
        self._said_at = 0.0
        self._percent = 0.0
        self._documents = ""

    def show(self, run: RunRecord) -> None:
        """Write a line if there is something to say."""
        at, percent, head, documents = self._clock(), percentage(run), state_head(run), documents_text(run)
        is_time = percent - self._percent >= LINE_PERCENT or at - self._said_at >= LINE_SECONDS
        if head != self._said or (documents != self._documents and is_time):
            self._said, self._said_at, self._percent, self._documents = head, at, percent, documents
            write_line(f"run {run_name(run.id)}: {head}  {percent:.1f} %  {documents}", to_errors=True)

    def say(self, text: str) -> None:
        """Write a line."""
        write_line(text, to_errors=True)

    def close(self) -> None:
        """Nothing is left on the terminal."""


def state_head(run: RunRecord) -> str:
    """The stage of a run that goes on, else its state."""
    return run.stage.value if run.state.is_active and run.state is not RunState.PAUSED else run.state.value


def documents_text(run: RunRecord) -> str:
    """How many documents of how many."""
    done = sum(one.documents_done for one in run.collections)
    total = sum(one.documents_expected for one in run.collections)
    return f"{number(done)} / {number(total)} documents"


def bar_text(run: RunRecord, rate: float | None, width: int, now: float) -> str:
    """Lay out the line in `width` cells: what does not fit is left out from the right."""
    percent = percentage(run)
    parts = [f"{percent:5.1f} %", documents_text(run)]
    silent = now - run.last_heard_at if run.last_heard_at is not None else 0.0
    if silent > SILENT_SECONDS and run.state.is_active:
        parts.append(f"worker last heard {duration(silent)} ago")
    elif rate is not None and run.state is RunState.EXECUTING:
        parts.append(f"{number(round(rate))}/s")
        parts.append(f"ETA {_eta(run, rate)}")
    active = next((one.name for one in run.collections if one.state is CollectionState.ACTIVE), "")
    if active:
        parts.append(printable(active))
    bar = _bar(percent, 20) + " " if width >= 70 else ""
    text = f"{bar}{state_head(run):<8}"
    for part in parts:
        if cells(text) + 2 + cells(part) > width:
            break
        text += f"  {part}"
    return text[: max(width, 0)]


def _eta(run: RunRecord, rate: float) -> str:
    left = sum(max(0, one.documents_total - one.documents_done) for one in run.collections)
    if rate < LEAST_RATE:
        return "—" if shows_unicode(to_errors=True) else "-"
    seconds = round(left / rate / 5) * 5
    return f"~{duration(seconds)}" if seconds >= 60 else f"~{seconds}s"


def _bar(percent: float, width: int) -> str:
    full, empty = ("█", "░") if shows_unicode(to_errors=True) else ("#", ".")
    filled = int(percent / 100 * width)
    return full * filled + empty * (width - filled)

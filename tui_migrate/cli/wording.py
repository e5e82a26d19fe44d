"""How values read on a terminal: ids, times, sizes, counts and states."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import humanize

from tui_migrate.cli.output import shows_unicode
from tui_migrate.errors import UsageError
from tui_migrate.journal.records import Counts, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind

_MARKS: Final = {
    RunState.COMPLETED: ("✓", "+"),
    RunState.COMPLETED_WITH_FINDINGS: ("!", "!"),
    RunState.FAILED: ("✗", "x"),
    RunState.PAUSED: ("‖", "="),
    RunState.INTERRUPTED: ("~", "~"),
    RunState.CANCELLED: ("✗", "x"),
    RunState.PLANNED: ("○", "o"),
    RunState.ROLLED_BACK: ("↶", "<"),
    RunState.ROLLED_BACK_WITH_FINDINGS: ("!", "!"),
}


def parse_run_id(text: str) -> int:
    """Read a run's id, written `42` or `0042`. Raises UsageError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise UsageError(
            f"{text[:40]!r} is no run id", hint="ids are numbers like 0042; tui-migrate history lists them"
        )
    return int(text)


def run_name(run_id: int) -> str:
    """Show a run's id with four digits."""
    return f"{run_id:04d}"


def state_words(state: RunState) -> str:
    """Show a state as a mark and its word."""
    mark, plain = _MARKS.get(state, ("●", "*"))
    return f"{mark if shows_unicode() else plain} {state.value.replace('_', ' ')}"


def arrow() -> str:
    """The sign between source and target, and before a next step."""
    return "→" if shows_unicode() else "->"


def ends_words(run: RunRecord) -> str:
    """Say from where to where a run goes, or which run it takes back and where."""
    if run.kind is RunKind.ROLLBACK:
        return f"of run {run_name(run.rollback_of)} in {run.target}"
    return f"{run.source} {arrow()} {run.target}"


def at_and_ago(at: float | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """Show a time in the local zone, which is named, and how long ago it was."""
    if at is None:
        return "—" if shows_unicode() else "-"
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z} ({humanize.naturaltime(now() - moment)})"


def number(value: int) -> str:
    """Show a whole number with its thousands grouped."""
    return humanize.intcomma(value)


def size(value: int) -> str:
    """Show a number of bytes in decimal units."""
    return humanize.naturalsize(value)


def duration(seconds: float) -> str:
    """Show how long something took, in its two largest units: `1h 02m`, `3m 20s`, `8.1s`."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def counts_words(run: RunRecord) -> str:
    """Show what became of a run's documents, as far as its kind knows it."""
    return "  ".join(f"{name} {number(value)}" for name, value in _counted(run.counts, run.kind))


def _counted(counts: Counts, kind: RunKind) -> list[tuple[str, int]]:
    if kind is RunKind.ROLLBACK:
        shown = ["restored", "deleted", "spared"]
    else:
        shown = ["inserted", "replaced", "unchanged", "skipped", "rejected"]
        if counts.assumed_ours:
            shown.append("assumed_ours")
    return [(name.replace("_", " "), getattr(counts, name)) for name in shown]

"""How values read on the screens: ids, times, sizes, counts and states. Marks are Unicode."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

import humanize

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.widgets.table import Tone

_MARKS: Final = {
    RunState.PLANNED: ("○", Tone.PLAIN),
    RunState.COMPLETED: ("✓", Tone.GOOD),
    RunState.COMPLETED_WITH_FINDINGS: ("!", Tone.WARN),
    RunState.FAILED: ("✗", Tone.BAD),
    RunState.PAUSED: ("‖", Tone.WARN),
    RunState.INTERRUPTED: ("~", Tone.WARN),
    RunState.CANCELLED: ("✗", Tone.DIM),
    RunState.ROLLED_BACK: ("↶", Tone.DIM),
    RunState.ROLLED_BACK_WITH_FINDINGS: ("!", Tone.WARN),
}
_WORDS: Final = {
    RunState.COMPLETED_WITH_FINDINGS: "findings",
    RunState.ROLLED_BACK_WITH_FINDINGS: "rolled back, findings",
}


def run_name(run_id: int) -> str:
    """Show a run's id with four digits."""
    return f"{run_id:04d}"


def state_words(state: RunState) -> str:
    """Show a state as a mark and its word."""
    return f"{_MARKS.get(state, ('●', Tone.PLAIN))[0]} {_WORDS.get(state, state.value.replace('_', ' '))}"


def state_tone(state: RunState) -> Tone:
    """The colour that goes with a state."""
    return _MARKS.get(state, ("●", Tone.PLAIN))[1]


def ends_words(run: RunRecord) -> str:
    """Say from where to where a run goes, or which run it takes back and where."""
    if run.kind is RunKind.ROLLBACK:
        return f"run {run_name(run.rollback_of)} in {run.target}"
    return f"{run.source} → {run.target}"


def number(value: int) -> str:
    """Show a whole number with its thousands grouped."""
    return humanize.intcomma(value)


def size(value: int) -> str:
    """Show a number of bytes in decimal units."""
    return humanize.naturalsize(value)


def duration(seconds: float) -> str:
    """Show how long something takes, in its two largest units: `1h 02m`, `3m 20s`, `8s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def ago(at: float, now: float) -> str:
    """Say how long ago something was: `8 s ago`, `3 min ago`."""
    seconds = max(0, round(now - at))
    for limit, unit, length in ((60, "s", 1), (3_600, "min", 60), (86_400, "h", 3_600)):
        if seconds < limit:
            return f"{seconds // length} {unit} ago"
    return f"{seconds // 86_400} d ago"


def local_time(at: float, zone: tzinfo | None = None) -> str:
    """Show a time in the local zone, which is named."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%Y-%m-%d %H:%M %Z}"


def path_words(path: Path) -> str:
    """Show a path with `~` for the user's own folder."""
    own = Path.home()
    return f"~/{path.relative_to(own)}" if path.is_relative_to(own) else str(path)

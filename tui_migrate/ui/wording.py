"""How values read on the screens: what is said everywhere, and states, times and paths in the screens' short forms."""

from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.ui.widgets.table import Tone
from tui_migrate.wording import (
    STATE_MARKS,
    duration,
    ends_words,
    kind_words,
    number,
    rollback_standing,
    run_name,
    size,
)

__all__ = [
    "ago",
    "duration",
    "ends_words",
    "kind_words",
    "local_time",
    "number",
    "path_words",
    "run_name",
    "silence_words",
    "size",
    "standing_words",
    "state_tone",
    "state_words",
]

_TONES: Final = {
    RunState.COMPLETED: Tone.GOOD,
    RunState.COMPLETED_WITH_FINDINGS: Tone.WARN,
    RunState.FAILED: Tone.BAD,
    RunState.PAUSED: Tone.WARN,
    RunState.INTERRUPTED: Tone.WARN,
    RunState.CANCELLED: Tone.DIM,
    RunState.ROLLED_BACK: Tone.DIM,
    RunState.ROLLED_BACK_WITH_FINDINGS: Tone.WARN,
}
SILENT_SECONDS: Final = 5.0
"""Work that tells each half second how far it is has been silent for longer than it takes to breathe."""

_WORDS: Final = {
    RunState.COMPLETED_WITH_FINDINGS: "findings",
    RunState.ROLLED_BACK_WITH_FINDINGS: "rolled back",
}


def state_words(state: RunState) -> str:
    """Show a state as a mark and its word."""
    return f"{STATE_MARKS[state][0]} {_WORDS.get(state, state.value.replace('_', ' '))}"


def standing_words(run: RunRecord) -> str:
    """Show how a run stands, a rollback of it included, as a mark and its word."""
    back = rollback_standing(run)
    return state_words(run.state) if back is None else f"{back[0][0]} {back[1]}"


def state_tone(state: RunState) -> Tone:
    """The colour that goes with a state."""
    return _TONES.get(state, Tone.PLAIN)


def ago(at: float, now: float) -> str:
    """Say how long ago something was: `8 s ago`, `3 min ago`."""
    seconds = max(0, round(now - at))
    for limit, unit, length in ((60, "s", 1), (3_600, "min", 60), (86_400, "h", 3_600)):
        if seconds < limit:
            return f"{seconds // length} {unit} ago"
    return f"{seconds // 86_400} d ago"


def silence_words(seconds: float) -> str:
    """Say, behind another sentence, that nothing has come from the servers for so long, once that is long."""
    return f"; nothing has come for {duration(seconds)}" if seconds >= SILENT_SECONDS else ""


def local_time(at: float, zone: tzinfo | None = None) -> str:
    """Show a time in the local zone, which is named."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(zone):%Y-%m-%d %H:%M %Z}"


def path_words(path: Path) -> str:
    """Show a path with `~` for the user's own folder."""
    own = Path.home()
    return f"~/{path.relative_to(own)}" if path.is_relative_to(own) else str(path)

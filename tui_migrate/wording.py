"""How values read wherever people see them: ids, sizes, counts, times taken, states and ends of runs."""

from typing import Final

from tui_migrate.amounts import documents_that
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind

STATE_MARKS: Final = dict.fromkeys(RunState, ("●", "*")) | {
    RunState.PLANNED: ("○", "o"),
    RunState.COMPLETED: ("✓", "+"),
    RunState.COMPLETED_WITH_FINDINGS: ("!", "!"),
    RunState.FAILED: ("✗", "x"),
    RunState.PAUSED: ("‖", "="),
    RunState.INTERRUPTED: ("~", "~"),
    RunState.CANCELLED: ("✗", "x"),
    RunState.ROLLED_BACK: ("↶", "<"),
    RunState.ROLLED_BACK_WITH_FINDINGS: ("!", "!"),
}
"""The mark of each state, and its ASCII twin."""

_KILO: Final = 1_000
_ROUNDED_TO_KILO: Final = 999.95
"""From here on a number is 1,000.0 when it is rounded to one digit; a number asks quicker than `round` does."""

_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")


def run_name(run_id: int) -> str:
    """Show a run's id with four digits."""
    return f"{run_id:04d}"


def kind_words(run: RunRecord) -> str:
    """Say what a run is, in one word where that says it: `copy`, `backup`, `restore`, `retry of 0002`."""
    if run.retry_of:
        return f"retry of {run_name(run.retry_of)}"
    if run.backup:
        return "backup" if run.kind is RunKind.EXPORT else "restore"
    return run.kind.value


def ends_words(run: RunRecord, arrow: str = "→") -> str:
    """Say from where to where a run goes, or which run it takes back and where."""
    if run.kind is RunKind.ROLLBACK:
        return f"run {run_name(run.rollback_of)} in {run.target}"
    return f"{run.source} {arrow} {run.target}"


def end_words(run: RunRecord) -> str:
    """Say what was asked for of a run that somebody has asked to end."""
    return "to be cancelled and rolled back" if is_to_be_taken_back(run) else "to be cancelled"


def is_to_be_taken_back(run: RunRecord) -> bool:
    """True where a rollback was asked for together with the end of a run, and there is something to roll back."""
    return run.rollback_asked and run.undo and run.writes_begun


def rollback_standing(run: RunRecord) -> tuple[tuple[str, str], str] | None:
    """Give mark, its ASCII twin, and word of a run that another takes back, or took back in part; None of others."""
    state = run.rollback_state
    if state is not None:
        return STATE_MARKS[RunState.ROLLED_BACK if is_at_work(state) else state], "in rollback"
    return (("!", "!"), "part undone") if run.part_undone_by else None


def rollback_begun_words(run: RunRecord) -> str:
    """Say how the rollback of a run stands that has begun and is not through; empty where there is none."""
    if run.part_undone_by:
        return f"rolled back in part: run {run_name(run.part_undone_by)}, which did so, was cancelled"
    state, by = run.rollback_state, f"run {run_name(run.rollback_run)}"
    if state is None:
        return ""
    if state is RunState.PLANNED:
        return f"to be rolled back by {by}, which is not started"
    if is_at_work(state):
        return f"being rolled back by {by}"
    return f"rolled back in part: {by}, which does so, {'has failed' if state is RunState.FAILED else f'is {state}'}"


def is_at_work(state: RunState) -> bool:
    """True of a run whose worker does something; one that is paused waits."""
    return state.is_active and state is not RunState.PAUSED


def number(value: int) -> str:
    """Show a whole number with its thousands grouped."""
    return f"{value:,}"


def waiting_words(count: int) -> str:
    """Say how many documents wait for the operator."""
    return f"{documents_that(count, 'waits', 'wait')} for your decision"


def size(value: int) -> str:
    """Show a number of bytes in decimal units: `1.5 kB`."""
    if value < _KILO:
        return "1 Byte" if value == 1 else f"{value} Bytes"
    shown, place = value / _KILO, 0
    while shown >= _ROUNDED_TO_KILO and place < len(_UNITS) - 1:
        shown, place = shown / _KILO, place + 1
    return f"{shown:.1f} {_UNITS[place]}"


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

"""How values read on a terminal that may show ASCII only: times, states, ends and counts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import humanize

from tui_migrate import wording
from tui_migrate.cli.output import shows_unicode
from tui_migrate.errors import UsageError
from tui_migrate.journal.records import Counts, RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.wording import STATE_MARKS, number, rollback_standing


def parse_run_id(text: str) -> int:
    """Read a run's id, written `42` or `0042`. Raises UsageError."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise UsageError(
            f"{text[:40]!r} is no run id", hint="ids are numbers like 0042; tui-migrate history lists them"
        )
    return int(text)


def state_words(state: RunState) -> str:
    """Show a state as a mark and its word."""
    mark, plain = STATE_MARKS[state]
    return f"{mark if shows_unicode() else plain} {state.value.replace('_', ' ')}"


def standing_words(run: RunRecord) -> str:
    """Show how a run stands, a rollback of it included, as a mark and its word."""
    back = rollback_standing(run)
    if back is None:
        return state_words(run.state)
    (mark, plain), word = back
    return f"{mark if shows_unicode() else plain} {word}"


def arrow() -> str:
    """The sign between source and target, and before a next step."""
    return "→" if shows_unicode() else "->"


def ends_words(run: RunRecord) -> str:
    """Say from where to where a run goes, or which run it takes back and where."""
    words = wording.ends_words(run, arrow())
    return f"of {words}" if run.kind is RunKind.ROLLBACK else words


def at_and_ago(at: float | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """Show a time in the local zone, which is named, and how long ago it was."""
    if at is None:
        return "—" if shows_unicode() else "-"
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z} ({humanize.naturaltime(max(now() - moment, timedelta()))})"


def duration(seconds: float) -> str:
    """Show how long something took: up to a minute to the tenth of a second, `8.1s`."""
    return f"{seconds:.1f}s" if seconds < 60 else wording.duration(seconds)


_COUNTED_AS: Final = {"spared": "kept", "assumed_ours": "in doubt"}
"""Counts that people read by another word than scripts."""


def counts_words(run: RunRecord) -> str:
    """Show what became of a run's documents, as far as its kind knows it."""
    return "  ".join(f"{name} {number(value)}" for name, value in _counted(run.counts, run.kind))


def _counted(counts: Counts, kind: RunKind) -> list[tuple[str, int]]:
    if kind is RunKind.ROLLBACK:
        shown = ["restored", "deleted", "spared"]
    else:
        shown = ["inserted", "replaced", "unchanged", "skipped", "rejected"]
        if counts.deleted:
            shown.append("deleted")
        if counts.assumed_ours:
            shown.append("assumed_ours")
    return [(_COUNTED_AS.get(name, name.replace("_", " ")), getattr(counts, name)) for name in shown]

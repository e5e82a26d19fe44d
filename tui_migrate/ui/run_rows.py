"""Runs as rows of a table, on Home and in the History."""

from typing import Final

from tui_migrate.journal.records import RunRecord, RunSummary
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.redaction import redact
from tui_migrate.ui.widgets.fitting import fit_ends
from tui_migrate.ui.widgets.table import Column, Row, Tone
from tui_migrate.ui.wording import ago, local_time, standing_words, state_tone
from tui_migrate.wording import (
    end_words,
    ends_words,
    is_at_work,
    is_to_be_taken_back,
    kind_words,
    number,
    rollback_begun_words,
    rollback_standing,
    run_name,
)

COLUMNS: Final = (
    Column("Run", 4),
    Column("State", 13),
    Column("Kind", 8),
    Column("From → to", fitted=fit_ends),
    Column("Documents", 11, right=True, from_width=92),
    Column("Made", 10, right=True),
    Column("At", 20, from_width=114),
    Column("Target", 11, from_width=128),
    Column("By", 18, from_width=150),
)

RETRIED: Final = "! retried"
"""What stands for the state of a run whose refused documents another has written again."""

AT_WORK: Final = 0
NEEDS_NOBODY: Final = 9
UNDECIDED: Final = "?"
"""The mark of a run that waits for decisions."""
_JUST_NOW: Final = 60.0


def run_row(summary: RunSummary, now: float, decide_key: str) -> Row:
    """Show one run. `now` is in seconds since 1970, `decide_key` what leads to the documents that a run asks about."""
    run = summary.run
    made = local_time(run.created_at)
    kind, ends = kind_words(run), redact(ends_words(run))
    if run.retry_of:
        kind, ends = "retry", f"of {run_name(run.retry_of)}: {ends}"
    note = f" · {run.description}" if run.description and run.kind is not RunKind.ROLLBACK else ""
    waits = run.undecided > 0 and not run.state.is_final
    is_taken_back = rollback_standing(run) is not None
    state = RETRIED if run.retried_by and not is_taken_back else standing_words(run)
    state = f"{UNDECIDED} undecided" if waits and run.state is RunState.INTERRUPTED and not is_taken_back else state
    wait = "waits" if run.undecided == 1 else "wait"
    asks = f"{number(run.undecided)} {wait} for your decision: {decide_key} · " if waits else ""
    asks += f"{then} · " if (then := rollback_words(run)) else ""
    asks += "rolled back, with findings · " if run.state is RunState.ROLLED_BACK_WITH_FINDINGS else ""
    production = "PRODUCTION " if is_production(summary) else ""
    environment = run.environment.value if run.kind is not RunKind.EXPORT else ""
    return Row(
        key=str(run.id),
        cells=(
            run_name(run.id),
            state,
            kind,
            ends,
            number(summary.documents),
            since(run.created_at, now),
            made,
            environment,
            run.created_by,
        ),
        name=f"{asks}{production}{ends}{_links(run)}{note} · {made} by {run.created_by}",
        tone=Tone.WARN if is_taken_back else state_tone(run.state),
        sort=(
            run.id,
            state[2:],
            kind,
            ends,
            summary.documents,
            run.created_at,
            run.created_at,
            environment,
            run.created_by,
        ),
    )


def retried_words(run: RunRecord) -> str:
    """Say which run wrote again what this one's target refused, and whether all of it."""
    what = f"run {run_name(run.retried_by)}"
    return f"written by {what}" if run.retried_whole else f"tried again by {what}, which ended with findings"


def rollback_words(run: RunRecord) -> str:
    """Say what becomes of a rollback that was asked for together with the end of the run, or has begun.

    And of that end itself, where the worker did not live to carry it out.
    """
    if begun := rollback_begun_words(run):
        return begun
    if run.state.is_active:
        return end_words(run) if is_to_be_taken_back(run) else ""
    if is_to_be_taken_back(run) and (run.state.is_resumable or run.state is RunState.CANCELLED):
        return "rollback asked for, not begun"
    return "cancel asked for, not carried out" if run.cancel_asked and run.state.is_resumable else ""


def leads_to_rollback(run: RunRecord) -> bool:
    """Say whether there is something to show of a run's rollback; of a rollback cut short, the run it is of."""
    return run.rollback_available or run.rollback_run > 0 or is_rollback_cut_short(run)


def is_rollback_cut_short(run: RunRecord) -> bool:
    """True of a rollback that was cancelled: what it was to take back may be there in part."""
    return run.kind is RunKind.ROLLBACK and run.state is RunState.CANCELLED


def _links(run: RunRecord) -> str:
    if run.retried_by:
        return f" · what was refused: {retried_words(run)}"
    return f" · {kind_words(run)} {run.backup}" if run.backup else ""


def since(at: float, now: float) -> str:
    """Say how long ago something was, in words that stay true for a minute."""
    return "just now" if now - at < _JUST_NOW else ago(at, now)


def urgency(summary: RunSummary) -> int:
    """Rank what needs the operator: at work, paused, interrupted, failed, never started, nobody.

    What is being taken back needs nobody: the run that does so may.
    """
    state = summary.run.state
    if summary.run.rollback_run:
        return NEEDS_NOBODY
    if is_at_work(state):
        return AT_WORK
    order = (RunState.PAUSED, RunState.INTERRUPTED, RunState.FAILED, RunState.PLANNED)
    return order.index(state) + 1 if state in order else NEEDS_NOBODY


def in_order_of_need(unfinished: tuple[RunSummary, ...], newest: tuple[RunSummary, ...]) -> list[RunSummary]:
    """Put the runs that need somebody first, then the rest, each newest first; none stands there twice."""
    by_id = {one.run.id: one for one in (*newest, *unfinished)}
    return sorted(by_id.values(), key=lambda one: (urgency(one), -one.run.id))


def is_production(summary: RunSummary) -> bool:
    """True where the run wrote, or would have written, to a database of production."""
    return summary.run.environment is Environment.PRODUCTION and summary.run.kind is not RunKind.EXPORT

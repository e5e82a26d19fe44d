"""What other rows of the journal say of a run: the backup that it makes or reads, who retried what it
refused, and who is taking it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind

BACKUPS: Final = "SELECT name, run_id, path FROM backups"
RETRIES: Final = (
    "SELECT retry_of, id, state FROM runs WHERE retry_of > 0 AND state IN ('completed', 'completed_with_findings')"
    " ORDER BY id"
)
LIVE_ROLLBACK: Final = "state <> 'cancelled' AND NOT (state = 'failed' AND stage = 'validate')"
"""Which rollbacks stand in the way of another of the same run: all but those that were given up or never began."""

ROLLBACKS: Final = (
    f"SELECT rollback_of, id, state FROM runs WHERE rollback_of > 0 AND ({LIVE_ROLLBACK}"
    " AND state NOT IN ('completed', 'completed_with_findings') OR state = 'cancelled' AND writes_begun = 1)"
    " ORDER BY id"
)
"""The rollbacks that are not through: those under way, and those that were cancelled after they had begun to write."""


def linked(
    runs: Iterable[RunRecord],
    backups: Iterable[Sequence[Any]],
    retries: Iterable[Sequence[Any]],
    rollbacks: Iterable[Sequence[Any]] = (),
) -> tuple[RunRecord, ...]:
    """Put the links into runs, from the rows that `BACKUPS`, `RETRIES` and `ROLLBACKS` give."""
    made: dict[int, str] = {}
    read: dict[str, str] = {}
    for name, run_id, path in backups:
        made[run_id], read[path] = name, name
    last = {of: (run_id, state == RunState.COMPLETED) for of, run_id, state in retries}
    under_way: dict[int, tuple[int, RunState]] = {}
    cut_short: dict[int, int] = {}
    for of, run_id, state in rollbacks:
        if state == RunState.CANCELLED:
            cut_short[of] = run_id
        else:
            under_way[of] = run_id, RunState(state)
    return tuple(_taken_back(_linked(one, made, read, last), under_way, cut_short) for one in runs)


def _linked(
    run: RunRecord, made: dict[int, str], read: dict[str, str], retries: dict[int, tuple[int, bool]]
) -> RunRecord:
    backup = made.get(run.id, "") if run.kind is RunKind.EXPORT else ""
    if run.kind is RunKind.IMPORT:
        backup = read.get(run.source, "")
    retried_by, retried_whole = retries.get(run.id, (0, False))
    if not backup and not retried_by:
        return run
    return replace(run, backup=backup, retried_by=retried_by, retried_whole=retried_whole)


def _taken_back(run: RunRecord, under_way: dict[int, tuple[int, RunState]], cut_short: dict[int, int]) -> RunRecord:
    if run.rolled_back_by:
        return run
    if run.id in under_way:
        by, state = under_way[run.id]
        return replace(run, rollback_run=by, rollback_state=state)
    return replace(run, part_undone_by=cut_short[run.id]) if run.id in cut_short else run

"""What other rows of the journal say of a run: the backup that it makes or reads, and who retried what it refused."""

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


def linked(
    runs: Iterable[RunRecord], backups: Iterable[Sequence[Any]], retries: Iterable[Sequence[Any]]
) -> tuple[RunRecord, ...]:
    """Put the links into runs, from the rows that `BACKUPS` and `RETRIES` give."""
    made: dict[int, str] = {}
    read: dict[str, str] = {}
    for name, run_id, path in backups:
        made[run_id], read[path] = name, name
    last = {of: (run_id, state == RunState.COMPLETED) for of, run_id, state in retries}
    return tuple(_linked(one, made, read, last) for one in runs)


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

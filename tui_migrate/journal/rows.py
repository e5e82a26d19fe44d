"""Rows of the journal, and as records: their columns stand in the order in which the reader asks for them."""

import json
from collections.abc import Sequence
from typing import Any, Final

import aiosqlite

from tui_migrate.documents import RawId
from tui_migrate.errors import RunNotFound
from tui_migrate.findings import Finding
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.journal.records import (
    ROLL_BACK,
    CollectionProgress,
    CollectionState,
    ConflictRecord,
    ConflictState,
    Counts,
    Failure,
    RunRecord,
)
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Environment, RunKind

PAUSED_AT: Final = "(SELECT max(at) FROM transitions WHERE run_id = runs.id AND to_state = 'paused')"
"""When a run was last paused, as a column of a query of runs."""


def backup_from(row: aiosqlite.Row) -> BackupRecord:
    """Make a record of a row of the reader's columns of backups."""
    name, created_at, path, source, connection, places, environment, owner, collections, is_whole, *rest = row
    return BackupRecord(
        name,
        created_at,
        path,
        source,
        connection,
        tuple(json.loads(places)),
        Environment(environment),
        owner,
        tuple(json.loads(collections)),
        bool(is_whole),
        rest[0],
        rest[1],
        BackupState(rest[2]),
        *rest[3:],
    )


def collection_from(row: Sequence[Any]) -> CollectionProgress:
    """Make a record of a row of the reader's columns of a run's collections."""
    return CollectionProgress(row[0], CollectionState(row[1]), row[2], row[3], row[4], row[5], Counts(*row[6:]))


def conflict_from(row: aiosqlite.Row) -> ConflictRecord:
    """Make a record of a row of the reader's columns of conflicts."""
    return ConflictRecord(
        row[0], RawId(row[1]), row[2], row[3], tuple(json.loads(row[4])), ConflictState(row[5]), row[6], row[7]
    )


def run_from(
    row: aiosqlite.Row, collections: tuple[CollectionProgress, ...], findings: tuple[Finding, ...]
) -> RunRecord:
    """Make a record of a row of the reader's columns of runs, with its collections and findings."""
    failure = Failure(row[23], row[24], row[25], row[26]) if row[23] else None
    return RunRecord(
        id=row[0],
        kind=RunKind(row[1]),
        state=RunState(row[2]),
        stage=Stage(row[3]),
        plan=row[4],
        source=row[5],
        target=row[6],
        environment=Environment(row[7]),
        created_at=row[8],
        created_by=row[9],
        description=row[10],
        undo=bool(row[11]),
        writes_begun=bool(row[12]),
        attempt=row[13],
        rollback_of=row[14],
        rolled_back_by=row[15],
        started_at=row[16],
        ended_at=row[17],
        worker_pid=row[18],
        worker_host=row[19],
        last_heard_at=row[20],
        rate_limit=row[21],
        undo_bytes=row[22],
        failure=failure,
        retry_of=row[27],
        undecided=row[28],
        parallel=row[29],
        cancel_asked=row[30] is not None,
        rollback_asked=row[30] == ROLL_BACK,
        waited=row[31],
        paused_at=row[32],
        collections=collections,
        findings=findings,
    )


async def row_of_run(database: aiosqlite.Connection, query: str, run_id: int) -> aiosqlite.Row:
    """Give the first row of a query for a run, within a transaction. Raises RunNotFound where there is none."""
    rows = list(await database.execute_fetchall(query, (run_id,)))
    if not rows:
        raise unknown_run(run_id)
    return rows[0]


def unknown_run(run_id: int) -> RunNotFound:
    """The error that there is no such run."""
    return RunNotFound(f"there is no run {run_id:04d}", hint="tui-migrate history lists the runs there are")

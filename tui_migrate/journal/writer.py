"""The only code that writes the journal: runs and their states, claims.

Each method is one transaction, durable when it returns. What a worker commits batch by batch is in `progress.py`, what
operators ask in `requests.py`, what they decide in `decisions.py`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiosqlite

from tui_migrate.errors import JournalError, NotReversible, Refused
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal import connection as opening
from tui_migrate.journal.backup_records import BackupState
from tui_migrate.journal.links import LIVE_ROLLBACK
from tui_migrate.journal.records import Failure
from tui_migrate.journal.request_reading import STANDING
from tui_migrate.journal.requests import RequestWriting
from tui_migrate.journal.rows import PAUSED_AT, row_of_run, unknown_run
from tui_migrate.journal.samples import add_sample
from tui_migrate.journal.states import TRANSITIONS, RunState, Stage
from tui_migrate.plan.model import Environment, Plan, StoreEnd
from tui_migrate.plan.yaml_form import to_yaml
from tui_migrate.redaction import printable, redact

Parameter = str | int | float | bytes | None
Clock = Callable[[], float]

MAX_FINDINGS_OF_A_CODE: Final = 1_000
"""Subjects kept for one code of one run; what is past them is counted in one finding for the rest."""

_BACKED_UP: Final = {
    RunState.COMPLETED: BackupState.GOOD,
    RunState.COMPLETED_WITH_FINDINGS: BackupState.WITH_FINDINGS,
}


class JournalWriter(RequestWriting):
    """A writing connection to the journal. One for each process; its methods may be called concurrently."""

    def __init__(self, connection: aiosqlite.Connection, path: Path, clock: Clock = time.time) -> None:
        self._connection = connection
        self._path = path
        self._turn = asyncio.Lock()
        self.clock = clock

    @classmethod
    async def open(cls, path: Path, clock: Clock = time.time) -> "JournalWriter":
        """Open the journal for writing, making it where there is none. Raises JournalError, StorageFailed."""
        return cls(await opening.open_for_writing(path), path, clock)

    async def close(self) -> None:
        """Close the connection."""
        await opening.close(self._connection, self._path)

    async def tidy(self) -> None:
        """Move the write-ahead log into the journal, so that it does not grow without end."""
        async with self._turn:
            with opening.explained(self._path):
                await opening.checkpoint(self._connection, self._path)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Hold the write lock, commit at the end, roll back when anything is raised."""
        async with self._turn:
            with opening.explained(self._path):
                try:
                    await self._connection.execute("BEGIN IMMEDIATE")
                    yield self._connection
                    await self._connection.execute("COMMIT")
                except BaseException:
                    # Statements of a cancelled task are done by the connection's thread all the same. This is queued
                    # behind them, before anything can be cancelled again, and does nothing where nothing is open.
                    await self._connection.rollback()
                    raise

    async def create_run(self, plan: Plan, created_by: str, above: int = 0) -> int:
        """Record a plan as a run that is `planned`, and give its id, which is new and larger than `above`.

        Raises NotReversible for a rollback of a run that another takes back already.
        """
        end = plan.target if isinstance(plan.target, StoreEnd) else plan.source
        environment = end.environment if isinstance(end, StoreEnd) else Environment.DEVELOPMENT
        async with self.transaction() as database:
            await _refuse_second_rollback(database, plan.rollback_of)
            last = list(await database.execute_fetchall("SELECT seq FROM sqlite_sequence WHERE name = 'runs'"))
            run_id = max(above, int(last[0][0]) if last else 0) + 1
            await database.execute(
                "INSERT INTO runs (id, kind, state, stage, plan, source, target, environment, created_at, created_by,"
                " description, undo, rollback_of, retry_of, parallel)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    plan.kind.value,
                    RunState.PLANNED.value,
                    Stage.VALIDATE.value,
                    to_yaml(plan),
                    plan.source.label,
                    plan.target.label,
                    environment.value,
                    self.clock(),
                    created_by,
                    plan.description,
                    int(plan.undo),
                    plan.rollback_of,
                    plan.retry_of,
                    plan.parallel,
                ),
            )
            await database.executemany(
                "INSERT INTO run_collections (run_id, place, name, state, documents_total, bytes_total)"
                " VALUES (?, ?, ?, 'waiting', ?, ?)",
                [(run_id, place, one.name, one.documents, one.size) for place, one in enumerate(plan.collections)],
            )
        return run_id

    async def transition(self, run_id: int, to_state: RunState) -> None:
        """Move a run to a state. Raises JournalError where the table does not allow it."""
        async with self.transaction() as database:
            await self._transition(database, run_id, to_state)
            failpoint("journal.before_transition")
        failpoint("journal.after_transition")

    async def _transition(self, database: aiosqlite.Connection, run_id: int, to_state: RunState) -> None:
        row = await row_of_run(database, "SELECT state, attempt FROM runs WHERE id = ?", run_id)
        before = RunState(row[0])
        if to_state is before:
            return
        if to_state not in TRANSITIONS[before]:
            raise JournalError(
                f"run {run_id:04d} cannot go from {before} to {to_state}", hint=f"tui-migrate status {run_id} shows it"
            )
        now = self.clock()
        if to_state.is_active:
            change = "UPDATE runs SET state = ?, ended_at = NULL, started_at = coalesce(started_at, ?) WHERE id = ?"
        else:
            # A run that is rolled back ended when its own work did.
            change = "UPDATE runs SET state = ?, ended_at = coalesce(ended_at, ?) WHERE id = ?"
        await database.execute(change, (to_state.value, now, run_id))
        if before is RunState.PAUSED:
            await database.execute(
                f"UPDATE runs SET waited = waited + max(0, ? - coalesce({PAUSED_AT}, ?)) WHERE id = ?",
                (now, now, run_id),
            )
        await database.execute(
            "INSERT INTO transitions (run_id, at, attempt, from_state, to_state) VALUES (?, ?, ?, ?, ?)",
            (run_id, now, row[1], before.value, to_state.value),
        )
        if not to_state.is_active:
            await _let_go(database, run_id, to_state)
        if to_state in _BACKED_UP:
            await _settle_backup(database, run_id, _BACKED_UP[to_state])

    async def take_for_dead(self, run_id: int) -> None:
        """Record that the worker of a run is gone without a word: the run ended with the last that was heard of it.

        A pause, in which nothing was at work, ends only now.
        """
        async with self.transaction() as database:
            before = (await row_of_run(database, "SELECT state FROM runs WHERE id = ?", run_id))[0]
            await self._transition(database, run_id, RunState.INTERRUPTED)
            if before != RunState.PAUSED:
                last = "ended_at = min(ended_at, coalesce(last_heard_at, ended_at))"
                await database.execute(f"UPDATE runs SET {last} WHERE id = ?", (run_id,))
            failpoint("journal.before_transition")
        failpoint("journal.after_transition")

    async def set_stage(self, run_id: int, stage: Stage) -> None:
        """Record the stage that a run has entered."""
        await self._update(run_id, "stage = ?", stage.value)
        failpoint("journal.after_stage")

    async def set_writes_begun(self, run_id: int) -> None:
        """Record that from now on the target may have been written to."""
        await self._update(run_id, "writes_begun = 1")
        failpoint("journal.after_writes_begun")

    async def set_rolled_back_by(self, run_id: int, by: int) -> None:
        """Record which run took this one back."""
        await self._update(run_id, "rolled_back_by = ?", by)

    async def set_rate_limit(self, run_id: int, documents_per_second: int) -> None:
        """Record the rate that a run keeps to; 0 is no limit."""
        await self._update(run_id, "rate_limit = ?", documents_per_second)

    async def set_parallel(self, run_id: int, collections: int) -> None:
        """Record how many collections a run verifies at once."""
        await self._update(run_id, "parallel = ?", collections)

    async def begin_attempt(self, run_id: int, pid: int, host: str, state: RunState) -> int:
        """Record that a worker has taken the run up in a state, and give the number of its attempt.

        Of why the attempt before it ended all but the code stays, for as long as this one is at work.
        """
        now = self.clock()
        async with self.transaction() as database:
            await database.execute(
                "UPDATE runs SET waited = waited + CASE WHEN started_at IS NULL OR state = 'paused' THEN 0"
                " ELSE max(0, ? - coalesce(ended_at, last_heard_at, ?)) END,"
                " attempt = attempt + 1, worker_pid = ?, worker_host = ?, last_heard_at = ?,"
                " failure_message = CASE WHEN failure_code IS NULL THEN NULL ELSE failure_message END,"
                " failure_code = NULL WHERE id = ?",
                (now, now, pid, host, now, run_id),
            )
            await self._transition(database, run_id, state)
            await add_sample(database, run_id, self.clock())
            attempt = int((await row_of_run(database, "SELECT attempt FROM runs WHERE id = ?", run_id))[0])
            failpoint("journal.before_attempt")
        failpoint("journal.after_attempt")
        return attempt

    async def end_attempt(self, run_id: int, state: RunState, failure: Failure | None) -> None:
        """Record how a worker left the run, and why where that was not the run's end."""
        values: tuple[Parameter, ...] = (None,) * 4
        if failure is not None:
            values = (failure.code, redact(failure.message), redact(failure.hint), failure.exit_code)
        async with self.transaction() as database:
            await database.execute(
                "UPDATE runs SET failure_code = ?, failure_message = ?, failure_hint = ?, failure_exit_code = ?"
                " WHERE id = ?",
                (*values, run_id),
            )
            await add_sample(database, run_id, self.clock())
            await self._transition(database, run_id, state)
            failpoint("journal.before_end")
        failpoint("journal.after_end")

    async def beat(self, run_id: int) -> None:
        """Record that the worker is alive, and how far the run is."""
        async with self.transaction() as database:
            await row_of_run(database, "SELECT id FROM runs WHERE id = ?", run_id)
            await database.execute("UPDATE runs SET last_heard_at = ? WHERE id = ?", (self.clock(), run_id))
            await add_sample(database, run_id, self.clock())

    async def delete_run(self, run_id: int) -> None:
        """Take a run's record out of the journal, with all that belongs to it."""
        async with self.transaction() as database:
            await row_of_run(database, "SELECT id FROM runs WHERE id = ?", run_id)
            await database.execute("DELETE FROM runs WHERE id = ?", (run_id,))
            # A backup that was never finished cannot be any more; one that was stays.
            await database.execute(
                "DELETE FROM backups WHERE run_id = ? AND state = ?", (run_id, BackupState.UNFINISHED.value)
            )

    async def add_event(self, run_id: int, message: str, severity: Severity = Severity.NOTE) -> None:
        """Append a line to the run's log."""
        async with self.transaction() as database:
            await database.execute(
                "INSERT INTO events (run_id, at, severity, message) VALUES (?, ?, ?, ?)",
                (run_id, self.clock(), severity.value, redact(message)),
            )

    async def add_findings(self, run_id: int, stage: Stage, found: Iterable[Finding], *, once: bool = False) -> None:
        """Record findings; one of a code and subject that is there already adds to its count, if not `once`."""
        async with self.transaction() as database:
            for one in found:
                if not (once and await _is_found(database, run_id, stage, one)):
                    await add_finding(database, run_id, stage, one)
            failpoint("journal.before_findings")
        failpoint("journal.after_findings")

    async def clear_findings(self, run_id: int, stage: Stage) -> None:
        """Forget what an earlier try of a stage found."""
        async with self.transaction() as database:
            await database.execute("DELETE FROM findings WHERE run_id = ? AND stage = ?", (run_id, stage.value))

    async def claim(self, run_id: int, places: Sequence[str], collections: Sequence[str], heir_of: int = 0) -> None:
        """Claim collections of a target for a run. Raises Refused, naming the run that has one of them.

        `places` are the names of the target: whoever has claimed a collection by one of them has it. The claims of the
        run `heir_of` are given up for it.
        """
        wanted = [(place, collection) for collection in collections for place in places]
        async with self.transaction() as database:
            await database.execute("DELETE FROM claims WHERE run_id = ?", (heir_of,))
            for place, collection in wanted:
                rows = await database.execute_fetchall(
                    "SELECT claims.run_id, runs.state FROM claims JOIN runs ON runs.id = claims.run_id"
                    " WHERE place = ? AND collection = ? AND run_id <> ?",
                    (place, collection, run_id),
                )
                for row in rows:
                    raise _claimed(collection, row[0], RunState(row[1]))
            await database.executemany(
                "INSERT OR IGNORE INTO claims (place, collection, run_id) VALUES (?, ?, ?)",
                [(*one, run_id) for one in wanted],
            )
            failpoint("journal.before_claim")
        failpoint("journal.after_claim")

    async def _update(self, run_id: int, assignment: str, *values: Parameter) -> None:
        async with self.transaction() as database:
            cursor = await database.execute(f"UPDATE runs SET {assignment} WHERE id = ?", (*values, run_id))
            if cursor.rowcount != 1:
                raise unknown_run(run_id)


async def _refuse_second_rollback(database: aiosqlite.Connection, undone: int) -> None:
    query = f"SELECT id FROM runs WHERE rollback_of = ? AND {LIVE_ROLLBACK}"
    for row in await database.execute_fetchall(query, (undone,)) if undone else ():
        raise NotReversible(
            f"run {undone:04d} is being rolled back by run {row[0]:04d}",
            hint=f"tui-migrate attach {row[0]}, or resume {row[0]} where it was broken off",
        )


async def _let_go(database: aiosqlite.Connection, run_id: int, state: RunState) -> None:
    """Give up what only a run with a worker has.

    Claims stay with a run that has written and can still go on, and so does a request to cancel it.
    """
    await database.execute("UPDATE runs SET worker_pid = NULL WHERE id = ?", (run_id,))
    await database.execute(
        "UPDATE controls SET status = 'refused', answer = ? WHERE run_id = ? AND status = 'pending'"
        f" AND (? OR NOT ({STANDING}))",
        (f"the run is {state} by now", run_id, state.is_final),
    )
    await database.execute(
        "DELETE FROM claims WHERE run_id = ? AND (? OR (SELECT writes_begun FROM runs WHERE id = run_id) = 0)",
        (run_id, state.is_final),
    )


async def _settle_backup(database: aiosqlite.Connection, run_id: int, state: BackupState) -> None:
    """Record of the backup that a run has made, if it has, what it came to."""
    await database.execute(
        "UPDATE backups SET state = ?,"
        " documents = (SELECT coalesce(sum(documents_done), 0) FROM run_collections WHERE run_id = backups.run_id),"
        " size = (SELECT coalesce(sum(bytes_done), 0) FROM run_collections WHERE run_id = backups.run_id)"
        " WHERE run_id = ?",
        (state.value, run_id),
    )


def _claimed(collection: str, run_id: int, state: RunState) -> Refused:
    name = printable(collection)
    if state.is_active:
        return Refused(
            f"run {run_id:04d} is at work on the collection {name} of this target",
            hint=f"wait for it, or end it: tui-migrate cancel {run_id}, or rollback {run_id} --confirm",
        )
    return Refused(
        f"run {run_id:04d} is {state}, has begun to write to this target, and still claims its collection {name}",
        hint=f"let it go on or give it up: tui-migrate resume {run_id}, cancel {run_id} or rollback {run_id} --confirm",
    )


async def _is_found(database: aiosqlite.Connection, run_id: int, stage: Stage, one: Finding) -> bool:
    query = "SELECT 1 FROM findings WHERE run_id = ? AND stage = ? AND code = ? AND subject = ?"
    return bool(await database.execute_fetchall(query, (run_id, stage.value, one.code, one.subject)))


async def add_finding(database: aiosqlite.Connection, run_id: int, stage: Stage, one: Finding) -> None:
    """Record a finding within a transaction; one of a code and subject that is there already adds to its count."""
    key = (run_id, stage.value, one.code, one.subject)
    cursor = await database.execute(
        "UPDATE findings SET count = count + ? WHERE run_id = ? AND stage = ? AND code = ? AND subject = ?",
        (one.count, *key),
    )
    if cursor.rowcount:
        return
    query = "SELECT count(*) FROM findings WHERE run_id = ? AND stage = ? AND code = ?"
    rows = list(await database.execute_fetchall(query, key[:3]))
    subject, message = one.subject, one.message
    if rows[0][0] >= MAX_FINDINGS_OF_A_CODE:
        subject, message = "others", "and more of the same kind"
    await database.execute(
        "INSERT INTO findings (run_id, stage, code, subject, severity, message, hint, count)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (run_id, stage, code, subject) DO UPDATE SET count = count + excluded.count",
        (*key[:3], subject, one.severity.value, redact(message), redact(one.hint), one.count),
    )

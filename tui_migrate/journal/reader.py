"""Reads the journal: what every face shows, and what a worker takes up again. Nothing here writes."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Final

import aiosqlite

from tui_migrate.errors import RunNotFound
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal import connection as opening
from tui_migrate.journal import links
from tui_migrate.journal.backup_records import BackupRecord
from tui_migrate.journal.conflict_reading import ConflictReading
from tui_migrate.journal.records import (
    Checkpoint,
    CollectionProgress,
    Counts,
    Event,
    MemberRecord,
    RunRecord,
    RunSummary,
    Sample,
    VerifiedMark,
)
from tui_migrate.journal.reject_reading import RejectReading
from tui_migrate.journal.request_reading import STANDING, RequestReading
from tui_migrate.journal.rows import PAUSED_AT, backup_from, collection_from, run_from
from tui_migrate.journal.states import RunState, Stage

FINDINGS_SHOWN: Final = 200

_RUN_COLUMNS: Final = (
    "id, kind, state, stage, plan, source, target, environment, created_at, created_by, description, undo,"
    " writes_begun, attempt, rollback_of, rolled_back_by, started_at, ended_at, worker_pid, worker_host, last_heard_at,"
    " rate_limit, undo_bytes, failure_code, failure_message, failure_hint, failure_exit_code, retry_of,"
    " (SELECT count(*) FROM conflicts WHERE run_id = runs.id AND state = 'open'), parallel,"
    # One look at all rollbacks for all rows, and none where nobody wanted a run to be cancelled.
    " (SELECT CASE WHEN runs.id NOT IN (SELECT rollback_of FROM runs) THEN value END"
    f" FROM controls WHERE run_id = runs.id AND {STANDING} ORDER BY controls.id DESC LIMIT 1), waited,"
    f" CASE WHEN state = 'paused' THEN {PAUSED_AT} END"
)

_WITHOUT_PLAN: Final = _RUN_COLUMNS.replace(" plan,", " '',")
_MOST_IDS: Final = 500
"""Ids in one condition."""

_COLLECTION_COLUMNS: Final = (
    "name, state, documents_total, documents_done, bytes_total, bytes_done, inserted, replaced, unchanged, skipped,"
    " rejected, assumed_ours, restored, deleted, spared"
)

_BACKUP_COLUMNS: Final = (
    "name, created_at, path, source, connection, places, environment, owner, collections, is_whole, run_id, before_run,"
    " state, documents, size, verified_at, verdict"
)

_UNFINISHED: Final = ", ".join(f"'{one.value}'" for one in RunState if not one.is_final)
_ACTIVE: Final = ", ".join(f"'{one.value}'" for one in RunState if one.is_active)


class JournalReader(ConflictReading, RejectReading, RequestReading):
    """A read-only connection. Each method is one short read; a reader never holds up the worker."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._collections: dict[str, tuple[aiosqlite.Row, CollectionProgress]] = {}
        self._collections_of = 0

    @classmethod
    async def open(cls, path: Path) -> "JournalReader":
        """Open a journal that is there. Raises RunNotFound where none is, JournalError, StorageFailed."""
        return cls(await opening.open_for_reading(path), path)

    async def close(self) -> None:
        """Close the connection."""
        await opening.shut(self._connection)

    async def data_version(self) -> int:
        """A number that is another one as soon as any other process has written."""
        return int((await self._rows("PRAGMA data_version"))[0][0])

    async def count_runs(self) -> int:
        """How many runs there are."""
        return int((await self._rows("SELECT count(*) FROM runs"))[0][0])

    async def runs(self, limit: int = 50, offset: int = 0) -> tuple[RunRecord, ...]:
        """Give runs, newest first, with their collections but without findings."""
        rows = await self._rows(
            f"SELECT {_RUN_COLUMNS} FROM runs ORDER BY id DESC LIMIT ? OFFSET ?",
            limit,
            offset,
        )
        if not rows:
            return ()
        collections: dict[int, list[CollectionProgress]] = {}
        # No other run lies between the ends of a page.
        for run_id, *values in await self._rows(
            f"SELECT run_id, {_COLLECTION_COLUMNS} FROM run_collections WHERE run_id BETWEEN ? AND ?"
            " ORDER BY run_id, place",
            rows[-1][0],
            rows[0][0],
        ):
            collections.setdefault(int(run_id), []).append(collection_from(values))
        return await self._linked([run_from(row, tuple(collections.get(int(row[0]), ())), ()) for row in rows])

    async def summaries(self, limit: int, before: int = 0) -> tuple[RunSummary, ...]:
        """Give runs in short, newest first; those older than `before` where it is not 0."""
        return await self._summaries("WHERE ? = 0 OR id < ? ORDER BY id DESC LIMIT ?", before, before, limit)

    async def unfinished(self, limit: int) -> tuple[RunSummary, ...]:
        """Give the runs in short that have not ended, or have failed: those at work first, then newest first."""
        return await self._summaries(
            f"WHERE state IN ({_UNFINISHED}) ORDER BY state IN ({_ACTIVE}) DESC, id DESC LIMIT ?", limit
        )

    async def briefly(self, ids: Iterable[int]) -> dict[int, RunRecord]:
        """Give runs by id, without plans, collections and findings; one that is not there is left out."""
        found: dict[int, RunRecord] = {}
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), _MOST_IDS):
            some = wanted[start : start + _MOST_IDS]
            marks = ", ".join("?" * len(some))
            rows = await self._rows(f"SELECT {_WITHOUT_PLAN} FROM runs WHERE id IN ({marks})", *some)
            found |= {one.id: one for one in await self._linked([run_from(row, (), ()) for row in rows])}
        return found

    async def run(self, run_id: int) -> RunRecord:
        """Give one run whole. Raises RunNotFound."""
        rows = await self._rows(f"SELECT {_RUN_COLUMNS} FROM runs WHERE id = ?", run_id)
        if not rows:
            raise RunNotFound(f"there is no run {run_id:04d}", hint="tui-migrate history lists the runs there are")
        run = run_from(rows[0], await self.collections(run_id), await self.findings(run_id))
        return (await self._linked([run]))[0]

    async def collections(self, run_id: int) -> tuple[CollectionProgress, ...]:
        """Give the collections of a run in the order in which they are worked.

        One that is as it was when they were last given is the same object: whoever looks each second at a run of very
        many has only what has changed to draw.
        """
        rows = await self._rows(
            f"SELECT {_COLLECTION_COLUMNS} FROM run_collections WHERE run_id = ? ORDER BY place", run_id
        )
        before = self._collections if run_id == self._collections_of else {}
        now: dict[str, tuple[aiosqlite.Row, CollectionProgress]] = {}
        for row in rows:
            known = before.get(row[0])
            now[row[0]] = known if known is not None and known[0] == row else (row, collection_from(row))
        self._collections, self._collections_of = now, run_id
        return tuple(one for _, one in now.values())

    async def findings(self, run_id: int, limit: int = FINDINGS_SHOWN) -> tuple[Finding, ...]:
        """Give a run's findings, errors first."""
        return tuple(found for _, found in await self.staged_findings(run_id, limit))

    async def staged_findings(self, run_id: int, limit: int) -> tuple[tuple[Stage, Finding], ...]:
        """Give a run's findings, errors first, each with the stage that found it."""
        rows = await self._rows(
            "SELECT stage, severity, code, subject, message, hint, count FROM findings WHERE run_id = ?"
            " ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, rowid LIMIT ?",
            run_id,
            limit,
        )
        return tuple((Stage(row[0]), Finding(Severity(row[1]), *row[2:])) for row in rows)

    async def worst_finding(self, run_id: int) -> Severity | None:
        """Give the highest severity among what a run found after its preflight."""
        rows = await self._rows(
            "SELECT DISTINCT severity FROM findings WHERE run_id = ? AND stage <> 'validate'", run_id
        )
        present = {Severity(row[0]) for row in rows}
        return next((one for one in Severity if one in present), None)

    async def rollbacks_of(self, run_id: int) -> tuple[int, ...]:
        """Give the runs that were made to take this one back, and that were not cancelled or failed in preflight."""
        rows = await self._rows(
            f"SELECT id FROM runs WHERE rollback_of = ? AND {links.LIVE_ROLLBACK} ORDER BY id",
            run_id,
        )
        return tuple(int(row[0]) for row in rows)

    async def retries_of(self, run_id: int) -> tuple[tuple[int, RunState], ...]:
        """Give the runs that were made to write this one's refused documents again, and how they stand."""
        rows = await self._rows("SELECT id, state FROM runs WHERE retry_of = ? ORDER BY id", run_id)
        return tuple((int(row[0]), RunState(row[1])) for row in rows)

    async def samples(self, run_id: int) -> tuple[Sample, ...]:
        """Give how far a run was at which times, oldest first."""
        rows = await self._rows(
            "SELECT attempt, at, documents, bytes FROM samples WHERE run_id = ? ORDER BY number", run_id
        )
        return tuple(Sample(*row) for row in rows)

    async def backups(self) -> tuple[BackupRecord, ...]:
        """Give the backups, newest first."""
        query = f"SELECT {_BACKUP_COLUMNS} FROM backups ORDER BY created_at DESC, rowid DESC"
        return tuple(map(backup_from, await self._rows(query)))

    async def last_batch_number(self, run_id: int) -> int:
        """Give the highest number among a run's batches, -1 where there are none."""
        rows = await self._rows("SELECT coalesce(max(number), -1) FROM batches WHERE run_id = ?", run_id)
        return int(rows[0][0])

    async def events(self, run_id: int, after: int = 0, limit: int = 1_000) -> tuple[Event, ...]:
        """Give the lines of a run's log behind a sequence number."""
        rows = await self._rows(
            "SELECT sequence, run_id, at, severity, message FROM events WHERE run_id = ? AND sequence > ?"
            " ORDER BY sequence LIMIT ?",
            run_id,
            after,
            limit,
        )
        return tuple(Event(*row) for row in rows)

    async def last_events(self, run_id: int, limit: int) -> tuple[Event, ...]:
        """Give the last lines of a run's log, oldest first."""
        rows = await self._rows(
            "SELECT sequence, run_id, at, severity, message FROM events WHERE run_id = ?"
            " ORDER BY sequence DESC LIMIT ?",
            run_id,
            limit,
        )
        return tuple(Event(*row) for row in reversed(rows))

    async def count_said(self, run_id: int, words: str, after: int = 0) -> tuple[int, int]:
        """Count the lines of a run's log after one that hold these words; give the number of the last line, too."""
        found = "COUNT(*) FILTER (WHERE instr(message, ?)), COALESCE(MAX(sequence), ?)"
        asked = f"SELECT {found} FROM events WHERE run_id = ? AND sequence > ?"
        row = (await self._rows(asked, words, after, run_id, after))[0]
        return int(row[0]), int(row[1])

    async def attempt_began_at(self, run_id: int, attempt: int) -> float | None:
        """Say when an attempt first took a run from one state to another; None where it has not yet."""
        rows = await self._rows("SELECT min(at) FROM transitions WHERE run_id = ? AND attempt = ?", run_id, attempt)
        return None if rows[0][0] is None else float(rows[0][0])

    async def last_attempt_died(self, run_id: int) -> bool:
        """Say whether the attempt before the one at work ended without a word of why."""
        rows = await self._rows("SELECT attempt > 1 AND failure_message IS NULL FROM runs WHERE id = ?", run_id)
        return bool(rows[0][0])

    async def last_checkpoint(self, run_id: int, collection: str) -> Checkpoint | None:
        """Give the last batch of a collection that was committed."""
        found = await self._batches(
            "WHERE run_id = ? AND collection = ? ORDER BY number DESC LIMIT 1", run_id, collection
        )
        return found[0] if found else None

    async def batches(
        self, run_id: int, collection: str, page: int = 1_000, *, after: int = -1
    ) -> AsyncIterator[Checkpoint]:
        """Give a collection's batches in order, those with higher numbers than `after`, a page at a time."""
        number = after
        while found := await self._batches(
            "WHERE run_id = ? AND collection = ? AND number > ? ORDER BY number LIMIT ?",
            run_id,
            collection,
            number,
            page,
        ):
            for one in found:
                yield one
            number = found[-1].number

    async def verified(self, run_id: int) -> dict[str, VerifiedMark]:
        """Say how far a run's verification is, by collection that it has begun with."""
        rows = await self._rows(
            "SELECT collection, number, position, last_id, is_done FROM verified WHERE run_id = ?", run_id
        )
        return {row[0]: VerifiedMark(row[1], row[2], row[3], bool(row[4])) for row in rows}

    async def verified_documents(self, run_id: int) -> int:
        """Say how many of a run's documents have been verified, as of the last marks."""
        rows = await self._rows(
            "SELECT coalesce(sum(CASE WHEN is_done THEN (SELECT documents_done FROM run_collections AS c"
            " WHERE c.run_id = verified.run_id AND c.name = verified.collection) ELSE (SELECT coalesce(sum(documents),"
            " 0) FROM batches AS b WHERE b.run_id = verified.run_id AND b.collection = verified.collection"
            " AND b.number <= verified.number) END), 0) FROM verified WHERE run_id = ?",
            run_id,
        )
        return int(rows[0][0])

    async def undo_end(self, run_id: int) -> int:
        """Say up to which byte the undo log belongs to batches that are committed."""
        rows = await self._rows("SELECT coalesce(max(undo_end), 0) FROM batches WHERE run_id = ?", run_id)
        return int(rows[0][0])

    async def members(self, run_id: int, collection: str) -> tuple[MemberRecord, ...]:
        """Give the gzip members of a collection that an export has committed."""
        rows = await self._rows(
            'SELECT "offset", packed, unpacked, documents, sha256 FROM members WHERE run_id = ? AND collection = ?'
            " ORDER BY number",
            run_id,
            collection,
        )
        return tuple(MemberRecord(*row) for row in rows)

    async def claimants(
        self, places: Sequence[str], collections: Sequence[str]
    ) -> tuple[tuple[int, str, RunState], ...]:
        """Give the runs that have claimed one of these collections at one of these places: id, collection, state."""
        marks = ", ".join("?" * len(places))
        rows = await self._rows(
            "SELECT DISTINCT claims.run_id, claims.collection, runs.state FROM claims JOIN runs ON runs.id = run_id"
            f" WHERE place IN ({marks}) ORDER BY claims.run_id, claims.collection",
            *places,
        )
        wanted = set(collections)
        return tuple((int(row[0]), row[1], RunState(row[2])) for row in rows if row[1] in wanted)

    async def later_runs(self, run_id: int) -> tuple[int, ...]:
        """Give newer runs that have written to a target this run wrote to, into one of its collections."""
        rows = await self._rows(
            "SELECT DISTINCT later.id FROM runs AS later JOIN runs AS this ON this.id = ?"
            " JOIN run_collections AS theirs ON theirs.run_id = later.id"
            " JOIN run_collections AS ours ON ours.run_id = this.id AND ours.name = theirs.name"
            " WHERE later.id > this.id AND later.target = this.target AND later.writes_begun = 1"
            " AND later.rolled_back_by = 0 AND later.kind IN ('copy', 'import')"
            f" AND (theirs.inserted + theirs.replaced > 0 OR later.state IN ({_UNFINISHED})) ORDER BY later.id",
            run_id,
        )
        return tuple(int(row[0]) for row in rows)

    async def _summaries(self, condition: str, *values: object) -> tuple[RunSummary, ...]:
        done = "(SELECT coalesce(sum(documents_done), 0) FROM run_collections WHERE run_id = runs.id)"
        total, rejected = done.replace("documents_done", "documents_total"), done.replace("documents_done", "rejected")
        rows = await self._rows(f"SELECT {_WITHOUT_PLAN}, {done}, {total}, {rejected} FROM runs {condition}", *values)
        runs = await self._linked([run_from(row, (), ()) for row in rows])
        return tuple(RunSummary(run, *map(int, row[-3:])) for run, row in zip(runs, rows, strict=True))

    async def _linked(self, runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
        if not runs:
            return ()
        rows = [await self._rows(one) for one in (links.BACKUPS, links.RETRIES, links.ROLLBACKS)]
        return links.linked(runs, *rows)

    async def _batches(self, condition: str, *values: object) -> list[Checkpoint]:
        rows = await self._rows(
            "SELECT collection, number, position, last_id, documents, digest, undo_begin, undo_end FROM batches "
            + condition,
            *values,
        )
        return [Checkpoint(row[0], row[1], row[2], row[3], row[4], 0, row[5], Counts(), row[6], row[7]) for row in rows]

    async def _rows(self, query: str, *values: object) -> list[aiosqlite.Row]:
        with opening.explained(self._path):
            return list(await self._connection.execute_fetchall(query, values))

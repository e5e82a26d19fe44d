"""What a worker commits as it goes: checkpoints with their counters, one transaction a batch."""

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import Final

import aiosqlite

from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import (
    Checkpoint,
    CollectionState,
    ConflictRecord,
    ConflictState,
    Counts,
    MemberRecord,
    RejectRecord,
    VerifiedMark,
)
from tui_migrate.journal.states import Stage
from tui_migrate.journal.writer import JournalWriter, add_finding
from tui_migrate.redaction import printable

_ADD_COUNTS = (
    "inserted = inserted + ?, replaced = replaced + ?, unchanged = unchanged + ?, skipped = skipped + ?,"
    " rejected = rejected + ?, assumed_ours = assumed_ours + ?, restored = restored + ?, deleted = deleted + ?,"
    " spared = spared + ?"
)

_NO_COUNTS: Final = Counts()


def decided_late(collection: str, count: int = 1) -> Finding:
    """A finding: decisions were changed when their documents had been taken up already."""
    message = "a decision was changed when it was being written already: the document stands as it was decided before"
    return Finding(Severity.WARNING, "decided_late", collection, message, "compare both ends, and put it right", count)


class Progress:
    """Writes one run's progress."""

    def __init__(self, journal: JournalWriter, run_id: int) -> None:
        self._journal = journal
        self._run_id = run_id

    async def commit_batch(
        self,
        done: Checkpoint,
        *,
        member: MemberRecord | None = None,
        refused: Sequence[RejectRecord] = (),
        settled: Sequence[RejectRecord] = (),
        stage: Stage = Stage.EXECUTE,
        findings: Sequence[Finding] = (),
        queued: Sequence[ConflictRecord] = (),
        answered: Sequence[tuple[ConflictRecord, ConflictState]] = (),
    ) -> None:
        """Commit a batch: where the source stands, what it came to, and the package member that holds it.

        `refused` are documents newly put aside, `settled` those put aside earlier whose state is now another;
        `findings` are of this `stage`. `queued` are documents that wait for a decision, anew or, where they have a
        number, once more; `answered` are those that are done with, as they were decided, and what became of them.
        """
        async with self._journal.transaction() as database:
            for one in findings:
                await add_finding(database, self._run_id, stage, one)
            await database.execute(
                "INSERT INTO batches (run_id, collection, number, position, last_id, documents, digest, undo_begin,"
                " undo_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._run_id,
                    done.collection,
                    done.number,
                    done.position,
                    done.last_id,
                    done.documents,
                    done.digest,
                    done.undo_begin,
                    done.undo_end,
                ),
            )
            if member is not None:
                await database.execute(
                    "INSERT INTO members VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (self._run_id, done.collection, done.number, *astuple(member)),
                )
            await database.executemany(
                'INSERT INTO rejects (run_id, collection, "offset", "end", digest, code, reason, state)'
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(self._run_id, *astuple(one)) for one in refused],
            )
            await database.executemany(
                'UPDATE rejects SET state = ?, code = ?, reason = ? WHERE run_id = ? AND "offset" = ?',
                [(one.state, one.code, one.reason, self._run_id, one.offset) for one in settled],
            )
            await database.executemany(
                "INSERT INTO conflicts (run_id, number, collection, document, ours, theirs, fields, state)"
                " SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6, 'open' FROM conflicts WHERE run_id = ?1"
                " ON CONFLICT (run_id, collection, document) DO UPDATE SET ours = excluded.ours,"
                " theirs = excluded.theirs, fields = excluded.fields, state = 'open', decided_by = ''",
                [
                    (self._run_id, one.collection, bytes(one.id), one.ours, one.theirs, json.dumps(one.fields))
                    for one in queued
                    if not one.number
                ],
            )
            await database.executemany(
                "UPDATE conflicts SET document = ?, ours = ?, theirs = ?, fields = ?, state = 'open', decided_by = ''"
                " WHERE run_id = ? AND number = ?",
                [
                    (bytes(one.id), one.ours, one.theirs, json.dumps(one.fields), self._run_id, one.number)
                    for one in queued
                    if one.number
                ],
            )
            await self._answer(database, done.collection, stage, answered)
            await database.execute(
                f"UPDATE run_collections SET documents_done = documents_done + ?, bytes_done = bytes_done + ?,"
                f" {_ADD_COUNTS} WHERE run_id = ? AND name = ?",
                (done.documents, done.size, *astuple(done.counts), self._run_id, done.collection),
            )
            await database.execute(
                "UPDATE runs SET undo_bytes = max(undo_bytes, ?), last_heard_at = ? WHERE id = ?",
                (done.undo_end, self._journal.clock(), self._run_id),
            )
            failpoint("journal.before_batch")
        failpoint("journal.after_batch")

    async def _answer(
        self,
        database: aiosqlite.Connection,
        collection: str,
        stage: Stage,
        answered: Sequence[tuple[ConflictRecord, ConflictState]],
    ) -> None:
        """Record what became of documents of the queue; decisions that were changed meanwhile came too late."""
        for are_late in (False, True):
            cursor = await database.executemany(
                "UPDATE conflicts SET state = ?, decided_by = ? WHERE run_id = ? AND number = ? AND state "
                + ("IN ('keep', 'replace') AND state <> ?" if are_late else "= ?"),
                [(state.value, one.decided_by, self._run_id, one.number, one.state.value) for one, state in answered],
            )
            if are_late and cursor.rowcount > 0:
                await add_finding(database, self._run_id, stage, decided_late(collection, cursor.rowcount))

    async def commit_verified(self, collection: str, mark: VerifiedMark, findings: Sequence[Finding]) -> None:
        """Commit how far the verification of a collection is, and what it has found since the last time."""
        async with self._journal.transaction() as database:
            for one in findings:
                await add_finding(database, self._run_id, Stage.VERIFY, one)
            await database.execute(
                "INSERT OR REPLACE INTO verified (run_id, collection, number, position, last_id, is_done)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (self._run_id, collection, mark.number, mark.position, mark.last_id, mark.is_done),
            )
            failpoint("journal.before_verified")
        failpoint("journal.after_verified")

    async def add_counts(self, collection: str, counts: Counts) -> None:
        """Add to a collection's counters outside any batch."""
        async with self._journal.transaction() as database:
            await database.execute(
                f"UPDATE run_collections SET {_ADD_COUNTS} WHERE run_id = ? AND name = ?",
                (*astuple(counts), self._run_id, collection),
            )

    async def set_collection(self, collection: str, state: CollectionState, counts: Counts = _NO_COUNTS) -> None:
        """Record how far the run is with a collection, and add what is counted with that."""
        async with self._journal.transaction() as database:
            await database.execute(
                f"UPDATE run_collections SET state = ?, {_ADD_COUNTS} WHERE run_id = ? AND name = ?",
                (state.value, *astuple(counts), self._run_id, collection),
            )
        failpoint("journal.after_collection")

    async def set_totals(self, collection: str, documents: int, size: int) -> None:
        """Record how many documents and bytes a collection is now thought to have."""
        async with self._journal.transaction() as database:
            await database.execute(
                "UPDATE run_collections SET documents_total = ?, bytes_total = ? WHERE run_id = ? AND name = ?",
                (documents, size, self._run_id, collection),
            )

    async def restart_collection(self, collection: str) -> None:
        """Forget the batches and counters of a collection that has to be done from its start.

        Not of what was deleted before it began: that stays so, and is the batches without documents and position.
        """
        async with self._journal.transaction() as database:
            await database.execute(
                "DELETE FROM batches WHERE run_id = ? AND collection = ? AND (documents > 0 OR length(position) > 0)",
                (self._run_id, collection),
            )
            for table in ("members", "rejects", "verified", "conflicts"):
                await database.execute(
                    f"DELETE FROM {table} WHERE run_id = ? AND collection = ?",
                    (self._run_id, collection),
                )
            prefix = f"{printable(collection)} _id "
            await database.execute(
                "DELETE FROM findings WHERE run_id = ? AND code = 'rejected' AND substr(subject, 1, ?) = ?",
                (self._run_id, len(prefix), prefix),
            )
            await database.execute(
                "UPDATE run_collections SET documents_done = 0, bytes_done = 0, inserted = 0, replaced = 0,"
                " unchanged = 0, skipped = 0, rejected = 0, assumed_ours = 0, state = 'waiting'"
                " WHERE run_id = ? AND name = ?",
                (self._run_id, collection),
            )
            failpoint("journal.before_restart")
        failpoint("journal.after_restart")

"""Reading which documents the target of a run refused, and where they are kept."""

import aiosqlite

from tui_migrate.journal.records import REASON_BYTES, REJECT_HEAD, RejectRecord, RejectState


class RejectReading:
    """What a reader of the journal says of refused documents; raises what its `_rows` raises."""

    async def _rows(self, query: str, *values: object) -> list[aiosqlite.Row]:
        raise NotImplementedError

    async def rejects(
        self, run_id: int, collection: str, state: RejectState, after: int = -1, limit: int = 500
    ) -> tuple[RejectRecord, ...]:
        """Give refused documents of a collection that are in a state, in the order of their file, a page at a time."""
        condition = 'run_id = ? AND collection = ? AND state = ? AND "offset" > ?'
        return await self._rejects(condition, limit, run_id, collection, state, after)

    async def unresolved_rejects(
        self, run_id: int, collection: str, after: int, limit: int
    ) -> tuple[RejectRecord, ...]:
        """Give the documents of a collection that were refused and never written, in the order of their file."""
        return await self._rejects(
            'run_id = ? AND collection = ? AND state <> ? AND "offset" > ?',
            limit,
            run_id,
            collection,
            RejectState.RESOLVED,
            after,
        )

    async def is_rejected(self, run_id: int, collection: str, digest: bytes) -> bool:
        """Say whether a document of this content hash was refused by the target and stayed so."""
        rows = await self._rows(
            "SELECT 1 FROM rejects WHERE run_id = ? AND collection = ? AND digest = ? AND state = 'rejected' LIMIT 1",
            run_id,
            collection,
            digest,
        )
        return bool(rows)

    async def reject_sizes(self, run_id: int) -> dict[str, tuple[int, int]]:
        """Give for each collection how many documents were refused and stayed so, and their bytes.

        Those of one that was refused again, for another reason, are an estimate.
        """
        head = "length(CAST(collection AS BLOB)) + min(?, length(CAST(reason AS BLOB)))"
        rows = await self._rows(
            f'SELECT collection, count(*), sum("end" - "offset" - ? - ({head})) FROM rejects'
            " WHERE run_id = ? AND state <> ? GROUP BY collection ORDER BY collection",
            REJECT_HEAD,
            REASON_BYTES,
            run_id,
            RejectState.RESOLVED,
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    async def rejects_end(self, run_id: int) -> int:
        """Say up to which byte the file of rejects is committed."""
        rows = await self._rows('SELECT coalesce(max("end"), 0) FROM rejects WHERE run_id = ?', run_id)
        return int(rows[0][0])

    async def _rejects(self, condition: str, limit: int, *values: object) -> tuple[RejectRecord, ...]:
        rows = await self._rows(
            f'SELECT collection, "offset", "end", digest, code, reason, state FROM rejects WHERE {condition}'
            ' ORDER BY "offset" LIMIT ?',
            *values,
            limit,
        )
        return tuple(RejectRecord(row[0], row[1], row[2], row[3], row[4], row[5], RejectState(row[6])) for row in rows)

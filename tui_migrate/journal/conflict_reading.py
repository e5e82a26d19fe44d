"""Reading the queue of what runs of the policy `ask` ask about."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiosqlite

from tui_migrate.documents import RawId
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState
from tui_migrate.journal.rows import conflict_from
from tui_migrate.redaction import printable

_MOST_VALUES: Final = 500
"""Values in one condition."""


@dataclass(frozen=True, slots=True)
class Alike:
    """How many documents of a run's queue are in which state.

    `fields` counts those of one collection that differ in the same fields as one of it, `collection` all of that
    collection, `run` all there are.
    """

    fields: Counter[ConflictState]
    collection: Counter[ConflictState]
    run: Counter[ConflictState]


class ConflictReading:
    """What a reader of the journal says of conflicts; raises what its `_rows` raises."""

    async def _rows(self, query: str, *values: object) -> list[aiosqlite.Row]:
        raise NotImplementedError

    async def conflicts(
        self,
        run_id: int,
        states: Sequence[ConflictState] = tuple(ConflictState),
        *,
        collection: str | None = None,
        after: int = 0,
        limit: int = 500,
    ) -> tuple[ConflictRecord, ...]:
        """Give documents of a run's queue that are in one of these states, in its order, a page at a time."""
        marks = ", ".join("?" * len(states))
        return await self._conflicts(
            f"run_id = ? AND state IN ({marks}) AND (? IS NULL OR collection = ?) AND number > ?"
            " ORDER BY number LIMIT ?",
            run_id,
            *states,
            collection,
            collection,
            after,
            limit,
        )

    async def conflicts_of(self, run_id: int, collection: str, ids: Sequence[RawId]) -> tuple[ConflictRecord, ...]:
        """Give what a run's queue has of these documents."""
        found: list[ConflictRecord] = []
        for start in range(0, len(ids), _MOST_VALUES):
            some = ids[start : start + _MOST_VALUES]
            marks = ", ".join("?" * len(some))
            query = f"run_id = ? AND collection = ? AND document IN ({marks}) ORDER BY number"
            found += await self._conflicts(query, run_id, collection, *map(bytes, some))
        return tuple(found)

    async def count_conflicts(self, run_id: int) -> dict[tuple[str, ConflictState], int]:
        """Count a run's queue by collection and state."""
        rows = await self._rows(
            "SELECT collection, state, count(*) FROM conflicts WHERE run_id = ? GROUP BY collection, state"
            " ORDER BY collection, state",
            run_id,
        )
        return {(row[0], ConflictState(row[1])): row[2] for row in rows}

    async def count_alike(self, run_id: int, collection: str, fields: Sequence[str]) -> Alike:
        """Count what a decision for many would be about that is like a document of this collection."""
        rows = await self._rows(
            "SELECT state, collection = ?, collection = ? AND fields = ?, count(*) FROM conflicts WHERE run_id = ?"
            " GROUP BY 1, 2, 3",
            collection,
            collection,
            json.dumps(list(fields)),
            run_id,
        )
        found = Alike(Counter(), Counter(), Counter())
        for state, is_of_it, is_like_it, count in rows:
            found.run[ConflictState(state)] += count
            found.collection[ConflictState(state)] += count if is_of_it else 0
            found.fields[ConflictState(state)] += count if is_like_it else 0
        return found

    async def is_kept(self, run_id: int, collection: str, identifier: RawId, digest: bytes) -> bool:
        """Say whether the operator decided against the source's document of this `_id` and content hash."""
        rows = await self._rows(
            "SELECT 1 FROM conflicts WHERE run_id = ? AND collection = ? AND document = ? AND state = 'kept'"
            " AND ours = ?",
            run_id,
            collection,
            bytes(identifier),
            digest,
        )
        return bool(rows)

    async def awaits_decision(self, run_id: int, collection: str) -> bool:
        """Say whether a document of a collection is not done with that the run has asked about."""
        rows = await self._rows(
            # By the index over collections: the bound on the document, which all of them meet, makes it the better one.
            "SELECT 1 FROM conflicts WHERE run_id = ? AND collection = ? AND document >= x'' AND +state IN (?, ?, ?)"
            " LIMIT 1",
            run_id,
            collection,
            ConflictState.OPEN,
            *DECISIONS,
        )
        return bool(rows)

    async def _conflicts(self, condition: str, *values: object) -> tuple[ConflictRecord, ...]:
        rows = await self._rows(
            "SELECT collection, document, ours, theirs, fields, state, decided_by, number FROM conflicts WHERE "
            + condition,
            *values,
        )
        return tuple(conflict_from(row) for row in rows)


async def described(
    database: aiosqlite.Connection, run_id: int, collection: str | None, numbers: Sequence[int] | None
) -> str:
    """Say which documents of a run's queue a decision is about, without an `_id`: that may be sensitive."""
    if numbers is None or len(numbers) != 1:
        return f" of {printable(collection)}" if collection is not None else ""
    found = await database.execute_fetchall(
        "SELECT collection FROM conflicts WHERE run_id = ? AND number = ?", (run_id, numbers[0])
    )
    return "".join(f", number {numbers[0]:,} of {printable(row[0])}" for row in found)

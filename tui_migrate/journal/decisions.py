"""Writing what operators decide about documents that wait in a run's queue."""

import json
from collections.abc import Sequence
from typing import TypedDict, Unpack

from tui_migrate.errors import Refused
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.journal.conflict_reading import described
from tui_migrate.journal.records import ConflictRecord, ConflictState
from tui_migrate.journal.rows import row_of_run
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter


class Which(TypedDict, total=False):
    """Of which documents of a run's queue something is decided: all that each of these that is given is true of.

    They are of the `collection`, among these `numbers`, and differ in just these `fields`; or it is the one that was
    `seen`, unless other documents are asked about under its number by now. What is decided already and not written yet
    is decided anew only if this `overrules`, as it does unless told otherwise.
    """

    collection: str | None
    numbers: Sequence[int] | None
    fields: Sequence[str] | None
    seen: ConflictRecord | None
    overrules: bool


async def decide_conflicts(
    journal: JournalWriter, run_id: int, decision: ConflictState, asked_by: str, **which: Unpack[Which]
) -> int:
    """Record what is to become of documents that are not done with, and say of how many.

    Raises Refused for a run that is over, RunNotFound.
    """
    condition, values, numbers = _condition(which)
    async with journal.transaction() as database:
        state = RunState((await row_of_run(database, "SELECT state FROM runs WHERE id = ?", run_id))[0])
        if state.is_final:
            raise Refused(f"run {run_id:04d} has ended: {state}", hint="start a new run")
        decided = 0
        about = await described(database, run_id, which.get("collection"), numbers)
        for number in [()] if numbers is None else [(one,) for one in numbers]:
            cursor = await database.execute(
                f"UPDATE conflicts SET state = ?, decided_by = ? WHERE {condition}",
                (decision.value, asked_by, run_id, *values, *number),
            )
            decided += cursor.rowcount
        if decided:
            what = "conflict" if decided == 1 else "conflicts"
            said = f"{decided:,} {what}{about}: {decision.verb}, decided by {asked_by}"
            await database.execute(
                "INSERT INTO events (run_id, at, severity, message) VALUES (?, ?, ?, ?)",
                (run_id, journal.clock(), Severity.NOTE.value, said),
            )
        failpoint("journal.before_decision")
    failpoint("journal.after_decision")
    return decided


def _condition(which: Which) -> tuple[str, list[object], Sequence[int] | None]:
    """Say which rows of a run are meant, the values for that, and the numbers of those that are named."""
    overrules, numbers = which.get("overrules", True), which.get("numbers")
    condition = "run_id = ? AND state " + ("IN ('open', 'keep', 'replace')" if overrules else "= 'open'")
    values: list[object] = []
    if (collection := which.get("collection")) is not None:
        condition += " AND collection = ?"
        values.append(collection)
    if (fields := which.get("fields")) is not None:
        condition += " AND fields = ?"
        values.append(json.dumps(list(fields)))
    if (seen := which.get("seen")) is not None:
        condition += " AND ours = ? AND theirs = ?"
        values += (seen.ours, seen.theirs)
        numbers = (seen.number,)
    if numbers is not None:
        condition += " AND number = ?"
    return condition, values, numbers

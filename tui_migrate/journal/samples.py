"""How far a run was at which time, taken down at each beat of its worker's heart and thinned as the run goes on.

Samples are numbered. Of a long run every second one is kept, then every fourth, and so on, and the newest always: the
whole run is covered evenly by at most MOST and one more.
"""

from typing import Final

import aiosqlite

MOST: Final = 720


def stride(number: int) -> int:
    """Say which samples are kept once this is the newest: those whose number this divides."""
    step = 1
    while number // step >= MOST:
        step *= 2
    return step


async def add_sample(database: aiosqlite.Connection, run_id: int, at: float) -> None:
    """Take down within a transaction how far a run is, and drop what is not kept any longer."""
    rows = await database.execute_fetchall("SELECT coalesce(max(number), -1) FROM samples WHERE run_id = ?", (run_id,))
    last = int(next(iter(rows))[0])
    if last >= 0 and stride(last + 1) > stride(last):
        await database.execute(
            "DELETE FROM samples WHERE run_id = ? AND number % ? <> 0 AND number < ?", (run_id, stride(last + 1), last)
        )
    if last >= 0 and last % stride(last + 1):
        await database.execute("DELETE FROM samples WHERE run_id = ? AND number = ?", (run_id, last))
    await database.execute(
        "INSERT INTO samples (run_id, number, attempt, at, documents, bytes)"
        " SELECT runs.id, ?, attempt, ?, coalesce(sum(documents_done), 0), coalesce(sum(bytes_done), 0)"
        " FROM runs LEFT JOIN run_collections ON run_id = runs.id WHERE runs.id = ? GROUP BY runs.id",
        (last + 1, at, run_id),
    )

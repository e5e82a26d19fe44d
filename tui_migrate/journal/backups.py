"""Writes the records of backups. What their exports come to is recorded with the runs, in `writer.py`."""

import json
from sqlite3 import IntegrityError

from tui_migrate.errors import Refused
from tui_migrate.journal.backup_records import BackupRecord
from tui_migrate.journal.writer import JournalWriter


async def add_backup(journal: JournalWriter, made: BackupRecord) -> None:
    """Record a backup whose export is planned. Raises Refused where there is one of that name."""
    async with journal.transaction() as database:
        try:
            await database.execute(
                "INSERT INTO backups (name, created_at, path, source, connection, places, environment, owner,"
                " collections, is_whole, run_id, before_run, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    made.name,
                    made.created_at,
                    made.path,
                    made.source,
                    made.connection,
                    json.dumps(made.places),
                    made.environment.value,
                    made.owner,
                    json.dumps(made.collections),
                    int(made.is_whole),
                    made.run_id,
                    made.before_run,
                    made.state.value,
                ),
            )
        except IntegrityError:
            raise Refused(
                f"there is a backup {made.name} already", hint="choose another name; tui-migrate backups list shows all"
            ) from None


async def set_before_run(journal: JournalWriter, name: str, run_id: int) -> None:
    """Record for which run a backup was made."""
    async with journal.transaction() as database:
        await database.execute("UPDATE backups SET before_run = ? WHERE name = ?", (run_id, name))


async def set_verified(journal: JournalWriter, name: str, at: float, verdict: str) -> None:
    """Record when a backup was checked whole, and what that came to."""
    async with journal.transaction() as database:
        await database.execute("UPDATE backups SET verified_at = ?, verdict = ? WHERE name = ?", (at, verdict, name))


async def remove_backup(journal: JournalWriter, name: str) -> None:
    """Take a backup's record out of the journal."""
    async with journal.transaction() as database:
        await database.execute("DELETE FROM backups WHERE name = ?", (name,))

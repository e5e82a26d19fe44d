"""A journal that an earlier version wrote is brought forward, with what is in it."""

import sqlite3
from pathlib import Path

from tests.journal.conftest import make_plan
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.schema import APPLICATION_ID, STEPS
from tui_migrate.journal.session import open_both
from tui_migrate.plan.yaml_form import to_yaml


def first_version(path: Path) -> None:
    """A journal of version 1 with one run."""
    database = sqlite3.connect(path)
    database.executescript(STEPS[0])
    database.execute(
        "INSERT INTO runs (kind, state, stage, plan, source, target, environment, created_at, created_by, description,"
        " undo) VALUES ('copy', 'failed', 'execute', ?, 'a', 'b', 'staging', 1.0, 'anna', '', 1)",
        (to_yaml(make_plan()),),
    )
    database.commit()
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"PRAGMA application_id={APPLICATION_ID}")
    database.execute("PRAGMA user_version=1")
    database.close()


async def test_a_journal_of_the_first_version_is_read_and_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first_version(path)
    reader = await JournalReader.open(path)
    try:
        run = await reader.run(1)
        assert (run.created_by, run.retry_of) == ("anna", 0)
        assert await reader.verified(1) == {}
        assert (await reader.samples(1), await reader.backups()) == ((), ())
    finally:
        await reader.close()
    async with open_both(path) as (journal, both):
        made = await journal.create_run(make_plan(), "bert")
        assert (await both.run(made)).retry_of == 0
        assert (await both.run(1)).id == 1
        await journal.beat(1)
        assert len(await both.samples(1)) == 1

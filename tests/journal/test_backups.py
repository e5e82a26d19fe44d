from dataclasses import replace

import pytest

from tests.journal.conftest import WORKING, Journal
from tui_migrate.errors import Refused
from tui_migrate.journal import backups
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment


def record(journal: Journal, run_id: int, name: str = "first") -> BackupRecord:
    return BackupRecord(
        name,
        journal.clock.now,
        f"/backups/{name}.tar",
        "prod/shop",
        "prod",
        ("mongodb:a/shop", "mongodb:b/shop"),
        Environment.STAGING,
        '{"$numberInt": "7"}',
        ("users", "families"),
        is_whole=False,
        run_id=run_id,
    )


async def end(journal: Journal, run_id: int, state: RunState) -> None:
    for one in (*WORKING, state):
        await journal.write.transition(run_id, one)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (RunState.COMPLETED, BackupState.GOOD),
        (RunState.COMPLETED_WITH_FINDINGS, BackupState.WITH_FINDINGS),
        (RunState.FAILED, BackupState.UNFINISHED),
        (RunState.CANCELLED, BackupState.UNFINISHED),
    ],
)
async def test_a_backup_is_as_good_as_the_run_that_made_it(
    journal: Journal, state: RunState, becomes: BackupState
) -> None:
    run_id, other = await journal.create("users", "families"), await journal.create("users")
    made = record(journal, run_id)
    await backups.add_backup(journal.write, made)
    await backups.add_backup(journal.write, record(journal, other, "second"))
    assert [one for one in await journal.read.backups() if one.name == "first"] == [made]
    for name in ("users", "families"):
        done = Checkpoint(name, 0, b"p", b"i", 10, 100, b"d", Counts(inserted=10))
        await Progress(journal.write, run_id).commit_batch(done)
    await end(journal, run_id, state)
    second, first = await journal.read.backups()
    assert second.state is BackupState.UNFINISHED
    is_done = becomes is not BackupState.UNFINISHED
    assert first == replace(made, state=becomes, documents=20 * is_done, size=200 * is_done)


async def test_a_name_is_given_once(journal: Journal) -> None:
    run_id = await journal.create()
    await backups.add_backup(journal.write, record(journal, run_id))
    with pytest.raises(Refused, match="a backup first already"):
        await backups.add_backup(journal.write, record(journal, run_id))


async def test_what_is_noted_of_a_backup_is_kept(journal: Journal) -> None:
    run_id = await journal.create()
    await backups.add_backup(journal.write, record(journal, run_id))
    await backups.set_before_run(journal.write, "first", 9)
    await backups.set_verified(journal.write, "first", 12.5, "good")
    (found,) = await journal.read.backups()
    assert (found.before_run, found.verified_at, found.verdict) == (9, 12.5, "good")
    await backups.remove_backup(journal.write, "first")
    assert await journal.read.backups() == ()


async def test_with_its_run_goes_a_backup_that_was_never_finished_and_no_other(journal: Journal) -> None:
    whole, broken = await journal.create(), await journal.create()
    await backups.add_backup(journal.write, record(journal, whole, "whole"))
    await backups.add_backup(journal.write, record(journal, broken, "broken"))
    await end(journal, whole, RunState.COMPLETED)
    for one in (whole, broken):
        await journal.write.delete_run(one)
    assert [one.name for one in await journal.read.backups()] == ["whole"]

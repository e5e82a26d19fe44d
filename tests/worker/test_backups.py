"""How a backup stands, by its run and its file, and what still needs it."""

from dataclasses import replace

import pytest

from tests.ui.backup_scene import add
from tests.worker.scene import Scene, fill, make_plan, memory_end
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.errors import UsageError
from tui_migrate.journal.records import Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import make_private_folder
from tui_migrate.plan.model import Environment, PackageEnd, Plan, Policy, RunKind, StoreEnd
from tui_migrate.stores.base import Identity
from tui_migrate.worker import backups, control
from tui_migrate.worker.backups import BackedUp, Backup, BackupStatus

OF = BackedUp(Identity("memory", frozenset(("a", "b")), "shop"), ("users",))


def export(scene: Scene, source: StoreEnd, name: str) -> Plan:
    make_private_folder(scene.home.backups)
    path = scene.home.backups / backups.file_name(name, encrypted=False)
    return make_plan(RunKind.EXPORT, source, PackageEnd(str(path), PackageForm.TAR))


async def planned(scene: Scene, name: str = "first") -> int:
    source = memory_end()
    await fill(source)
    return await backups.create_backup(scene.home, name, export(scene, source, name), OF)


async def found(scene: Scene, name: str = "first") -> Backup:
    return await backups.find_backup(scene.home, name)


async def test_a_backup_is_as_its_run_and_its_file_are(scene: Scene) -> None:
    run_id = await planned(scene)
    assert (await found(scene)).status is BackupStatus.INTERRUPTED
    assert await scene.work(run_id) == 0
    one = await found(scene)
    assert (one.status, one.is_good, one.record.documents, one.record.is_whole) == (
        BackupStatus.COMPLETE,
        True,
        30,
        True,
    )
    assert one.disk_bytes == (scene.home.backups / "first.tar").stat().st_size
    assert one.record.places == OF.identity.claims()
    await backups.note_verified(scene.home, "first", "good")
    assert (await found(scene)).status is BackupStatus.GOOD
    await backups.note_verified(scene.home, "first", backups.FAULTY)
    assert (await found(scene)).status is BackupStatus.FAULTY
    await control.delete(scene.home, run_id)
    assert (await found(scene)).status is BackupStatus.FAULTY
    (scene.home.backups / "first.tar").unlink()
    assert (await found(scene)).status is BackupStatus.MISSING


async def test_one_that_is_broken_off_is_no_good_one_until_its_run_was_gone_on_with(scene: Scene) -> None:
    run_id = await planned(scene)
    async with open_both(scene.home.journal) as (journal, _):
        await journal.transition(run_id, RunState.INTERRUPTED)
    one = await found(scene)
    assert (one.status, one.is_good) == (BackupStatus.INTERRUPTED, False)
    assert await scene.work(run_id) == 0
    assert (await found(scene)).is_good


async def test_the_name_of_one_that_was_given_up_is_free_again(scene: Scene) -> None:
    run_id = await planned(scene)
    with pytest.raises(UsageError, match=r"there is a backup first already \(not finished\)"):
        await planned(scene)
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert (await found(scene)).status is BackupStatus.GIVEN_UP
    assert await scene.work(await planned(scene)) == 0
    assert (await found(scene)).is_good
    with pytest.raises(UsageError, match=r"\(complete\)"):
        await planned(scene)


async def test_it_is_needed_while_a_run_that_reads_it_has_not_ended(scene: Scene) -> None:
    await scene.work(await planned(scene))
    path = str(scene.home.backups / "first.tar")
    reading = await scene.create(make_plan(RunKind.IMPORT, PackageEnd(path), memory_end()))
    assert (await found(scene)).needed_by == reading
    assert await scene.work(reading) == 0
    assert (await found(scene)).needed_by == 0


@pytest.mark.parametrize("undo", [True, False])
async def test_it_is_needed_by_the_run_it_was_made_for_as_long_as_nothing_else_takes_that_back(
    scene: Scene, undo: bool
) -> None:
    await scene.work(await planned(scene))
    source = memory_end()
    await fill(source)
    plan = replace(make_plan(RunKind.COPY, source, memory_end()), undo=undo, policy=Policy.OVERWRITE)
    run_id = await scene.create(plan)
    await backups.note_made_for(scene.home, "first", run_id)
    assert (await found(scene)).needed_by == run_id
    await scene.work(run_id)
    assert (await found(scene)).needed_by == (0 if undo else run_id)
    if undo:
        scene.home.run(run_id).undo_log.unlink()
        assert (await found(scene)).needed_by == run_id
    await control.delete(scene.home, run_id)
    assert (await found(scene)).needed_by == 0


def test_a_name_is_made_of_what_it_is_of_and_when() -> None:
    named = StoreEnd("shop", connection="prod")
    assert backups.default_name(named, 1_769_860_800.0) == "prod-shop-20260131T120000Z"
    for database in ("../../etc", ".hidden", "ä" * 200, "a b", "-"):
        backups.check_name(backups.default_name(StoreEnd(database, url="mongodb://h/x"), 1_769_860_800.0))


async def test_no_backup_is_there_where_nothing_has_ever_run(scene: Scene) -> None:
    assert await backups.read_backups(scene.home) == ()
    with pytest.raises(UsageError, match="no backup first"):
        await found(scene)


@pytest.mark.parametrize(
    ("now", "counts_as"),
    [
        (Environment.DEVELOPMENT, Environment.STAGING),
        (Environment.STAGING, Environment.STAGING),
        (Environment.PRODUCTION, Environment.PRODUCTION),
        (None, Environment.PRODUCTION),
    ],
)
async def test_a_backup_is_as_dangerous_as_its_connection_is_now(
    scene: Scene, now: Environment | None, counts_as: Environment
) -> None:
    scene.home.prepare()
    await add(scene.home, "first", source="old/shop", environment=Environment.STAGING)
    if now is not None:
        connections.write(scene.home, [Connection("old", "mongodb://h/shop", now)])
    assert (await found(scene)).record.environment is counts_as

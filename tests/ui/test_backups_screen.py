import asyncio
import sys
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.ui.backup_scene import DAY, add, at, busy, choose, every_kind, footer, is_on, opened
from tests.ui.driving import NOW, copy_plan, new_app, screen_text, shows, store_end, table_cells, until
from tests.ui.new_scene import SIZE, Shop, live_app, says, session, shop, type_into
from tui_migrate.comparison.model import DefinitionDifference, Kind
from tui_migrate.connections import Connection, write
from tui_migrate.findings import Finding, Severity
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.model import Environment, PackageEnd, Plan, PlannedCollection
from tui_migrate.plan.restoring import CollectionChange
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.look import LookState, Opening
from tui_migrate.ui.outlook import Outlook
from tui_migrate.ui.screens import backup_deeds, backup_plan, backups
from tui_migrate.ui.screens.backup_check import BackupCheckScreen
from tui_migrate.ui.screens.backup_deeds import NewBackupScreen, RestoreScreen
from tui_migrate.ui.screens.backups import BackupSheet, BackupsScreen
from tui_migrate.ui.screens.definitions_sheet import DefinitionsSheet
from tui_migrate.ui.screens.dialogs import AskPassphrase, AskText, Choose, TypeName
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.worker.backups import Backup, find_backup
from tui_migrate.worker.restoring import package_of

__all__ = ["shop"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lost_sockets")]


async def begun(pilot: Pilot[None], connection: str) -> None:
    """Begin a new backup of a connection's usual database, up to its name."""
    await pilot.press("n")
    await choose(pilot, f"connection:{connection}")
    await until(pilot, is_on(pilot, AskText), "the database")
    await pilot.press("enter")
    await until(pilot, shows(pilot, "Name of the backup"), "the name")


async def test_each_backup_stands_as_it_does_and_offers_what_it_allows(home: Home) -> None:
    await every_kind(home)
    await add(home, "by-url", age=400 * DAY, source="mongodb://127.0.0.1:1/shop", verdict="good")
    write(home, [Connection("near", "mongodb://127.0.0.1:1/", Environment.STAGING)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: len(table_cells(pilot)) == 8, "the backups")
        assert table_cells(pilot)[-1][1] == "near/shop"
        assert [(row[0], row[5]) for row in table_cells(pilot)] == [
            ("stopped", "~ stopped"),
            ("given-up", "○ given up"),
            ("while-busy", "! findings"),
            ("some", "✓ good"),
            ("gone", "✗ missing"),
            ("damaged", "✗ damaged"),
            ("prod-shop-20260601T000000Z", "✓ good"),
            ("by-url", "✓ good"),
        ]
        at(pilot, "by-url")
        await pilot.press("Z")
        await until(pilot, shows(pilot, "shop on near, which it was made of   staging"), "its name")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, BackupsScreen), "the backups again")
        last = table_cells(pilot)[-2]
        assert last[1:5] == ("prod/shop", "123.5 kB", "112 d", "56 d ago")
        at(pilot, "some")
        await until(pilot, lambda: all(word in footer(pilot) for word in ("V Check", "Z Restore")), "what it allows")
        assert "some · mongodb://h/[bold]b · 2 collections" in screen_text(pilot)
        at(pilot, "gone")
        await until(pilot, lambda: "V Check" not in footer(pilot), "that it cannot be checked")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, BackupSheet), "the sheet")
        assert "✗ missing\n" in app.screen.query_one(Pager).words
        await pilot.press("escape")
        at(pilot, "stopped")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, RunScreen), "its run")


async def test_where_there_is_none_it_says_how_to_make_one_and_a_journal_that_cannot_be_read_is_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, shows(pilot, "There are no backups: n makes one."), "how to begin")
        assert "P Prune" not in footer(pilot)
        await add(home, "first")
        monkeypatch.setattr(backups, "read_backups", busy)
        await pilot.press("escape")
        await pilot.press("K")
        await until(pilot, says(pilot, "✗ the journal is locked", "ctrl+r reads them again."), "the fault")
        monkeypatch.undo()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(table_cells(pilot)) == 1, "the backup")


async def test_a_backup_is_made_checked_restored_and_taken_back(shop: Shop) -> None:
    app = live_app(shop.home)
    before = shop.documents("users")
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, shows(pilot, "There are no backups"), "the empty list")
        await begun(pilot, "live")
        await type_into(pilot, "../x")
        await until(pilot, shows(pilot, "is no name of a backup"), "why not")
        await type_into(pilot, "friday")
        await choose(pilot, "plain")
        await until(pilot, is_on(pilot, NewBackupScreen), "the plan")
        await until(
            pilot,
            says(pilot, "as friday: about 15 documents of 1 collection,", "✓ The checks found nothing", "Next: s"),
        )
        assert "SOURCE: PRODUCTION" in screen_text(pilot)
        await pilot.press("s")
        await until(pilot, is_on(pilot, RunScreen), "the run")
        await until(pilot, shows(pilot, "completed", "Z restores it", "Z Restore"), "its end")
        assert "run 0001   backup   live/" in screen_text(pilot)
        await pilot.press("Z")
        await until(pilot, shows(pilot, "Restore into"), "where to")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: [row[5] for row in table_cells(pilot)] == ["✓ complete"], "that it is complete")
        assert table_cells(pilot)[0][4] == "when made"
        await pilot.press("V")
        await until(pilot, is_on(pilot, BackupCheckScreen), "the check")
        await until(pilot, shows(pilot, "✓ No finding."), "that it is whole")
        await pilot.press("escape")
        await until(pilot, lambda: table_cells(pilot)[0][4] == "just now", "that it was checked")
        assert table_cells(pilot)[0][5] == "✓ good"
        target = shop.target_db[shop.database]
        await asyncio.to_thread(target["users"].delete_many, {"_id": {"$lt": 3}})
        await asyncio.to_thread(target["users"].update_one, {"_id": 5}, {"$set": {"age": 99}})
        await asyncio.to_thread(target["users"].insert_one, {"_id": 100})
        await asyncio.to_thread(target["users"].create_index, "age")
        await asyncio.to_thread(target["strays"].insert_one, {"_id": 1})
        damaged = shop.documents("users")
        await pilot.press("Z")
        await choose(pilot, "own")
        await until(pilot, is_on(pilot, RestoreScreen), "the preview")
        said = "Add 3 documents, replace 1, DELETE 2; 11 stay as they are. 1 collection removed."
        await until(pilot, says(pilot, said, "Can be undone.", "Next: s starts the run"), "what it would change")
        assert "PRODUCTION TARGET live" in screen_text(pilot)
        assert table_cells(pilot) == [
            ("strays", "removed", "·", "·", "1", "·", "·"),
            ("users", "changed", "3", "1", "1", "11", "1"),
        ]
        assert says(pilot, "1 index, option or view changes.", "users: index age_1 is dropped: the backup")()
        at(pilot, "users", "#collections")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, DefinitionsSheet), "the definitions")
        sheet = app.screen.query_one(Pager).words
        assert "index age_1 now\t{" in sheet
        assert "index age_1 then\tnone" in sheet
        await pilot.press("escape")
        assert shop.documents("users") == damaged
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choose | TypeName), "what is to be confirmed")
        if isinstance(app.screen, Choose):
            await choose(pilot, "start")
        await until(pilot, is_on(pilot, TypeName), "the name")
        await type_into(pilot, "lives")
        assert is_on(pilot, TypeName)()
        await type_into(pilot, "live")
        await until(pilot, is_on(pilot, RunScreen), "the run")
        await until(pilot, lambda: shop.documents("users") == before, "the restore")
        await until(pilot, shows(pilot, "completed"), "its end")
        assert "strays" not in await asyncio.to_thread(target.list_collection_names)


async def test_a_passphrase_is_not_taken_where_its_library_is_missing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await begun(pilot, "old")
        await type_into(pilot, "sealed")
        await choose(pilot, "sealed")
        await until(pilot, says(pilot, "cryptography, which is not installed", "tui-migrate[encryption]"), "why not")
        await choose(pilot, "plain")
        await until(pilot, says(pilot, "Back up", "as sealed", "Next: s"), "the plan, as it is")


async def test_a_backup_under_a_passphrase_asks_for_it(shop: Shop) -> None:
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await begun(pilot, "old")
        await type_into(pilot, "sealed")
        await choose(pilot, "sealed")
        for _ in range(2):
            await until(pilot, is_on(pilot, AskPassphrase), "the passphrase")
            await type_into(pilot, "open sesame")
            await pilot.pause()
        await until(pilot, says(pilot, "under a passphrase", "Next: s"), "the plan")
        await pilot.press("s")
        await until(pilot, shows(pilot, "completed"), "its end")
        session(pilot).passwords.clear()
        await pilot.press("escape")
        await until(pilot, lambda: [row[5] for row in table_cells(pilot)] == ["✓ complete"], "that it is complete")
        await pilot.press("V")
        await until(pilot, is_on(pilot, AskPassphrase), "the passphrase")
        await type_into(pilot, "open sesame")
        await until(pilot, shows(pilot, "✓ No finding."), "that it is whole")


async def test_a_name_that_is_taken_is_asked_again(shop: Shop) -> None:
    await add(shop.home, "friday")
    app = new_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await begun(pilot, "old")
        await type_into(pilot, "friday")
        await until(pilot, shows(pilot, "✗ there is a backup friday already (complete)"), "why not")


async def test_each_esc_goes_one_question_back(shop: Shop) -> None:
    app = new_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await begun(pilot, "old")
        await type_into(pilot, "friday")
        await choose(pilot, "sealed")
        await until(pilot, is_on(pilot, AskPassphrase), "the passphrase")
        await pilot.press("escape")
        await choose(pilot, "plain")
        await until(pilot, says(pilot, "as friday", "Next: s"), "the plan")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "How to write it", "›As it is"), "the last question")
        await choose(pilot, "sealed")
        await until(pilot, is_on(pilot, AskPassphrase), "the passphrase")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "How to write it", "›Under a passphrase"), "how to write it")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Name of the backup", "friday"), "the name as it was typed")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "›old"), "the source, with the cursor on it")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, BackupsScreen), "the list")


async def test_esc_from_another_database_to_restore_into_goes_back_to_the_choice(home: Home) -> None:
    await every_kind(home)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: len(table_cells(pilot)) == 7, "the backups")
        at(pilot, "some")
        await pilot.press("Z")
        await choose(pilot, "other")
        await until(pilot, shows(pilot, "Type a URL"), "the databases")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "›Another database"), "the choice before")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, BackupsScreen), "the list")


async def test_a_damaged_backup_is_found_by_its_check_and_cannot_be_restored(shop: Shop) -> None:
    await add(shop.home, "broken", source="old/shop", environment=Environment.STAGING)
    app = new_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot)
        await until(pilot, lambda: len(table_cells(pilot)) == 1, "the backup")
        await pilot.press("V")
        await until(pilot, is_on(pilot, BackupCheckScreen), "the check")
        await until(pilot, shows(pilot, "could not be checked"), "that it is none")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, BackupsScreen), "the list")
        await pilot.press("Z")
        await choose(pilot, "own")
        await until(pilot, is_on(pilot, RestoreScreen), "the preview")
        await until(pilot, says(pilot, "✗ It could not be looked at.", "ctrl+r tries again."), "why not")
        assert "s Start" not in footer(pilot)


async def test_documents_that_a_restore_cannot_write_can_be_put_aside(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Plan] = []

    async def look(backup: Backup, request: PlanRequest, opening: Opening, tell: Callable[[Outlook], object]) -> None:
        message = "2 documents do not meet the target's validator, such as _id 1"
        finding = Finding(Severity.WARNING, "validator_rejects", "orders", message, "", 2)
        plan = Plan(request.kind, request.source, request.target, (PlannedCollection("orders"),), request.policy)
        tell(Outlook(LookState.DONE, opening.clock(), plan, (finding,), is_checked=True))

    async def have_worker(app: MigrateApp, plan: Plan, **_: object) -> None:
        started.append(plan)

    monkeypatch.setattr(backup_deeds, "look_at_restore", look)
    monkeypatch.setattr(backup_plan, "have_worker", have_worker)
    await add(shop.home, "friday")
    backup = await find_backup(shop.home, "friday")
    app = new_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RestoreScreen(backup, package_of(backup), shop.target))
        await until(pilot, says(pilot, "The run stops at the first of 2 refused documents"), "what is refused")
        await pilot.press("s")
        await until(pilot, says(pilot, "Start, and put up to 2 aside"), "the choices")
        await choose(pilot, "aside")
        await until(pilot, lambda: bool(started), "the start")
    assert [one.max_rejects for one in started] == [2]


async def test_many_definitions_do_not_hide_what_the_checks_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(_: Backup, request: PlanRequest, opening: Opening, report: Callable[[Outlook], object]) -> None:
        names = [f"a_rather_long_name_of_an_index_{number}_" + "x" * 40 for number in range(9)]
        defined = tuple(DefinitionDifference("index", one, Kind.ONLY_RIGHT) for one in names)
        users = CollectionChange("users", "kept", added=1, unchanged=1, definitions=9, defined=defined)
        found = (Finding(Severity.WARNING, "ttl_index", "users", "has a TTL index"),)
        report(Outlook(LookState.DONE, NOW, copy_plan(), found, is_checked=True, changes=(users,)))

    async def has(*_: object) -> bool:
        return True

    await add(home, "a", age=90 * DAY)
    monkeypatch.setattr(backup_deeds, "look_at_restore", look)
    monkeypatch.setattr(backup_plan, "have_passwords", has)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        backup = await find_backup(home, "a")
        await app.push_screen(RestoreScreen(backup, PackageEnd(backup.record.path), store_end("staging")))
        await until(pilot, says(pilot, "! Warning: users: has a TTL index.", "Next: s starts the run"), "the warning")
        assert says(pilot, "Add 1 document; 1 stays as it is. 9 indexes, options or views change.")()
        assert table_cells(pilot)[0][:3] == ("users", "changed", "1")

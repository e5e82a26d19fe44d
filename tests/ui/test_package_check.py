import asyncio
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.packages.samples import small_package
from tests.reports.test_package import gofannon
from tests.ui.driving import PreparedJournal, new_app, screen_text, shows, table_cells, until
from tests.ui.new_scene import says, type_into
from tui_migrate.packages import reader
from tui_migrate.packages.package import Progress
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.reports.json_form import parse
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.end_dialogs import AskPath
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.package_check import PackageCheckScreen
from tui_migrate.ui.widgets.table import Table

SIZE = (80, 24)


def package_at(path: Path, *, damaged: bool = False) -> Path:
    small_package(path)
    if damaged:
        data = path / "shop" / "users.bson.gz"
        content = bytearray(data.read_bytes())
        content[40] ^= 1
        data.write_bytes(content)
    return path


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


async def checked(pilot: Pilot[None], path: Path) -> None:
    await pilot.app.push_screen(PackageCheckScreen(PackageEnd(str(path))))
    await until(pilot, is_on(pilot, PackageCheckScreen), "the check")


async def test_a_package_is_checked_from_the_first_screen_and_it_is_seen_that_it_is_whole(
    home: Home, tmp_path: Path
) -> None:
    path = await asyncio.to_thread(package_at, tmp_path / "shop")
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "Check a package"), "the first lines")
        app.screen.query_one("#first", Table).move_to("check")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, AskPath), "the question")
        await type_into(pilot, str(path))
        await until(pilot, shows(pilot, "✓ No finding.", "No finding."), "the report")
        assert says(pilot, "tui-migrate's own, a folder; database shop; 3 collections, 30 documents, 1,070 bytes.")()
        assert ("checksums", "matching", "0") in table_cells(pilot, "#checked")
        assert "ctrl+s Write to file" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, is_on(pilot, HomeScreen), "Home")


async def test_a_key_of_home_checks_one_too_and_what_is_no_package_is_asked_again(home: Home, tmp_path: Path) -> None:
    await PreparedJournal(home).run()
    (tmp_path / "text[b]\u202e").touch()
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "0001"), "Home")
        await pilot.press("V")
        await until(pilot, is_on(pilot, AskPath), "the question")
        for name in ("nowhere", "text[b]\u202e"):
            await type_into(pilot, f"{tmp_path}/{name}")
            await until(pilot, shows(pilot, "✗ "), "what is wrong")
            assert app.screen.query_one(Input).value == f"{tmp_path}/{name}"
        await pilot.press("escape")
        await until(pilot, is_on(pilot, HomeScreen), "Home")


async def test_damage_is_listed_read_whole_and_written_to_a_file(home: Home, tmp_path: Path) -> None:
    path = await asyncio.to_thread(package_at, tmp_path / "shop", damaged=True)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await checked(pilot, path)
        await until(pilot, lambda: len(table_cells(pilot, "#findings")) == 4, "the findings")
        assert ("checksums", "mismatching", "2") in table_cells(pilot, "#checked")
        assert "✗ 4 errors." in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, is_on(pilot, FindingSheet), "the sheet")
        await pilot.press("escape")
        for name, said in (("r.pdf", "does not end in .json"), ("no/r.md", "cannot write"), ("r.json", "written to")):
            await until(pilot, is_on(pilot, PackageCheckScreen), "the report")
            await pilot.press("ctrl+s")
            await until(pilot, is_on(pilot, AskText), "the question")
            await type_into(pilot, f"{tmp_path}/{name}")
            await until(pilot, shows(pilot, said), said)
            if name != "r.json":
                await until(pilot, is_on(pilot, AskText), "the question again")
                await pilot.press("escape")
    written = tmp_path / "r.json"
    content, mode = await asyncio.to_thread(lambda: (written.read_text(), written.stat().st_mode))
    assert parse(content).findings[0].finding.code == "member_damaged"
    assert stat.S_IMODE(mode) == 0o600


async def test_what_vanishes_meanwhile_is_a_fault_and_tried_again(home: Home, tmp_path: Path) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await checked(pilot, tmp_path / "shop")
        await until(pilot, says(pilot, "could not be checked", "No such file", "ctrl+r tries again."), "the fault")
        assert "ctrl+s" not in screen_text(pilot)
        await asyncio.to_thread(package_at, tmp_path / "shop")
        await pilot.press("ctrl+r")
        await until(pilot, shows(pilot, "✓ No finding."), "the report")


async def test_reading_says_how_far_it_is_and_is_cancelled_by_esc(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await asyncio.to_thread(package_at, tmp_path / "shop")
    is_slow = True
    whole = reader.PackageSource.check

    async def check(package: reader.PackageSource, progress: Progress | None = None) -> object:
        if not is_slow:
            return await whole(package, progress)
        assert progress is not None
        progress(500_000, 1_000_000)
        return await asyncio.Event().wait()

    monkeypatch.setattr(reader.PackageSource, "check", check)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await checked(pilot, path)
        await until(pilot, shows(pilot, "Reading… 50 %, 500.0 kB of 1.0 MB; esc cancels."), "how far it is")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "The check was cancelled: ctrl+r begins it again."), "that it is cancelled")
        is_slow = False
        await pilot.press("ctrl+r")
        await until(pilot, shows(pilot, "✓ No finding."), "the report")


async def test_one_of_several_databases_is_chosen(home: Home, tmp_path: Path) -> None:
    for database in ("shop", "other"):
        (tmp_path / "dump" / database).mkdir(parents=True)
        (tmp_path / "dump" / database / "users.bson").touch()
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await checked(pilot, tmp_path / "dump")
        await until(pilot, is_on(pilot, Choose), "the databases")
        assert [row[0] for row in table_cells(pilot, "#choices")] == ["other", "shop"]
        await pilot.press("escape")
        await until(pilot, shows(pilot, "ctrl+r chooses one."), "what to do")
        await pilot.press("ctrl+r")
        await until(pilot, is_on(pilot, Choose), "the databases")
        await pilot.press("j", "enter")
        await until(pilot, says(pilot, "mongodump folder; database shop; 1 collection, 0 documents"), "the report")


async def test_the_fields_of_a_package_without_types_are_counted(home: Home, tmp_path: Path) -> None:
    path = gofannon(tmp_path / "g.json", [{"_id": f"{number:024x}"} for number in range(3)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await checked(pilot, path)
        await until(pilot, shows(pilot, "1 field may be more than text; the report lists it."), "the types")


async def test_a_package_of_another_form_is_opened_from_the_first_screen(home: Home, tmp_path: Path) -> None:
    path = gofannon(tmp_path / "g.json", [{"_id": "a"}])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "Open a package"), "the first lines")
        app.screen.query_one("#first", Table).move_to("package")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, AskPath), "the question")
        await type_into(pilot, str(path))
        await until(pilot, is_on(pilot, NewMigrationScreen), "the plan")
        await until(pilot, says(pilot, "✓ Gofannon export; 1 collection, 1 document,"), "what it is")

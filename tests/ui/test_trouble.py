"""Trouble while the app is open, on every screen of runs: it says what is wrong, and goes on when that is over."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.faults.disk import Disk, filling
from tests.ui.driving import PreparedJournal, new_app, screen_text, store_end, until
from tests.ui.new_scene import type_into
from tests.ui.test_rollback_screen import write_undo
from tui_migrate.engine.undo_log import Made, Thing
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_throughput import ThroughputScreen

SCREENS: tuple[tuple[Callable[[], OperatorScreen], str], ...] = (
    (HistoryScreen, "1 of 1 run"),
    (BackupsScreen, "There are no backups"),
    (lambda: RunScreen(1), "run 0001 copy"),
    (lambda: ConflictsScreen(1), "run 0001"),
    (lambda: RejectsScreen(1), "No document was refused"),
    (lambda: ReportScreen(1), "run 0001"),
    (lambda: ThroughputScreen(1), "run 0001"),
    (lambda: RollbackScreen(1), "Next: s starts the rollback"),
)


def said(pilot: Pilot[None]) -> str:
    return " ".join(screen_text(pilot).split())


async def go_round(pilot: Pilot[None]) -> None:
    """Open each screen, see that it shows what it should and answers; stay on the last."""
    app = pilot.app
    for make, words in SCREENS:
        await pilot.press("escape")
        screen = make()
        await app.push_screen(screen)
        await until(pilot, lambda words=words: words in said(pilot), f"{words} on {type(screen).__name__}")  # type: ignore[misc]  # the default is the loop's value
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen), f"help over {type(screen).__name__}")
        await pilot.press("escape")


def write(home: Home, statement: str) -> None:
    with closing(sqlite3.connect(home.journal)) as journal, journal:
        journal.execute(statement)


@pytest.mark.slow
async def test_a_plan_and_a_state_that_nobody_wrote_are_said_on_each_screen(home: Home) -> None:
    await PreparedJournal(home).run()
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 in all" in said(pilot), "the run")
        write(home, "UPDATE runs SET plan = '[}'")
        for make in (lambda: RunScreen(1), lambda: ConflictsScreen(1), lambda: RejectsScreen(1)):
            await pilot.app.push_screen(make())
            await until(pilot, lambda: "plan of run 0001, line 1: this is no YAML" in said(pilot), "the fault")
            await pilot.press("escape")
        write(home, "UPDATE runs SET state = 'nonsense'")
        await until(pilot, lambda: "is damaged: 'nonsense' is not a valid RunState" in said(pilot), "the fault")
        write(home, "UPDATE runs SET state = 'completed'")
        await until(pilot, lambda: "is damaged" not in said(pilot), "the runs again")


@pytest.mark.slow
async def test_a_journal_that_is_replaced_is_the_one_that_is_shown(home: Home) -> None:
    await PreparedJournal(home).run()
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 in all" in said(pilot), "the run")
        for one in home.state.glob(f"{home.journal.name}*"):
            one.unlink()
        await until(pilot, lambda: "There was no run yet" in said(pilot), "an app without runs")
        home.journal.write_bytes(b"this is something else" * 1_000)
        await until(pilot, lambda: "is damaged: file is not a database" in said(pilot), "the fault")
        home.journal.unlink()
        for _ in range(2):
            await PreparedJournal(home).run()
        await until(pilot, lambda: "2 in all" in said(pilot) and "is damaged" not in said(pilot), "both runs")


@pytest.mark.slow
async def test_a_journal_that_somebody_holds_is_read_on_by_each_screen(home: Home) -> None:
    await PreparedJournal(home).run()
    await write_undo(home, 1, Made(Thing.COLLECTION, "users"))
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 in all" in said(pilot), "the run")
        with closing(sqlite3.connect(home.journal, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await go_round(pilot)
        assert "is held by another" not in said(pilot)


@pytest.mark.slow
async def test_a_full_disk_keeps_nobody_from_working_and_is_said(home: Home, tmp_path: Path) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, MigrateApp)
        with filling(Disk(home.state.parent, at=1, stays=True)):
            await pilot.press("ctrl+t")
            await until(pilot, lambda: app.screen.is_modal, "the themes")
            await pilot.press("j", "enter")
            await until(pilot, lambda: "is not kept: cannot write" in said(pilot), "that it is not remembered")
            app.unfinished.note(Draft(store_end("prod"), description="kept"))
            await until(pilot, lambda: "The plan is not kept: cannot write" in said(pilot), "that it is not kept")
            assert "No space left on device" in said(pilot)
            await pilot.press("j")
            app.unfinished.note(Draft(store_end("prod"), description="kept later"))
            await until(pilot, lambda: app.unfinished.is_at_rest, "another try")
            assert "not kept" not in said(pilot)
        app.unfinished.note(Draft(store_end("prod"), description="kept now"))
        await until(pilot, lambda: "✓ The plan is kept again." in said(pilot), "the plan")
        assert "kept now" in home.draft.read_text()
    assert not app.return_code


@pytest.mark.slow
async def test_a_plan_that_cannot_be_kept_is_said_to_be_lost_when_the_app_is_left(home: Home) -> None:
    app = new_app(home)
    with filling(Disk(home.state.parent, at=1, stays=True)):
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "Try the demo" in said(pilot), "Home")
            app.unfinished.note(Draft(store_end("prod")))
            await pilot.press("q")
    assert app.return_code == 1
    assert [line.partition(": No space left on device — ")[0] for line in app.last_faults] == [
        f"tui-migrate: the plan that is not finished is lost: cannot write {home.draft}"
    ]


@pytest.mark.slow
async def test_what_is_written_to_a_file_on_a_full_disk_is_asked_for_again(home: Home, tmp_path: Path) -> None:
    await PreparedJournal(home).run()
    folder = tmp_path / ("a long name of a folder" * 4)
    folder.mkdir()
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 in all" in said(pilot), "the run")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: pilot.app.screen.is_modal, "what is written, or where")
        if isinstance(pilot.app.screen, Choose):
            await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the path")
        with filling(Disk(folder, at=1, stays=True)):
            await type_into(pilot, str(folder / "it.txt"))
            await until(pilot, lambda: "No space left on" in said(pilot), "why not")
            assert pilot.app.screen.query_one(Input).value == str(folder / "it.txt")
        await pilot.press("enter")
        await until(pilot, lambda: "written to /" in said(pilot), "that it is written")
        assert (folder / "it.txt").read_text()


@pytest.mark.slow
async def test_files_of_ones_own_that_turn_to_rubbish_end_nothing(home: Home) -> None:
    await PreparedJournal(home).run()
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1 in all" in said(pilot), "the run")
        (home.config / "themes").mkdir(parents=True)
        (home.config / "catalogs").mkdir()
        for name in ("keymap.yaml", "settings.yaml", "connections.yaml", "themes/own.yaml", "catalogs/own.yaml"):
            (home.config / name).write_bytes(b"\xff\x00[}" * 100)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "own.yaml" in said(pilot), "the theme that is left out")
        await pilot.press("j", "enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal, "a theme")
        for key, words in (("o", "the file is not UTF-8"), ("M", "Not yet: no A is chosen"), ("n", "new migration")):
            await pilot.press(key)
            await until(pilot, lambda words=words: words in said(pilot), words)  # type: ignore[misc]  # the default is the loop's value
            await pilot.press("escape")
            await until(pilot, lambda: "1 in all" in said(pilot), "Home")

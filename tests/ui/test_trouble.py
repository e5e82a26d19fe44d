"""Trouble while the app is open, on every screen of runs: it says what is wrong, and goes on when that is over."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.faults.disk import Disk, filling
from tests.ui.driving import PreparedJournal, new_app, screen_text, store_end, until
from tests.ui.test_rollback_screen import write_undo
from tui_migrate.engine.undo_log import Made, Thing
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_throughput import ThroughputScreen

SCREENS: tuple[tuple[Callable[[], OperatorScreen], str], ...] = (
    (HistoryScreen, "1 of 1 runs"),
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
            await until(pilot, lambda: "cannot write" in said(pilot), "that the plan is not kept")
        app.unfinished.note(Draft(store_end("prod"), description="kept now"))
        await until(pilot, home.draft.exists, "the plan")

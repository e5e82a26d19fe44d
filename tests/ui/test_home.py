import asyncio
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.driving import (
    NOW,
    PreparedJournal,
    copy_plan,
    new_app,
    screen_text,
    shows,
    store_end,
    table_cells,
    until,
    words,
)
from tests.ui.run_scene import acted_run
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import JournalBusy
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.schema import VERSION
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.first_run import FirstRunPane
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.home import RECENT, HomeScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker.lock import holder

SIZE = (80, 24)


def focused(app: MigrateApp) -> str | None:
    return app.screen.focused.id if app.screen.focused is not None else None


async def test_the_very_first_time_it_offers_ways_to_begin(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        assert [row[0] for row in table_cells(pilot, "#first")] == [
            "Try the demo",
            "Paste a connection URL",
            "Open a package",
            "Check a package",
        ]
        await until(pilot, shows(pilot, "No connection has a name yet"), "no connections")
        assert not home.journal.exists()


async def test_after_the_first_run_nobody_says_that_there_was_none(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        await app.push_screen(ConnectionsScreen())
        app.feed.expect(1)
        shown = list[str]()
        app.feed.watch = shown.append  # type: ignore[method-assign, assignment]  # it reads when it is told to, not now
        app.pop_screen()
        await until(pilot, lambda: len(shown) > 0 and "Runs" in screen_text(pilot), "Home again")
        assert "There was no run yet" not in screen_text(pilot)
        assert "Reading the journal…" in screen_text(pilot)


async def test_the_first_lines_get_the_keys_though_the_table_has_not_heard_yet_that_it_had_them(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        screen = app.screen
        assert isinstance(screen, HomeScreen)
        runs, first = screen.query_one("#runs", Table), screen.query_one(FirstRunPane)
        for is_left_to_runs in (True, False):
            await until(pilot, lambda: first.query_one(Table).has_focus and not runs.has_focus, "all is heard")
            runs.display, first.display = True, False
            screen.set_focus(runs if is_left_to_runs else None)
            assert not runs.has_focus
            screen.show_snapshot(Snapshot(screen.subject(), NOW))
            await until(pilot, lambda: focused(app) == "first" and first.query_one(Table).has_focus, "the keys")


async def test_who_is_among_the_connections_stays_there_when_the_first_run_comes(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        await pilot.press("tab")
        await until(pilot, lambda: focused(app) == "connections", "the connections")
        await PreparedJournal(home).run(RunState.COMPLETED)
        await until(pilot, shows(pilot, "✓ completed"), "the run")
        assert focused(app) == "connections"


async def test_an_error_out_of_a_group_of_tasks_is_a_line_and_no_end(home: Home) -> None:
    async def fail() -> None:
        raise ExceptionGroup("several", [JournalBusy("the journal is held", hint="try again")])

    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        app.in_background(fail(), "anything")
        await until(pilot, shows(pilot, "the journal is held — try again"), "what went wrong")
        assert app.is_running


async def test_the_demo_is_offered_with_its_command_and_left_for(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        await pilot.press("d")
        await until(pilot, shows(pilot, "From a shell: tui-migrate demo", "Stay here"), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert not app.session.wants_demo
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Stay here"), "the question again")
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.session.wants_demo, "the wish")


async def test_in_the_demo_the_sample_is_one_step_away(tmp_path: Path) -> None:
    place = DemoPlace(tmp_path / "demo")
    place.prepare()
    ends = (Connection("demo-source", "mongodb://127.0.0.1:1/second_brain", Environment.DEVELOPMENT),)
    connections.write(place.home, [*ends, Connection("demo-target", "mongodb://127.0.0.1:2/second_brain")])
    app = new_app(place.home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "Migrate the sample", "DEMO"), "the demo's Home")
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ == "NewMigrationScreen", "the plan")
        await until(pilot, shows(pilot, "demo-source", "demo-target"), "both ends")


async def test_a_package_is_looked_at_before_it_is_planned_from(home: Home, tmp_path: Path) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: bool(app.screen.query(Input)), "the question")
        app.screen.query_one(Input).value = str(tmp_path / "no[where]")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "cannot open the package"), "what is wrong with it")
        assert app.screen.query_one(Input).value == str(tmp_path / "no[where]")


async def test_pasting_a_url_opens_the_form(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: focused(app) == "first", "the first lines")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionForm), "the form")


async def test_runs_that_need_somebody_stand_first(home: Home, tmp_path: Path) -> None:
    journal = PreparedJournal(home)
    for state in (RunState.FAILED, RunState.EXECUTING, RunState.COMPLETED, RunState.PLANNED, RunState.CANCELLED):
        await journal.run(state)
    async with acted_run(tmp_path):
        app = new_app(home)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: len(table_cells(pilot, "#runs")) == 6, "six runs")
            assert [(row[0], row[1]) for row in table_cells(pilot, "#runs")] == [
                ("0006", "● executing"),
                ("0002", "~ interrupted"),
                ("0001", "✗ failed"),
                ("0004", "○ planned"),
                ("0005", "✗ cancelled"),
                ("0003", "✓ completed"),
            ]
            assert "3 need you   1 at work   6 in all" in words(pilot, "#runs-title")
            await pilot.press("q")
    assert app.return_value is None
    elsewhere = f"--home {home.config.parent}"
    assert app.parting_words() == (
        f"run 0006 goes on; tui-migrate {elsewhere} shows it again, tui-migrate attach 6 {elsewhere} follows it"
    )


async def test_where_not_all_runs_are_listed_it_says_how_many_are(home: Home) -> None:
    journal = PreparedJournal(home)
    for _ in range(RECENT + 2):
        await journal.run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: len(table_cells(pilot, "#runs")) == RECENT, "the runs")
        assert f"{RECENT} of {RECENT + 2} shown" in words(pilot, "#runs-title")


async def test_a_run_that_is_being_rolled_back_says_so_and_leads_there(home: Home, tmp_path: Path) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    async with acted_run(tmp_path, copy_plan(kind=RunKind.ROLLBACK, rollback_of=1)) as rollback:
        app = new_app(home)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: len(table_cells(pilot, "#runs")) == 2, "both runs")
            assert [(row[0], row[1]) for row in table_cells(pilot, "#runs")] == [
                ("0002", "● executing"),
                ("0001", "↶ in rollback"),
            ]
            assert "nothing needs you   1 at work   2 in all" in words(pilot, "#runs-title")
            await pilot.press("j")
            await until(pilot, shows(pilot, "being rolled back by run 0002"), "it said in full")
            await pilot.press("r")
            await until(pilot, lambda: isinstance(app.screen, RunScreen), "the rollback's screen")
            await until(pilot, shows(pilot, "run 0002"), "the rollback")
            await pilot.press("escape")
            rollback.die()
            await until(pilot, shows(pilot, "~ in rollback", "1 needs you"), "that it was broken off")


async def test_a_run_that_needs_somebody_is_there_however_old_it_is(home: Home) -> None:
    journal = PreparedJournal(home)
    await journal.run(RunState.FAILED, age=9_000_000)
    for _ in range(22):
        await journal.run(RunState.COMPLETED, documents=0)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: bool(table_cells(pilot, "#runs")), "the runs")
        assert table_cells(pilot, "#runs")[0][:2] == ("0001", "✗ failed")
        assert len(table_cells(pilot, "#runs")) == 21


@pytest.mark.slow
async def test_keys_lead_from_a_run_to_its_screens(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        for key, kind in (("enter", RunScreen), ("r", RollbackScreen), ("h", HistoryScreen), ("o", ConnectionsScreen)):
            await until(pilot, lambda: isinstance(app.screen, HomeScreen) and bool(table_cells(pilot, "#runs")), "Home")
            await pilot.press(key)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind), str(kind))  # type: ignore[misc]  # bound per turn
            await until(pilot, lambda: not isinstance(app.screen, HomeScreen))
            app.pop_screen()


async def test_the_cursor_goes_to_a_run_that_was_just_started_and_stays_where_it_is_moved_then(home: Home) -> None:
    journal = PreparedJournal(home)
    await journal.run(RunState.FAILED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        table = app.screen.query_one("#runs", Table)
        await until(pilot, lambda: table.cursor_key == "1", "the run that needs somebody")
        app.feed.expect(await journal.run(RunState.COMPLETED))
        await until(pilot, lambda: table.cursor_key == "2", "the new one")
        await pilot.press("k")
        await journal.run(RunState.COMPLETED)
        await until(pilot, lambda: len(table.rows) == 3, "a third")
        assert table.cursor_key == "1"


async def test_names_act_neither_as_markup_nor_on_the_terminal(home: Home) -> None:
    plan = copy_plan(store_end("prod", database="[b]shop\u202e\x1b]0;x"), store_end("注文データベース"))
    await PreparedJournal(home).run(RunState.COMPLETED, plan)
    connections.write(home, [Connection("prod", "mongodb://127.0.0.1:1/%5Bred%5D")])
    app = new_app(home)
    async with app.run_test(size=(140, 24)) as pilot:
        await until(pilot, shows(pilot, "[b]shop", "注文データベース", "[red]"), "the names")
        said = screen_text(pilot)
        assert r"\u202e" in said
        assert r"\x1b" in said
        assert not any(ord(character) < 32 or character == "\u202e" for character in said.replace("\n", ""))


async def test_a_fault_in_the_connections_file_is_shown_with_line_and_key_and_mended(home: Home) -> None:
    home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n    colour: red\n")
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "line   4", "connections.prod.colour", "ctrl+r"), "the fault")
        home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(table_cells(pilot, "#connections")) == 1, "the connection")
        assert "line   4" not in screen_text(pilot)


async def test_a_journal_of_a_newer_version_is_said_and_does_not_end_the_app(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    with sqlite3.connect(home.journal) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "newer version of tui-migrate", "It is tried again"), "the fault")
        await pilot.press("h")
        await until(pilot, shows(pilot, "History", "newer version of tui-migrate"), "the fault, on the next screen")
        with sqlite3.connect(home.journal) as database:
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.close()
        await until(pilot, shows(pilot, "✓ completed"), "the run")
        assert not app.screen.query_one(".journal-fault", FaultPane).display


async def test_a_fault_that_has_passed_is_taken_back_though_the_runs_are_as_before(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    unfinished = JournalReader.unfinished
    is_broken = False

    async def broken(self: JournalReader, limit: int) -> object:
        if is_broken:
            raise JournalBusy("the journal is held by another process", hint="try again")
        return await unfinished(self, limit)

    monkeypatch.setattr(JournalReader, "unfinished", broken)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "✓ completed"), "the run")
        is_broken = True
        await until(pilot, shows(pilot, "held by another process", "✓ completed"), "the fault, and what was known")
        is_broken = False
        await until(pilot, lambda: "held by another process" not in screen_text(pilot), "that it has passed")


async def test_a_journal_that_cannot_be_opened_is_said(home: Home) -> None:
    # A folder in its place: file modes would not keep root out.
    home.journal.mkdir(parents=True)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "cannot be read"), "the fault")


async def test_what_is_no_journal_is_said(home: Home) -> None:
    home.journal.write_bytes(b"not a database at all" * 100)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "is damaged"), "the fault")
        assert app.is_running


@pytest.mark.slow
async def test_a_journal_that_somebody_holds_leaves_the_app_alive_and_says_how_long_it_waits(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    locked = sqlite3.connect(home.journal, isolation_level=None)
    locked.execute("PRAGMA journal_mode=DELETE")
    locked.execute("BEGIN EXCLUSIVE")
    app = new_app(home)
    try:
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, shows(pilot, "Reading the journal…"), "loading")
            screen = app.screen
            assert isinstance(screen, HomeScreen)
            for _ in range(6):
                screen._wait()
            await until(pilot, shows(pilot, "6 s; somebody may hold it"), "how long it waits")
            await pilot.press("o")
            await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "another screen")
            locked.execute("ROLLBACK")
            locked.execute("PRAGMA journal_mode=WAL")
            locked.close()
            await pilot.press("escape")
            await until(pilot, shows(pilot, "✓ completed"), "the run")
    finally:
        locked.close()


async def test_last_use_of_a_connection_comes_from_the_runs(home: Home) -> None:
    connections.write(home, [Connection("prod", "mongodb://127.0.0.1:1/shop"), Connection("spare", "mongodb://h/d")])
    await PreparedJournal(home).run(RunState.COMPLETED, age=7_200)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "  run 0001, 2 h ago", "not tried yet"), "what was seen")


@pytest.mark.slow
async def test_a_run_that_stopped_is_taken_up_from_home(home: Home) -> None:
    """The worker ends at once, for there is no such server: what counts is that it was started."""
    plan = copy_plan(store_end("prod"), store_end("staging"))
    urls = {"prod": "mongodb://127.0.0.1:1/shop", "staging": "mongodb://127.0.0.1:2/shop"}
    connections.write(home, [Connection(name, url, Environment.STAGING) for name, url in urls.items()])
    await PreparedJournal(home).run(RunState.EXECUTING, plan, documents=0)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "~ interrupted"), "the run")
        await pilot.press("u")
        await until(pilot, home.run(1).worker_log.exists, "a worker", seconds=40)
        told, over = shows(pilot, "A worker has taken up run 0001."), shows(pilot, "✗ failed")
        await until(pilot, lambda: told() or over(), "the word, or that it is over already", seconds=40)
        app.exit()
    await asyncio.to_thread(_end_worker, home)


def _end_worker(home: Home) -> None:
    if pid := holder(home.run(1).lock):
        os.kill(pid, signal.SIGKILL)

import asyncio
import time
from pathlib import Path

import aiosqlite
import pytest
from textual.pilot import Pilot
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
from tui_migrate.errors import JournalBusy
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, Plan, RunKind
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens import run_actions
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName
from tui_migrate.ui.screens.history import WATCHED, HistoryScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.table import Table

SIZE = (80, 24)


async def opened(pilot: Pilot[None], rows: int) -> HistoryScreen:
    """Open the history and wait for its rows."""
    screen = HistoryScreen()
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: len(table_cells(pilot, "#history")) == rows, f"{rows} runs")
    await until(pilot, lambda: screen.focused is not None, "focus")
    return screen


def ids(pilot: Pilot[None]) -> list[int]:
    return [int(row[0]) for row in table_cells(pilot, "#history")]


async def filtered(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash")
    await until(pilot, lambda: bool(pilot.app.screen.query(Input)), "the filter")
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), "the history")


async def test_without_runs_it_says_so(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await until(pilot, shows(pilot, "There was no run yet."), "that there is none")


async def test_one_run_is_one_run(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await until(pilot, shows(pilot, " 1 of 1 run\n"), "how many")
        assert screen_text(pilot).splitlines()[0].endswith(" 1 run")


async def test_lists_every_run_with_state_kind_ends_and_when(home: Home) -> None:
    journal = PreparedJournal(home)
    await journal.run(RunState.COMPLETED, age=90_000)
    await journal.run(RunState.FAILED, copy_plan(description="ticket 12"), age=7_200)
    await journal.run(RunState.COMPLETED, copy_plan(kind=RunKind.ROLLBACK, rollback_of=1), age=1)
    app = new_app(home)
    async with app.run_test(size=(170, 24)) as pilot:
        await opened(pilot, 3)
        assert table_cells(pilot, "#history") == [
            ("0003", "✓ completed", "rollback", "run 0001 in staging/shop", "40", "just now", at(1), "staging", BY),
            ("0002", "✗ failed", "copy", "prod/shop → staging/shop", "40", "2 h ago", at(7_200), "staging", BY),
            ("0001", "✓ completed", "copy", "prod/shop → staging/shop", "40", "1 d ago", at(90_000), "staging", BY),
        ]
        await pilot.press("j")
        await until(pilot, shows(pilot, "ticket 12"), "the note of the run under the cursor")


BY = "anna@bastion"


def at(age: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(NOW - age))


@pytest.mark.slow
async def test_a_filter_takes_states_ends_kinds_and_notes(home: Home) -> None:
    journal = PreparedJournal(home)
    await journal.run(RunState.COMPLETED)
    await journal.run(RunState.FAILED, copy_plan(description="ticket 12 [x]"))
    await journal.run(RunState.FAILED, copy_plan(store_end("attic"), store_end("staging")))
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 3)
        for text, found in (
            ("state:failed prod", [2]),
            ("state:failed", [3, 2]),
            ('note:"12 [x]"', [2]),
            ("from:attic", [3]),
            ("-attic", [2, 1]),
            ("", [3, 2, 1]),
            ("no-such-thing", []),
        ):
            await filtered(pilot, text)
            await until(pilot, lambda found=found: ids(pilot) == found, text)  # type: ignore[misc]  # bound per turn
        await until(pilot, shows(pilot, "No run is like that"), "what an empty result says")
        assert "filter: no-such-thing" in words(pilot, "#shown")


async def test_the_filter_explains_itself(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await pilot.press("slash")
        await until(pilot, shows(pilot, "state:failed prod", "Keys: state, kind"), "the words")


async def test_sorting_by_a_column_counts_numbers(home: Home) -> None:
    journal = PreparedJournal(home)
    for documents in (9, 1_000, 70):
        await journal.run(RunState.COMPLETED, documents=documents)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 3)
        screen.query_one("#history", Table).sort_by(4)
        await until(pilot, lambda: ids(pilot) == [2, 3, 1], "by documents")
        screen.query_one("#history", Table).sort_by(5)
        await until(pilot, lambda: ids(pilot) == [3, 2, 1], "by time")


async def test_keys_lead_to_the_screens_of_a_run(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        for key, kind in (("enter", RunScreen), ("r", RollbackScreen), ("v", ReportScreen)):
            await pilot.press(key)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind), str(kind))  # type: ignore[misc]  # bound per turn
            app.pop_screen()
            await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "the history")


async def test_keys_that_the_run_does_not_allow_do_nothing(home: Home) -> None:
    journal = PreparedJournal(home)
    await journal.run(RunState.CANCELLED, documents=0)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        footer = screen_text(pilot).splitlines()[-1]
        assert "Roll back" not in footer
        assert "Resume" not in footer
        await pilot.press("r", "u")
        assert isinstance(app.screen, HistoryScreen)


async def test_again_plans_the_same_migration_anew(home: Home) -> None:
    connections.write(home, [Connection("prod", "mongodb://127.0.0.1:1/shop"), Connection("staging", "mongodb://h/d")])
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("a")
        await until(pilot, lambda: type(app.screen).__name__ == "NewMigrationScreen", "the plan")
        await until(pilot, shows(pilot, "prod", "staging"), "its ends")


@pytest.mark.slow
async def test_deleting_asks_and_keeps_by_default(home: Home) -> None:
    await PreparedJournal(home).run(RunState.CANCELLED, documents=0)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await until(pilot, shows(pilot, "Delete run 0001?", "what it wrote stays"), "what goes")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "the history")
        assert ids(pilot) == [1]
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question again")
        await pilot.press("j", "enter")
        await until(pilot, shows(pilot, "There was no run yet", "run 0001 is deleted"), "that it is gone")
    assert not home.run(1).path.exists()


async def test_a_run_that_has_written_since_it_was_asked_about_is_not_deleted_for_less(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        async with aiosqlite.connect(run.home.journal) as database:
            await database.execute("UPDATE runs SET writes_begun = 0")
            await database.commit()
        run.die()
        app = new_app(run.home)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, 1)
            await until(pilot, shows(pilot, "~ interrupted"), "that it has stopped")
            await pilot.press("D")
            await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
            await run.write.set_writes_begun(run.id)
            await pilot.press("j", "enter")
            await until(pilot, shows(pilot, "run 0001 has written meanwhile", "D asks anew"), "that it stays")
            await until(pilot, lambda: ids(pilot) == [1], "the run")
            await pilot.press("D")
            await until(pilot, lambda: isinstance(app.screen, TypeName), "what is lost")


async def test_a_plan_that_comes_when_one_has_left_is_not_shown(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def slow(app: MigrateApp, run_id: int) -> Plan:
        asked.set()
        await let_go.wait()
        return await plan_of(app, run_id)

    monkeypatch.setattr(run_actions, "plan_of", slow)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("a")
        await asked.wait()
        await pilot.press("escape", "n")
        await until(pilot, lambda: isinstance(app.screen, NewMigrationScreen), "a plan of one's own")
        own = app.screen
        let_go.set()
        await until(pilot, lambda: all(one.group != "again" for one in app.workers), "the end of it")
        assert app.screen is own


@pytest.mark.slow
async def test_where_the_undo_log_is_the_only_way_back_its_number_is_to_be_typed(home: Home) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, TypeName), "the question")
        await until(pilot, shows(pilot, "undo log (4.0 kB) is the only way back", "staging/shop"), "what is lost")
        await pilot.press("enter", "1", "enter")
        assert isinstance(app.screen, TypeName)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "the history")
        assert ids(pilot) == [1]
        await pilot.press("D", *"0001", "enter")
        await until(pilot, shows(pilot, "There was no run yet"), "that it is gone")


@pytest.mark.slow
async def test_resuming_asks_for_a_password_tries_it_and_says_when_it_is_wrong(home: Home, guarded_url: str) -> None:
    hosts, _, rest = guarded_url.partition("/")
    known = [Connection(name, f"mongodb://reader@{hosts}/{rest}", Environment.STAGING) for name in ("prod", "staging")]
    connections.write(home, known)
    await PreparedJournal(home).run(RunState.EXECUTING, documents=0)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("u")
        await until(pilot, shows(pilot, "Connection  prod/shop", "User        reader"), "the question")
        app.screen.query_one(Input).value = "hunter2-wrong"
        await pilot.press("enter")
        await until(pilot, shows(pilot, "does not accept the user name"), "the question again")
        assert isinstance(app.screen, AskPassword)
        assert app.screen.query_one(Input).value == ""
        assert "hunter2" not in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "the history")
        assert app.session.passwords == {}
        assert not home.run(1).worker_log.exists()


@pytest.mark.slow
async def test_five_thousand_runs_stay_quick(home: Home) -> None:
    await many_runs(home, 5_000)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        begin = time.process_time()
        screen = HistoryScreen()
        await app.push_screen(screen)
        await until(pilot, lambda: bool(table_cells(pilot, "#history")), "the newest")
        first = time.process_time() - begin
        await until(pilot, lambda: len(table_cells(pilot, "#history")) == 5_000, "all of them")
        whole = time.process_time() - begin
        begin = time.process_time()
        await pilot.press("G")
        await until(pilot, shows(pilot, "5,000/5,000"), "the last one")
        move = time.process_time() - begin
        begin = time.process_time()
        screen.query_one("#history", Table).filter("x", lambda row: row.key.endswith("7"))
        await until(pilot, lambda: len(table_cells(pilot, "#history")) == 500, "a filter")
        narrow = time.process_time() - begin
    print(f"first {first:.2f} s, all {whole:.2f} s, end {move:.2f} s, filter {narrow:.2f} s")  # noqa: T201 -- shown by pytest -s
    assert first < 3
    assert whole < 10
    assert move < 1
    assert narrow < 1


async def test_a_run_of_long_ago_that_is_taken_up_or_deleted_elsewhere_does_not_stay_as_it_was(home: Home) -> None:
    await many_runs(home, WATCHED + 50)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, WATCHED + 50)
        async with aiosqlite.connect(home.journal) as database:
            await database.execute("PRAGMA foreign_keys=ON")
            await database.execute("DELETE FROM runs WHERE id = 7")
            await database.commit()
        await until(pilot, lambda: 7 not in ids(pilot), "that the run has gone")
        assert len(ids(pilot)) == WATCHED + 49


async def test_older_runs_that_cannot_be_read_are_said_and_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    await many_runs(home, WATCHED + 5)
    summaries = JournalReader.summaries
    is_broken = True

    async def broken(self: JournalReader, limit: int, before: int = 0) -> object:
        if before and is_broken:
            raise JournalBusy("the journal is held by another process", hint="try again")
        return await summaries(self, limit, before)

    monkeypatch.setattr(JournalReader, "summaries", broken)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, WATCHED)
        await until(pilot, shows(pilot, "Older runs could not be read", "ctrl+r reads them again"), "the fault")
        is_broken = False
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(ids(pilot)) == WATCHED + 5, "all of them")
        assert "could not be read" not in screen_text(pilot)


async def many_runs(home: Home, count: int) -> None:
    """Copy one run many times."""
    await PreparedJournal(home).run(RunState.COMPLETED)
    async with aiosqlite.connect(home.journal) as database:
        cursor = await database.execute("SELECT * FROM runs")
        names = [one[0] for one in cursor.description]
        row = dict(zip(names, next(iter(await cursor.fetchall())), strict=True))
        rows = [{**row, "id": number, "created_at": NOW - 60 * (count - number)} for number in range(2, count + 1)]
        marks = ", ".join("?" for _ in names)
        await database.executemany(f"INSERT INTO runs VALUES ({marks})", [tuple(one.values()) for one in rows])  # noqa: S608 -- nothing but question marks
        collections = [(number, name) for number in range(2, count + 1) for name in ("users", "orders", "sessions")]
        await database.executemany(
            "INSERT INTO run_collections (run_id, place, name, state, documents_total, bytes_total, documents_done)"
            " VALUES (?, 0, ?, 'done', 10, 100, 10)",
            collections,
        )
        await database.commit()

"""A comparison whose screen is left or covered while it is at work, and keys that come before what they were for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.ui.driving import NOW, PreparedJournal, copy_plan, new_app, screen_text, shows, until, until_still
from tests.ui.test_compare_snapshots import ASKED, DONE, collection
from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, Way
from tui_migrate.paths import Home
from tui_migrate.ui.comparing import Asked, Compared, GoOn
from tui_migrate.ui.look import ConnectionsRead, LookState, Opening
from tui_migrate.ui.screens import compare_choice, compare_work
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.compare_collection import CompareCollectionScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Table

SIZE = (80, 24)
HALF = Compared(ASKED, LookState.READING, NOW, done=5, total=10)
NOTHING = replace(HALF, state=LookState.DONE, comparison=Comparison(()))
Compare = Callable[[Asked, Opening, Callable[[Compared], object], GoOn], object]


async def has_passwords(*_: object) -> bool:
    return True


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_work, "have_passwords", has_passwords)


@asynccontextmanager
async def opened(home: Home, compared: Compared | None = None) -> AsyncIterator[Pilot[None]]:
    app = new_app(home)
    app.session.asked, app.session.compared = ASKED, compared
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, is_on(pilot, HomeScreen), "Home")
        await pilot.press("M")
        await until(pilot, is_on(pilot, CompareScreen), "the choice")
        yield pilot


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


def operator_screen(pilot: Pilot[None]) -> OperatorScreen:
    assert isinstance(pilot.app.screen, OperatorScreen)
    return pilot.app.screen


async def test_what_nobody_heard_the_end_of_was_stopped(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async def compare(asked: Asked, opening: Opening, report: Callable[[Compared], object], go_on: GoOn) -> None:
        report(HALF)
        await go.wait()

    go = asyncio.Event()
    monkeypatch.setattr(compare_work, "compare_ends", compare)
    async with opened(home) as pilot:
        await pilot.press("s")
        await until(pilot, shows(pilot, "50 %"), "how far it is")
        working = [one for one in pilot.app.workers if one.group.startswith("compare")]
        go.set()
        await until(pilot, lambda: all(one.is_finished for one in working), "the end of the work")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, HomeScreen), "Home")
        await pilot.press("M")
        await until(pilot, shows(pilot, "~ Stopped at 50 %"), "that nobody is at it")


async def test_one_that_was_left_tidies_up_before_the_next_begins(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    is_tidy = asyncio.Event()

    async def compare(asked: Asked, opening: Opening, report: Callable[[Compared], object], go_on: GoOn) -> None:
        told.append("begun")
        if len(told) > 1:
            report(NOTHING)
            return
        report(HALF)
        try:
            await asyncio.Event().wait()
        finally:
            await is_tidy.wait()
            told.append("tidy")

    monkeypatch.setattr(compare_work, "compare_ends", compare)
    async with opened(home) as pilot:
        await pilot.press("s")
        await until(pilot, shows(pilot, "50 %"), "how far it is")
        await pilot.press("escape", "escape")
        await until(pilot, is_on(pilot, HomeScreen), "Home")
        await pilot.press("M", "s")
        await until(pilot, shows(pilot, "Connecting"), "the next")
        await until_still(pilot)
        is_tidy.set()
        await until(pilot, shows(pilot, "Neither has a collection"), "its outcome")
        assert told == ["begun", "tidy", "begun"]


async def test_a_start_takes_back_what_was_about_to_be_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    go = asyncio.Event()

    async def read(_: Home) -> ConnectionsRead:
        await go.wait()
        return ConnectionsRead({})

    async def compare(asked: Asked, opening: Opening, report: Callable[[Compared], object], go_on: GoOn) -> None:
        report(HALF)
        await asyncio.Event().wait()

    monkeypatch.setattr(compare_choice, "read_connections", read)
    monkeypatch.setattr(compare_work, "compare_ends", compare)
    async with opened(home) as pilot:
        await pilot.press("enter", "s")
        await until(pilot, shows(pilot, "50 %"), "how far it is")
        go.set()
        await until_still(pilot)
        assert isinstance(pilot.app.screen, CompareScreen)


async def test_a_tick_while_the_tables_are_taken_down_does_not_go_round_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(home, DONE) as pilot:
        await until(pilot, shows(pilot, "marks what B is to get"), "the outcome")
        monkeypatch.setattr(pilot.app.screen.query_one("#collections", Table), "_pruning", True)
        assert isinstance(pilot.app.screen, CompareScreen)
        pilot.app.screen._draw()  # what a tick does
        monkeypatch.undo()


async def test_a_mark_on_no_row_says_nothing_about_it(home: Home) -> None:
    async with opened(home, DONE) as pilot:
        await until(pilot, shows(pilot, "marks what B is to get"), "the outcome")
        pilot.app.screen.query_one("#collections", Table).filter("no such collection")
        await pilot.press("space")
        await until_still(pilot)
        assert "A plan has nothing to do there" not in screen_text(pilot)
        await pilot.app.push_screen(collection())
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        pilot.app.screen.query_one(Table).filter("no such document")
        await pilot.press("space")
        await until_still(pilot)
        assert "Definitions are made equal" not in screen_text(pilot)


async def test_marked_documents_do_not_hide_that_a_run_has_written_since(home: Home) -> None:
    async with opened(home, DONE) as pilot:
        await pilot.app.push_screen(collection())
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        await pilot.press("end", "k", "space")
        await until(pilot, shows(pilot, "1 marked"), "the mark")
        await PreparedJournal(home).run(plan=copy_plan(source=ASKED.right, target=ASKED.left), age=-10)  # type: ignore[arg-type]  # both are databases
        await until(pilot, shows(pilot, "! Run 0001 has written to A since", "1 marked"), "both")


async def test_agreeing_in_size_alone_is_not_introduced_by_a_dash(home: Home) -> None:
    one = ComparedCollection("users", Way.MERGED, counts=Counts(same_size=5))
    async with opened(home, replace(DONE, comparison=Comparison((one,)))) as pilot:
        await until(pilot, shows(pilot, "same size"), "the outcome")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        words = operator_screen(pilot).query_one("#what", Prose).words
        assert words.startswith(" 5 agree in _id and size, content not compared.")

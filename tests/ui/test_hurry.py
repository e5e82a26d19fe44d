"""Keys that come before the one in front of them has had its effect: nothing ends, nothing beneath is closed."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.command import CommandList
from textual.events import Key, Paste
from textual.pilot import Pilot

from tests.ui.backup_scene import every_kind
from tests.ui.driving import new_app, shows, table_cells, until, until_still
from tests.ui.terminal.operator import Operator, environment
from tests.ui.test_snapshots import prepare
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens import backups
from tui_migrate.ui.screens.backup_choice import opened_package
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.definitions_sheet import DefinitionsSheet
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.window import Palette
from tui_migrate.ui.terminal import key_order
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker.backups import Backup


@asynccontextmanager
async def opened(home: Home) -> AsyncIterator[tuple[MigrateApp, Pilot[None]]]:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        yield app, pilot


def at_once(app: MigrateApp, *keys: str) -> None:
    """Hand keys to the app without the order that it keeps on a terminal while all goes well."""
    for key in keys:
        app.post_message(Key(key, None))


def stands(app: MigrateApp, kind: type) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, kind) and app.screen.is_mounted


async def test_a_key_too_many_closes_one_window_and_no_screen(home: Home) -> None:
    async with opened(home) as (app, pilot):
        for open_window, window in (("ctrl+p", Palette), ("ctrl+t", object)):
            await pilot.press(open_window)
            await until(pilot, lambda kind=window: isinstance(app.screen, kind) and app.screen.is_modal, open_window)  # type: ignore[misc]  # the default is the loop's value
            at_once(app, "escape", "escape", "escape")
            await until(pilot, stands(app, HomeScreen), "Home")
            await pilot.press("question_mark")
            await until(pilot, stands(app, HelpScreen), "the help")
            await pilot.press("escape")
            await until(pilot, stands(app, HomeScreen), "Home again")


async def test_the_palette_opens_again_while_the_one_before_goes(home: Home) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, stands(app, Palette), "the palette")
        at_once(app, "escape", "ctrl+p", "ctrl+p")
        await until(pilot, stands(app, Palette), "the palette again")
        assert sum(isinstance(one, Palette) for one in app.screen_stack) == 1


async def test_a_palette_that_is_gone_before_it_searches_ends_nothing(home: Home) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, stands(app, Palette), "the palette")
        palette = app.screen
        assert isinstance(palette, Palette)
        await palette.query_one(CommandList).remove()
        palette._gather_commands("new")
        await until(pilot, lambda: not any(one.node is palette for one in app.workers), "the end of the search")
        await pilot.press("escape", "question_mark")
        await until(pilot, stands(app, HelpScreen), "the help")


async def test_a_key_that_comes_late_is_not_for_the_screen_beneath(home: Home) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("o", "n")
        await until(pilot, stands(app, ConnectionForm), "the form")
        await pilot.press("x", "escape")
        await until(pilot, shows(pilot, "Leave without saving?"))
        form = app.operator_screen
        assert form is not None
        assert not form.check_action("connection_save", ())
        app.action_app_back()
        assert sum(isinstance(one, Choose) for one in app.screen_stack) == 1
        await pilot.press("end", "enter")
        await until(pilot, lambda: not app.screen.is_modal, "the connections")
        assert form not in app.screen_stack


async def test_an_answer_that_nobody_waits_for_any_more_is_no_fault(home: Home) -> None:
    async with opened(home) as (app, pilot):

        async def ask() -> None:
            await app.push_screen_wait(AskText("What?"))

        worker = app.in_background(ask(), "ask")
        await until(pilot, stands(app, AskText), "the question")
        await app.push_screen(Choose("Which?", (), [("a", "A")]))
        worker.cancel()
        await until(pilot, lambda: worker.is_finished, "the end of the work")
        await pilot.press("escape")
        await until(pilot, stands(app, AskText), "the question")
        await pilot.press("enter")
        await until(pilot, stands(app, HomeScreen), "Home")


async def test_what_is_over_goes_with_the_screen_that_is_left(home: Home) -> None:
    async with opened(home) as (app, pilot):
        await pilot.press("o")
        await until(pilot, lambda: len(app.screen_stack) == 3, "the connections")
        beneath = app.operator_screen
        assert beneath is not None
        await pilot.press("question_mark")
        await until(pilot, stands(app, HelpScreen), "the help")
        beneath.go_over_to(HistoryScreen())
        await until(pilot, stands(app, HistoryScreen), "the history")
        assert len(app.screen_stack) == 3
        assert isinstance(app.screen, HistoryScreen)
        app.screen.leave()
        await until(pilot, stands(app, HomeScreen), "Home")


async def test_a_window_that_goes_before_it_has_come_is_no_fault(home: Home) -> None:
    async with opened(home) as (app, pilot):
        app.push_screen(Choose("Which?", (), [("a", "A")]))
        app.pop_screen()
        await pilot.press("question_mark")
        await until(pilot, stands(app, HelpScreen), "the help")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "text"), [("n\r", "Pair taken"), ("hGr", "roll back run 0001"), ("hjj\r", "run 0005")]
)
def test_what_is_typed_ahead_acts_on_the_rows_of_the_screen_that_it_opens(home: Home, keys: str, text: str) -> None:
    prepare(home)
    root = home.state.parent
    with Operator([sys.executable, "-m", "tests.ui.walk_app", "--patient", str(root)], environment(root)) as operator:
        operator.until_shown("1/7")
        operator.press(keys)
        operator.until_shown(text)


async def test_a_screen_that_never_gets_its_rows_holds_up_keys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_order, "_PATIENCE_SECONDS", 0.05)
    taken: list[str] = []

    async def hand_over(event: Key | Paste) -> None:
        assert isinstance(event, Key)
        taken.append(event.key)

    app = App[None]()
    async with app.run_test() as pilot:
        order = key_order.KeyOrder(app, hand_over, lambda: False)
        await order.take(Key("a", "a"))
        await order.take(Key("b", "b"))
        assert taken == ["a"]
        await until(pilot, lambda: taken == ["a", "b"], "the end of the patience")
        monkeypatch.setattr(key_order, "_PATIENCE_SECONDS", 3_600.0)
        await order.take(Key("c", "c"))
        await order.take(Key("d", "d"))
        await until(pilot, lambda: taken == ["a", "b", "c", "d"], "keys that do not wait again")


async def test_a_second_enter_opens_no_second_screen(home: Home) -> None:
    await every_kind(home)
    async with opened(home) as (app, pilot):
        await app.push_screen(BackupsScreen())
        await until(pilot, lambda: len(table_cells(pilot)) == 7, "the backups")
        app.screen.query_one(Table).move_to("stopped")
        at_once(app, "enter", "enter", "enter")
        await until(pilot, stands(app, RunScreen), "its run")
        await until_still(pilot)
        assert sum(isinstance(one, RunScreen) for one in app.screen_stack) == 1


async def test_nothing_is_asked_over_what_comes_after_a_screen_that_was_left(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, whole = asyncio.Event(), opened_package

    async def slow(app: MigrateApp, backup: Backup) -> PackageEnd | None:
        await go.wait()
        return await whole(app, backup)

    await every_kind(home)
    monkeypatch.setattr(backups, "opened_package", slow)
    async with opened(home) as (app, pilot):
        await app.push_screen(BackupsScreen())
        await until(pilot, lambda: len(table_cells(pilot)) == 7, "the backups")
        app.screen.query_one(Table).move_to("some")
        await pilot.press("Z", "escape")
        await until(pilot, stands(app, HomeScreen), "Home")
        go.set()
        await until_still(pilot)
        assert isinstance(app.screen, HomeScreen)


async def test_closing_a_sheet_of_definitions_twice_spares_what_lies_beneath(home: Home) -> None:
    async with opened(home) as (app, pilot):
        await app.push_screen(HistoryScreen())
        sheet = DefinitionsSheet("users", ())
        await app.push_screen(sheet)
        sheet.dismiss(None)
        sheet.dismiss(None)
        await until(pilot, stands(app, HistoryScreen), "the history")

"""The picker: what the cursor is on is shown, esc puts back, enter keeps; a file with a fault changes nothing."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import new_app, screen_text, shows, table_cells, until, until_still
from tests.ui.test_preferences import own_theme
from tests.ui.test_snapshots import SIZES, Compare, prepare
from tests.ui.test_theme_files import GOOD
from tui_migrate import settings
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.theme_picker import ThemePicker
from tui_migrate.ui.theme_files import OwnThemes, own_folder, shipped
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.table import Table

TORN = GOOD.replace('panel: "#102030"', "panel: red")
OWN = GOOD.replace("title: T", "title: Aurora")


async def open_picker(pilot: Pilot[None]) -> MigrateApp:
    app = pilot.app
    assert isinstance(app, MigrateApp)
    await until(pilot, shows(pilot, "There was no run yet"), "Home")
    await pilot.press("ctrl+t")
    await until(pilot, lambda: isinstance(app.screen, ThemePicker) and app.focused is not None, "the picker")
    return app


def fault(pilot: Pilot[None]) -> str:
    """What is said of the file under the cursor."""
    pane = pilot.app.screen.query_one(FaultPane)
    return pane.words if pane.display else ""


def remembered(home: Home) -> str | None:
    return settings.load(home).theme if settings.settings_file(home).exists() else None


async def test_every_theme_is_offered_and_the_cursor_is_on_the_one_in_force(home: Home) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        assert [title for title, _ in table_cells(pilot)] == sorted(
            (theme.title for theme in shipped().values()), key=str.casefold
        )
        assert app.screen.query_one(Table).cursor_key == "dark"
        titles = [theme.title for theme in shipped().values()]
        await until(pilot, shows(pilot, *titles, "enter keeps it, esc puts dark back."), "all of them at once")


async def test_a_theme_is_shown_when_the_cursor_rests_on_it_and_esc_puts_the_old_one_back(home: Home) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "gruvbox", "the preview")
        beneath = app.screen_stack[-2]
        await until(pilot, lambda: beneath.styles.background.hex.lower() == "#1d2021", "the screen beneath in it")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert app.theme == "dark"
        assert remembered(home) is None


async def test_enter_keeps_the_theme_and_remembers_it_beside_the_other_settings(home: Home) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        settings.save(home, settings.Settings(mouse=True, on_finish=("true",)))  # as another app, or an editor, may
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert app.theme == "gruvbox"
        assert settings.load(home) == settings.Settings(theme="gruvbox", mouse=True, on_finish=("true",))


async def test_settings_that_cannot_be_read_any_more_are_left_as_they_are(home: Home) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        settings.settings_file(home).write_text("mouse: [\n")
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "gruvbox is not kept"), "that it is not")
        assert app.theme == "gruvbox"
    assert settings.settings_file(home).read_text() == "mouse: [\n"


async def test_ones_own_theme_is_offered_shown_and_kept(home: Home) -> None:
    own_theme(home, "mine", OWN)
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        assert table_cells(pilot)[0] == ("Aurora", "yours, dark")
        await pilot.press("g")
        await until(pilot, lambda: app.theme == "mine", "the preview")
        assert app.current_theme.primary == "#102030"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert remembered(home) == "mine"


async def test_a_file_with_a_fault_says_line_and_key_and_the_old_theme_stays(home: Home) -> None:
    own_theme(home, "torn", TORN)
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "gruvbox", "another theme in between")
        app.screen.query_one(Table).move_to("file/torn.yaml")
        await until(pilot, lambda: "line 11, key 'colours.panel': 'red' is no colour" in fault(pilot), "the fault")
        assert app.theme == "dark"
        await pilot.press("enter")
        await until(pilot, lambda: "Nothing is kept: dark stays until the file is mended." in fault(pilot), "why not")
        assert isinstance(app.screen, ThemePicker)
        assert "line 11" in fault(pilot)
        await pilot.press("home")
        await until(pilot, lambda: fault(pilot) == "", "another row")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        assert (app.theme, remembered(home)) == ("dark", None)


async def test_a_file_that_became_torn_leaves_the_theme_of_its_name(home: Home) -> None:
    own_theme(home, "dark", TORN)
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        assert ("Dark", "dark") in table_cells(pilot)
        assert ("✗ dark.yaml", "has a fault") in table_cells(pilot)
        assert app.theme == "dark"


async def test_a_folder_that_cannot_be_read_is_told_and_the_shipped_themes_are_there(home: Home) -> None:
    own_folder(home).write_text("")
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        app.screen.query_one(Table).move_to("file/themes")
        await until(pilot, shows(pilot, "cannot read the folder"), "the fault")
        assert len(table_cells(pilot)) == len(shipped()) + 1


async def test_a_choice_that_cannot_be_remembered_holds_until_one_leaves(home: Home) -> None:
    settings.settings_file(home).mkdir()
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        app = await open_picker(pilot)
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "✗ gruvbox is not kept: cannot read"), "the note")
        assert app.theme == "gruvbox"


async def test_where_there_are_few_colours_it_says_so(home: Home) -> None:
    async with new_app(home).run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        pilot.app.push_screen(ThemePicker("ansi", OwnThemes(), Path("/x"), few=True))
        await until(pilot, shows(pilot, "This terminal has few colours"), "the sentence")


async def test_on_a_small_terminal_the_cursor_stays_in_view(home: Home) -> None:
    for number in range(20):
        own_theme(home, f"mine{number:02d}", OWN.replace("Aurora", f"Aurora {number:02d}"))
    async with new_app(home).run_test(size=(40, 16)) as pilot:
        await open_picker(pilot)
        await pilot.press("G")
        await until(pilot, shows(pilot, "30/30", "›The termi"), "the last row")
        assert max(map(len, screen_text(pilot).splitlines())) <= 40


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["gruvbox", "solarized-light", "file/torn.yaml"], ids=["dark", "light", "torn"])
def test_picture(home: Home, snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    prepare(home)
    own_theme(home, "mine", OWN)
    own_theme(home, "torn", TORN)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "0007"), "the journal's runs")
        await until_still(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ThemePicker) and bool(pilot.app.focused), "the picker")
        pilot.app.screen.query_one(Table).move_to(name)
        wanted = "dark" if name.startswith("file/") else name
        if name != wanted:
            await until(pilot, lambda: "is no colour" in fault(pilot), "the fault")
        await until(pilot, lambda: pilot.app.theme == wanted, "the preview")
        await until_still(pilot)

    assert snap_compare(new_app(home), terminal_size=size, run_before=drive)

from pathlib import Path

import pytest

from tests.ui.driving import NOW, new_home, shows, until
from tests.ui.terminal.operator import Operator
from tests.ui.test_opening import sit_down
from tests.ui.test_theme_files import GOOD
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.keymap import USUAL, keymap_file
from tui_migrate.ui.preferences import read_preferences
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.notice import Notice
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.ui.theme_files import own_folder


def own_theme(home: Home, name: str, text: str = GOOD) -> None:
    """Put a theme of the user's into its folder."""
    own_folder(home).mkdir(exist_ok=True)
    (own_folder(home) / f"{name}.yaml").write_text(text)


def test_without_files_everything_is_as_usual(home: Home) -> None:
    found = read_preferences(home, "nord")
    assert (found.keys, found.theme, found.own_theme, found.faults) == (USUAL, "nord", None, ())


def test_keys_and_theme_come_from_the_files(home: Home) -> None:
    keymap_file(home).write_text("home.new: N\n")
    own_theme(home, "mine")
    found = read_preferences(home, "mine")
    assert found.keys.changed() == {"home.new": "N"}
    assert (found.theme, found.own_theme and found.own_theme.name) == ("mine", "mine")


def test_ones_own_goes_before_a_shipped_theme_of_its_name(home: Home) -> None:
    own_theme(home, "dark")
    found = read_preferences(home, "dark")
    assert found.own_theme is not None
    assert dict(found.own_theme.colours)["primary"] == "#102030"


def test_files_with_faults_leave_what_is_usual_and_are_named(home: Home) -> None:
    keymap_file(home).write_text("home.gone: N\n")
    own_theme(home, "mine", "title: [\n")
    found = read_preferences(home, "mine")
    assert (found.keys, found.theme, found.own_theme) == (USUAL, "dark", None)
    assert [one.message.partition(",")[0].rpartition("/")[2] for one in found.faults] == ["keymap.yaml", "mine.yaml"]


def test_a_theme_that_is_gone_is_no_fault(home: Home) -> None:
    assert read_preferences(home, "gone").theme == "dark"
    assert read_preferences(home, "gone").faults == ()


async def test_the_app_says_what_is_wrong_and_works_with_the_usual_keys(home: Home) -> None:
    app = MigrateApp(Session(home, clock=lambda: NOW), theme="dark", marks=MarkSet.UNICODE, ansi=False)
    app.faults = (UsageError("first file: torn", hint="mend it"), UsageError("second file: torn"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "first file: torn", "mend it", "Enter goes on"), "the first fault")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "second file: torn"), "the second one")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "History")


async def test_a_notice_shows_no_secret_and_no_control_character(home: Home) -> None:
    app = MigrateApp(Session(home, clock=lambda: NOW), theme="dark", marks=MarkSet.UNICODE, ansi=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Notice("Title", ("mongodb://anna:secret@host/db", "a\u202eb [red]c[/]")))
        await until(pilot, shows(pilot, "Title", "a\\u202eb [red]c[/]"), "the notice")
        assert not shows(pilot, "secret")()


@pytest.mark.slow
def test_a_broken_keymap_is_told_at_the_start_without_a_traceback(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    keymap_file(home).write_text("home.new: N\nhome.gone: x\n")
    with sit_down(tmp_path / "home") as operator:
        operator.until_shown("keymap.yaml,")
        operator.until_shown("'home.gone':")
        leave(operator)
        assert b"Traceback" not in operator.received
    assert not (home.state / "error.log").exists()


@pytest.mark.slow
def test_keymap_and_own_theme_are_in_force_from_the_start(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    keymap_file(home).write_text("app.leave: X\nhome.new: q\n")
    own_theme(home, "mine", GOOD.replace('foreground: "#102030"', 'foreground: "#abcdef"'))
    (home.config / "settings.yaml").write_text("theme: mine\n")
    with sit_down(tmp_path / "home", COLORTERM="truecolor") as operator:
        operator.until_shown("X Leave")
        operator.press("X")
        assert operator.until_ended() == 0
        assert b"38;2;171;205;239" in operator.received


def leave(operator: Operator) -> None:
    operator.press("enter")
    operator.until_shown("There was no run yet")
    operator.until_shown("n New")
    operator.press("q")
    assert operator.until_ended() == 0

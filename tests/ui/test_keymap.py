import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.binding import Binding, BindingsMap

from tests.readme import README
from tests.ui.driving import NOW, PreparedJournal, screen_text, shows, until
from tui_migrate.errors import InvalidFile, UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.actions import BY_ID, EVERYWHERE, REGISTRY
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.key_names import NAMED, RESERVED, find_key
from tui_migrate.ui.keymap import USUAL, keymap_file, load_keymap, parse_keymap
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.together import actions_together, every_screen
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.ui.widgets.footer import KeyFooter
from tui_migrate.ui.widgets.pager import Pager

SCREENS = actions_together()


def app_with(home: Home, text: str) -> MigrateApp:
    """An app whose user has these keys."""
    keymap_file(home).write_text(text)
    session = Session(home, clock=lambda: NOW, keys=load_keymap(home, SCREENS))
    return MigrateApp(session, theme="dark", marks=MarkSet.UNICODE, ansi=False)


def test_without_changes_the_keys_are_those_of_the_registry() -> None:
    assert USUAL.actions == REGISTRY
    assert USUAL.changed() == {}
    assert parse_keymap("home.new: n\n", "keymap.yaml", SCREENS).changed() == {}


def test_an_action_gets_the_key_that_the_file_gives_it() -> None:
    keys = parse_keymap('home.new: N\nrun.faster: ["*", F5]\ntable.filter: ctrl+f\n', "keymap.yaml", SCREENS)
    assert keys.changed() == {"home.new": "N", "run.faster": "asterisk,f5", "table.filter": "ctrl+f"}
    assert [one.shown for one in keys.in_order(("table.filter", "run.faster", "home.new"))] == ["N", "*", "ctrl+f"]
    assert [one.id for one in keys.actions] == [one.id for one in REGISTRY]
    assert [one.help for one in keys.actions] == [one.help for one in REGISTRY]
    assert parse_keymap("home.new: f1\n", "keymap.yaml", SCREENS).changed() == {
        "home.new": "f1",
        "app.help": "question_mark",
    }


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("home.new: N\nhome.gone: x\n", 2, "home.gone", "no action has this id"),
        ("nothing: x\n", 1, "nothing", "no action has this id"),
        ("home.new: hyper+n\n", 1, "home.new", "'hyper+n' is no key"),
        ("home.new: alt+n\n", 1, "home.new", "is no key"),
        ("home.new: ''\n", 1, "home.new", "is no key"),
        ("home.new: #\n", 1, "home.new", "is no key"),
        ('home.new: "\\u202e"\n', 1, "home.new", "is no key"),
        ("home.new: 名\n", 1, "home.new", "is no key"),
        ("home.new: {n: n}\n", 1, "home.new", "a text is wanted"),
        ("home.new: []\n", 1, "home.new", "a key is wanted"),
        ("home.new: [N, N]\n", 1, "home.new", "twice"),
        ("home.new: N\nhome.new: M\n", 2, "home.new", "twice"),
        ("home.new: j\n", 1, "home.new", "it moves through tables"),
        ("home.new: A\n", 1, "home.new", "a piece of an arrow key"),
        ('home.new: "["\n', 1, "home.new", "a piece of an arrow key"),
        ("home.new: esc\n", 1, "home.new", "a piece of an arrow key"),
        ("home.new: ctrl+i\n", 1, "home.new", "tab"),
        ("home.new: ctrl+c\n", 1, "home.new", "uses it itself"),
        ("home.new: enter\n", 1, "home.new", "opens the row"),
        ("app.help: F1\n\nhome.new: h\n", 3, "home.new", "h is the key of home.history too"),
        ("home.new: q\n", 1, "home.new", "the key of app.leave too"),
        ("home.history: z\nhome.new: z\n", 1, "home.history", "z is the key of home.new too"),
        ("run.faster: [x, p]\n", 1, "run.faster", "the key of run.pause too"),
        ("- n\n", 1, "", "a mapping is wanted"),
        ("", 1, "", "empty"),
        ("home.new: [\n", 2, "", "no YAML"),
        ("home.new: &a n\n", 1, "", "anchors"),
    ],
)
def test_a_fault_is_named_with_line_and_key(text: str, line: int, key: str, words: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_keymap(text, "keymap.yaml", SCREENS)
    assert (caught.value.line, caught.value.key.partition("[")[0]) == (line, key)
    assert words in caught.value.message
    assert caught.value.hint


def test_the_same_key_on_other_screens_is_no_clash() -> None:
    assert parse_keymap("home.demo: p\n", "keymap.yaml", SCREENS).changed() == {"home.demo": "p"}


def test_two_actions_can_change_their_keys() -> None:
    keys = parse_keymap("home.new: h\nhome.history: n\n", "keymap.yaml", SCREENS)
    assert keys.changed() == {"home.new": "h", "home.history": "n"}


def test_a_file_that_cannot_be_read_is_an_error_of_usage(home: Home) -> None:
    keymap_file(home).mkdir()
    with pytest.raises(UsageError, match=r"keymap\.yaml"):
        load_keymap(home, SCREENS)


def test_the_keys_that_the_readme_shows_are_taken() -> None:
    (example,) = re.findall(r"```yaml\n(home\.new.*?)```", README.read_text(), re.DOTALL)
    assert parse_keymap(example, "README", SCREENS).changed()


def test_every_usual_key_can_be_written_in_a_file() -> None:
    for action in REGISTRY:
        key = find_key(action.shown)
        assert key is not None, action.id
        assert key.name == action.key.split(",")[0], action.id
        assert key.shown == action.shown, action.id


def test_what_is_reserved_are_keys() -> None:
    names = set(NAMED.values()) | {key.name for one in "jkgGOABCD[" if (key := find_key(one)) is not None}
    assert set(RESERVED) <= names


@given(st.text(max_size=3))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_what_is_taken_for_a_key_is_one_that_textual_binds(written: str) -> None:
    key = find_key(written)
    if key is not None:
        assert "," not in key.name
        (binding,) = Binding.make_bindings([Binding(key.name, "x")])
        assert binding.key == key.name
        (typed,) = (
            Binding.make_bindings([Binding(written, "x")]) if len(written) == 1 and written != "," else (binding,)
        )
        assert typed.key == key.name
        assert key.name in BindingsMap([binding]).key_to_bindings


def test_every_screen_counts_for_clashes() -> None:
    assert {HomeScreen, HistoryScreen, ConnectionsScreen, HelpScreen} <= set(every_screen())
    assert all(set(EVERYWHERE) <= one for one in SCREENS)
    assert set(BY_ID) == set().union(*SCREENS)


async def test_footer_help_and_palette_show_the_users_keys_and_the_keys_act(home: Home) -> None:
    app = app_with(home, "home.history: H\nhome.connections: h\napp.help: f1\napp.palette: ctrl+k\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, " H History", " h Connections", " f1 Help"), "the footer")
        await pilot.press("ctrl+k", *"hist")
        await until(pilot, shows(pilot, "History  (H)"), "the palette")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        await pilot.press("f1")
        await until(pilot, shows(pilot, "Help › Home"), "help")
        assert f"H\t{BY_ID['home.history'].help}" in app.screen.query_one(Pager).words
        assert f"ctrl+k\t{BY_ID['app.palette'].help}" in app.screen.query_one(Pager).words
        await pilot.press("escape", "H")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "History")
        await pilot.press("escape", "h")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "Connections")


async def test_the_usual_key_of_a_rebound_action_does_nothing(home: Home) -> None:
    app = app_with(home, "home.connections: Z\napp.palette: ctrl+k\napp.help: f1\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, " Z Connections"), "the footer")
        await pilot.press("o", "ctrl+p", "question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)


async def test_a_key_that_another_action_gave_up_can_be_taken(home: Home) -> None:
    app = app_with(home, "app.palette: ctrl+k\nhome.connections: ctrl+p\nhome.new: o\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, " o New", " ctrl+p Connections"), "the footer")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "Connections")


@pytest.mark.parametrize("key", ["H", "f5"])
async def test_each_of_several_keys_acts(home: Home, key: str) -> None:
    app = app_with(home, "home.history: [H, f5]\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, " H History"), "the footer")
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "History")


async def test_the_footer_fits_with_long_keys_too(home: Home) -> None:
    await PreparedJournal(home).run()
    app = app_with(home, "home.new: backspace\napp.leave: ctrl+e\napp.help: insert\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, " backspace New", " … insert Help"), "the footer")
        assert app.screen.query_one(KeyFooter).shown[-1].id == "app.help"
        assert max(map(len, screen_text(pilot).splitlines())) <= 80


def test_the_file_lies_in_the_config_folder(tmp_path: Path) -> None:
    assert keymap_file(Home.find(tmp_path)) == tmp_path / "config" / "keymap.yaml"


async def test_esc_goes_back_whatever_else_does_so(home: Home) -> None:
    app = app_with(home, "app.back: f9\n")
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("f9", "escape"):
            await pilot.press("h")
            await until(pilot, lambda: isinstance(app.screen, HistoryScreen), "History")
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")

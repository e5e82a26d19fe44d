"""The registry of actions: whole, unambiguous, and known to the screens."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from tests.ui.driving import PreparedJournal, new_app, screen_text, shows, until
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui import screens
from tui_migrate.ui.actions import BY_ID, EVERYWHERE, REGISTRY, bindings, in_order
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.keymap import USUAL
from tui_migrate.ui.palette import is_meant
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.footer import KeyFooter

RESERVED = set("[OABCDjkgG") | {"ctrl+u", "ctrl+d", "tab"}
"""What may be a piece of a split escape sequence, and what moves through tables."""


def all_screens() -> list[type[OperatorScreen]]:
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")

    def below(kind: type[OperatorScreen]) -> Iterator[type[OperatorScreen]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    return [one for one in below(OperatorScreen) if one.__module__.startswith("tui_migrate")]


def test_ids_are_unique_and_each_action_has_its_sentence() -> None:
    assert len(BY_ID) == len(REGISTRY)
    for one in REGISTRY:
        assert one.help.endswith("."), one.id
        assert one.help[0].isupper(), one.id
        assert one.help.count(". ") == 0, one.id
        assert one.id.count(".") == 1, one.id


def test_one_letter_means_one_thing() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for one in REGISTRY:
        if len(one.shown) == 1:
            meanings[one.shown].add((one.label or one.id).split()[0])
    assert {key: words for key, words in meanings.items() if len(words) > 1} == {}


def test_no_action_lies_on_a_key_that_moves_or_may_be_half_a_sequence() -> None:
    for one in REGISTRY:
        keys = set(one.key.split(","))
        if one.id != "run.delete" and one.id != "connection.delete":
            assert keys.isdisjoint(RESERVED), one.id


def test_what_deletes_asks_first_because_its_letter_may_be_half_a_sequence() -> None:
    on_d = [one for one in REGISTRY if one.key == "D"]
    assert all("asks first" in one.help for one in on_d)


@pytest.mark.parametrize("kind", all_screens(), ids=lambda kind: kind.__name__)
def test_a_screen_has_a_method_for_each_of_its_actions(kind: type[OperatorScreen]) -> None:
    for one in in_order(kind.ACTIONS):
        assert callable(getattr(kind, f"action_{one.method}", None)), one.id
    keys = [key for one in in_order(kind.ACTIONS) for key in one.key.split(",")]
    assert len(keys) == len(set(keys)), "two actions of a screen on one key"


def test_the_app_has_a_method_for_each_action_that_is_everywhere() -> None:
    for one in in_order(EVERYWHERE):
        assert callable(getattr(MigrateApp, f"action_{one.method.removeprefix('app.')}", None)), one.id


def test_every_action_belongs_to_a_screen() -> None:
    used = {one for kind in all_screens() for one in kind.ACTIONS} | set(EVERYWHERE)
    assert {one.id for one in REGISTRY} - used == set()


def test_an_unknown_action_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        bindings("home.nothing")


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("kind", [HomeScreen, HistoryScreen, ConnectionsScreen])
async def test_the_footer_fits_and_always_says_how_to_leave_and_get_help(
    home: Home, width: int, kind: type[OperatorScreen]
) -> None:
    app = new_app(home)
    async with app.run_test(size=(width, 24)) as pilot:
        if kind is not HomeScreen:
            await app.push_screen(kind())
        await until(pilot, shows(pilot, " q Leave", " ? Help"), "the footer")
        footer = app.screen.query_one(KeyFooter)
        shown, line = footer.shown, screen_text(pilot).splitlines()[-1]
        assert [one.id for one in shown[-2:]] == ["app.leave", "app.help"]
        assert list(shown[:-2]) == in_order(one.id for one in shown[:-2])
        assert cell_len(line) <= width
        every = sum(bool(one.label) for one in app.operator_screen.shown_actions()) if app.operator_screen else 0
        assert line.endswith(" … ? Help") is (len(shown) < every)


FIRST_AT_80 = {
    HomeScreen: ("n", "o", "h", "M", "K", "enter", "?"),
    RunScreen: ("p", "c", "+", "-", "l", "e", "q", "?"),
    HistoryScreen: ("enter", "/", "r", "q", "?"),
}
"""The keys that nobody should have to look for, and that stand there when all are available."""


@pytest.mark.parametrize("kind", FIRST_AT_80)
async def test_at_80_columns_the_footer_has_what_is_needed_most_and_says_that_there_is_more(
    home: Home, kind: type[OperatorScreen]
) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)):
        footer = app.screen.query_one(KeyFooter)
        footer.show(USUAL.in_order([*kind.ACTIONS, *EVERYWHERE]), kind.NEEDED)
        assert set(FIRST_AT_80[kind]) <= {one.shown for one in footer.shown}
        line = footer.render_line(0).text
        assert line.rstrip().endswith(" … ? Help")
        assert all(f" {one.shown} {one.short}" in line for one in footer.shown)


@pytest.mark.parametrize("kind", all_screens(), ids=lambda kind: kind.__name__)
def test_what_a_screen_needs_first_is_among_its_actions(kind: type[OperatorScreen]) -> None:
    assert set(kind.NEEDED) <= {*kind.ACTIONS, *EVERYWHERE}


async def test_the_palette_offers_what_works_here_and_does_it(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        await pilot.press("ctrl+p")
        await pilot.press(*"conn")
        await until(pilot, shows(pilot, "Connections  (o)"), "the palette")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "Connections")


async def test_the_palette_finds_what_is_meant_by_its_sentence_and_by_other_words(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        await pilot.press("ctrl+p", *"restore")
        await until(pilot, shows(pilot, "Backups  (K)"), "what restores")
        await pilot.press(*["backspace"] * len("restore"), *"sync")
        await until(pilot, shows(pilot, "Compare  (M)"), "what syncs")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("undo", {"home.history", "home.backups", "run.rollback", "run.delete", "backup.restore"}),
        ("roll back", {"home.history", "run.cancel", "run.rollback"}),
        ("import", {"home.new", "home.backups", "backup.restore"}),
        ("sync", {"home.compare", "compare.plan"}),
        ("quit", {"app.leave"}),
        ("ack", set()),
    ],
)
def test_a_query_means_actions_by_the_beginnings_of_words(query: str, ids: set[str]) -> None:
    assert {one.id for one in REGISTRY if is_meant(one, query)} == ids


async def test_help_lists_the_keys_of_every_screen(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(HistoryScreen())
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen), "Help")
        await until(pilot, shows(pilot, "Keys that work here now"), "the keys")


async def test_the_palette_finds_what_cannot_be_done_with_this_row_and_says_so(home: Home) -> None:
    await PreparedJournal(home).run(RunState.FAILED, documents=0)
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "✗ failed"))
        await pilot.press("ctrl+p", *"rollb")
        await until(pilot, shows(pilot, "Roll back  (r)", "Not with what is under the cursor. See what a"))
        await until(pilot, shows(pilot, "History  (h)"))
        await pilot.press("down", "enter")
        await until(pilot, shows(pilot, "✗ Roll back: not with what is under the cursor."))
        assert isinstance(app.screen, HomeScreen)

"""The Connections screen: who answers, wrong credentials, faults of the file, deleting."""

import pytest

from tests.cli.conftest import PASSWORD
from tests.ui.connection_scene import SIZE, field, opened
from tests.ui.driving import new_app, screen_text, shows, table_cells, until
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.ui.screens.connection_pane import ConnectionPane
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.dialogs import Choose

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    # The same sockets, when they are collected while the test still runs.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_without_connections_it_says_which_key_adds_one(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await until(pilot, shows(pilot, "No connection has a name yet: n adds one."), "that there is none")


async def test_a_connection_says_who_answers(home: Home, mongodb_url: str) -> None:
    connections.write(home, [Connection("dev", f"{mongodb_url}/shop", Environment.DEVELOPMENT)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("t")
        await until(pilot, shows(pilot, "✓ ", " ms", "without a user", "just now"), "who answers")
        assert app.session.seen["dev"].fault is None
        assert app.session.seen["dev"].version in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "There was no run yet", " ms"), "the same on Home")


async def test_a_dead_server_is_a_fault_and_no_end(home: Home) -> None:
    connections.write(home, [Connection("dead", "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("t")
        await until(pilot, shows(pilot, "✗ "), "the fault")
        assert app.session.seen["dead"].fault is not None
        assert app.is_running


async def test_esc_cancels_a_server_that_says_nothing_and_it_is_told_how_long_it_waits(
    home: Home, silent_url: str
) -> None:
    connections.write(home, [Connection("silent", silent_url)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        screen = await opened(pilot, 1)
        pane = screen.query_one(ConnectionPane)
        await pilot.press("t")
        await until(pilot, shows(pilot, "connecting…, esc cancels"), "the wait")
        pane._begin -= 7
        pane._draw()
        await until(pilot, shows(pilot, "waiting 7 s, esc cancels"), "how long it waits")
        await pilot.press("j", "k")
        await pilot.press("escape")
        await until(pilot, lambda: not pane.is_testing, "the end of it")
        assert app.screen is screen
        await until(pilot, shows(pilot, "not tried yet"), "that it was not seen")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "Home")


@pytest.mark.slow
async def test_a_test_on_another_screen_does_not_end_the_one_that_waits_on_home(home: Home, silent_url: str) -> None:
    connections.write(home, [Connection("silent", silent_url)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "There was no run yet", "not tried yet"), "Home")
        pane = app.screen.query_one(ConnectionPane)
        pane.table.focus()
        await until(pilot, lambda: app.screen.focused is pane.table, "the connections")
        await pilot.press("t")
        await until(pilot, lambda: pane.is_testing, "the wait")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
        await until(pilot, shows(pilot, "silent"), "it read")
        other = app.screen.query_one(ConnectionPane)
        await pilot.press("t")
        await until(pilot, lambda: other.is_testing, "another wait")
        await pilot.press("escape")
        await until(pilot, lambda: not other.is_testing, "its end")
        assert pane._work is not None
        assert not pane._work.is_finished
        await pilot.press("escape")
        await until(pilot, shows(pilot, "There was no run yet", "esc cancels"), "Home, which waits")
        await pilot.press("escape")
        await until(pilot, lambda: not pane.is_testing, "its end")


async def test_wrong_credentials_are_asked_for_again_and_never_shown(home: Home, guarded_url: str) -> None:
    hosts, _, rest = guarded_url.partition("/")
    connections.write(home, [Connection("shop", f"mongodb://reader@{hosts}/{rest}", Environment.STAGING)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await pilot.press("t")
        await until(
            pilot, shows(pilot, "Connection  shop/shop", f"Host        {hosts}", "User        reader"), "question"
        )
        field(pilot, "password").value = "hunter2 wrong"
        await pilot.press("enter")
        await until(pilot, shows(pilot, "does not accept the user name"), "the question again")
        field(pilot, "password").value = PASSWORD
        assert "hunter2" not in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, shows(pilot, "✓ ", "as reader"), "who answers")
        assert app.session.passwords == {"shop/shop": PASSWORD}
        assert "hunter2" not in screen_text(pilot)
    for path in home.config.parent.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_fault_in_the_file_stands_there_with_file_line_and_key_until_it_is_mended(
    home: Home, size: tuple[int, int]
) -> None:
    home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n    pasword: hunter2\n")
    app = new_app(home)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(ConnectionsScreen())
        await until(pilot, shows(pilot, "line   4", "connections.prod.pasword", "ctrl+r"), "the fault")
        assert "hunter2" not in screen_text(pilot)
        await pilot.press("n", "t", "enter", "D")
        assert isinstance(app.screen, ConnectionsScreen)
        home.connections.write_text("connections:\n  prod:\n    url: mongodb://h/d\n")
        await pilot.press("ctrl+r")
        await until(pilot, shows(pilot, "production"), "the connection")
        assert "line   4" not in screen_text(pilot)


async def test_deleting_asks_and_takes_the_one_out(home: Home) -> None:
    connections.write(home, [Connection("a", "mongodb://h/d"), Connection("b", "mongodb://h/d")])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 2)
        await pilot.press("j", "D")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
        assert list(connections.load(home)) == ["a", "b"]
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: len(table_cells(pilot, "#connections")) == 1, "one left")
        assert list(connections.load(home)) == ["a"]
        await until(pilot, shows(pilot, "✓ Deleted; what it led to is as it was: b"), "what it comes to, then which")

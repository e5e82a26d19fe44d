"""The form of one connection: what is typed, tested and saved."""

import sys
import threading

import pytest
from textual import events

from tests.cli.conftest import ENCODED, PASSWORD
from tests.keyrings import LockedKeyring, in_force
from tests.ui.connection_scene import SIZE, field, form, opened, pick, said
from tests.ui.driving import SECONDS, PreparedJournal, new_app, screen_text, shows, until
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.ui import connection_entry
from tui_migrate.ui.connection_entry import Entry
from tui_migrate.ui.screens import connection_form
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connections import ConnectionsScreen
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.widgets.pick import Pick
from tui_migrate.ui.widgets.url_input import masked

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    # The same sockets, when they are collected while the test still runs.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.slow
async def test_a_pasted_url_loses_its_password_at_once_and_is_tested_named_and_saved(
    home: Home, guarded_url: str
) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        assert " f1 Help" in screen_text(pilot)
        assert "q Leave" not in screen_text(pilot)
        await pilot.press("f1")
        await until(pilot, shows(pilot, "Help › Connections › new", "in a text field f1 does"), "help")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConnectionForm), "the form again")
        url = f"mongodb://reader:{ENCODED}@{guarded_url}"
        pilot.app.screen.focused.post_message(events.Paste(url))  # type: ignore[union-attr]  # its first field has the focus
        await until(pilot, lambda: field(pilot, "url").value == f"mongodb://reader@{guarded_url}", "the URL without it")
        assert "hunter2" not in screen_text(pilot)
        await until(
            pilot, shows(pilot, "The password was taken out of the URL", "the one of the URL is used"), "that it was"
        )
        field(pilot, "name").value = "shop"
        assert "left and right" not in screen_text(pilot)
        await pick(pilot, "environment", "development")
        await until(pilot, shows(pilot, "‹ development ›   left and right change it", "? Help"), "how it is changed")
        await pick(pilot, "place", "file")
        await until(pilot, shows(pilot, "File"), "its field")
        field(pilot, "where").value = "shop.password"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
        await until(pilot, shows(pilot, "shop is saved", "as reader"), "who answered")
        assert "hunter2" not in screen_text(pilot)
    saved = connections.load(home)["shop"]
    assert (saved.environment, saved.password_file) == (Environment.DEVELOPMENT, "shop.password")
    assert connections.stored_password(saved, home) == PASSWORD
    assert "hunter2" not in home.connections.read_text()


@pytest.mark.slow
async def test_a_password_that_is_typed_into_a_url_is_never_to_be_read(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        for character in "mongodb://anna:hunter2@h/shop":
            await pilot.press("slash" if character == "/" else "colon" if character == ":" else character)
            assert "hun" not in screen_text(pilot)
        await pilot.pause()
        assert "hunter" not in screen_text(pilot)
        await until(pilot, shows(pilot, "the one of the URL is used"), "that it need not be typed again")
        field(pilot, "url").value = "mongodb://db1.example:27018"
        await until(pilot, shows(pilot, "mongodb://db1.example:•••••"), "what may become a password")
        await pilot.press("tab")
        await until(pilot, shows(pilot, "mongodb://db1.example:27018"), "a port, now that no more is typed")
        field(pilot, "url").value = "mongodb://anna:hunter2"
        await until(pilot, shows(pilot, "mongodb://anna:•••••••"), "what is no port")


async def test_two_servers_on_one_host_are_told_apart_by_what_is_never_cut(home: Home) -> None:
    urls = ("mongodb://127.0.0.1:36421/second_brain", "mongodb://127.0.0.1:36422/second_brain")
    connections.write(home, [Connection(name, url) for name, url in zip(("source", "target"), urls, strict=True)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 2)
        await until(pilot, shows(pilot, "127.0.0.1:36421/", "127.0.0.1:36422/", f" {urls[0]} · not tried"), "the ports")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mongodb://127.0.0.1:4589", "mongodb://127.0.0.1:4589"),
        ("mongodb://localhost:2", "mongodb://localhost:2"),
        ("mongodb://[::1]:27017,h:2/d", "mongodb://[::1]:27017,h:2/d"),
        ("mongodb://h:27017/d", "mongodb://h:27017/d"),
        ("mongodb://anna:12345", "mongodb://anna:•••••"),
        ("mongodb://127.0.0.1:123456", "mongodb://127.0.0.1:••••••"),
        ("mongodb://127.0.0.1:secret", "mongodb://127.0.0.1:••••••"),
        ("mongodb://anna:a@h:27017/d", "mongodb://anna:•@h:27017/d"),
        ("mongodb://127.0.0.1:1,anna:a@h", "mongodb://127.0.0.1:••••••••@h"),
    ],
)
def test_dots_are_over_what_stands_between_user_and_host_alone(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.slow
async def test_nobody_answering_asks_whether_to_save_all_the_same(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        field(pilot, "url").value = "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200"
        field(pilot, "name").value = "dead"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionForm), "the form")
        assert "Nothing was saved" in said(pilot)
        assert field(pilot, "name").value == "dead"
        assert connections.load(home) == {}
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
    assert list(connections.load(home)) == ["dead"]


@pytest.mark.slow
async def test_a_mistake_is_said_and_what_was_typed_stays(home: Home) -> None:
    connections.write(home, [Connection("there", "mongodb://h/d")])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await form(pilot)
        for url, name, words in (
            ("", "x", "no URL"),
            ("mongodb://h/d", "BAD NAME", "the name has"),
            ("mongodb://h/d", "there", "already"),
        ):
            field(pilot, "url").value, field(pilot, "name").value = url, name
            await pilot.press("ctrl+s")
            await until(pilot, lambda words=words: words in said(pilot), words)  # type: ignore[misc]  # bound per turn
            assert (field(pilot, "url").value, field(pilot, "name").value) == (url, name)
    assert list(connections.load(home)) == ["there"]


@pytest.mark.slow
async def test_in_clear_it_is_kept_only_where_the_user_insists(home: Home, guarded_url: str) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        field(pilot, "url").value = f"mongodb://reader@{guarded_url}"
        field(pilot, "name").value = "shop"
        await until(pilot, lambda: bool(app.screen.query_one("#password-field").display), "its fields")
        await pick(pilot, "place", "clear")
        field(pilot, "password").value = PASSWORD
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, TypeName), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConnectionForm), "the form")
        assert connections.load(home) == {}
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, TypeName), "the question")
        await pilot.press(*"shop", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
    assert connections.load(home)["shop"].password == PASSWORD


@pytest.mark.slow
async def test_esc_cancels_the_test_first_and_asks_before_what_was_typed_is_lost(home: Home, silent_url: str) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        screen = await form(pilot)
        field(pilot, "url").value, field(pilot, "name").value = silent_url, "silent"
        await pilot.press("ctrl+s")
        await until(pilot, shows(pilot, "Connecting… esc cancels"), "the wait")
        screen._begin -= 9
        screen._tick()
        await until(pilot, shows(pilot, "Connecting… 9 s without an answer"), "how long it waits")
        await pilot.press("escape")
        await until(pilot, lambda: "cancelled" in said(pilot), "the end of it")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Leave without saving?"), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the form")
        assert field(pilot, "name").value == "silent"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
    assert connections.load(home) == {}


async def test_leaving_the_app_asks_before_what_was_typed_is_lost(home: Home) -> None:
    connections.write(home, [Connection("dev", "mongodb://127.0.0.1:1/shop", Environment.STAGING)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        screen = await form(pilot, "enter")
        screen.query_one("#environment").focus()
        await pilot.press("right", "q")
        await until(pilot, shows(pilot, "Leave without saving?"), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen, "the form")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen), "the help over it")
        await pilot.press("q")
        await until(pilot, shows(pilot, "Leave without saving?"), "the question again")
        assert app.is_running
        await pilot.press("j", "enter")
        await until(pilot, lambda: not app.is_running, "the end")


async def test_what_is_being_saved_is_neither_saved_again_nor_left(
    home: Home, mongodb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, calls = threading.Event(), list[str]()

    def slow(place: Home, entry: Entry) -> Connection:
        calls.append(entry.name)
        let_go.wait(SECONDS)
        return connection_entry.save(place, entry)

    monkeypatch.setattr(connection_form, "save", slow)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        screen = await form(pilot)
        field(pilot, "url").value, field(pilot, "name").value = f"{mongodb_url}/shop", "dev"
        try:
            await pilot.press("ctrl+s")
            await until(pilot, lambda: calls == ["dev"], "that it is written")
            await pilot.press("ctrl+s", "escape")
            await until(pilot, shows(pilot, "It is being saved."), "why nothing else is done")
            assert app.screen is screen
        finally:
            let_go.set()
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
        await until(pilot, shows(pilot, "dev is saved"), "that it is saved")
    assert calls == list(connections.load(home)) == ["dev"]


async def test_changing_begins_with_what_is_known(home: Home, mongodb_url: str) -> None:
    connections.write(home, [Connection("dev", f"{mongodb_url}/shop", Environment.STAGING)])
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 1)
        await form(pilot, "enter")
        assert field(pilot, "name").value == "dev"
        assert app.screen.query_one("#environment", Pick).chosen == "staging"
        await pick(pilot, "environment", "production")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
    assert connections.load(home)["dev"].environment is Environment.PRODUCTION


@pytest.mark.slow
async def test_the_password_of_each_test_is_asked_in_a_window_that_esc_leaves(home: Home, guarded_url: str) -> None:
    await PreparedJournal(home).run(RunState.COMPLETED)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        field(pilot, "url").value = f"mongodb://reader@{guarded_url}"
        field(pilot, "name").value = "shop"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, AskPassword), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Choose), "whether to save all the same")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConnectionForm), "the form")
        assert "no password was given" in said(pilot)


@pytest.mark.slow
async def test_the_keyring_gets_a_password_and_loses_it_with_the_connection(home: Home, guarded_url: str) -> None:
    app = new_app(home)
    with in_force(backend := LockedKeyring()):
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, 0)
            await form(pilot)
            field(pilot, "url").value = f"mongodb://reader@{guarded_url}"
            field(pilot, "name").value = "shop"
            await until(pilot, lambda: bool(app.screen.query_one("#password-field").display), "its fields")
            await pick(pilot, "place", "keyring")
            assert not app.screen.query_one("#where-field").display
            field(pilot, "password").value = PASSWORD
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "is locked" in said(pilot), "that it is locked")
            assert connections.load(home) == {}
            backend.is_locked = False
            await pilot.press("ctrl+s")
            await until(pilot, lambda: isinstance(app.screen, ConnectionsScreen), "the list")
            assert backend.entries == {"tui-migrate:shop/reader": PASSWORD}
            app.session.passwords.clear()
            app.session.seen.clear()
            await pilot.press("t")
            await until(pilot, lambda: "shop" in app.session.seen, "who answers")
            assert app.session.seen["shop"].fault is None
            assert "hunter2" not in screen_text(pilot) + home.connections.read_text()
            await pilot.press("D")
            await until(pilot, shows(pilot, "taken out of the system keyring"), "the question")
            await pilot.press("j", "enter")
            await until(pilot, lambda: backend.entries == {}, "it gone")
    assert connections.load(home) == {}


async def test_a_password_that_the_keyring_does_not_give_up_is_said(home: Home) -> None:
    connections.write(home, [Connection("a", "mongodb://anna@h/d", keyring=True)])
    app = new_app(home)
    with in_force(LockedKeyring()):
        async with app.run_test(size=(120, 24)) as pilot:
            await opened(pilot, 1)
            await until(pilot, shows(pilot, "in the system keyring"), "its place")
            await pilot.press("D")
            await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
            await pilot.press("j", "enter")
            await until(pilot, shows(pilot, "its password stays in the keyring: the system keyring is locked"), "that")
    assert connections.load(home) == {}


async def test_without_the_keyrings_library_the_form_says_what_to_install(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await opened(pilot, 0)
        await form(pilot)
        await until(pilot, shows(pilot, "pip install", "'tui-migrate[keyring]'"), "what to install")

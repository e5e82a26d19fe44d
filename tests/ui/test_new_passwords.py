"""Passwords of the ends of a new migration: split off a URL, asked for, wrong, and never to be seen."""

import pytest
from textual import events
from textual.widgets import Input

from tests.cli.conftest import ENCODED, PASSWORD
from tests.ui.driving import screen_text, until
from tests.ui.new_scene import ask, by_url, pick, says, session, type_into, wizard
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, StoreEnd
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.database_choice import AskDatabase
from tui_migrate.ui.screens.dialogs import AskPassword, Choose
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.screens.end_dialogs import AskUrl

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.slow
async def test_a_password_in_a_url_is_split_off_and_never_to_be_seen(home: Home, guarded_url: str) -> None:
    async with wizard(home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "typed", AskUrl)
        await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input), "the input")
        for character in "mongodb://reader:hunter2":
            await pilot.press({"/": "slash", ":": "colon"}.get(character, character))
            assert "hun" not in screen_text(pilot)
        entry = pilot.app.screen.query_one(Input)
        entry.value = ""
        entry.post_message(events.Paste(f"mongodb://reader:{ENCODED}@{guarded_url}"))
        await until(pilot, says(pilot, "The password was taken out of it"), "that it was taken")
        assert entry.value == f"mongodb://reader@{guarded_url}"
        await pilot.press("enter")
        await until(pilot, says(pilot, "1 collection, 10 documents"), "the source")
        assert "hunter2" not in screen_text(pilot)
        source = session(pilot).draft.source
        assert isinstance(source, StoreEnd)
        assert source.environment is Environment.PRODUCTION
        assert session(pilot).passwords == {source.label: PASSWORD}
        assert "PRODUCTION" in screen_text(pilot)
    for path in home.config.parent.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes()


@pytest.mark.slow
async def test_a_wrong_password_in_a_url_is_a_fault_and_t_asks_for_another(home: Home, guarded_url: str) -> None:
    async with wizard(home) as pilot:
        await by_url(pilot, Role.SOURCE, f"mongodb://reader:wrong@{guarded_url}")
        await until(pilot, says(pilot, "does not accept the user name and password", "t asks for it"), "the fault")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question")
        assert "User        reader" in screen_text(pilot)
        await pilot.press("enter")
        await until(pilot, says(pilot, "Nothing is typed yet."), "that there is nothing")
        await type_into(pilot, "also wrong")
        await until(pilot, says(pilot, "does not accept"), "it asked again")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question again")
        await type_into(pilot, PASSWORD)
        await until(pilot, says(pilot, "1 collection, 10 documents"), "the source")
        assert "hunter2" not in screen_text(pilot)


@pytest.mark.slow
async def test_the_same_url_with_the_right_password_is_tried_anew(home: Home, guarded_url: str) -> None:
    async with wizard(home) as pilot:
        await by_url(pilot, Role.SOURCE, f"mongodb://reader:wrong@{guarded_url}")
        await until(pilot, says(pilot, "does not accept"), "the fault")
        await by_url(pilot, Role.SOURCE, f"mongodb://reader:{ENCODED}@{guarded_url}")
        await until(pilot, says(pilot, "1 collection, 10 documents"), "the source")


@pytest.mark.slow
async def test_the_password_of_a_connection_is_asked_for_and_esc_leaves_it(home: Home, guarded_url: str) -> None:
    connections.write(home, [Connection("shop", f"mongodb://reader@{guarded_url}", Environment.STAGING)])
    source = StoreEnd("shop", connection="shop", environment=Environment.STAGING)
    async with wizard(home, Draft(source)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question")
        await pilot.press("escape")
        await until(pilot, says(pilot, "✗ the right password was not given", "t asks for it"), "the fault")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question")
        first = pilot.app.screen
        await type_into(pilot, "hunter2 wrong")
        await until(pilot, lambda: pilot.app.screen is not first, "the question again")
        await until(pilot, says(pilot, "does not accept the user name and password"), "why")
        await type_into(pilot, PASSWORD)
        await until(pilot, says(pilot, "1 collection, 10 documents"), "the source")
        assert session(pilot).passwords == {"shop/shop": PASSWORD}
        assert "hunter2" not in screen_text(pilot)
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "connection:shop", AskDatabase)
        await until(pilot, says(pilot, "Its databases are not listed:", "not authorized"), "that it is not told")
        await type_into(pilot, "elsewhere")
        await until(pilot, says(pilot, "Source elsewhere on shop"), "what was typed all the same")
        assert session(pilot).passwords["shop/elsewhere"] == PASSWORD, "typed once for one user of one server"


@pytest.mark.slow
async def test_esc_at_the_password_goes_back_to_the_choice_and_asks_nothing_more(home: Home, guarded_url: str) -> None:
    connections.write(home, [Connection("shop", f"mongodb://reader@{guarded_url}", Environment.STAGING)])
    async with wizard(home) as pilot:
        await ask(pilot, Role.SOURCE)
        await pick(pilot, "connection:shop", AskPassword)
        await type_into(pilot, "hunter2 wrong")
        await until(pilot, says(pilot, "does not accept the user name and password"), "why")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the choice")
        assert "›shop" in screen_text(pilot)


async def test_a_server_that_is_gone_when_the_password_is_tried_is_a_fault(home: Home) -> None:
    url = "mongodb://anna@127.0.0.1:1/shop?serverSelectionTimeoutMS=200"
    connections.write(home, [Connection("dead", url, Environment.STAGING)])
    source = StoreEnd("shop", connection="dead", environment=Environment.STAGING)
    async with wizard(home, Draft(source, PackageEnd("/p"))) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question")
        await type_into(pilot, "whatever")
        await until(pilot, says(pilot, "✗ ", "t tries again", "shop on dead cannot be used"), "the fault")
        assert not session(pilot).looks.is_pending
        assert session(pilot).passwords == {}

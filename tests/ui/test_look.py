import pytest

from tests.ui.driving import NOW
from tests.waiting import waiting_less_than
from tui_migrate.errors import Unreachable
from tui_migrate.paths import Home
from tui_migrate.plan.model import StoreEnd
from tui_migrate.stores.mongodb import client
from tui_migrate.stores.registry import Locator
from tui_migrate.ui.greeting import greet
from tui_migrate.ui.look import EndLook, LookState, Opening, databases_of, look_at_end

NOBODY = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "KNOCK_SECONDS", 0.1)


async def test_a_server_that_turns_us_away_is_soon_said_to(home: Home) -> None:
    opening, told = Opening(home, {}, lambda: NOW), list[EndLook]()
    with waiting_less_than(client.SELECTION_MS / 1000 - 2):
        await look_at_end(NOBODY, opening, told.append)
        asked = await databases_of(NOBODY, opening)
    assert [one.state for one in told] == [LookState.CONNECTING, LookState.FAILED]
    for fault in (told[-1].fault, asked):
        assert "connection refused" in str(fault)


async def test_a_server_that_turns_us_away_is_not_greeted_for_long() -> None:
    with waiting_less_than(client.SELECTION_MS / 1000 - 2), pytest.raises(Unreachable, match="connection refused"):
        await greet(Locator(NOBODY.url, NOBODY.database), NOW)

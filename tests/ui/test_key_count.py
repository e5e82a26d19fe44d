"""How few keys it takes somebody who knows the way: from Home to a migration that has begun."""

import pytest
from textual.pilot import Pilot

from tests.ui.driving import shows, until
from tests.ui.new_scene import SIZE, Shop, live_app, shop
from tui_migrate.journal.reader import JournalReader
from tui_migrate.plan.model import Policy
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.run import RunScreen

__all__ = ["shop"]

MOST = 12

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Counted:
    """Presses keys and counts them."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.count = 0

    async def press(self, *keys: str, then: str) -> None:
        """Press, and wait until the screen says what came of it."""
        self.count += len(keys)
        await self._pilot.press(*keys)
        await until(self._pilot, shows(self._pilot, then), then)


@pytest.mark.slow
async def test_an_expert_starts_a_migration_of_all_collections_in_few_keys(shop: Shop) -> None:
    await shop.used_before(("users",))
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "Home")
        await until(pilot, shows(pilot, "0001"), "the run")
        counted = Counted(pilot)
        await counted.press("n", then="›Pair")
        await counted.press("enter", then="Pair taken; ctrl+n goes on")
        await counted.press("ctrl+n", then="1 of 2 marked")
        await counted.press("asterisk", then="Mark by pattern")
        await counted.press("asterisk", "enter", then="2 of 2 marked")
        await counted.press("ctrl+n", then="counted by their ids")
        await counted.press("down", "enter", then="s starts the run")
        await counted.press("s", then="run 0002")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        assert counted.count <= MOST
    reader = await JournalReader.open(shop.home.journal)
    try:
        plan = from_yaml((await reader.run(2)).plan, "the plan")
    finally:
        await reader.close()
    assert ([one.name for one in plan.collections], plan.policy) == (["orders", "users"], Policy.SKIP)
    assert counted.count == 10

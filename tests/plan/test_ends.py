from dataclasses import replace

import pytest

from tests.engine.scene import Scene, put
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.plan import ends
from tui_migrate.plan.model import Policy, StoreEnd
from tui_migrate.stores import registry
from tui_migrate.stores.base import Source
from tui_migrate.stores.registry import Locator

FAR = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Locator]:
    """The stores that were opened since."""
    seen, open_source = list[Locator](), registry.open_source

    def opening(locator: Locator) -> Source:
        seen.append(locator)
        return open_source(locator)

    monkeypatch.setattr(registry, "open_source", opening)
    return seen


async def test_a_run_waits_for_its_source_and_who_watches_does_not(scene: Scene, asked: list[Locator]) -> None:
    await put(scene.source, doc(int32(1)))
    plan = replace(await scene.plan(Policy.OVERWRITE), source=FAR)
    asked.clear()
    for source in (
        ends.open_planned_source(plan, scene.home, {}),
        ends.open_source(FAR, scene.home, {}),
        ends.open_source(FAR, scene.home, {}, is_patient=False),
    ):
        await source.close()
    assert [one.is_patient for one in asked] == [True, True, False]

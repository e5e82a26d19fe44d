from collections.abc import AsyncIterator

import pytest

from tests.suites.change_cases import ChangeCases
from tests.suites.store_cases import Place, StoreCases
from tui_migrate.stores.registry import Locator, open_target


async def _place(url: str, database: str) -> AsyncIterator[Place]:
    place = Place(open_target(Locator(url, database)), open_target(Locator(url, database)))
    yield place
    await place.stranger.close()
    await place.store.close()


class TestReplicaSet(StoreCases, ChangeCases):
    @pytest.fixture
    async def place(self, mongodb_url: str, database: str) -> AsyncIterator[Place]:
        async for place in _place(mongodb_url, database):
            yield place


class TestStandalone(StoreCases, ChangeCases):
    @pytest.fixture
    async def place(self, mongodb_standalone_url: str, database: str) -> AsyncIterator[Place]:
        async for place in _place(mongodb_standalone_url, database):
            yield place

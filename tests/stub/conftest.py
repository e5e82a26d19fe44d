from collections.abc import AsyncIterator

import pytest

from tests.stub.server import StubServer, running
from tui_migrate.stores.mongodb import MongoStore


@pytest.fixture
async def stub() -> AsyncIterator[StubServer]:
    async with running(StubServer()) as server:
        yield server


@pytest.fixture
async def store(stub: StubServer) -> AsyncIterator[MongoStore]:
    """A target at the stub; what the stub is can be changed until the first call."""
    opened = MongoStore(stub.url, "shop")
    yield opened
    await opened.close()

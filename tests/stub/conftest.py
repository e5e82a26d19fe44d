import os
from collections.abc import AsyncIterator

import pytest

from tests.conftest import EXTERNAL
from tests.stub.server import StubServer, running
from tui_migrate.stores.mongodb import MongoStore

# What the stub stands in for is tried on a real server where there is one.
collect_ignore = [] if os.environ.get(EXTERNAL) else ["test_on_mongodb.py"]


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

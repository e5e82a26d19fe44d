"""A replica set on which failures can be staged, through the `failCommand` failpoint of MongoDB's test commands."""

import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from tui_migrate.stores.mongodb import MongoStore

Stage = Callable[..., Awaitable[None]]


@pytest.fixture
def lost_sockets() -> Iterator[None]:
    """Let go of the socket that pymongo forgets when it is closed while its monitor reconnects after a lost line.

    Else the warning about it would fail whatever test is running when it is collected.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
async def store(mongodb_url: str, database: str, lost_sockets: None) -> AsyncIterator[MongoStore]:
    store = MongoStore(mongodb_url, database)
    yield store
    await store.close()


@pytest.fixture
async def stage(mongodb_url: str, lost_sockets: None) -> AsyncIterator[Stage]:
    """Stage a failure of some commands: `await stage("insert", times=1, errorCode=91)`."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url)

    async def configure(*commands: str, times: int = 1, skip: int = 0, **data: object) -> None:
        mode = {"times": times, "skip": skip} if skip else {"times": times}
        await client.admin.command(
            {"configureFailPoint": "failCommand", "mode": mode, "data": {"failCommands": commands, **data}}
        )

    try:
        await client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    except OperationFailure:
        await client.close()
        pytest.skip("this server has no test commands")
    yield configure
    await client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    await client.close()

"""A replica set on which failures can be staged, through the `failCommand` failpoint of MongoDB's test commands."""

import gc
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

from tests.servers import mongo_server
from tui_migrate.stores.mongodb import MongoStore

Stage = Callable[..., Awaitable[None]]

PASSWORD = "s3cret/@:pass"


@pytest.fixture
def lost_sockets() -> Iterator[None]:
    """Let go of the socket that pymongo forgets when it is closed while its monitor reconnects after a lost line.

    Else the warning about it would fail whatever test is running when it is collected.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def guarded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for a password; `reader` may read the database `shop`."""
    storage = tmp_path_factory.mktemp("guarded")
    with mongo_server(storage=storage) as server:
        client: MongoClient[dict[str, object]] = MongoClient(server.url)
        client.admin.command({"createUser": "reader", "pwd": PASSWORD, "roles": [{"role": "read", "db": "shop"}]})
        client.close()
    with mongo_server("--auth", storage=storage) as server:
        yield f"mongodb://reader@127.0.0.1:{server.port}"


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

"""Fixtures that many tests share: real MongoDB servers, started when the first test asks, one each per worker."""

import gc
import os
import sys
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings
from pymongo import MongoClient

from tests.programs import miss
from tests.servers import find_secantusd, mongo_server

EXTERNAL = "TUI_MIGRATE_TEST_MONGODB"
EXTERNAL_SECOND = "TUI_MIGRATE_TEST_MONGODB_SECOND"
"""`mongodb://host:port`, each of a replica set."""

# Most of the programs that tests start load the same modules: where bytecode is not kept, each would compile them anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("quick")


def pytest_xdist_auto_num_workers() -> int | None:
    """Have two workers more than processors: most tests wait for a screen, a process or a server rather than work."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    # Not all processors of the machine may be ours.
    ours = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return ours + 2


def pytest_collection_finish() -> None:
    """Keep the collector of garbage from looking through thousands of tests whenever one of them calls for it."""
    gc.collect()
    gc.freeze()


def _require_server() -> None:
    if find_secantusd() is None:
        miss("secantusd-py is not installed: pip install 'tui-migrate[demo]'")


def _server_url(*options: str) -> Iterator[str]:
    _require_server()
    with mongo_server(*options) as server:
        yield server.url


@pytest.fixture(scope="session")
def mongodb_url() -> Iterator[str]:
    """A replica set: the server that TUI_MIGRATE_TEST_MONGODB names, or one of our own."""
    external = os.environ.get(EXTERNAL)
    if external:
        yield external
    else:
        yield from _server_url("--enable-test-commands")


@pytest.fixture(scope="session")
def mongodb_second_url() -> Iterator[str]:
    """Another replica set: the one that TUI_MIGRATE_TEST_MONGODB_SECOND names, or one of our own."""
    external = os.environ.get(EXTERNAL_SECOND)
    if external:
        yield external
    else:
        yield from _server_url()


@pytest.fixture(scope="session")
def mongodb_standalone_url() -> Iterator[str]:
    """A server without transactions."""
    yield from _server_url("--standalone", "--enable-test-commands")


@pytest.fixture(scope="session")
def mongodb_pair(mongodb_url: str, mongodb_second_url: str) -> tuple[str, str]:
    """Two servers: a source and a target."""
    return mongodb_url, mongodb_second_url


@pytest.fixture(scope="module")
def fresh_pair(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Two servers that only one module uses, for what fills a server's cache: who had it before keeps parts of it."""
    if EXTERNAL in os.environ:
        yield request.getfixturevalue("mongodb_pair")
    else:
        _require_server()
        with mongo_server() as source, mongo_server() as target:
            yield source.url, target.url


@pytest.fixture
def database() -> Iterator[str]:
    """A fresh database name, dropped after the test on a server that is not ours to end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield name
    for external in filter(None, map(os.environ.get, (EXTERNAL, EXTERNAL_SECOND))):
        client: MongoClient[dict[str, object]] = MongoClient(external)
        try:
            client.drop_database(name)
        finally:
            client.close()

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from tests.servers import mongo_server
from tests.suites.documents import doc
from tests.suites.ids import int32
from tests.suites.store_cases import NAME, everything, fill
from tests.waiting import waiting_less_than
from tui_migrate.documents import pack
from tui_migrate.errors import Unreachable
from tui_migrate.stores.base import Capabilities
from tui_migrate.stores.mongodb import MongoStore, client
from tui_migrate.stores.mongodb import reading as reading_of
from tui_migrate.stores.registry import Locator, open_source, open_target

pytestmark = pytest.mark.usefixtures("lost_sockets")

QUICK = "serverSelectionTimeoutMS=300"
NOBODY = "127.0.0.1:1"


async def test_a_store_knows_nothing_before_the_first_call_and_its_server_after(store: MongoStore) -> None:
    assert store.session == b""
    assert store.capabilities == Capabilities(ordered=True, lookup=True, reads_at_once=True)
    await store.identity()
    assert len(store.session) == 16
    assert store.session == store.session
    assert store.capabilities.server_version


@pytest.mark.rule(22, "resolved endpoints")
async def test_names_of_one_server_are_one_place(mongodb_url: str, mongodb_standalone_url: str) -> None:
    port = mongodb_url.rpartition(":")[2].rstrip("/")
    if "127.0.0.1" not in mongodb_url:
        pytest.skip("the server is not on this machine")
    urls = (mongodb_url, f"mongodb://LOCALHOST:{port}/?directConnection=true", mongodb_standalone_url)
    stores = [MongoStore(url, "shop") for url in urls]
    here, same, other = [await one.identity() for one in stores]
    assert here.is_same_place(same)
    assert not here.is_same_place(other)
    assert f"127.0.0.1:{port}" in same.addresses
    for one in stores:
        await one.close()


@pytest.mark.rule(2, "where that overrides the URL, say so")
def test_a_target_says_what_of_its_url_it_does_not_follow() -> None:
    options = "w=1&journal=false&readPreference=secondary&readConcernLevel=local&retryWrites=true&timeoutMS=5"
    store = MongoStore(f"mongodb://host/?{options}&appName=x", "shop")
    assert store.overridden_options == (
        "w=1",
        "journal=false",
        "readpreference=secondary",
        "readconcernlevel=local",
        "retrywrites=true",
        "timeoutms=5",
    )
    assert MongoStore("mongodb://host/?w=1;timeoutMS=5", "shop").overridden_options == ("w=1", "timeoutms=5")
    assert MongoStore("mongodb://host/?w=majority&journal=true&readPreference=primary", "shop").overridden_options == ()
    assert MongoStore(f"mongodb://host/?{options}", "shop", as_source=True).overridden_options == ("timeoutms=5",)


@pytest.mark.parametrize("options", ["socketTimeoutMS=2500&w=1", "w=1;socketTimeoutMS=2500"])
def test_a_time_limit_of_the_url_bounds_writes_too(options: str) -> None:
    assert MongoStore(f"mongodb://host/?{options}", "shop").longest_write == 2.5


@pytest.mark.parametrize("user", ["anna[at]home", "anna#1", "ann\u2100"])
async def test_what_a_user_is_called_hides_no_host_and_no_option(user: str) -> None:
    store = open_target(Locator(f"mongodb://{user}@127.0.0.1:1/shop?appName=a#b&w=1&{QUICK}", "shop", "s3cret"))
    assert isinstance(store, MongoStore)
    assert store.overridden_options == ("w=1",)
    with pytest.raises(Unreachable, match=r"^127\.0\.0\.1:1 does not answer"):
        await store.identity()
    await store.close()


@pytest.mark.rule(2, "reads from the primary")
async def test_a_source_follows_the_read_preference_of_its_url_and_a_target_reads_the_primary(
    mongodb_url: str, database: str
) -> None:
    url = f"{mongodb_url}/?readPreference=secondary&{QUICK}"
    target = MongoStore(url, database)
    await fill(target, doc(int32(1)))
    assert await everything(target) == [doc(int32(1))]
    await target.close()
    source = open_source(Locator(url, database))
    with pytest.raises(Unreachable):
        await everything(source)
    await source.close()


@pytest.mark.rule(10, "bypassEmptyTsReplacement")
async def test_an_empty_timestamp_stays_one(store: MongoStore) -> None:
    empty = pack(doc(int32(1))[4:-1] + b"\x11t\x00" + bytes(8))
    await fill(store, empty)
    assert store.capabilities.keeps_empty_timestamps
    assert await everything(store) == [empty]


async def test_calls_at_the_same_time_share_the_session_one_after_the_other(store: MongoStore) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(fill(store, doc(int32(number))))
    assert await store.count("things") == 20


def test_a_url_needs_no_event_loop() -> None:
    assert MongoStore("mongodb://user@host:1", "shop", "secret").session == b""


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of somebody who takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


async def test_who_watches_is_soon_told_of_a_server_that_turns_us_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "KNOCK_SECONDS", 0.1)
    store = MongoStore(f"mongodb://{NOBODY}", "shop", is_patient=False)
    with waiting_less_than(client.SELECTION_MS / 1000 - 2), pytest.raises(Unreachable, match="connection refused"):
        await store.identity()
    await store.close()


@pytest.mark.parametrize(
    ("seeds", "options", "is_patient"),
    [("{nobody}", "", True), ("{nobody},{silent}", "", False), ("{nobody}", "serverSelectionTimeoutMS=400", False)],
    ids=["a run", "one that may only be slow", "as the URL has it"],
)
async def test_any_other_server_is_waited_for(
    seeds: str, options: str, *, is_patient: bool, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "KNOCK_SECONDS", 0.05)
    monkeypatch.setattr(client, "SELECTION_MS", 400)
    url = f"mongodb://{seeds.format(nobody=NOBODY, silent=silent)}/?{options}"
    store = MongoStore(url, "shop", is_patient=is_patient)
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        await store.identity()
    assert time.monotonic() - begun >= 0.4
    await store.close()


async def test_a_server_that_has_not_answered_yet_is_no_server_that_turns_us_away(
    mongodb_url: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "KNOCK_SECONDS", 0.0)
    store = MongoStore(mongodb_url, database, is_patient=False)
    assert (await store.identity()).addresses
    await store.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_server_that_is_stopped_keeps_nobody_waiting_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (client, reading_of):
        monkeypatch.setattr(module, "CLOSE_SECONDS", 0.5)
    with mongo_server() as server:
        store = MongoStore(server.url, "shop")
        await fill(store, *(doc(int32(number)) for number in range(9_000)))
        reading = store.read(NAME)
        await anext(reading)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with waiting_less_than(9):  # that is as long as a socket waits anyway
                await reading.aclose()
                await store.close()
        finally:
            os.kill(server.pid, signal.SIGCONT)

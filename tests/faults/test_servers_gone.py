"""A server that is killed or stopped in the middle of a run, and comes back or does not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.scene import create, put
from tests.engine.servers import Pair, pair
from tests.faults.scene import Wanted, events, filled, planned, prove_undisturbed, retries
from tests.servers import MongoServer, mongo_server
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.engine import drive
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.states import RunState
from tui_migrate.stores.mongodb import MongoStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_sockets", "quick"),
    # pymongo forgets a socket that is lost while its monitor or its pool makes a new one.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

OPTIONS = "directConnection=true&socketTimeoutMS=800&connectTimeoutMS=800&serverSelectionTimeoutMS=800"


class Mortal:
    """A server on a port and a folder that outlive it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running = ExitStack()
        self._server: MongoServer | None = None

    @property
    def url(self) -> str:
        return self._up.url

    def start(self) -> None:
        port = ("--port", str(self._server.port)) if self._server is not None else ()
        self._server = self._running.enter_context(mongo_server(*port, storage=self._folder))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._up.pid, number)

    def bury(self) -> None:
        """Wait until a server that was killed is gone."""
        self._running.close()

    @property
    def _up(self) -> MongoServer:
        assert self._server is not None
        return self._server


@dataclass
class Mortals:
    """A pair of which one end may die."""

    ends: Pair
    server: Mortal
    wanted: Wanted

    async def raise_again(self) -> None:
        """Start the server that was killed again, on its port and with its folder."""
        await asyncio.to_thread(self.server.bury)
        await asyncio.to_thread(self.server.start)
        await self.ends.connect_anew()


@pytest.fixture
def mortal(tmp_path: Path, mongodb_second_url: str) -> Iterator[Mortal]:
    server = Mortal(tmp_path / "data")
    server.start()
    yield server
    server.signal(signal.SIGCONT)
    server.bury()


@pytest.fixture(params=["source", "target"])
async def mortals(
    request: pytest.FixtureRequest, tmp_path: Path, mortal: Mortal, mongodb_second_url: str, database: str
) -> AsyncIterator[Mortals]:
    is_source = request.param == "source"
    urls = (mortal.url, mongodb_second_url) if is_source else (mongodb_second_url, mortal.url)
    async with pair(tmp_path / "home", urls, database) as ends:
        wanted = await filled(ends)
        await made_to_last(mortal)
        if is_source:
            ends.source_end = replace(ends.source_end, url=f"{ends.source_end.url}?{OPTIONS}")
        else:
            ends.target_end = replace(ends.target_end, url=f"{ends.target_end.url}?{OPTIONS}")
        yield Mortals(ends, mortal, wanted)


async def made_to_last(server: Mortal) -> None:
    """See that no definition is lost with the server.

    SecantusDB says that a collection is made before its log is on the disk, and under SIGKILL forgets that its newest
    one was a view; a write with journal takes the whole log with it, whatever database it goes to.
    """
    store = MongoStore(server.url, "passing")
    await create(store, "things")
    await put(store, doc(int32(1)))
    await store.close()


Deed = Callable[[], None]


@contextmanager
def after_batches(count: int, deed: Deed) -> Iterator[None]:
    """Do something right behind the `count`th checkpoint."""
    real, left = Progress.commit_batch, [count]

    async def commit_batch(progress: Progress, *arguments: Any, **options: Any) -> None:
        await real(progress, *arguments, **options)
        left[0] -= 1
        if left[0] == 0:
            deed()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "commit_batch", commit_batch)
        yield


@contextmanager
def before_inserts(count: int, deed: Deed) -> Iterator[None]:
    """Do something right before the `count`th insert is sent."""
    real, left = MongoStore.insert, [count]

    async def insert(store: MongoStore, *arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            deed()
        return await real(store, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MongoStore, "insert", insert)
        yield


async def until_tried_again(ends: Pair, run_id: int) -> None:
    async with asyncio.timeout(30):
        while not await retries(ends, run_id):
            await asyncio.sleep(0.02)


async def test_a_server_that_is_killed_and_comes_back_is_gone_on_with(mortals: Mortals) -> None:
    ends, server = mortals.ends, mortals.server
    run_id = await planned(ends)
    with after_batches(3, lambda: server.signal(signal.SIGKILL)):
        working = asyncio.create_task(ends.work(run_id))
        await until_tried_again(ends, run_id)
        await mortals.raise_again()
        ended = await working
    assert ended.record.attempt == 1
    await prove_undisturbed(ends, mortals.wanted, ended, rolls_back=True)


async def test_a_server_that_is_killed_and_stays_away_leaves_a_run_to_resume(
    mortals: Mortals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "TRIES", 1)
    ends, server = mortals.ends, mortals.server
    run_id = await planned(ends)
    with after_batches(3, lambda: server.signal(signal.SIGKILL)):
        ended = await ends.work(run_id)
    assert (ended.exit_code, ended.record.state) == (5, RunState.INTERRUPTED)
    assert ended.record.failure is not None
    assert "127.0.0.1" in ended.record.failure.message
    assert ended.record.failure.hint == f"tui-migrate resume {run_id}"
    await mortals.raise_again()
    await prove_undisturbed(ends, mortals.wanted, await ends.work(run_id), rolls_back=True)


async def test_a_server_that_stands_still_and_goes_on_is_gone_on_with(mortals: Mortals) -> None:
    ends, server = mortals.ends, mortals.server
    run_id = await planned(ends)
    with after_batches(3, lambda: server.signal(signal.SIGSTOP)):
        working = asyncio.create_task(ends.work(run_id))
        await until_tried_again(ends, run_id)
        server.signal(signal.SIGCONT)
        ended = await working
    await prove_undisturbed(ends, mortals.wanted, ended, rolls_back=True)
    assert any("does not answer" in one.message for one in await events(ends, run_id))


@pytest.mark.parametrize("mortals", ["target"], indirect=True)
@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_server_that_fails_with_a_write_under_way_does_not_write_it_twice(
    mortals: Mortals, is_killed: bool
) -> None:
    ends, server = mortals.ends, mortals.server
    run_id = await planned(ends)
    with before_inserts(2, lambda: server.signal(signal.SIGKILL if is_killed else signal.SIGSTOP)):
        working = asyncio.create_task(ends.work(run_id))
        await until_tried_again(ends, run_id)
        if is_killed:
            await mortals.raise_again()
        else:
            server.signal(signal.SIGCONT)
        ended = await working
    await prove_undisturbed(ends, mortals.wanted, ended, rolls_back=True)

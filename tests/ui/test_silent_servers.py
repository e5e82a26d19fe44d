"""A server that is stopped or killed while the app looks at it: the app says who, esc gives up, a key tries again."""

import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from textual.pilot import Pilot

from tests.servers import MongoServer, mongo_server
from tests.ui.backup_scene import add
from tests.ui.driving import PreparedJournal, copy_plan, new_app, new_home, until
from tests.ui.new_scene import LIVE, NEW, OLD, SIZE, Document, Shop, says
from tests.ui.test_rollback_screen import write_undo
from tests.waiting import waiting_less_than
from tui_migrate import connections
from tui_migrate.comparison import compare as comparing_all
from tui_migrate.connections import Connection
from tui_migrate.plan.model import Environment, PackageEnd
from tui_migrate.stores.mongodb import client, reading
from tui_migrate.ui import comparing, look, outlook, wording
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.draft import Step, at_step
from tui_migrate.ui.screens import rollback_view
from tui_migrate.ui.screens.backup_deeds import RestoreScreen
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.worker.backups import find_backup

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_sockets"),
    # pymongo forgets a socket that is lost while its monitor or its pool makes a new one.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

DOCUMENTS = 5_000
LEAVING_SECONDS = 6.0


@pytest.fixture(scope="module")
def source() -> Iterator[MongoServer]:
    with mongo_server() as server:
        yield server


@contextmanager
def shop_of(folder: Path, source: MongoServer, target_url: str, database: str) -> Iterator[Shop]:
    home = new_home(folder)
    old, new = f"{source.url}/{database}", f"{target_url.rstrip('/')}/{database}"
    connections.write(
        home,
        [
            Connection(OLD, old, Environment.STAGING),
            Connection(NEW, new, Environment.DEVELOPMENT),
            Connection(LIVE, old, Environment.DEVELOPMENT),
        ],
    )
    left = MongoClient[Document](source.url, serverSelectionTimeoutMS=300, directConnection=True)
    right = MongoClient[Document](target_url)
    for one in (left, right):
        one[database]["users"].insert_many({"_id": number, "age": number} for number in range(DOCUMENTS))
    try:
        yield Shop(home, database, left, right)
    finally:
        for one in (left, right):
            one.close()


@pytest.fixture
def shop(tmp_path: Path, source: MongoServer, mongodb_url: str, database: str) -> Iterator[Shop]:
    """`users` at both ends; `old` and `live` are the server that is stopped."""
    with shop_of(tmp_path, source, mongodb_url, database) as made:
        yield made
        made.target_db.drop_database(database)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long."""
    for module in (look, comparing, outlook):
        monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    for module in (client, reading):
        monkeypatch.setattr(module, "CLOSE_SECONDS", 0.5)
    monkeypatch.setattr(look, "LIST_SECONDS", 1.0)
    monkeypatch.setattr(wording, "SILENT_SECONDS", 1.0)
    monkeypatch.setattr(rollback_view, "SLOW_SECONDS", 1.0)


@contextmanager
def stopped(server: MongoServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@asynccontextmanager
async def opened(shop: Shop) -> AsyncIterator[tuple[MigrateApp, Pilot[None]]]:
    """An app with the real time, which has to be left soon, whatever does not answer."""
    app = new_app(shop.home, time.time)
    with ExitStack() as leaving:
        async with app.run_test(size=SIZE) as pilot:
            yield app, pilot
            leaving.enter_context(waiting_less_than(LEAVING_SECONDS))


async def test_a_source_that_stops_while_its_collections_load(shop: Shop, source: MongoServer) -> None:
    async with opened(shop) as (app, pilot):
        await app.push_screen(NewMigrationScreen(at_step(shop.draft("users"), Step.COLLECTIONS)))
        await until(pilot, says(pilot, "1 of 1 marked"), "the collections")
        with stopped(source):
            await pilot.press("ctrl+r")
            await until(pilot, says(pilot, "on old has not answered within 1 s", "ctrl+r tries again"), "who it is")
            await pilot.press("ctrl+r")
            await until(pilot, says(pilot, "Connecting to the source… esc cancels"), "another try")
            await pilot.press("escape")
            await until(pilot, says(pilot, "The source has not been listed: ctrl+r connects."), "that it is given up")
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "1 of 1 marked", "5,000"), "the collections again")
        assert app.session.draft.marks == {"users"}


def after_some(monkeypatch: pytest.MonkeyPatch, server: MongoServer, number: signal.Signals) -> None:
    """Send a signal to a server once, when some documents are compared."""
    step, steps = comparing_all._step, 0

    async def counted(*sides: object) -> bool:
        nonlocal steps
        steps += 1
        if steps == 2:
            os.kill(server.pid, number)
        return await step(*sides)  # type: ignore[arg-type]  # whatever it is given

    monkeypatch.setattr(comparing_all, "_step", counted)


async def test_an_end_that_stops_while_both_are_compared(
    shop: Shop, source: MongoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(shop) as (app, pilot):
        app.session.asked = Asked(shop.source, shop.target)
        await app.push_screen(CompareScreen())
        after_some(monkeypatch, source, signal.SIGSTOP)
        try:
            await pilot.press("s")
            await until(pilot, says(pilot, "Comparing…", "esc stops; nothing has come for"), "that it is silent")
            await pilot.press("escape")
            await until(pilot, says(pilot, "~ Stopped at"), "that it is stopped")
        finally:
            os.kill(source.pid, signal.SIGCONT)
        await pilot.press("s")
        await until(pilot, says(pilot, "Go on where it was stopped"), "the question")
        await pilot.press("enter")
        await until(pilot, says(pilot, "equal", "As of"), "the outcome")


async def test_an_end_that_is_killed_while_both_are_compared(
    tmp_path: Path, mongodb_url: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mongo_server() as server, shop_of(tmp_path, server, mongodb_url, database) as shop:
        async with opened(shop) as (app, pilot):
            app.session.asked = Asked(shop.source, shop.target)
            await app.push_screen(CompareScreen())
            after_some(monkeypatch, server, signal.SIGKILL)
            await pilot.press("s")
            words = (f"old (127.0.0.1:{server.port}) does not answer", "ctrl+r tries again")
            await until(pilot, says(pilot, "✗ Not compared.", *words), "who it is")
            await pilot.press("ctrl+r")
            await until(pilot, says(pilot, "on old has not answered within 1 s", "ctrl+r tries again"), "who it is")
        shop.target_db.drop_database(database)


async def test_a_target_that_stops_while_a_restore_is_previewed(shop: Shop, source: MongoServer) -> None:
    await add(shop.home, "friday", source="old/shop", environment=Environment.STAGING)
    backup = await find_backup(shop.home, "friday")
    async with opened(shop) as (app, pilot):
        with stopped(source):
            await app.push_screen(RestoreScreen(backup, PackageEnd(str(shop.home.backups / "friday.tar")), shop.source))
            await until(pilot, says(pilot, "on old has not answered within 1 s", "ctrl+r tries again."), "who it is")
            await pilot.press("ctrl+r")
            await until(pilot, says(pilot, "Connecting… esc cancels"), "another try")
            await pilot.press("escape")
            await until(pilot, says(pilot, "Cancelled: ctrl+r looks again."), "that it is given up")


async def test_a_target_that_stops_while_a_rollback_is_counted(shop: Shop, source: MongoServer) -> None:
    run_id = await PreparedJournal(shop.home).run(plan=copy_plan(shop.target, shop.source), documents=0)
    with closing(sqlite3.connect(shop.home.journal)) as journal, journal:
        journal.execute("UPDATE runs SET writes_begun = 1")
    await write_undo(shop.home, run_id)
    async with opened(shop) as (app, pilot):
        await app.push_screen(RollbackScreen(run_id))
        await until(pilot, says(pilot, "Next: s starts the rollback"), "the preview")
        with stopped(source):
            await pilot.press("x")
            await until(pilot, says(pilot, ", waiting for"), "that it is silent")
            await pilot.press("escape")
            await until(pilot, says(pilot, "Stopped counting; nothing was changed."), "that it is given up")
        await pilot.press("x")
        await until(pilot, says(pilot, "Nobody has changed any of these documents since"), "the count")

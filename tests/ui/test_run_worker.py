"""The Run and Rollback screens over real runs: detached workers, real servers."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from textual.pilot import Pilot
from textual.widgets import Input

from tests.processes import killing_workers
from tests.servers import mongo_server
from tests.ui.driving import new_home, screen_text, shows, until
from tests.ui.run_scene import SIZE, keys, said
from tui_migrate.journal.session import open_both
from tui_migrate.paths import HOME_VARIABLE, Home
from tui_migrate.plan.model import Environment, Plan, PlannedCollection, Policy, RunKind, StoreEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.worker import launch
from tui_migrate.worker.control import operator
from tui_migrate.worker.lock import holder

pytestmark = pytest.mark.slow

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
SLOW = 5
"""Documents a second: a batch of ten every other second, so that what a test does comes before the end."""

Content = Mapping[str, tuple[bytes, ...]]


@dataclass(frozen=True)
class Ends:
    """60 `users` and 20 `orders` in the source; 15 of the users, 5 of them otherwise, in the target."""

    home: Home
    source: StoreEnd
    target: StoreEnd

    def content(self, end: StoreEnd) -> Content:
        client: MongoClient[RawBSONDocument] = MongoClient(end.url, document_class=RawBSONDocument)
        try:
            database = client.get_database(end.database, codec_options=RAW)
            names = sorted(database.list_collection_names())
            return {name: tuple(bytes(one.raw) for one in database[name].find(sort=[("_id", 1)])) for name in names}
        finally:
            client.close()

    def plan(self, **changes: object) -> Plan:
        collections = (PlannedCollection("users", 60, 2_000), PlannedCollection("orders", 20, 500))
        plan = Plan(RunKind.COPY, self.source, self.target, collections, Policy.OVERWRITE, batch_documents=10)
        return replace(plan, **changes)  # type: ignore[arg-type]  # fields of a plan

    async def start(self, plan: Plan | None = None, rate: int = 0) -> int:
        run_id = await launch.create_run(self.home, plan or self.plan())
        await self.set_rate(run_id, rate)
        await launch.start(self.home, run_id, {})
        return run_id

    async def set_rate(self, run_id: int, rate: int) -> None:
        async with open_both(self.home.journal) as (journal, _):
            await journal.set_rate_limit(run_id, rate)

    def app(self) -> MigrateApp:
        return MigrateApp(Session(self.home), theme="dark", marks=MarkSet.UNICODE, ansi=False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    found = new_home(tmp_path)
    with killing_workers(found):
        yield found


@pytest.fixture
def ends(home: Home, mongodb_pair: tuple[str, str], database: str) -> Iterator[Ends]:
    clients = [MongoClient[dict[str, object]](url) for url in mongodb_pair]
    source, target = (client[database] for client in clients)
    source["users"].insert_many({"_id": number, "age": number} for number in range(60))
    source["orders"].insert_many({"_id": number, "of": number} for number in range(20))
    target["users"].insert_many({"_id": number, "age": number if number < 10 else -1} for number in range(15))
    urls = (f"{url.rstrip('/')}/{database}" for url in mongodb_pair)
    yield Ends(home, *(StoreEnd(database, url=url, environment=Environment.STAGING) for url in urls))
    for client in clients:
        client.drop_database(database)
        client.close()


@asynccontextmanager
async def watched(ends: Ends, run_id: int) -> AsyncIterator[Pilot[None]]:
    """The Run screen over a run that has begun."""
    app = ends.app()
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(run_id))
        await until(pilot, shows(pilot, "● users"), "the run")
        yield pilot


async def test_a_live_worker_heeds_the_keys(ends: Ends) -> None:
    run_id = await ends.start(rate=SLOW)
    app = ends.app()
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(run_id))
        await until(pilot, shows(pilot, "limit 5/s", "● users"), "the run")
        await pilot.press("p")
        await until(pilot, shows(pilot, "‖ paused by"), "paused")
        await pilot.press("p")
        await until(pilot, shows(pilot, "● execute"), "going on")
        await pilot.press("+")
        await until(pilot, shows(pilot, "limit 10/s", "rate set to 10 by"), "faster")
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"), "the question")
        await pilot.press("j", "enter")
        await until(pilot, shows(pilot, "✗ cancelled: what it wrote stays"), "cancelled")


async def test_two_apps_see_and_steer_one_worker(ends: Ends) -> None:
    run_id = await ends.start(rate=SLOW)
    async with watched(ends, run_id) as first, watched(ends, run_id) as second:
        await first.press("p")
        for pilot in (first, second):
            await until(pilot, shows(pilot, f"‖ paused by {operator()}"), "paused")
        await second.press("p")
        for pilot in (first, second):
            await until(pilot, shows(pilot, "● execute"), "going on")
        await second.press("+")
        for pilot in (first, second):
            await until(pilot, shows(pilot, "limit 10/s", f"rate set to 10 by {operator()}"), "who asked for more")
        await first.press(*"+" * 6)
        for pilot in (first, second):
            await until(pilot, shows(pilot, "✓ completed: 80 documents of 2 collections"), "the end")
    assert ends.content(ends.target) == ends.content(ends.source)


async def test_a_worker_that_is_killed_while_watched_is_said_to_be_gone_and_resumed_by_a_key(ends: Ends) -> None:
    run_id = await ends.start(rate=SLOW)
    async with watched(ends, run_id) as pilot:
        pid = holder(ends.home.run(run_id).lock)
        assert pid
        os.kill(pid, signal.SIGKILL)
        await until(pilot, shows(pilot, "~ interrupted: its worker is gone", "u resumes it"), "interrupted")
        await ends.set_rate(run_id, 0)
        await pilot.press("u")
        await until(pilot, shows(pilot, "✓ completed", "2 attempts"), "the end")
    assert ends.content(ends.target) == ends.content(ends.source)


async def test_a_run_is_rolled_back_from_the_screen(ends: Ends) -> None:
    before = ends.content(ends.target)
    app = ends.app()
    run_id = await ends.start()
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(run_id))
        await until(pilot, shows(pilot, "✓ completed"), "the run")
        assert ends.content(ends.target) == ends.content(ends.source) != before
        await pilot.press("r")
        await until(pilot, shows(pilot, "deletes 65 documents from", "s starts the rollback"), "preview")
        assert "1 collection (orders)" in " ".join(screen_text(pilot).split())
        await pilot.press("s")
        await until(pilot, shows(pilot, "run 0002   rollback", "✓ completed"), "the rollback")
        assert "restored 5  deleted 65  kept 0" in screen_text(pilot)
        assert ends.content(ends.target) == before
        await pilot.press("escape")
        await until(pilot, lambda: said(pilot).startswith(" ↶ rolled back by run 0002"), "back to the run")
        assert "r" not in keys(pilot)


def is_writing(pilot: Pilot[None]) -> Callable[[], bool]:
    """Say whether the screen shows a run that has written something and is not through."""
    return lambda: shows(pilot, "● execute", "inserted ")() and not shows(pilot, "inserted 0 ")()


async def test_cancelling_can_roll_back_at_once(ends: Ends) -> None:
    before = ends.content(ends.target)
    run_id = await ends.start(rate=SLOW)
    app = ends.app()
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(run_id))
        await until(pilot, is_writing(pilot), "the run")
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"), "the question")
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "run 0002   rollback", "✓ completed"), "the rollback")
    assert ends.content(ends.target) == before


async def test_on_production_a_rollback_wants_the_name_typed(ends: Ends) -> None:
    before = ends.content(ends.target)
    live = replace(ends, target=replace(ends.target, environment=Environment.PRODUCTION))
    run_id = await live.start()
    app = ends.app()
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(run_id))
        await until(pilot, shows(pilot, "s starts the rollback", "PRODUCTION TARGET"), "the preview")
        await pilot.press("s")
        await until(
            pilot, shows(pilot, "Roll back on production", "documents are deleted and 5 put back"), "the question"
        )
        name = ends.target.url.removeprefix("mongodb://").partition("/")[0]
        asked = pilot.app.screen.query_one(Input)
        asked.value = "yes"
        await pilot.press("enter")
        assert "Roll back on production" in screen_text(pilot)
        asked.value = name
        await pilot.press("enter")
        await until(pilot, shows(pilot, "run 0002   rollback", "✓ completed"), "the rollback")
    assert ends.content(ends.target) == before


async def test_a_password_is_tried_before_a_worker_is_started(ends: Ends, tmp_path: Path) -> None:
    storage = tmp_path / "guarded"
    with mongo_server(storage=storage) as server:
        client: MongoClient[dict[str, object]] = MongoClient(server.url)
        client.admin.command({"createUser": "anna", "pwd": "s3cret", "roles": [{"role": "root", "db": "admin"}]})
        client.close()
    with mongo_server("--auth", storage=storage) as server:
        url = f"mongodb://anna@127.0.0.1:{server.port}/shop?authSource=admin"
        target = StoreEnd("shop", url=url, environment=Environment.STAGING)
        run_id = await launch.create_run(ends.home, ends.plan(target=target))
        app = ends.app()
        async with app.run_test(size=SIZE) as pilot:
            await app.push_screen(RunScreen(run_id))
            await until(pilot, shows(pilot, "○ planned, not started", "u starts it"), "the run")
            await pilot.press("u")
            await type_password(pilot, "wrong", "User        anna")
            await type_password(pilot, "s3cret", "does not accept the user name and password")
            await until(pilot, shows(pilot, "✓ completed"), "the run")
            assert "s3cret" not in screen_text(pilot)


async def type_password(pilot: Pilot[None], password: str, problem: str) -> None:
    """Answer the question that says this."""
    await until(
        pilot, lambda: problem.lower() in screen_text(pilot).lower() and bool(pilot.app.screen.query(Input)), problem
    )
    asked = pilot.app.screen.query_one(Input)
    assert asked.value == ""
    asked.value = password
    await pilot.press("enter")

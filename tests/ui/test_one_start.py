"""A run is started once, esc gives up what can be given up, and what is recorded gets its worker."""

import asyncio
from pathlib import Path

import pytest

from tests.ui.driving import (
    NOW,
    PreparedJournal,
    copy_plan,
    new_app,
    new_home,
    screen_text,
    shows,
    store_end,
    table_cells,
    until,
)
from tests.ui.run_scene import SIZE
from tests.ui.test_rollback_screen import preview, write_undo
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.records import Failure
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.build import PlanRequest
from tui_migrate.plan.model import Environment
from tui_migrate.ui import resuming, starting
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.look import LookState, Opening
from tui_migrate.ui.outlook import Outlook
from tui_migrate.ui.screens.backup_plan import BackupPlanScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.table import Row
from tui_migrate.worker import launch


class Stalled:
    """Workers that take a run up only when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked: list[int] = []
        self.started: list[int] = []
        self.given: list[object] = []

    async def start(self, home: Home, run_id: int, passwords: object) -> str:
        self.asked.append(run_id)
        self.given.append(passwords)
        await self.go.wait()
        self.started.append(run_id)
        return ""


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> Stalled:
    found = Stalled()
    monkeypatch.setattr(launch, "start", found.start)
    return found


@pytest.fixture
def journal(tmp_path: Path) -> PreparedJournal:
    home = new_home(tmp_path)
    away = "mongodb://127.0.0.1:1/shop"
    connections.write(home, [Connection("prod", away), Connection("staging", away, Environment.STAGING)])
    return PreparedJournal(home)


async def test_a_rollback_that_is_recorded_gets_its_worker_whatever_is_pressed(
    journal: PreparedJournal, stalled: Stalled
) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("s")
        await until(pilot, lambda: stalled.asked == [2], "the rollback is recorded")
        await pilot.press("s", "escape")
        await until(pilot, shows(pilot, "The run is being started: c on its screen cancels it"))
        stalled.go.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the rollback's screen")
    async with open_both(journal.home.journal) as (_, reader):
        assert (await reader.count_runs(), stalled.asked, stalled.started) == (2, [2], [2])


async def test_an_app_that_ends_meanwhile_waits_for_the_worker(journal: PreparedJournal, stalled: Stalled) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("s")
        await until(pilot, lambda: stalled.asked == [2], "the rollback is recorded")
        asyncio.get_running_loop().call_later(0.2, stalled.go.set)
    assert stalled.started == [2]


async def test_a_run_is_taken_up_once_and_esc_gives_up_connecting(
    journal: PreparedJournal, stalled: Stalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected, tried = asyncio.Event(), list[bool]()

    async def have(app: MigrateApp, ends: object) -> bool:
        tried.append(bool(app.session.passwords))
        await connected.wait()
        return True

    monkeypatch.setattr(resuming, "have_passwords", have)
    run_id = await journal.run(RunState.FAILED, failure=Failure("authentication_failed", "no", "type another", 4))
    app = new_app(journal.home)
    app.session.passwords["staging/shop"] = "one that was refused"
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(HistoryScreen())
        await until(pilot, lambda: len(table_cells(pilot)) == 1)
        await pilot.press("u")
        await until(pilot, lambda: shows(pilot, "Starting a worker… esc stops waiting")() and tried == [False], "begun")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "History", "Stopped waiting."))
        connected.set()
        await pilot.press("u")
        await until(pilot, lambda: bool(stalled.asked), "a worker is being started")
        await pilot.press("u")
        await until(pilot, shows(pilot, "A run is being started already."))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "History", "The run is being started: c on its screen cancels it"))
        stalled.go.set()
        await until(pilot, shows(pilot, f"A worker has taken up run {run_id:04d}."))
        assert (stalled.started, len(tried)) == ([run_id], 2)


TYPED = {"prod/shop": "a", "staging/shop": "b", "elsewhere/shop": "c"}


async def nothing_is_missing(app: MigrateApp, ends: object) -> bool:
    return True


async def test_a_run_that_is_started_gets_the_passwords_of_its_ends(
    journal: PreparedJournal, stalled: Stalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "have_passwords", nothing_is_missing)
    stalled.go.set()
    app = new_app(journal.home)
    app.session.passwords.update(TYPED)
    async with app.run_test(size=SIZE):
        await app.in_background(starting.have_worker(app, copy_plan()), "start").wait()
    assert stalled.given == [{"prod/shop": "a", "staging/shop": "b"}]


async def test_a_run_that_is_resumed_gets_the_passwords_of_its_ends(
    journal: PreparedJournal, stalled: Stalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "have_passwords", nothing_is_missing)
    stalled.go.set()
    run_id = await journal.run(RunState.INTERRUPTED)
    app = new_app(journal.home)
    app.session.passwords.update(TYPED)
    async with app.run_test(size=SIZE):
        await app.in_background(resuming.resume(app, run_id), "start").wait()
    assert stalled.given == [{"prod/shop": "a", "staging/shop": "b"}]


async def test_a_rollback_gets_the_password_of_the_target(journal: PreparedJournal, stalled: Stalled) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    stalled.go.set()
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        assert isinstance(pilot.app, MigrateApp)
        pilot.app.session.passwords.update(TYPED)
        await pilot.press("s")
        await until(pilot, lambda: stalled.started == [2], "the worker is started")
    assert stalled.given == [{"staging/shop": "b"}]


class RestoreLike(BackupPlanScreen):
    planned = copy_plan()

    def what(self) -> str:
        return "restore"

    def sentences(self, outlook: Outlook) -> list[str]:
        return ["It is restored."]

    def rows(self, outlook: Outlook) -> list[Row]:
        return []

    async def look(self, opening: Opening) -> None:
        self.tell(Outlook(LookState.DONE, NOW, plan=self.planned, is_checked=True))


async def test_nothing_is_said_to_be_started_while_it_is_asked_about(
    journal: PreparedJournal, stalled: Stalled
) -> None:
    plan = copy_plan(store_end("staging"), store_end("live", Environment.PRODUCTION))
    run_id = await journal.run(RunState.FAILED, plan, failure=Failure("unreachable", "no", "wait", 5))
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        screen = RestoreLike(PlanRequest(plan.kind, plan.source, plan.target))
        screen.planned = plan
        await app.push_screen(screen)
        await until(pilot, shows(pilot, "Next: s starts the run"))
        await pilot.press("s")
        await until(pilot, shows(pilot, "Type live and enter"))
        assert "being started" not in screen_text(pilot)
        await pilot.press("escape", "escape")
        await app.push_screen(HistoryScreen())
        await until(pilot, lambda: len(table_cells(pilot)) == 1)
        await pilot.press("u")
        await until(pilot, shows(pilot, "Type live and enter", f"A worker for run {run_id:04d}"))
        assert "Starting" not in screen_text(pilot)
    assert stalled.asked == []


async def test_a_restore_that_is_recorded_is_not_left_by_esc(journal: PreparedJournal, stalled: Stalled) -> None:
    plan, app = copy_plan(), new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RestoreLike(PlanRequest(plan.kind, plan.source, plan.target)))
        await until(pilot, shows(pilot, "Next: s starts the run"))
        await pilot.press("s")
        await until(pilot, lambda: stalled.asked == [1], "the run is recorded")
        await pilot.press("s", "escape")
        await until(pilot, shows(pilot, "The run is being started…", "c on its screen cancels it"))
        stalled.go.set()
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run's screen")
        assert stalled.started == [1]

"""A run is started once, esc gives up what can be given up, and what is recorded gets its worker."""

import asyncio
from pathlib import Path

import pytest

from tests.ui.driving import PreparedJournal, new_home, shows, until
from tests.ui.test_rollback_screen import preview, write_undo
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.session import open_both
from tui_migrate.paths import Home
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.worker import launch


class Stalled:
    """Workers that take a run up only when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked: list[int] = []
        self.started: list[int] = []

    async def start(self, home: Home, run_id: int, passwords: object) -> str:
        self.asked.append(run_id)
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
    connections.write(home, [Connection("prod", away), Connection("staging", away)])
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

"""Pictures of the queue of conflicts, and of one document of it."""

import pytest
from bson import encode
from textual.pilot import Pilot

from tests.ui.conflict_scene import prepare_waiting
from tests.ui.driving import shows, until, until_still
from tests.ui.test_plan_snapshots import app_at
from tests.ui.test_snapshots import SIZES, Compare
from tui_migrate.paths import Home
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.looks import Looks
from tui_migrate.ui.screens import conflict_document, run_document
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.worker.conflict_documents import Sides

THEIRS = encode({"_id": 3, "name": "Ada [b]Lovelace[/]", "address": {"city": "東京", "zip": "100"}, "level": 1})
OURS = encode({"_id": 3, "name": "Ada King", "address": {"city": "London", "zip": "100"}, "level": 1, "vip": True})


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_queue(home: Home, snap_compare: Compare, size: tuple[int, int]) -> None:
    prepare_waiting(home, decided=2)
    app = app_at(home, Draft(), Looks())
    app.first_screen = lambda: ConflictsScreen(1)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "○ to replace", "? open"), "the queue")
        await pilot.press("j", "j")
        await until_still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_document(home: Home, monkeypatch: pytest.MonkeyPatch, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def read(*_: object) -> Sides:
        return Sides(OURS, THEIRS, is_as_queued=True)

    async def have(*_: object) -> bool:
        return True

    monkeypatch.setattr(conflict_document, "read_sides", read)
    monkeypatch.setattr(run_document, "have_passwords", have)
    prepare_waiting(home)
    app = app_at(home, Draft(), Looks())
    app.first_screen = lambda: ConflictsScreen(1)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "? open"), "the queue")
        await pilot.press("j", "j", "enter")
        await until(pilot, shows(pilot, "London"), "the document")
        await until_still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)

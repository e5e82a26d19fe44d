"""Pictures of the documents that a rollback touches, and of one of them; no server is asked."""

import asyncio

import pytest
from bson import encode
from textual.pilot import Pilot

from tests.ui.driving import NOW, PreparedJournal, copy_plan, new_app, shows, until, until_still
from tests.ui.test_rollback_documents import record_undo
from tests.ui.test_snapshots import Compare
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.paths import Home
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.look import LookState
from tui_migrate.ui.screens import rollback_document, run_document
from tui_migrate.ui.screens.rollback_documents import RollbackDocumentsScreen, Taken
from tui_migrate.worker.rollback_documents import Fate, Versions
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, RollbackPreview, Tally, Wanted

BEFORE = encode({"_id": 7, "name": "Ada [b]Lovelace[/]", "address": {"city": "London", "zip": "100"}, "level": 1})
WROTE = encode({"_id": 7, "name": "Ada King", "address": {"city": "London", "zip": "100"}, "level": 2, "vip": True})
THERE = encode({"_id": 7, "name": "Ada King", "address": {"city": "東京", "zip": "100"}, "level": 2, "vip": True})


async def prepare(home: Home) -> RollbackDocumentsScreen:
    run_id = await PreparedJournal(home).run()
    log = await record_undo(home, run_id, 1_200)
    with UndoReader(log) as undo:
        first = undo.index().groups[0]
    kept = (
        KeptDocument("users", "7", Wanted.RESTORE, Reason.CHANGED, first, 7),
        KeptDocument("users", "8", Wanted.DELETE, Reason.DELETED, first, 8),
    )
    counted = RollbackPreview(1_200, {"users": Tally(700, 497, 1, 2)}, kept)
    return RollbackDocumentsScreen(Taken(run_id, copy_plan()), "users", Changes(LookState.DONE, NOW, counted))


@pytest.mark.parametrize(
    ("size", "keys", "text"), [((80, 24), "j", "1,200"), ((120, 40), "enter", "東京")], ids=("list", "document")
)
def test_screen(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    snap_compare: Compare,
    size: tuple[int, int],
    keys: str,
    text: str,
) -> None:
    async def read(*_: object) -> Versions:
        return Versions(BEFORE, WROTE, THERE, Fate.CHANGED)

    async def have(*_: object) -> bool:
        return True

    monkeypatch.setattr(rollback_document, "read_versions", read)
    monkeypatch.setattr(run_document, "have_passwords", have)
    screen = asyncio.run(prepare(home))
    app = new_app(home)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "0001"), "Home")
        await app.push_screen(screen)
        await until(pilot, shows(pilot, "put back"), "the list")
        await pilot.press(keys)
        await until(pilot, shows(pilot, text), text)
        await until_still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=drive)

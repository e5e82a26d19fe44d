"""What a rollback touches and what it would keep, counted and listed over real runs between real servers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bson import encode
from textual.pilot import Pilot
from textual.widgets import Input

from tests.engine.scene import create, put
from tests.engine.servers import Pair, pair
from tests.ui.driving import PreparedJournal, new_app, new_home, screen_text, shows, table_cells, until
from tests.ui.run_scene import SIZE, keys
from tests.ui.test_rollback_screen import write_undo
from tui_migrate.documents import RawId, content_hash
from tui_migrate.engine.undo_log import NOTHING, Intent, Made, Operation, Outcome, Thing, UndoLog
from tui_migrate.ordering import Key
from tui_migrate.paths import Home
from tui_migrate.stores.base import Change, Source
from tui_migrate.stores.lookup import Found, find_by_id
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens import rollback_documents
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.rollback_document import RollbackDocumentScreen
from tui_migrate.ui.screens.rollback_documents import RollbackDocumentsScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.worker.rollback_documents import TouchedList, list_touched
from tui_migrate.worker.rollback_preview import KeptDocument

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of a socket that pymongo forgets
]


def new(number: int) -> bytes:
    return encode({"_id": number, "name": f"user {number}", "level": number})


def old(number: int) -> bytes:
    return encode({"_id": number, "name": f"user {number}", "level": "old"})


def by(number: int) -> bytes:
    return encode({"_id": number, "name": "\x1b[2Jsomebody else", "level": number})


async def change(store: MongoStore, *documents: bytes, gone: Iterable[int] = ()) -> None:
    """Put documents in the place of those of their ids, and take others away, as somebody else does."""
    after: dict[RawId, bytes | None] = {one[4:5] + one[9:13]: one for one in documents}  # type: ignore[misc]  # an _id
    after |= {RawId(b"\x10" + one.to_bytes(4, "little")): None for one in gone}

    async def decide(ids: Sequence[RawId], seen: dict[Key, bytes]) -> list[Change]:
        by_id = {RawId(one[4:5] + one[9:13]): one for one in seen.values()}
        return [Change(one, by_id[one], after[one]) for one in ids]

    result = await store.change("things", list(after), decide)  # type: ignore[arg-type]  # a dict is a mapping
    assert len(result.changed) == len(after)


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    """A run that copied 1 to 6 onto older 4, 5 and 6."""
    async with pair(tmp_path / "home", mongodb_pair, database) as made:
        await put(made.source, *map(new, range(1, 7)))
        await create(made.target, "things")
        await put(made.target, *map(old, (4, 5, 6)))
        ended = await made.run(await made.plan(batch=2))
        assert (ended.exit_code, ended.counts.inserted, ended.counts.replaced) == (0, 3, 3)
        yield made


@asynccontextmanager
async def counted(ends: Pair) -> AsyncIterator[Pilot[None]]:
    """The Rollback screen when it has counted."""
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(1))
        await until(pilot, shows(pilot, "x first counts what others have changed"), "the preview")
        await pilot.press("x")
        await until(pilot, shows(pilot, "x counts again"), "the count")
        yield pilot


def said(pilot: Pilot[None]) -> str:
    return " ".join(screen_text(pilot).split())


async def open_list(pilot: Pilot[None]) -> None:
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RollbackDocumentsScreen), "the list")
    await until(pilot, lambda: bool(table_cells(pilot)), "its rows")


async def document(pilot: Pilot[None], row: int) -> str:
    """Open a row of the list and give what is said of it; go back to the list."""
    await pilot.press("g", *["j"] * row, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RollbackDocumentScreen), "the document")
    pager = pilot.app.screen.query_one(Pager)
    await until(pilot, lambda: bool(pager.words), "what was read")
    found = f"{said(pilot)}\n{pager.words}"
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, RollbackDocumentsScreen), "the list again")
    return found


async def test_where_nobody_changed_anything_it_says_so(ends: Pair) -> None:
    async with counted(ends) as pilot:
        assert "Nobody has changed any of these documents since (counted 2026-09-21 14:13 UTC)." in said(pilot)
        assert "deletes 3 documents from" in said(pilot)
        assert "puts 3 documents back" in said(pilot)
        assert table_cells(pilot) == [("things", "3", "3", "0", "")]
        assert keys(pilot) == "lentersxF/q?"


async def test_what_others_changed_is_counted_listed_and_then_spared_by_the_rollback(ends: Pair) -> None:
    await change(ends.target, by(1), by(4), gone=(2, 5))
    async with counted(ends) as pilot:
        assert "! 3 documents are kept, because others changed or deleted them since" in said(pilot)
        assert "1 document is as before the run already" in said(pilot)
        assert "deletes 1 document from" in said(pilot)
        assert "puts 1 document back" in said(pilot)
        assert table_cells(pilot) == [("things", "1", "1", "3", "")]
        assert keys(pilot) == "lentersxF/q?"
        await open_list(pilot)
        assert table_cells(pilot) == [
            ("1", "kept: changed since"),
            ("4", "kept: changed since"),
            ("5", "kept: deleted since"),
            ("2", "deleted: the run inserted it"),
            ("3", "deleted: the run inserted it"),
            ("6", "put back: the run replaced it"),
        ]
        assert "3 documents are kept, as counted 2026-09-21 14:13 UTC; first in the list." in said(pilot)
        assert "1 document is as before the run already" in said(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "x counts again"), "the preview")
    undone = await ends.roll_back(1)
    spared = {one.subject for one in undone.record.findings if one.code == "changed_since"}
    assert spared == {f"things _id {one}" for one in (1, 4, 5)}
    assert (undone.counts.deleted, undone.counts.restored, undone.counts.spared) == (1, 1, 3)


async def test_each_document_is_shown_before_the_run_and_as_it_is_now(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(1))
        await until(pilot, shows(pilot, "x first counts what others have changed"), "the preview")
        await open_list(pilot)
        assert [row[0] for row in table_cells(pilot)] == ["1", "2", "3", "4", "5", "6"]
        assert "What others changed since is kept: x, one screen back, counts and names it" in said(pilot)
        await change(ends.target, by(1), by(4), gone=(2, 5))
        await change(ends.source, old(4))
        texts = [await document(pilot, row) for row in range(6)]
        await pilot.resize_terminal(120, 30)
        await pilot.press("g", "j", "j", "j", "enter")
        await until(pilot, lambda: "Before the run" in said(pilot) and bool(table_cells(pilot, "#sides")), "both")
        assert ("~", '  "name": "user 4",', '  "name": "\\u001b[2Jsomebody else",') in table_cells(pilot, "#sides")
        await pilot.press("ctrl+y", "end", "enter")
        await until(pilot, lambda: app.clipboard == "4", "the _id")
    assert "Kept: somebody changed it after the run wrote it." in texts[0]
    assert "Others changed: name; the source still has what the run wrote." in texts[0]
    assert '    - "\\u001b[2Jsomebody else"\n    + "user 1"' in texts[0]
    assert "Nothing is done: it is as it was before the run." in texts[1]
    assert "Deleted: the run inserted it, and it is as the run left it." in texts[2]
    assert '-   "name": "user 3"' in texts[2]
    assert "Kept: somebody changed it after the run wrote it. - is in the target now, + is before the run" in texts[3]
    assert '+  "level": "old"' in texts[3]
    assert "Kept away: somebody deleted it after the run wrote it." in texts[4]
    assert '+   "level": "old"' in texts[4]
    assert "Put back: the run replaced it, and it is as the run left it." in texts[5]


async def test_a_slow_or_damaged_undo_log_and_a_target_that_is_gone_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()

    async def wait(home: Home, run_id: int, collection: str, kept: Sequence[KeptDocument]) -> TouchedList:
        await gate.wait()
        return await list_touched(home, run_id, collection, kept)

    monkeypatch.setattr(rollback_documents, "list_touched", wait)
    monkeypatch.setattr(rollback_documents, "SLOW_SECONDS", 0.0)
    journal = PreparedJournal(new_home(tmp_path))
    run_id = await journal.run()
    log = await record_undo(journal.home, run_id)
    name_staging(journal, "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    whole = log.read_bytes()
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(run_id))
        await until(pilot, shows(pilot, "x first counts"), "the preview")
        log.write_bytes(whole[:60] + bytes((whole[60] ^ 1,)) + whole[61:])
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Reading the undo log, waiting for 0s… esc goes back."), "that it is slow")
        gate.set()
        await until(pilot, shows(pilot, "nothing is rolled back", "is damaged at byte", "ctrl+r reads it again"))
        assert table_cells(pilot) == []
        log.write_bytes(whole)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: bool(table_cells(pilot)), "the list")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard == "0", "the _id")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "127.0.0.1:1", "ctrl+r tries again", "was not read"))
        log.write_bytes(whole[:60] + bytes((whole[60] ^ 1,)) + whole[61:])
        await pilot.press("ctrl+r")
        await until(pilot, shows(pilot, "the undo log is damaged at byte"))


async def test_esc_stops_the_count_and_x_begins_it_again(ends: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()

    async def wait(target: Source, collection: str, ids: Sequence[RawId]) -> dict[Key, Found]:
        await gate.wait()
        return await find_by_id(target, collection, ids)

    monkeypatch.setattr("tui_migrate.worker.rollback_preview.find_by_id", wait)
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(1))
        await until(pilot, shows(pilot, "x first counts"), "the preview")
        await pilot.press("x")
        await until(pilot, shows(pilot, "esc stops"), "the count")
        assert "x" not in keys(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Stopped counting; nothing was changed.", "x first counts"), "stopped")
        assert isinstance(app.screen, RollbackScreen)
        counts = [one for one in app.workers if one.group.startswith("rollback-count")]
        await until(pilot, lambda: not any(one.is_running for one in counts), "the end of the count")
        gate.set()
        await pilot.press("x")
        await until(pilot, shows(pilot, "x counts again"), "the count")


async def test_a_server_that_is_gone_is_a_fault_and_can_be_tried_again(tmp_path: Path) -> None:
    journal = PreparedJournal(new_home(tmp_path))
    run_id = await journal.run()
    await write_undo(journal.home, run_id, Made(Thing.INDEX, "users", "long enough" * 500))
    name_staging(journal, "mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(run_id))
        await until(pilot, shows(pilot, "x first counts"), "the preview")
        await pilot.press("x")
        await until(pilot, shows(pilot, "✗ ", "is not counted: x tries again"), "the fault")
        assert "127.0.0.1:1" in screen_text(pilot).partition("✗ ")[2]
        assert "Traceback" not in said(pilot)
        assert keys(pilot).startswith("lentersx")


async def test_a_password_is_asked_for_before_anything_is_read(tmp_path: Path) -> None:
    journal = PreparedJournal(new_home(tmp_path))
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    name_staging(journal, "mongodb://anna@127.0.0.1:1/shop")
    app: MigrateApp = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(run_id))
        await until(pilot, shows(pilot, "x first counts"), "the preview")
        await pilot.press("x")
        await until(pilot, lambda: bool(app.screen.query(Input)), "the question")
        assert "anna" in said(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "x first counts"), "given up")


async def record_undo(home: Home, run_id: int, documents: int = 200) -> Path:
    """Write the undo log of a run that inserted documents, replaced each fourth and deleted each tenth."""
    path = home.run(run_id).undo_log
    path.unlink(missing_ok=True)
    undo = await UndoLog.create(path)
    for start in range(0, documents, 1_000):
        places = range(start, min(documents, start + 1_000))
        await undo.record("users", 1, b"s", list(map(recorded, places)))
        await undo.settle([Outcome.WRITTEN] * len(places))
    await undo.close()
    return path


def recorded(number: int) -> Intent:
    identifier = RawId(b"\x10" + number.to_bytes(4, "little"))
    if number % 10 == 9:
        return Intent(Operation.DELETE, identifier, NOTHING, old(number))
    if number % 4 == 3:
        return Intent(Operation.REPLACE, identifier, content_hash(new(number)), old(number))
    return Intent(Operation.INSERT, identifier, content_hash(new(number)))


def name_staging(journal: PreparedJournal, url: str) -> None:
    journal.home.connections.write_text(f"connections:\n  staging:\n    url: {url}\n")
    journal.home.connections.chmod(0o600)

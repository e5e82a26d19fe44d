"""The queue of a run under `ask`, between real servers: looked at, decided and written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from bson import encode
from textual.pilot import Pilot

from tests.engine.scene import create, documents, put
from tests.engine.servers import Pair, pair
from tests.suites.ids import text as as_id
from tests.ui.driving import new_app, screen_text, shows, table_cells, until, words
from tests.ui.run_scene import SIZE, keys
from tests.ui.test_rollback_documents import change
from tui_migrate.catalogs.model import Catalog, CatalogCollection, Redaction, Sensitive
from tui_migrate.errors import Unreachable
from tui_migrate.journal.records import ConflictRecord, ConflictState, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.conflict_words import conflict_rows
from tui_migrate.ui.look import host_words
from tui_migrate.ui.screens import conflict_document, document, run_document
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflict_document import ConflictScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.dialogs import AskPassword, Choose, TypeName
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker import control
from tui_migrate.worker.conflict_documents import Sides

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of a socket that pymongo forgets
]


def ours(number: int) -> bytes:
    return encode({"_id": number, "name": f"user {number}", "level": "ours" if number != 3 else "x"})


def theirs(number: int) -> bytes:
    return encode({"_id": number, "name": f"user {number}" if number != 3 else "\x1b[2J", "level": "x"})


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    """A run that asks about 1, 2 and 3."""
    async with pair(tmp_path / "home", mongodb_pair, database) as made:
        await put(made.source, *map(ours, range(1, 5)))
        await create(made.target, "things")
        await put(made.target, *map(theirs, range(1, 4)))
        ended = await made.run(await made.plan(Policy.ASK, batch=2))
        assert ended.record.undecided == 3
        yield made


@asynccontextmanager
async def opened(ends: Pair) -> AsyncIterator[Pilot[None]]:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ConflictsScreen(1))
        await until(pilot, lambda: len(table_cells(pilot)) == 3, "the queue")
        yield pilot


def offered(pilot: Pilot[None]) -> list[str]:
    """The actions that can be taken, whether the footer has room for them or not."""
    return [one.id for one in cast("OperatorScreen", pilot.app.screen).shown_actions()]


def states(pilot: Pilot[None]) -> list[str]:
    return [one[0] for one in table_cells(pilot)]


def screen(pilot: Pilot[None]) -> OperatorScreen:
    assert isinstance(pilot.app.screen, OperatorScreen)
    return pilot.app.screen


def is_list(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, ConflictsScreen)


async def sheet(pilot: Pilot[None], *, row: int) -> str:
    await pilot.press("g", *["j"] * row, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConflictScreen), "the document")
    await until(pilot, lambda: "Reading" not in words(pilot, "#what") and words(pilot, "#what") != "", "both ends")
    return f"{words(pilot, '#what')}\n{pilot.app.screen.query_one(Pager).words}"


async def test_the_queue_says_what_waits_and_where_they_differ(ends: Pair) -> None:
    async with opened(ends) as pilot:
        assert [one[:4] for one in table_cells(pilot)] == [
            ("? open", "things", "1", "level"),
            ("? open", "things", "2", "level"),
            ("? open", "things", "3", "name"),
        ]
        assert "3 documents wait for your decision; 0 decided" in screen_text(pilot)
        assert {"N", "Y", "E", "u"} <= set(keys(pilot))


async def test_a_document_is_compared_and_decided_on_its_sheet(ends: Pair) -> None:
    async with opened(ends) as pilot:
        said = await sheet(pilot, row=0)
        assert '-  "level": "x"' in said
        assert '+  "level": "ours"' in said
        await pilot.press("Y")
        await until(pilot, lambda: is_list(pilot) and states(pilot)[0] == "○ to replace", "the decision")
        said = await sheet(pilot, row=2)
        assert "\x1b" not in said
        await pilot.press("escape")
        await until(pilot, lambda: is_list(pilot), "the list")
        assert states(pilot) == ["○ to replace", "? open", "? open"]


async def test_keys_decide_and_go_on_to_the_next(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("N", "Y")
        await until(pilot, lambda: states(pilot) == ["○ to keep", "○ to replace", "? open"], "both")
        said = ("1 document waits", "Next: N keeps the target's, Y takes the source's; E decides for many")
        await until(pilot, shows(pilot, *said, "u has a worker write those decided by now"), "what is next")
        await pilot.press("Y")
        await until(pilot, shows(pilot, "Next: u has a worker write what is decided, with undo."), "what is next now")


async def test_all_that_differ_in_the_same_fields_are_decided_together(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: is_list(pilot) and states(pilot)[:2] == ["○ to replace"] * 2, "them")
        assert states(pilot)[2] == "? open"


async def test_what_is_decided_already_is_overruled_only_by_a_choice_of_its_own(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("N")
        await until(pilot, lambda: states(pilot)[0] == "○ to keep", "the first decision")
        await pilot.press("E")
        await until(pilot, shows(pilot, "1 decision made already stays"), "the question")
        assert [cell for row in table_cells(pilot, "#choices") for cell in row] == [
            "keep the target's: 1 with the same fields",
            "take the source's: 1 with the same fields",
            "keep the target's: 2 of this collection",
            "take the source's: 2 of this collection",
            "keep the target's: 2 with the same fields, decided too",
            "take the source's: 2 with the same fields, decided too",
            "keep the target's: 3 of this collection, decided too",
            "take the source's: 3 of this collection, decided too",
        ]
        await until(pilot, shows(pilot, "Nothing is written before u"), "that it can be changed")
        await pilot.press("j", "j", "j", "enter")
        await until(pilot, lambda: states(pilot) == ["○ to keep", *["○ to replace"] * 2], "all open")
        await pilot.press("E")
        await until(pilot, shows(pilot, "3 decisions made already stay"), "the question")
        assert all(cell.endswith(", decided too") for row in table_cells(pilot, "#choices") for cell in row)
        await pilot.press("G", "enter")
        await until(pilot, lambda: states(pilot) == ["○ to replace"] * 3, "all of them")


async def test_a_filter_that_fits_nothing_is_not_an_empty_queue(ends: Pair) -> None:
    async with opened(ends) as pilot:
        pilot.app.screen.query_one(Table).filter("nowhere")
        await until(pilot, shows(pilot, "None of the 3 rows holds “nowhere”. An empty filter shows all."), "why")
        assert "asked about nothing" not in screen_text(pilot)


async def test_what_changed_since_is_said(ends: Pair) -> None:
    await change(ends.target, encode({"_id": 1, "name": "third"}))
    async with opened(ends) as pilot:
        assert "has changed since it was queued" in await sheet(pilot, row=0)


async def test_what_is_gone_from_the_target_is_said(ends: Pair) -> None:
    await change(ends.target, gone=(2,))
    async with opened(ends) as pilot:
        assert "The target does not have it any more" in await sheet(pilot, row=1)


async def test_the_run_and_the_history_lead_to_it(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "? undecided", "3 wait for your decision: Q"), "the run on Home")
        for screen in (None, RunScreen(1), HistoryScreen()):
            if screen is not None:
                await app.push_screen(screen)
            await until(pilot, lambda: "run.conflicts" in offered(pilot), "the key")
            await pilot.press("Q")
            await until(pilot, lambda: is_list(pilot) and len(table_cells(pilot)) == 3, "the queue")
            await pilot.press("escape")
            await until(pilot, lambda: not is_list(pilot), "back")


@pytest.mark.slow
async def test_what_is_decided_is_written_and_the_run_ends(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("Y", "N", "N")
        await until(pilot, lambda: "? open" not in states(pilot), "the decisions")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question of production")
        await until(pilot, shows(pilot, "Decided: 1 to take the source's, 2 to keep the target's."), "what is written")
        assert "Starting a worker" not in screen_text(pilot)
        end = ends.target_end
        await pilot.press(*host_words(end), "enter")
        await until(
            pilot, lambda: is_list(pilot) and states(pilot) == ["✓ replaced", "✓ kept", "✓ kept"], "the writing"
        )
        await until(pilot, shows(pilot, "The run is completed: nothing more is decided."), "the end")
        await until(pilot, lambda: "goes on" not in screen_text(pilot), "that what was said of it is over")
    assert (await ends.record(1)).state is RunState.COMPLETED
    assert set(await documents(ends.target)) == {ours(1), theirs(2), theirs(3), ours(4)}


async def test_a_run_that_is_not_there(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ConflictsScreen(9))
        await until(pilot, shows(pilot, "There is no run 0009. esc goes back."), "that")


async def test_the_difference_can_be_copied(ends: Pair) -> None:
    async with opened(ends) as pilot:
        assert next((one.what, one.text) for one in screen(pilot).copyable()) == ("_id", "1")
        await sheet(pilot, row=0)
        offered = {one.what: one.text for one in screen(pilot).copyable()}
        assert '+  "level": "ours"' in offered["difference"]
        assert offered["_id"] == "1"
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: pilot.app.screen.query_one("#sides").display, "both side by side")
        assert ("~", '  "level": "ours"', '  "level": "x"') in table_cells(pilot, "#sides")


async def test_what_cannot_be_read_is_a_fault_and_can_be_tried_again(
    ends: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Sides:
        raise Unreachable("the source has not answered", hint="check the line")

    with monkeypatch.context() as patch:
        patch.setattr(conflict_document, "read_sides", fail)
        async with opened(ends) as pilot:
            await pilot.press("enter")
            await until(pilot, shows(pilot, "✗ the source has not answered", "check the line", "ctrl+r"), "the fault")
            patch.undo()
            await pilot.press("ctrl+r")
            await until(pilot, shows(pilot, '+  "level": "ours"'), "the document")


async def test_an_end_that_does_not_answer_is_waited_for_in_the_open_and_left_by_esc(
    ends: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> Sides:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(conflict_document, "read_sides", hang)
    monkeypatch.setattr(document, "SLOW_SECONDS", 1.0)
    async with opened(ends) as pilot:
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Reading both ends…", "s without an answer; esc goes"), "how long it waits")
        await pilot.press("escape")
        await until(pilot, lambda: is_list(pilot), "the list")


async def test_a_password_is_asked_for_and_going_back_from_that_is_a_fault(
    ends: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(app: MigrateApp, _: object) -> bool:
        return await app.push_screen_wait(AskPassword("shop", "db1", "ops")) is not None

    monkeypatch.setattr(run_document, "have_passwords", asked)
    async with opened(ends) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPassword), "the question")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "without the password the document cannot be read"), "the fault")


async def test_a_decision_is_about_the_document_that_was_seen(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await sheet(pilot, row=0)
        await control.decide(ends.home, 1, ConflictState.REPLACE, numbers=[1])
        await change(ends.target, encode({"_id": 1, "name": "third"}))
        assert (await ends.work(1)).record.undecided == 3
        await pilot.press("Y")
        await until(pilot, shows(pilot, "Not decided"), "that")
        await until(pilot, lambda: states(pilot) == ["? open"] * 3, "the queue")


async def test_a_run_that_is_over_takes_no_decision_on_either_screen(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("Y")
        await until(pilot, lambda: states(pilot)[0] == "○ to replace", "the decision")
        await sheet(pilot, row=1)
        assert "conflict.keep" in offered(pilot)
        await control.ask(ends.home, 1, Wish.CANCEL)
        await until(pilot, lambda: "conflict.keep" not in offered(pilot), "that nothing is decided any more")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "2 undecided, and 1 decided and not written.", "The run is cancelled"), "why")


def test_an_id_that_is_sensitive_is_not_shown() -> None:
    sensitive = (Sensitive("_id.email", Redaction.MASK),)
    mask = Mask(Catalog("c", "C", "", (CatalogCollection("things", sensitive=sensitive),)))
    one = ConflictRecord("things", as_id("secret"), b"", b"", ("n",), number=7)
    assert conflict_rows([one], mask)[0].cells[2] == "*** (7)"
    assert "secret" not in str(conflict_rows([one], mask))
    assert conflict_rows([one], NOTHING)[0].cells[2] == "'secret'"

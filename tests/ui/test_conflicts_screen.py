"""The queue of a run under `ask`, between real servers: looked at, decided and written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from bson import encode
from textual.pilot import Pilot

from tests.engine.scene import create, documents, put
from tests.engine.servers import Pair, pair
from tests.ui.driving import new_app, screen_text, shows, table_cells, until
from tests.ui.run_scene import SIZE, keys
from tests.ui.test_kept_screen import change
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.ui.look import host_words
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflicts import ConflictSheet, ConflictsScreen
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.pager import Pager

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


def is_list(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, ConflictsScreen)


async def sheet(pilot: Pilot[None], *, row: int) -> str:
    await pilot.press("g", *["j"] * row, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConflictSheet), "the sheet")
    pager = pilot.app.screen.query_one(Pager)
    await until(pilot, lambda: "Compared" in pager.words or "✗" in pager.words, "the document")
    return pager.words


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
        assert '-  "level": "x",' in said
        assert '+  "level": "ours",' in said
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
        await until(pilot, shows(pilot, "Next: u has a worker write what is decided"), "what is next")


async def test_all_that_differ_in_the_same_fields_are_decided_together(ends: Pair) -> None:
    async with opened(ends) as pilot:
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: is_list(pilot) and states(pilot)[:2] == ["○ to replace"] * 2, "them")
        assert states(pilot)[2] == "? open"


async def test_what_changed_since_is_said(ends: Pair) -> None:
    await change(ends.target, encode({"_id": 1, "name": "third"}))
    async with opened(ends) as pilot:
        assert "has changed since it was queued" in await sheet(pilot, row=0)


async def test_what_is_gone_from_the_target_is_said(ends: Pair) -> None:
    await change(ends.target, gone=(2,))
    async with opened(ends) as pilot:
        assert "the target does not have it any more" in await sheet(pilot, row=1)


async def test_the_run_and_the_history_lead_to_it(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
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
        end = ends.target_end
        await pilot.press(*host_words(end), "enter")
        await until(
            pilot, lambda: is_list(pilot) and states(pilot) == ["✓ replaced", "✓ kept", "✓ kept"], "the writing"
        )
        await until(pilot, shows(pilot, "The run is completed: nothing more is decided."), "the end")
    assert (await ends.record(1)).state is RunState.COMPLETED
    assert set(await documents(ends.target)) == {ours(1), theirs(2), theirs(3), ours(4)}


async def test_a_run_that_is_not_there(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ConflictsScreen(9))
        await until(pilot, shows(pilot, "There is no run 0009. esc goes back."), "that")

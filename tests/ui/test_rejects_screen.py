"""What the target refused: listed with the reason, shown without what is sensitive, and tried again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from bson import encode
from textual.pilot import Pilot
from textual.widgets import Input

from tests.engine.scene import create, put
from tests.engine.servers import Pair, pair
from tests.engine.strangers import overwrite
from tests.processes import killing_workers
from tests.suites.documents import EMPTY, MUST_HAVE_N
from tests.suites.store_cases import everything
from tests.ui.driving import new_app, screen_text, shows, table_cells, until, until_still
from tests.ui.new_scene import live_app
from tests.ui.run_scene import SIZE, keys
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, Plan, Policy, StoreEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.dialogs import Choose, TypeName
from tui_migrate.ui.screens.rejects import RejectSheet, RejectsScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.worker.rejected_documents import RejectList

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of a socket that pymongo forgets
]

SECRET = "s3cr3t"
CATALOG = """\
name: own
title: Own
collections:
  things:
    sensitive:
      - {field: email, redaction: keep}
"""


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    """A run that wrote 1 and 3; 2 and 4 lack what the target's validator asks for."""
    async with pair(tmp_path / "home", mongodb_pair, database) as made:
        good = [encode({"_id": one, "n": one}) for one in (1, 3)]
        await put(made.source, *good, *(encode({"_id": one, "email": SECRET, "[b]": "\u202e"}) for one in (2, 4)))
        await create(made.target, "things", options=MUST_HAVE_N)
        plan = replace(await made.plan(batch=2, max_rejects=5), catalog=CATALOG)
        ended = await made.run(plan)
        assert (ended.exit_code, ended.counts.rejected) == (3, 2)
        yield made


@asynccontextmanager
async def rejects(ends: Pair, rows: int = 2) -> AsyncIterator[Pilot[None]]:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RejectsScreen(1))
        await until(pilot, lambda: len(table_cells(pilot, "#rejects")) == rows, "the list")
        await until(pilot, lambda: "✗" in said(pilot) or "refused" in said(pilot), "the sentence")
        yield pilot


def offered(app: MigrateApp) -> set[str]:
    """The keys that work, whether the footer has room for them or not."""
    screen = app.operator_screen
    return {one.shown for one in screen.shown_actions()} if screen is not None else set()


def said(pilot: Pilot[None]) -> str:
    return " ".join(screen_text(pilot).split())


async def count_runs(ends: Pair) -> int:
    reader = await JournalReader.open(ends.home.journal)
    try:
        return await reader.count_runs()
    finally:
        await reader.close()


async def test_a_run_with_rejects_leads_to_their_list(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(1))
        await until(pilot, lambda: "R lists what the target refused" in said(pilot), "what is next")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, RejectsScreen), "the list")
        await until(pilot, lambda: len(table_cells(pilot, "#rejects")) == 2, "both")
        assert [(row[0], row[1]) for row in table_cells(pilot, "#rejects")] == [("things", "2"), ("things", "4")]
        assert all("n is missing" in row[2] for row in table_cells(pilot, "#rejects"))
        assert "! 2 documents were refused and kept." in said(pilot)
        assert "U tries again" in said(pilot)
        assert "U" in keys(pilot)


async def test_home_and_history_lead_to_the_list_and_to_the_retry(ends: Pair) -> None:
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        for key in ((), ("h",)):
            await pilot.press(*key)
            await until(pilot, lambda: {"R", "U"} <= offered(app), "the keys of the run under the cursor")
            await pilot.press("R")
            await until(pilot, lambda: len(app.screen.query("#rejects")) > 0, "the list")
            assert not isinstance(app.screen, TypeName)
            await pilot.press("escape", "U")
            await until(pilot, lambda: isinstance(app.screen, Choose), "the question")
            assert "2 documents" in said(pilot)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, RejectsScreen), "the list")
            await pilot.press("escape")
    assert await count_runs(ends) == 1


async def test_a_document_is_shown_with_its_reason_and_without_what_is_sensitive(ends: Pair) -> None:
    async with rejects(ends) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RejectSheet), "the sheet")
        pager = pilot.app.screen.query_one(Pager)
        await until(pilot, lambda: "email" in pager.words, "the document")
        assert "# things _id 2" in pager.words
        assert "Refused because" in pager.words
        assert '"email": "*** (' in pager.words
        assert "*** stands for what the catalog calls sensitive." in pager.words
        assert '"[b]": "\\u202e"' in pager.words
        assert SECRET not in pager.words + screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RejectsScreen), "the list again")


async def test_a_damaged_document_and_a_file_that_is_gone_are_said(ends: Pair) -> None:
    path = ends.home.run(1).rejects
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\x01")
    async with rejects(ends) as pilot:
        assert [row[1] for row in table_cells(pilot, "#rejects")] == ["2", "cannot be read"]
        await pilot.press("j", "enter")
        await until(pilot, shows(pilot, "✗", "is damaged at byte"), "what is wrong")
        await pilot.press("escape")
    path.write_bytes(whole[:-1])
    async with rejects(ends) as pilot:
        assert [row[1] for row in table_cells(pilot, "#rejects")] == ["2", "cannot be read"]
    path.unlink()
    async with rejects(ends, rows=0) as pilot:
        await until(pilot, lambda: "are gone" in said(pilot) and "ctrl+r reads them again." in said(pilot), "why")
        path.write_bytes(whole)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(table_cells(pilot, "#rejects")) == 2, "the list")


async def test_nothing_is_tried_again_by_one_key_or_where_it_cannot_be(ends: Pair) -> None:
    async with rejects(ends) as pilot:
        await pilot.press("U")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose | TypeName), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RejectsScreen), "the list")
    async with open_both(ends.home.journal) as (write, _):
        await write.set_rolled_back_by(1, 9)
        await write.transition(1, RunState.ROLLED_BACK)
    async with rejects(ends) as pilot:
        await until(pilot, lambda: "The run has been rolled back" in said(pilot), "why it cannot be")
        assert "U" not in keys(pilot)
        await pilot.press("U")
        assert isinstance(pilot.app.screen, RejectsScreen)
    assert await count_runs(ends) == 1


async def test_what_a_retry_has_written_is_not_offered_again(ends: Pair) -> None:
    await ends.target.set_validator("things", EMPTY)
    assert (await ends.retry(1)).exit_code == 0
    async with rejects(ends) as pilot:
        whole = "! 2 documents were refused and kept: written by run 0002."
        await until(pilot, lambda: whole in said(pilot), "what became of them")
        assert "U tries again" not in said(pilot)
        async with open_both(ends.home.journal) as (write, _):
            await write.delete_run(2)
            await write.delete_run(1)
        await until(pilot, lambda: "There is no run 0001 any more" in said(pilot), "that it is gone")
        pilot.app.screen.post_message(RejectsScreen.Read(RejectList()))
        await until_still(pilot)
        assert "Nothing is left to show" in said(pilot)


async def test_the_filter_finds_a_document_by_its_id(ends: Pair) -> None:
    async with rejects(ends) as pilot:
        await pilot.press("slash")
        await until(pilot, lambda: bool(pilot.app.screen.query(Input)), "the question")
        pilot.app.screen.query_one(Input).value = "2"  # which is in no size
        await pilot.press("enter")
        await until(pilot, lambda: [row[1] for row in table_cells(pilot, "#rejects")] == ["2"], "one")


async def through(ends: Pair, environment: Environment) -> Plan:
    """A plan whose target is a connection of this environment."""
    database, url = ends.target_end.database, ends.target_end.url.removesuffix(f"/{ends.target_end.database}")
    connections.write(ends.home, [Connection("live", f"{url}/{database}", environment)])
    target = StoreEnd(database, connection="live", environment=environment)
    return replace(await ends.plan(batch=2, max_rejects=5), target=target)


@asynccontextmanager
async def asked_again(ends: Pair) -> AsyncIterator[Pilot[None]]:
    """The list of two documents that the second run was refused, with U pressed, in an app with real workers."""
    app = live_app(ends.home)
    with killing_workers(ends.home):
        async with app.run_test(size=SIZE) as pilot:
            await app.push_screen(RejectsScreen(2))
            await until(pilot, lambda: len(table_cells(pilot, "#rejects")) == 2, "the list")
            await pilot.press("U")
            yield pilot


@pytest.mark.slow
@pytest.mark.parametrize("environment", [Environment.PRODUCTION, Environment.STAGING])
async def test_they_are_written_again_by_a_run_of_their_own(ends: Pair, environment: Environment) -> None:
    plan = await through(ends, environment)
    assert (await ends.run(plan)).counts.rejected == 2
    await ends.target.set_validator("things", EMPTY)
    async with asked_again(ends) as pilot:
        await until(pilot, shows(pilot, "Write 2 documents again, as kept"), "the question")
        await pilot.press("j", "enter")
        if environment is Environment.PRODUCTION:
            await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the name to be typed")
            await pilot.press("enter")
            assert isinstance(pilot.app.screen, TypeName)
            pilot.app.screen.query_one(Input).value = "live"
            await pilot.press("enter")
        await until(pilot, shows(pilot, "run 0003", "✓ completed"), "the retry")
    assert await ends.target.count("things") == 4


@pytest.mark.slow
async def test_what_was_mended_at_the_source_is_read_again(ends: Pair) -> None:
    assert (await ends.run(await through(ends, Environment.STAGING))).counts.rejected == 2
    mended = [encode({"_id": one, "n": one}) for one in (2, 4)]
    await overwrite(ends.source, *mended)
    await ends.target.set_validator("things", EMPTY)
    async with asked_again(ends) as pilot:
        await until(pilot, shows(pilot, "Plan them anew, from the source as it is now"), "the question")
        await pilot.press("end", "enter")
        await until(pilot, lambda: "The checks found nothing" in said(pilot), "the checks")
        await pilot.press("s")
        await until(pilot, shows(pilot, "run 0003", "✓ completed"), "the run")
    assert set(await everything(ends.target, "things")) >= set(mended)


async def test_ids_that_nobody_is_to_see_are_in_no_plan(ends: Pair) -> None:
    hidden = CATALOG.replace("field: email", "field: _id")
    plan = replace(await ends.plan(batch=2, max_rejects=5), catalog=hidden, policy=Policy.SKIP)
    assert (await ends.run(plan)).counts.rejected == 2
    app = new_app(ends.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RejectsScreen(2))
        await until(pilot, lambda: len(table_cells(pilot, "#rejects")) == 2, "the list")
        await pilot.press("U")
        await until(pilot, shows(pilot, "Write 2 documents again, as kept"), "the question")
        assert "Plan them anew" not in said(pilot)

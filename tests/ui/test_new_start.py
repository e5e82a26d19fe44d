"""Pre-flight › s: what is asked before a run starts, and what keeps it from starting."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.cli.conftest import Cli
from tests.ui.driving import screen_text, shows, until
from tests.ui.new_scene import (
    LIVE,
    Shop,
    checked,
    flat,
    is_run,
    no_run,
    overwriting,
    run_record,
    says,
    session,
    shop,
    step_is,
    type_into,
    warned,
    wizard,
)
from tui_migrate.journal import connection as journal_connection
from tui_migrate.journal.records import Wish
from tui_migrate.plan.model import Environment, Policy, StoreEnd
from tui_migrate.ui.draft import Step, with_policy
from tui_migrate.ui.screens.dialogs import AskText, Choose, TypeName
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_preflight import PreflightPane
from tui_migrate.worker import control

__all__ = ["shop"]


pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_into_production_the_name_is_to_be_typed_and_enter_does_nothing_until_it_is_equal(shop: Shop) -> None:
    async with wizard(shop.home, overwriting(shop, target=shop.live)) as pilot:
        await checked(pilot)
        assert "PRODUCTION TARGET live" in screen_text(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question")
        for wrong in ("", "liv", "LIVE", "live ", "users"):
            await type_into(pilot, wrong)
            assert isinstance(pilot.app.screen, TypeName)
        assert "Copy about 50 documents" in flat(pilot)
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "back")
        assert no_run(shop)
        await until(pilot, lambda: not session(pilot).looks.is_pending, "silence")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question again")
        await type_into(pilot, LIVE)
        await until(pilot, lambda: is_run(pilot), "the run")
        assert (await run_record(shop.home)).environment is Environment.PRODUCTION


@pytest.mark.slow
async def test_for_a_url_the_host_is_to_be_typed(shop: Shop, mongodb_second_url: str) -> None:
    target = StoreEnd(shop.database, url=f"{mongodb_second_url.rstrip('/')}/{shop.database}")
    async with wizard(shop.home, overwriting(shop, target=target)) as pilot:
        await checked(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question")
        hosts = mongodb_second_url.removeprefix("mongodb://").rstrip("/")
        assert f"Type {hosts} and enter" in flat(pilot)
        await type_into(pilot, hosts)
        await until(pilot, lambda: is_run(pilot), "the run")


@pytest.mark.slow
async def test_warnings_are_confirmed_before_anything_starts(shop: Shop) -> None:
    warned(shop)
    async with wizard(shop.home, overwriting(shop, target=shop.live)) as pilot:
        await until(
            pilot, says(pilot, "! 1 warning; enter reads", "s starts the run, after 1 warning is confirmed"), "it"
        )
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await until(pilot, says(pilot, "! users.x: the target's index x is defined otherwise"), "what it says")
        await pilot.press("enter")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "back")
        assert no_run(shop)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the name")
        await type_into(pilot, LIVE)
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "completed"), "its end")


@pytest.mark.slow
async def test_many_warnings_fit_into_their_window(shop: Shop) -> None:
    for number in range(12):
        shop.source_db[shop.database]["users"].create_index(f"a{number}", name=f"index {number}")
        shop.target_db[shop.database]["users"].create_index(f"b{number}", name=f"index {number}")
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await until(pilot, says(pilot, "! 12 warnings"), "the checks")
        await pilot.press("s")
        await until(pilot, says(pilot, "… 12 in all; the list is behind this window.", "Start all the same"), "both")


@pytest.mark.slow
async def test_the_key_pressed_twice_starts_one_run(shop: Shop) -> None:
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await checked(pilot)
        await pilot.press("s", "s", "s")
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "✓ completed"), "its end")
    assert [one.name for one in shop.home.runs.iterdir()] == ["0001"]


async def test_what_is_being_started_is_neither_left_nor_started_again(shop: Shop) -> None:
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await checked(pilot)
        pilot.app.screen.query_one(PreflightPane)._is_starting = True
        await pilot.press("escape")
        await until(pilot, says(pilot, "The run is being started: c on its screen cancels it."), "that")
        await pilot.press("s")
        assert step_is(pilot, Step.PREFLIGHT)()
    assert no_run(shop)


@pytest.mark.slow
async def test_a_journal_that_is_held_at_the_start_is_said_and_the_start_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_connection, "BUSY_SECONDS", 0.2)
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await until(pilot, says(pilot, "Next: s starts the run."), "the checks")
        draft = session(pilot).draft
        with closing(sqlite3.connect(shop.home.journal, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await pilot.press("s")
            await until(pilot, says(pilot, "✗ the journal /", "is held by another process"), "why not")
        assert session(pilot).draft == draft
        assert no_run(shop)
        await pilot.press("s")
        await until(pilot, lambda: is_run(pilot), "the run")


@pytest.mark.slow
async def test_the_rate_limit_of_the_options_is_the_runs(shop: Shop) -> None:
    async with wizard(shop.home, with_policy(shop.ready("orders", "users", step=Step.POLICY), Policy.SKIP)) as pilot:
        await until(pilot, says(pilot, "x counts exactly"), "the count")
        await pilot.press("m", *"jjjj", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the question")
        await type_into(pilot, "1,000")
        await until(pilot, lambda: session(pilot).draft.rate_limit == 1000, "the limit")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "Next: s starts the run."), "the checks")
        assert "leave the 15 that are there as they are. Can be undone." in flat(pilot)
        await pilot.press("s")
        await until(pilot, lambda: is_run(pilot), "the run")
        record = await run_record(shop.home)
        assert record.rate_limit == 1000
        await until(pilot, shows(pilot, "✓ completed"), "its end")


@pytest.mark.slow
async def test_a_run_into_collections_of_a_live_run_is_refused_and_names_it(shop: Shop) -> None:
    draft = overwriting(shop)
    first = replace(draft, rate_limit=1, batch_documents=5)
    async with wizard(shop.home, first) as pilot:
        await checked(pilot)
        await pilot.press("s")
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "● execute"), "it at work")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Home"), "Home")
        await pilot.app.push_screen(NewMigrationScreen(draft))
        await until(pilot, says(pilot, "run 0001 is at work on this collection", "2 errors to be mended"), "why not")
        await pilot.press("s")
        assert step_is(pilot, Step.PREFLIGHT)()
        await control.ask(shop.home, 1, Wish.CANCEL, 0)
        await until(pilot, lambda: not control.has_worker(shop.home, 1), "the end of the first")
    assert [one.name for one in shop.home.runs.glob("*")] == ["0001"]


@pytest.mark.slow
async def test_a_plan_is_saved_once_and_can_be_started(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "plan-2026-09-21.yaml"
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await checked(pilot)
        await pilot.press("ctrl+s", "enter")
        await until(pilot, says(pilot, "✓ The plan is in plan-2026-09-21.yaml: L on Home opens it."), "where")
        text = saved.read_text()
        assert saved.stat().st_mode & 0o777 == 0o600
        await pilot.press("ctrl+s", "enter")
        await until(pilot, says(pilot, "exists already", "name another file for the plan"), "that it is there")
        await type_into(pilot, "/nowhere/at [all].yaml")
        await until(pilot, says(pilot, "✗ cannot write the plan /nowhere/at [all].yaml"), "that it cannot be")
        assert pilot.app.screen.query_one(Input).value == "/nowhere/at [all].yaml"
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "back")
        assert saved.read_text() == text
    done = Cli(tmp_path / "home", capsys).process("start", str(saved))
    assert done.code == 0, done.err
    assert shop.documents("users") == [{"_id": number, "age": number} for number in range(30)]


async def test_without_undo_it_is_said_before_the_name_is_typed(shop: Shop) -> None:
    draft = overwriting(shop, target=shop.live)
    async with wizard(shop.home, replace(draft, undo=False)) as pilot:
        await checked(pilot)
        assert "CANNOT BE UNDONE" in flat(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question")
        await until(pilot, says(pilot, "This writes to PRODUCTION.", "CANNOT BE UNDONE: it keeps no undo log."), "it")

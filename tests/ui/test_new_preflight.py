import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.cli.conftest import Cli
from tests.ui.driving import screen_text, shows, until
from tests.ui.new_scene import (
    LIVE,
    SIZE,
    Shop,
    checked,
    flat,
    live_app,
    rows,
    run_record,
    says,
    session,
    shop,
    silent_url,
    step_is,
    type_into,
    wizard,
)
from tui_migrate.journal import connection as journal_connection
from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.draft import Draft, Step, with_policy
from tui_migrate.ui.screens.dialogs import AskText, Choose, TypeName
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_preflight import PreflightPane
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.worker import control

__all__ = ["shop", "silent_url"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def overwriting(shop: Shop, *names: str, target: StoreEnd | None = None) -> Draft:
    return with_policy(
        shop.ready(*(names or ("orders", "users")), step=Step.PREFLIGHT, target=target), Policy.OVERWRITE
    )


def warned(shop: Shop) -> None:
    """Let the checks of `users` have one warning."""
    shop.source_db[shop.database]["users"].create_index("age", name="x")
    shop.target_db[shop.database]["users"].create_index("other", name="x")


def is_run(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, RunScreen)


def no_run(shop: Shop) -> bool:
    return not list(shop.home.runs.glob("*"))


@pytest.mark.slow
async def test_a_pair_that_was_used_before_runs_again_by_six_keys(shop: Shop) -> None:
    await shop.used_before()
    shop.target_db[shop.database]["users"].drop()
    app = live_app(shop.home)
    keys = 0

    async def press(key: str) -> None:
        nonlocal keys
        keys += 1
        await pilot.press(key)

    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "0001"), "Home")
        await press("n")
        await until(pilot, lambda: step_is(pilot, Step.ENDS)() and len(rows(pilot, "#ends")) == 3, "the pair")
        await press("enter")
        await until(pilot, says(pilot, "Next: ctrl+n"), "both ends")
        await press("ctrl+n")
        await until(pilot, says(pilot, "2 of 2 marked", "Next: ctrl+n"), "the collections")
        await press("ctrl+n")
        await until(pilot, step_is(pilot, Step.POLICY), "the policy")
        await press("enter")
        await until(pilot, says(pilot, "Next: s starts the run."), "the checks")
        await press("s")
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "✓ completed"), "its end")
        assert app.session.draft == Draft()
    assert keys == 6
    assert len(shop.documents("users")) == 30
    assert len(shop.documents("orders")) == 20
    assert (await run_record(shop.home, 2)).state is RunState.COMPLETED


async def test_the_sentence_and_that_nothing_stands_in_the_way(shop: Shop) -> None:
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await until(pilot, says(pilot, "✓ The checks found nothing that stands in the way. As of 2026-09-21"), "them")
        assert (
            f"Copy about 50 documents into {shop.database} on new: add what is missing; replace what differs."
            in flat(pilot)
        )
        assert "Can be undone." in flat(pilot)
        assert {row[0] for row in rows(pilot, "#findings")} == {"· note"}
        assert "answers in" in flat(pilot)
        assert "Next: s starts the run." in screen_text(pilot)


async def test_a_plan_that_is_gone_on_with_is_checked_once_its_source_is_listed(shop: Shop) -> None:
    async with wizard(shop.home, replace(overwriting(shop, "users"), listed=None)) as pilot:
        await until(pilot, says(pilot, "nothing that stands in the way", "s starts the run"), "the checks")
        session(pilot).draft = replace(session(pilot).draft, listed=None)  # as where the listing was cancelled
        session(pilot).looks.forget()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: session(pilot).looks.checked is not None, "other checks")
        await until(pilot, says(pilot, "nothing that stands in the way", "s starts the run"), "that they are made")


async def test_errors_block_the_start_and_are_read_whole(shop: Shop) -> None:
    async with wizard(shop.home, shop.ready("orders", "users", step=Step.PREFLIGHT)) as pilot:
        await until(pilot, says(pilot, "✗ 1 error; enter reads one whole.", "Not yet: 1 error to be mended"), "it")
        assert rows(pilot, "#findings")[0][:2] == ("✗ error", "users")
        assert "s Start" not in screen_text(pilot)
        await pilot.press("s")
        assert step_is(pilot, Step.PREFLIGHT)()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FindingSheet), "the sheet")
        await until(pilot, shows(pilot, "✗ error: conflict", "5 documents differ"), "it whole")
    assert no_run(shop)


async def test_a_change_makes_the_checks_stale_and_they_are_made_anew(shop: Shop) -> None:
    async with wizard(shop.home, shop.ready("orders", "users", step=Step.PREFLIGHT)) as pilot:
        await until(pilot, says(pilot, "✗ 1 error"), "the checks")
        first = session(pilot).looks.checked
        await pilot.press("ctrl+b")
        await until(pilot, step_is(pilot, Step.POLICY), "the policy")
        await pilot.press("G", "enter")
        await until(pilot, says(pilot, "✓ The checks found nothing"), "the new ones")
        assert session(pilot).looks.checked is not first
        await pilot.press("ctrl+b")
        await until(pilot, step_is(pilot, Step.POLICY), "the policy")
        same = session(pilot).looks.checked
        await pilot.press("enter")
        await until(pilot, says(pilot, "✓ The checks found nothing"), "those there were")
        assert session(pilot).looks.checked is same


async def test_a_source_that_changes_while_the_checks_are_shown_makes_them_stale(shop: Shop) -> None:
    async with wizard(shop.home, overwriting(shop)) as pilot:
        await checked(pilot)
        draft = session(pilot).draft
        screen = pilot.app.screen
        assert isinstance(screen, NewMigrationScreen)
        screen.change(replace(draft, listed=("users",)))
        await until(pilot, says(pilot, "The plan was changed since it was checked.", "Not yet: the plan was"), "that")
        await pilot.press("s")
        assert not is_run(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "✓ The checks found nothing"), "new ones")


async def test_what_the_target_will_refuse_is_counted_and_can_be_put_aside(shop: Shop) -> None:
    schema = {"$jsonSchema": {"properties": {"age": {"maximum": 27}}}}
    shop.target_db[shop.database].command("collMod", "users", validator=schema)
    async with wizard(shop.home, overwriting(shop, target=shop.live)) as pilot:
        stops = "The run stops at the first of 2 refused documents (none may be put aside). Can be undone."
        await until(pilot, says(pilot, stops, "Next: s starts the run, after"), "what is known")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await until(pilot, says(pilot, "Start all the same", "Start, and put up to 2 aside"), "the choices")
        await pilot.press("G", "enter")
        await until(
            pilot,
            says(pilot, "This writes to PRODUCTION.", "aside (2 allowed). Can be undone."),
            "it",
        )
        await type_into(pilot, LIVE)
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "completed with findings"), "its end")
    assert from_yaml((await run_record(shop.home)).plan, "plan").max_rejects == 2
    assert len(shop.documents("users")) == 28


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


@pytest.mark.slow
async def test_an_export_and_an_import_of_what_it_made(shop: Shop, tmp_path: Path) -> None:
    package = PackageEnd(str(tmp_path / "a [x] package"))
    draft = Draft(shop.source, package, frozenset(("users", "orders")), ("orders", "users"), step=Step.PREFLIGHT)
    async with wizard(shop.home, draft) as pilot:
        await checked(pilot)
        assert "Write about 50 documents of 2 collections" in flat(pilot)
        assert "new export" in screen_text(pilot)
        await pilot.press("s")
        await until(pilot, lambda: is_run(pilot), "the run")
        await until(pilot, shows(pilot, "✓ completed"), "its end")
    restored = StoreEnd("restored_" + shop.database, connection="new", environment=Environment.DEVELOPMENT)
    try:
        async with wizard(shop.home, Draft(package, restored)) as pilot:
            await until(
                pilot, says(pilot, "2 collections, 50 documents", "Imports documents of a package"), "both ends"
            )
            await pilot.press("ctrl+n", "i", "ctrl+n")
            await until(pilot, says(pilot, "0 of 50 documents are in the target already"), "the count")
            await pilot.press("enter")
            await until(pilot, says(pilot, "Add 50 documents in", "Next: s starts the run."), "the checks")
            await pilot.press("s")
            await until(pilot, lambda: is_run(pilot), "the run")
            await until(pilot, shows(pilot, "✓ completed"), "its end")
        assert (await run_record(shop.home, 2)).kind is RunKind.IMPORT
        assert shop.target_db[restored.database]["users"].count_documents({}) == 30
    finally:
        shop.target_db.drop_database(restored.database)


async def test_views_alone(shop: Shop) -> None:
    shop.source_db[shop.database].command({"create": "grown", "viewOn": "nothing", "pipeline": []})
    async with wizard(shop.home, shop.ready("grown", step=Step.POLICY)) as pilot:
        await until(pilot, says(pilot, "As of 2026"), "the count")
        await pilot.press("enter")
        await until(pilot, says(pilot, "! 1 warning"), "the checks")
        assert f"Define 1 view in {shop.database} on new; no documents. Can be undone." in flat(pilot)


async def test_without_undo_it_is_said_before_the_name_is_typed(shop: Shop) -> None:
    draft = overwriting(shop, target=shop.live)
    async with wizard(shop.home, replace(draft, undo=False)) as pilot:
        await checked(pilot)
        assert "CANNOT BE UNDONE" in flat(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypeName), "the question")
        await until(pilot, says(pilot, "This writes to PRODUCTION.", "CANNOT BE UNDONE: it keeps no undo log."), "it")


async def test_a_check_that_waits_is_cancelled_by_esc_and_made_by_ctrl_r(shop: Shop, silent_url: str) -> None:
    draft = overwriting(shop, target=StoreEnd("shop", url=silent_url, environment=Environment.STAGING))
    async with wizard(shop.home, draft) as pilot:
        await until(pilot, says(pilot, "Checking… esc cancels", "Not yet: the checks are running"), "the wait")
        await pilot.press("escape")
        await until(pilot, says(pilot, "The checks were cancelled: ctrl+r makes them."), "the end")
        await pilot.press("s")
        assert step_is(pilot, Step.PREFLIGHT)()
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "Checking… esc cancels"), "it again")
        await pilot.press("escape", "escape")
        await until(pilot, step_is(pilot, Step.POLICY), "the step before")


async def test_a_dead_target_is_a_fault_of_the_checks(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    async with wizard(shop.home, overwriting(shop, target=dead)) as pilot:
        await until(pilot, says(pilot, "✗ ", "ctrl+r tries again.", "Not yet: the checks could not be made"), "it")


@pytest.mark.slow
async def test_the_narrowest_window_and_back_on_every_step(shop: Shop) -> None:
    async with wizard(shop.home, shop.draft("orders", "users")) as pilot:
        for step in Step:
            await until(pilot, step_is(pilot, step), step.title)
            await until(pilot, lambda: not session(pilot).looks.is_pending, "silence")
            if step is Step.COLLECTIONS:
                await until(pilot, says(pilot, "2 of 2 marked"), "the listing")
            before = screen_text(pilot)
            await pilot.resize_terminal(10, 3)
            await until(pilot, lambda: len(screen_text(pilot).splitlines()) <= 3, "ten by three")
            await pilot.press("j", "k")
            await pilot.resize_terminal(*SIZE)
            await until(pilot, lambda before=before: screen_text(pilot) == before, "as it was")  # type: ignore[misc]  # bound per turn
            if step < Step.PREFLIGHT:
                await pilot.press("ctrl+n")

"""Pre-flight: what the checks say, when they are stale, and how they are made anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ui.driving import screen_text, shows, until
from tests.ui.new_scene import (
    LIVE,
    SIZE,
    Shop,
    checked,
    flat,
    is_run,
    live_app,
    no_run,
    overwriting,
    rows,
    run_record,
    says,
    session,
    shop,
    step_is,
    type_into,
    wizard,
)
from tui_migrate.findings import Severity
from tui_migrate.journal.states import RunState
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.plan.model import Environment, PackageEnd, RunKind, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.finding_sheet import FindingSheet
from tui_migrate.ui.screens.new_migration import NewMigrationScreen

__all__ = ["shop"]

MASKED_AND_REFERRED = """\
name: own
title: Own data
collections:
  logs:
    references: [{field: user, to: users, on_missing: warn}]
  users:
    sensitive: [{field: age, redaction: mask}]
"""

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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
        assert "s Start" not in screen_text(pilot)
        await pilot.press("s")
        await until(pilot, says(pilot, "The plan was changed since it was checked, ctrl+r checks it."), "why not")
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


async def test_what_redaction_makes_equal_is_said_first_and_can_be_put_aside(shop: Shop) -> None:
    shop.source_db[shop.database]["users"].create_index("age", unique=True)
    shop.source_db[shop.database]["logs"].insert_many({"_id": one, "user": 100 + one} for one in range(3))
    new = replace(shop.target, database=f"{shop.database}_new")
    draft = replace(shop.ready("users", "logs", step=Step.PREFLIGHT, target=new), catalog=MASKED_AND_REFERRED)
    async with wizard(shop.home, replace(draft, scope=Scope(redact=True))) as pilot:
        said = "The run stops at the first of up to 29 refused documents (none may be put aside)."
        await until(pilot, says(pilot, said, "Next: s starts the run, after"), "what is known")
        checked = session(pilot).looks.checked
        assert checked is not None
        warnings = [one.code for one in checked.of(Severity.WARNING)]
        assert warnings[0] == "unique_redacted"
        assert "dangling_reference" in warnings
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the question")
        await until(pilot, says(pilot, "! users.age_1: up to 29 documents", "Start, and put up to 29 aside"), "both")


async def test_a_filter_by_ids_is_counted_before_the_target_is(shop: Shop) -> None:
    draft = shop.ready("users", step=Step.PREFLIGHT)
    scope = Scope(filters=(Filter("users", '{"_id": {"$in": [1, 2]}}'),))
    async with wizard(shop.home, replace(draft, scope=scope)) as pilot:
        await until(pilot, says(pilot, "Copy up to 2 documents by 1 filter into"), "what is meant")


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

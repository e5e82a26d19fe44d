from dataclasses import replace

import pytest

from tests.ui.driving import screen_text, until
from tests.ui.new_scene import Shop, flat, rows, says, session, shop, step_is, type_into, wizard
from tui_migrate.plan.model import PackageEnd, Policy, StoreEnd
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.look import LookState
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.new_step import Looked
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_each_policy_says_what_it_would_do_by_ids_and_then_exactly(shop: Shop) -> None:
    async with wizard(shop.home, shop.ready("orders", "users", step=Step.POLICY)) as pilot:
        await until(pilot, says(pilot, "As of 2026-09-21 14:13 UTC; x counts exactly"), "the count")
        assert "15 of 50 documents are in the target already (counted by their ids)." in flat(pilot)
        assert "Sample: of 15 of them, compared whole, 5 differ (33 %)." in flat(pilot)
        assert rows(pilot, "#policies")[2] == ("○ overwrite", "add 35; replace those of 15 there that differ")
        await pilot.press("x")
        await until(pilot, says(pilot, "(both ends read whole)", "As of 2026-09-21 14:13 UTC."), "exactly")
        assert "Sample" not in screen_text(pilot)
        assert rows(pilot, "#policies") == [
            ("● fail", "refused: 5 differ"),
            ("○ skip", "add 35; leave 5 that differ; 10 equal"),
            ("○ overwrite", "add 35; replace 5 that differ; 10 equal"),
            ("○ newer", "add 35; replace the older of 5; 10 equal"),
            ("○ ask", "add 35; ask about 5 that differ; 10 equal"),
        ]
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "(counted by their ids)", "x counts exactly"), "by ids again")


async def test_a_plan_that_is_gone_on_with_is_counted_once_its_source_is_listed(shop: Shop) -> None:
    async with wizard(shop.home, replace(shop.ready("users", step=Step.POLICY), listed=None)) as pilot:
        await until(pilot, says(pilot, "are in the target already (counted by their ids)"), "the count")


async def test_a_policy_is_marked_or_taken_and_the_count_stays(shop: Shop) -> None:
    async with wizard(shop.home, shop.ready("orders", "users", step=Step.POLICY)) as pilot:
        await until(pilot, says(pilot, "x counts exactly"), "the count")
        count = session(pilot).looks.count
        await pilot.press("j", "space")
        assert session(pilot).draft.policy is Policy.SKIP
        assert rows(pilot, "#policies")[1][0] == "● skip"
        assert step_is(pilot, Step.POLICY)()
        await pilot.press("j", "enter")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "the checks")
        assert session(pilot).draft.policy is Policy.OVERWRITE
        await pilot.press("ctrl+b")
        await until(pilot, step_is(pilot, Step.POLICY), "back")
        assert session(pilot).looks.count is count
        assert pilot.app.screen.query_one("#policies", Table).cursor_key == "overwrite"


async def test_a_package_leaves_nothing_to_choose(shop: Shop) -> None:
    draft = Draft(shop.source, PackageEnd("/nowhere"), frozenset(("users",)), ("users",), step=Step.POLICY)
    async with wizard(shop.home, draft) as pilot:
        await until(pilot, says(pilot, "there is nothing in it yet that a document could meet"), "that")
        assert len(rows(pilot, "#policies")) == 1
        assert "Next: enter goes on to the checks." in screen_text(pilot)
        assert "Count exactly" not in screen_text(pilot)
        await pilot.press("x", "ctrl+r")
        assert session(pilot).looks.count is None
        await pilot.press("space")
        assert session(pilot).draft.policy is Policy.FAIL
        await pilot.press("enter")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "the checks")


@pytest.mark.slow
async def test_a_count_that_waits_says_so_and_esc_cancels_it(shop: Shop, silent_url: str) -> None:
    now = [1_790_000_000.0]
    draft = shop.ready("users", step=Step.POLICY, target=StoreEnd("shop", url=silent_url))
    async with wizard(shop.home, draft, clock=lambda: now[0]) as pilot:
        await until(pilot, says(pilot, "Counting by ids… esc cancels"), "the wait")
        now[0] += 9
        await until(pilot, says(pilot, "Counting by ids for 9s… esc cancels"), "how long it waits")
        await pilot.press("escape")
        await until(pilot, says(pilot, "The count was cancelled: ctrl+r counts by ids, x counts exactly."), "the end")
        assert step_is(pilot, Step.POLICY)()
        assert "add what is missing; stop where a document differs" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, step_is(pilot, Step.COLLECTIONS), "the step before")


async def test_a_report_that_was_on_its_way_does_not_undo_the_cancelling(shop: Shop, silent_url: str) -> None:
    draft = shop.ready("users", step=Step.POLICY, target=StoreEnd("shop", url=silent_url))
    async with wizard(shop.home, draft) as pilot:
        await until(pilot, says(pilot, "Counting by ids… esc cancels"), "the wait")
        late = session(pilot).looks.count
        assert late is not None
        await pilot.press("escape")
        await until(pilot, says(pilot, "The count was cancelled"), "the end")
        pilot.app.screen.post_message(Looked(late))
        await pilot.pause()
        kept = session(pilot).looks.count
        assert kept is not None
        assert kept.state is LookState.CANCELLED


async def test_a_dead_target_is_a_fault_that_ctrl_r_tries_again(shop: Shop) -> None:
    dead = StoreEnd("shop", url="mongodb://127.0.0.1:1/shop?serverSelectionTimeoutMS=200")
    async with wizard(shop.home, shop.ready("users", step=Step.POLICY, target=dead)) as pilot:
        await until(pilot, says(pilot, "✗ ", "ctrl+r tries again.", "Not yet: shop on 127.0.0.1:1"), "the fault")
        await pilot.press("enter")
        assert step_is(pilot, Step.POLICY)()
        first = session(pilot).looks.count
        await pilot.press("ctrl+r")
        await until(pilot, lambda: session(pilot).looks.count is not first, "it again")
        await until(pilot, says(pilot, "✗ ", "ctrl+r tries again."), "the fault again")


async def test_options_go_into_the_plan_and_hide_again(shop: Shop) -> None:
    async with wizard(shop.home, shop.ready("orders", "users", step=Step.POLICY)) as pilot:
        await until(pilot, says(pilot, "x counts exactly"), "the count")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter changes the option", "Rate limit", "Undo log"), "the options")
        await pilot.press("G", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the question")
        await type_into(pilot, "ticket 7")
        await until(pilot, lambda: session(pilot).draft.description == "ticket 7", "the note")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter takes the policy"), "the policies")
        assert "Rate limit" not in screen_text(pilot)
        await pilot.press("g", "j", "j", "enter")
        await until(pilot, step_is(pilot, Step.PREFLIGHT), "the checks")
        await until(pilot, says(pilot, "The checks found nothing"), "them")
        checked = session(pilot).looks.checked
        assert checked is not None
        assert checked.plan is not None
        assert checked.plan.description == "ticket 7"

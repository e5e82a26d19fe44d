import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.packages.samples import small_package
from tests.ui.driving import PreparedJournal, copy_plan, new_app, screen_text, shows, until
from tests.ui.new_scene import SIZE, Shop, flat, rows, says, session, shop, type_into
from tui_migrate.comparison import compare as comparing
from tui_migrate.comparison.side import Side
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, Policy, StoreEnd
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui.comparing import Asked
from tui_migrate.ui.draft import Step
from tui_migrate.ui.look import LookState
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.compare_collection import CompareCollectionScreen
from tui_migrate.ui.screens.compare_document import CompareDocumentScreen
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of a socket that pymongo forgets
]


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def comparing_screen(home: Home, asked: Asked, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilot[None]]:
    app = new_app(home)
    app.session.asked = asked
    async with app.run_test(size=size) as pilot:
        await app.push_screen(CompareScreen())
        await until(pilot, lambda: app.screen.focused is not None, "a focus")
        yield pilot


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


def found(pilot: Pilot[None]) -> list[tuple[str, ...]]:
    return [one[:7] for one in rows(pilot, "#collections")]


def at(pilot: Pilot[None], key: str, selector: str = "#collections") -> None:
    pilot.app.screen.query_one(selector, Table).move_to(key)


def screen_of(pilot: Pilot[None]) -> CompareScreen:
    assert isinstance(pilot.app.screen, CompareScreen)
    return pilot.app.screen


async def compared(pilot: Pilot[None]) -> None:
    await pilot.press("s")
    await until(pilot, shows(pilot, "As of"), "the outcome")


async def test_two_ends_are_chosen_compared_and_looked_into_down_to_the_field(shop: Shop) -> None:
    shop.target_db[shop.database]["extra"].insert_one({"_id": 1})
    app = new_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, is_on(pilot, HomeScreen), "Home")
        await pilot.press("M")
        await until(pilot, says(pilot, "Not yet: no A is chosen: enter on A."), "the choice")
        for key in ("old", "new"):
            await pilot.press("enter")
            await until(pilot, is_on(pilot, Choose), "the connections")
            app.screen.query_one(Table).move_to(f"connection:{key}")
            await pilot.press("enter")
            await until(pilot, is_on(pilot, AskText), "the database")
            await pilot.press("enter")
            await until(pilot, is_on(pilot, CompareScreen), "the choice again")
        await until(pilot, says(pilot, "Next: s compares."), "that it can begin")
        await compared(pilot)
        assert found(pilot) == [
            ("", "extra", "! only B", "·", "1", "·", "·"),
            ("[ ]", "orders", "! only A", "20", "·", "·", "·"),
            ("[ ]", "users", "! differs", "15", "·", "5", "10"),
        ]
        assert "! 3 of 3 collections differ." in flat(pilot)
        at(pilot, "users")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        listed = rows(pilot, "#differences")
        assert len(listed) == 20
        assert listed[0] == ("[ ]", "different", "10", "~age")
        assert listed[-1] == ("[ ]", "only A", "29", "B lacks it")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "A plan replaces - by +."), "the document")
        await until(pilot, shows(pilot, "~ age: another value", '+ {"$numberInt": "10"}', '- {"$numberInt": "-1"}'))
        await pilot.press("escape", "escape")
        await until(pilot, is_on(pilot, CompareScreen), "the collections")


async def test_from_120_columns_on_both_documents_stand_side_by_side(shop: Shop) -> None:
    async with comparing_screen(shop.home, Asked(shop.source, shop.target), (120, 40)) as pilot:
        await compared(pilot)
        at(pilot, "users")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        await pilot.press("enter")
        await until(pilot, lambda: len(rows(pilot, "#sides")) == 4, "both documents")
        assert rows(pilot, "#sides")[2] == ("~", '  "age": {"$numberInt": "10"}', '  "age": {"$numberInt": "-1"}')
        assert pilot.app.screen.query_one("#sides", Table).cursor_key == "!2"
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: pilot.app.screen.focused is pilot.app.screen.query_one(Pager), "the text instead")


async def test_what_is_marked_becomes_a_plan_that_is_checked_and_can_be_saved(shop: Shop, tmp_path: Path) -> None:
    async with comparing_screen(shop.home, Asked(shop.source, shop.target)) as pilot:
        await compared(pilot)
        assert "ctrl+n" not in screen_text(pilot).splitlines()[-1]
        at(pilot, "users")
        await pilot.press("space")
        await until(pilot, shows(pilot, "1 of 2 marked"), "the mark")
        await pilot.press("ctrl+s")
        await until(pilot, is_on(pilot, Choose), "what to save")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, AskText), "where to")
        await type_into(pilot, str(tmp_path / "nowhere" / "plan.yaml"))
        await until(pilot, shows(pilot, "✗ cannot write the plan"), "why not")
        await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input), "the question again")
        await type_into(pilot, str(tmp_path / "plan.yaml"))
        await until(pilot, shows(pilot, "written to"), "that it is saved")
        plan = from_yaml(await asyncio.to_thread((tmp_path / "plan.yaml").read_text), "plan")
        assert (plan.mirror, plan.policy, [one.name for one in plan.collections]) == (
            True,
            Policy.OVERWRITE,
            ["users"],
        )
        await pilot.press("ctrl+n")
        await until(pilot, is_on(pilot, NewMigrationScreen), "the plan")
        assert session(pilot).draft.step is Step.PREFLIGHT
        await until(pilot, says(pilot, "Next: s starts the run"), "the checks")
        sentence = "Replace 5, add 15 and delete 0 documents in"
        assert says(pilot, sentence, "10 stay as they are (as of 2026-", "become the source's. Can be undone.")()
        checked = session(pilot).looks.checked
        assert checked is not None
        assert checked.plan is not None
        assert checked.plan.mirror
        plan = copy_plan(shop.source, shop.target, ("users",))
        await PreparedJournal(shop.home).run(plan=plan, age=-10)
        pilot.app.pop_screen()
        await until(pilot, says(pilot, "! Run 0001 has written to B since: s compares again."), "that it is of before")
        assert [row[0] for row in found(pilot)] == ["[ ]", "[ ]"]
        assert any(
            (one.id, one.label) == ("compare.start", "Compare again") for one in screen_of(pilot).shown_actions()
        )
        await pilot.press("space")
        await until(pilot, shows(pilot, "1 of 2 marked", "ctrl+n Plan"), "a mark anew")


async def test_documents_that_are_marked_become_a_plan_of_those_alone(shop: Shop) -> None:
    shop.target_db[shop.database]["users"].insert_one({"_id": 77})
    async with comparing_screen(shop.home, Asked(shop.source, shop.target)) as pilot:
        await compared(pilot)
        at(pilot, "users")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        assert "ctrl+n" not in screen_text(pilot).splitlines()[-1]
        pilot.app.screen.query_one("#differences", Table).move_to("20")
        assert rows(pilot, "#differences")[20] == ("", "only B", "77", "A lacks it")
        await pilot.press("space")
        await until(pilot, says(pilot, "B alone has it: it goes when the whole collection is made equal"), "why not")
        pilot.app.screen.query_one("#differences", Table).move_to("0")
        await pilot.press("space", "end", "k", "space")
        await until(pilot, shows(pilot, "2 marked"), "the marks")
        await pilot.press("ctrl+n")
        await until(pilot, is_on(pilot, NewMigrationScreen), "the plan")
        await until(
            pilot,
            says(
                pilot,
                "Replace 1 and add 1 document in",
                "Only documents of users that match",
                "Next: s starts the run",
            ),
            "the checks",
        )
        checked = session(pilot).looks.checked
        assert checked is not None
        assert checked.plan is not None
        assert not checked.plan.mirror
        (only,) = checked.plan.scope.filters
        assert [one for one in ("10", "29", "77") if f'"{one}"' in only.query] == ["10", "29"]


async def test_a_package_is_compared_and_never_changed(shop: Shop, tmp_path: Path) -> None:
    await asyncio.to_thread(small_package, tmp_path / "p")
    package = PackageEnd(str(tmp_path / "p"))
    async with comparing_screen(shop.home, Asked(shop.source, package)) as pilot:
        await compared(pilot)
        assert says(pilot, "B is a package and is never changed")()
        assert all(row[0] == "" for row in found(pilot))
        await pilot.press("ctrl+s")
        await until(pilot, is_on(pilot, AskText), "where the report goes")
        await type_into(pilot, str(tmp_path / "p" / "r.md"))
        await until(pilot, says(pilot, "is part of the package"), "why not there")
        await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input), "the question again")
        await type_into(pilot, str(tmp_path / "r.md"))
        await until(pilot, shows(pilot, "written to"), "that it is saved")
        await pilot.press("w")
        await until(pilot, says(pilot, "Next: s compares."), "the choice, swapped")
        assert session(pilot).asked.left == package


async def test_it_is_stopped_by_esc_and_gone_on_with(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    is_held, whole = True, Side.fill

    async def fill(side: Side) -> None:
        while is_held and side.place:
            await asyncio.sleep(0.01)
        await whole(side)

    monkeypatch.setattr(Side, "fill", fill)
    monkeypatch.setattr(comparing, "MARK_DOCUMENTS", 1)
    async with comparing_screen(shop.home, Asked(shop.source, shop.target)) as pilot:
        await pilot.press("s")
        await until(pilot, shows(pilot, "Comparing…", "esc stops"), "that it is at work")
        await until(pilot, lambda: any(row[2].endswith("%") for row in found(pilot)), "how far it is")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "~ Stopped at"), "that it is stopped")
        known = session(pilot).compared
        assert known is not None
        assert known.state is LookState.CANCELLED
        kept = shop.home.state / "comparisons"
        assert len(await asyncio.to_thread(lambda: list(kept.iterdir()))) >= 1
        is_held = False
        await pilot.press("s")
        await until(pilot, shows(pilot, "Go on where it was stopped"), "the question")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "As of"), "the outcome")
        assert ("[ ]", "users", "! differs", "15", "·", "5", "10") in found(pilot)
        known = session(pilot).compared
        assert known is not None
        assert known.is_resumed
        await until(pilot, lambda: not list(kept.iterdir()), "what was kept to be removed, after the outcome is told")


async def test_an_end_that_does_not_answer_is_cancelled_by_esc_and_one_that_is_gone_is_told(
    shop: Shop, silent_url: str, unused_port: int
) -> None:
    silent = StoreEnd("shop", url=silent_url, environment=Environment.PRODUCTION)
    async with comparing_screen(shop.home, Asked(silent, shop.target)) as pilot:
        assert "A: PRODUCTION" in screen_text(pilot)
        await pilot.press("s")
        await until(pilot, shows(pilot, "Connecting… esc cancels"), "that it connects")
        await pilot.press("escape")
        await until(pilot, shows(pilot, "~ Cancelled: s compares."), "that it is cancelled")
        gone = StoreEnd("shop", url=f"mongodb://127.0.0.1:{unused_port}/shop?serverSelectionTimeoutMS=300")
        session(pilot).asked = Asked(shop.source, gone)
        await pilot.press("ctrl+b", "s")
        await until(pilot, says(pilot, "✗", "ctrl+r tries again, ctrl+b changes the ends."), "the fault")
        await pilot.press("ctrl+r")
        await until(pilot, says(pilot, "ctrl+r tries again, ctrl+b changes the ends."), "the fault again")
        await pilot.press("ctrl+b")
        await until(pilot, shows(pilot, "Next: s compares"), "the choice")


async def test_a_document_that_cannot_be_read_any_more_is_shown_as_the_comparison_kept_it(
    shop: Shop, unused_port: int
) -> None:
    async with comparing_screen(shop.home, Asked(shop.source, shop.target)) as pilot:
        await compared(pilot)
        at(pilot, "users")
        known = session(pilot).compared
        assert known is not None
        assert known.comparison is not None
        (one,) = [each for each in known.comparison.collections if each.name == "users"]
        gone = StoreEnd("shop", url=f"mongodb://127.0.0.1:{unused_port}/shop?serverSelectionTimeoutMS=300")
        await pilot.app.push_screen(CompareCollectionScreen(replace(known, asked=Asked(shop.source, gone)), one))
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareDocumentScreen), "the document")
        await until(pilot, says(pilot, "ctrl+r tries again.", "~ age: another value"), "the fault, and what is known")


async def test_equal_ends_are_equal_and_fast_does_not_say_so(shop: Shop) -> None:
    async with comparing_screen(shop.home, Asked(shop.source, shop.source)) as pilot:
        await compared(pilot)
        assert "✓ Equal: 2 collections, 50 documents." in screen_text(pilot)
        await pilot.press("ctrl+b")
        at(pilot, "way", "#ends")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, Choose), "the ways")
        await pilot.press("j", "enter")
        await until(pilot, lambda: session(pilot).asked.fast, "the fast way")
        await until(pilot, is_on(pilot, CompareScreen), "the choice")
        await compared(pilot)
        assert "~ Not proved to be equal: 50 documents agree in _id and size alone." in flat(pilot)


async def test_pairs_of_runs_are_offered_and_what_is_sensitive_is_hidden(shop: Shop) -> None:
    catalogs = shop.home.config / "catalogs"
    text = "name: own\ntitle: Own\ncollections:\n  users:\n    sensitive:\n      - {field: age, redaction: mask}\n"
    await asyncio.to_thread(catalogs.mkdir, parents=True)
    await asyncio.to_thread((catalogs / "own.yaml").write_text, text)
    run_id = await shop.used_before()
    async with comparing_screen(shop.home, Asked()) as pilot:
        await until(pilot, shows(pilot, "run 0001"), "the pair")
        at(pilot, f"run:{run_id}", "#ends")
        await pilot.press("enter")
        await until(pilot, lambda: session(pilot).asked.right == shop.target, "both ends")
        await until(pilot, shows(pilot, "Pair taken; s compares its ends."), "what was taken")
        at(pilot, "catalog", "#ends")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, Choose), "the catalogs")
        pilot.app.screen.query_one(Table).move_to("own")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareScreen), "the choice")
        await until(pilot, lambda: session(pilot).asked.catalog == "own", "the catalog")
        await compared(pilot)
        at(pilot, "users")
        await pilot.press("enter")
        await until(pilot, is_on(pilot, CompareCollectionScreen), "the collection")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "A plan replaces - by +."), "the document")
        text = pilot.app.screen.query_one(Pager).words
        assert "***" in text
        assert '$numberInt": "-1"' not in text


async def test_leaving_the_screen_keeps_what_was_found(shop: Shop) -> None:
    async with comparing_screen(shop.home, Asked(shop.source, shop.target)) as pilot:
        await compared(pilot)
        await pilot.press("escape")
        await until(pilot, is_on(pilot, HomeScreen), "Home")
        await pilot.press("M")
        await until(pilot, shows(pilot, "As of"), "the outcome")

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.reports.test_package import gofannon
from tests.ui.driving import screen_text, shows, table_cells, until
from tests.ui.new_scene import Shop, says, session, shop, step_is, wizard
from tui_migrate.packages.types.model import FieldType, Inference, InferredField, TypePlan, ValueType
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.draft import Draft, Step, at_step, with_listing, with_marks, with_types
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.type_plan import TypePlanScreen, types_words
from tui_migrate.ui.widgets.table import Table

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DOCUMENTS: list[dict[str, object]] = [
    {
        "_id": f"{number:024x}",
        "made": f"2026-01-0{number + 1} 10:00:00",
        "price[b]\u202e": "12.50",
        "seen": "2026-01-01 10:00:00" if number else "never",
    }
    for number in range(4)
]
ID = FieldType("agents", "_id", ValueType.OBJECT_ID)
MADE = FieldType("agents", "made", ValueType.DATE)
PRICE = FieldType("agents", "price\\[b\\]\u202e", ValueType.AS_WRITTEN)
SEEN = FieldType("agents", "seen", ValueType.DATE)


@pytest.fixture
def draft(shop: Shop, tmp_path: Path) -> Draft:
    """An import of a package without types that has come to the preflight."""
    path = gofannon(tmp_path / "g.json", DOCUMENTS)
    chosen = with_marks(Draft(PackageEnd(str(path)), shop.target), ["agents"])
    return at_step(with_listing(chosen, ("agents",)), Step.PREFLIGHT)


def source(pilot: Pilot[None]) -> PackageEnd:
    end = session(pilot).draft.source
    assert isinstance(end, PackageEnd)
    return end


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


async def opened(pilot: Pilot[None]) -> None:
    await until(pilot, shows(pilot, "Types not decided: 4 fields may be more than text"), "what is open")
    await pilot.press("y")
    await until(pilot, is_on(pilot, TypePlanScreen), "the types")
    await until(pilot, lambda: len(table_cells(pilot)) == 4, "the fields")


async def test_nothing_starts_before_the_types_are_decided(shop: Shop, draft: Draft) -> None:
    async with wizard(shop.home, draft) as pilot:
        await until(
            pilot, says(pilot, "Not yet: the types of the fields are not decided, y shows and decides."), "what is open"
        )
        assert "s Start" not in screen_text(pilot)
        assert "y Types" in screen_text(pilot)
        await pilot.press("s")
        assert step_is(pilot, Step.PREFLIGHT)()
        assert not list(shop.home.runs.glob("*"))


async def test_fields_are_shown_and_taken_for_what_all_of_their_values_look_like(shop: Shop, draft: Draft) -> None:
    async with wizard(shop.home, draft) as pilot:
        await opened(pilot)
        assert table_cells(pilot) == [
            ("agents  _id", "ObjectId", "ObjectId", "4", "4", f"{0:024x}"),
            ("agents  made", "date", "date", "4", "4", "2026-01-01 10:00:00"),
            ("agents  price\\[b\\]\u202e", "text, as written", "text or decimal", "4", "4", "12.50"),
            ("agents  seen", "text, as written", "date", "3", "4", "2026-01-01 10:00:00"),
        ]
        assert "\u202e" not in screen_text(pilot)
        assert source(pilot).types is None
        pilot.app.screen.query_one(Table).sort_by(5)
        assert [row[1] for row in table_cells(pilot)] == ["ObjectId", "text, as written", "date", "text, as written"]
        await pilot.press("f")
        await until(pilot, shows(pilot, "✓ Types decided: 2 fields converted, 2 as written."), "the decision")
        assert source(pilot).types == TypePlan((ID, MADE, PRICE))
        await pilot.press("escape")
        await until(pilot, says(pilot, "nothing that stands in the way", "s starts the run."), "the checks")
        assert "✓ Types decided: 2 fields converted" in screen_text(pilot)
        assert session(pilot).draft.listed == ("agents",)


async def test_every_text_stays_a_text(shop: Shop, draft: Draft) -> None:
    async with wizard(shop.home, draft) as pilot:
        await opened(pilot)
        await pilot.press("b")
        await until(pilot, shows(pilot, "✓ Types decided: every text stays a text."), "the decision")
        assert source(pilot).types == TypePlan()
        await pilot.press("escape")
        await until(pilot, says(pilot, "s starts the run."), "the checks")


async def test_one_field_is_changed_and_what_does_not_fit_is_found_before_the_start(shop: Shop, draft: Draft) -> None:
    async with wizard(shop.home, draft) as pilot:
        await opened(pilot)
        await pilot.press("G", "enter")
        await until(pilot, is_on(pilot, Choose), "the types there are")
        await until(pilot, says(pilot, "All other fields become what stands beside them."), "what else it decides")
        pilot.app.screen.query_one(Table).move_to(ValueType.DATE.value)
        await pilot.press("enter")
        await until(pilot, shows(pilot, "✓ Types decided: 3 fields converted, 1 as written."), "the decision")
        assert source(pilot).types == TypePlan((ID, MADE, PRICE, SEEN))
        await pilot.press("escape")
        await until(pilot, says(pilot, "'never' cannot become date", "Not yet: the checks could not"), "the misfit")
        await pilot.press("y")
        await until(pilot, is_on(pilot, TypePlanScreen), "the types")
        await pilot.press("G", "enter")
        await until(pilot, is_on(pilot, Choose), "the types there are")
        pilot.app.screen.query_one(Table).move_to(ValueType.AS_WRITTEN.value)
        await pilot.press("enter")
        await until(pilot, shows(pilot, "2 fields converted"), "the decision")
        await pilot.press("escape")
        await until(pilot, says(pilot, "s starts the run."), "the checks")


async def test_going_back_decides_nothing(shop: Shop, draft: Draft) -> None:
    async with wizard(shop.home, draft) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await until(pilot, is_on(pilot, Choose), "the types there are")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, TypePlanScreen), "the types")
        await pilot.press("escape")
        await until(pilot, is_on(pilot, NewMigrationScreen), "the plan")
        assert source(pilot).types is None
        assert "Types not decided" in screen_text(pilot)


def test_what_is_decided_is_said_in_one_line() -> None:
    fields = tuple(InferredField("c", path, ValueType.DATE, 1, 1, ()) for path in ("a", "b"))
    assert types_words(fields, None) == "! Types not decided: 2 fields may be more than text."
    assert types_words(fields, TypePlan()) == "✓ Types decided: every text stays a text."
    assert types_words(fields, Inference(fields).accepted()) == "✓ Types decided: 2 fields converted, 0 as written."
    assert types_words((replace(fields[0], type=ValueType.AS_WRITTEN),), None).startswith("✓ No field")
    assert types_words((), None).startswith("✓ No field")


def test_types_are_of_packages_alone(shop: Shop) -> None:
    assert with_types(shop.draft("users"), TypePlan()) == shop.draft("users")

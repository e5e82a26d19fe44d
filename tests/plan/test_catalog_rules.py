import pytest

from tests.engine.scene import Scene, create, put
from tests.suites.documents import EMPTY, as_value, doc, options
from tests.suites.ids import int32, text
from tui_migrate.catalogs.loader import from_text
from tui_migrate.catalogs.model import Catalog
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.catalog_rules import catalog_of, held_back, reference_cycles
from tui_migrate.plan.model import End, PackageEnd, Plan, RunKind
from tui_migrate.plan.yaml_form import from_yaml, to_yaml

SHOP = from_text(
    """\
name: shop
title: Shop
version: "3"
collections:
  a_items: {references: [{field: order, to: orders}]}
  orders: {references: [{field: user, to: users}]}
  users: {references: [{field: best, to: friends}], order: 2}
  friends: {references: [{field: user, to: users}], order: 1}
  permanent_tokens: {excluded: they open accounts}
""",
    "shop.yaml",
)
NAMES = ("a_items", "friends", "orders", "permanent_tokens", "sessions", "unknown", "users")


@pytest.fixture
async def filled(scene: Scene) -> Scene:
    for name in NAMES:
        await create(scene.source, name)
        await put(scene.source, doc(int32(1)), name=name)
    view = options(viewOn=text("users"), pipeline=as_value(EMPTY, 0x04))
    await create(scene.source, "a_view", options=view)
    return scene


async def planned(
    scene: Scene, catalog: Catalog | None, *names: str, target: End | None = None, exclude: tuple[str, ...] = ()
) -> Plan:
    kind = RunKind.EXPORT if isinstance(target, PackageEnd) else RunKind.COPY
    request = PlanRequest(kind, scene.source_end, target or scene.target_end, names, exclude, catalog=catalog)
    return await build_plan(request, scene.source)


def names_of(plan: Plan) -> list[str]:
    return [one.name for one in plan.collections]


def told(findings: list[Finding]) -> list[tuple[Severity, str, str]]:
    return [(one.severity, one.code, one.subject) for one in findings]


async def test_a_plan_follows_the_catalogs_order_without_what_it_excludes(filled: Scene) -> None:
    made = await planned(filled, SHOP)
    assert names_of(made) == ["friends", "users", "orders", "a_items", "sessions", "unknown", "a_view"]
    assert made.catalog == SHOP.text
    assert catalog_of(made) == catalog_of(from_yaml(to_yaml(made), "plan.yaml")) == SHOP


async def test_without_a_catalog_nothing_is_left_out(filled: Scene) -> None:
    made = await planned(filled, None)
    assert names_of(made) == [*NAMES, "a_view"]
    assert (catalog_of(made), list(held_back(made, NAMES)), list(reference_cycles(made))) == (None, [], [])


async def test_what_is_left_out_is_noted_and_what_is_asked_for_refused_with_the_reason(filled: Scene) -> None:
    (note,) = held_back(await planned(filled, SHOP), NAMES)
    assert told([note]) == [(Severity.NOTE, "excluded", "permanent_tokens")]
    assert "the catalog shop excludes it: they open accounts" in note.message
    (error,) = held_back(await planned(filled, SHOP, "users", "permanent_tokens"), NAMES)
    assert told([error]) == [(Severity.ERROR, "excluded", "permanent_tokens")]
    assert "they open accounts" in error.message
    assert error.hint == "--exclude permanent_tokens; if it has to go, edit the catalog"


@pytest.mark.parametrize(
    ("form", "left_out"),
    [
        (PackageForm.SECOND_BRAIN, {"permanent_tokens", "sessions"}),
        (PackageForm.GOFANNON, {"sessions"}),
        (PackageForm.XCODEREVIEWER, set()),
        (PackageForm.NATIVE, set()),
        (PackageForm.ARCHIVE, set()),
    ],
)
async def test_a_form_of_another_system_keeps_back_what_that_systems_catalog_excludes(
    filled: Scene, form: PackageForm, left_out: set[str]
) -> None:
    made = await planned(filled, None, target=PackageEnd("/p", form))
    assert {*NAMES} - {*names_of(made)} == left_out
    assert {one.subject for one in held_back(made, NAMES)} == left_out
    assert made.catalog == ""
    both = await planned(filled, SHOP, target=PackageEnd("/p", form))
    assert {*NAMES} - {*names_of(both)} == left_out | {"permanent_tokens"}


async def test_circles_are_noted_as_far_as_they_are_taken_along(filled: Scene) -> None:
    (found,) = reference_cycles(await planned(filled, SHOP))
    assert told([found]) == [(Severity.NOTE, "reference_cycle", "friends")]
    assert "friends, users" in found.message
    assert found.count == 2
    assert list(reference_cycles(await planned(filled, SHOP, exclude=("friends",)))) == []

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.scene import Scene, create, put, snapshot
from tests.suites.documents import EMPTY, as_value, doc, options
from tests.suites.ids import double, int32, text
from tui_migrate.documents import RawId
from tui_migrate.plan import ends
from tui_migrate.plan.forecast import UNDO_OF_INSERT, CollectionForecast, Forecast, forecast
from tui_migrate.plan.model import PackageEnd, Policy, RunKind

NEW = doc(int32(1), n=text("new"))
EQUAL = doc(int32(2))
DIFFERENT = doc(int32(3), n=text("different"))
OTHER_TYPE = doc(int32(4))
REPLACED = doc(int32(3))
VIEW = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))


@pytest.fixture
async def filled(scene: Scene) -> Scene:
    await put(scene.source, NEW, EQUAL, DIFFERENT, OTHER_TYPE)
    await put(scene.source, doc(int32(1)), name="others")
    await create(scene.source, "view", options=VIEW)
    await put(scene.target, EQUAL, REPLACED, doc(double(4.0)), doc(int32(99)))
    return scene


@pytest.mark.rule(25, "estimate: replaced bytes plus 40 B an insert")
@pytest.mark.parametrize(
    ("policy", "counted"),
    [
        (Policy.FAIL, {"refuse": 1, "size": len(NEW), "undo": UNDO_OF_INSERT}),
        (Policy.SKIP, {"skip": 1, "size": len(NEW), "undo": UNDO_OF_INSERT}),
        (Policy.OVERWRITE, {"replace": 1, "size": len(NEW) + len(DIFFERENT), "undo": UNDO_OF_INSERT + len(REPLACED)}),
    ],
)
async def test_a_forecast_counts_what_each_policy_would_do(
    filled: Scene, policy: Policy, counted: dict[str, int]
) -> None:
    before = await snapshot(filled.target)
    told = await filled.forecast(await filled.plan(policy, batch=2))
    others, things = told.collections
    assert things == CollectionForecast("things", exists=True, documents=4, insert=1, unchanged=2, present=3, **counted)
    one = len(doc(int32(1)))
    assert others == CollectionForecast("others", exists=False, documents=1, insert=1, size=one, undo=UNDO_OF_INSERT)
    without = await filled.forecast(replace(await filled.plan(policy, batch=2), undo=False))
    assert without.total.undo == 2 * UNDO_OF_INSERT
    assert (told.exact, told.total.documents, told.total.insert, told.total.present) == (True, 5, 2, 3)
    assert told.total.size == things.size + others.size
    assert await snapshot(filled.target) == before


async def test_a_quick_forecast_knows_the_ids_alone(filled: Scene) -> None:
    told = await filled.forecast(await filled.plan(Policy.OVERWRITE), exact=False)
    _, things = told.collections
    assert (things.insert, things.present, things.documents) == (1, 3, 4)
    assert (things.replace, things.unchanged, things.skip, things.refuse) == (0, 0, 0, 0)
    assert not told.exact


async def test_an_export_s_forecast_is_all_that_is_there(filled: Scene, tmp_path: Path) -> None:
    plan = await filled.plan(target=PackageEnd(str(tmp_path / "package")), kind=RunKind.EXPORT)
    told = await forecast(plan, ends.open_source(plan.source, filled.home, {}), None, exact=True)
    assert [(one.name, one.insert, one.undo, one.exists) for one in told.collections] == [
        ("others", 1, 0, False),
        ("things", 4, 0, False),
    ]


async def test_a_forecast_of_a_capped_collection_that_exists_is_right_though_it_is_refused(scene: Scene) -> None:
    capped = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
    for store in (scene.source, scene.target):
        await create(store, "things", options=capped)
        await put(store, *(doc(int32(one)) for one in (5, 1, 9, 3)))
    (told,) = (await scene.forecast(await scene.plan(batch=2))).collections
    assert (told.unchanged, told.insert) == (4, 0)


async def test_a_collection_that_is_gone_is_left_to_the_checks(filled: Scene) -> None:
    plan = await filled.plan()
    await filled.source.drop_collection("others")
    assert [one.name for one in (await filled.forecast(plan)).collections] == ["things"]


def test_the_total_is_the_sum_of_every_count() -> None:
    one = CollectionForecast("a", True, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    total = Forecast(exact=True, collections=(one, one)).total
    assert total == CollectionForecast("", False, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)

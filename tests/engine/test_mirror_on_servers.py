"""A mirror between real servers: with transactions and without, from a database and from a package of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import bson
import pytest

from tests.crash.world import mirrored_world
from tests.engine.mirrors import COLLATED, mirror_plan
from tests.engine.scene import create, differences, same, snapshot
from tests.engine.servers import Pair, mongodb_pair, pair
from tests.suites.documents import doc, index
from tests.suites.ids import double, int32, text
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState

__all__ = ("mongodb_pair",)

pytestmark = pytest.mark.slow


@pytest.fixture(params=["transactions", "standalone"])
async def ends(
    request: pytest.FixtureRequest, tmp_path: Path, mongodb_pair: tuple[str, str], database: str
) -> AsyncIterator[Pair]:
    urls = mongodb_pair
    if request.param == "standalone":
        urls = (mongodb_pair[0], request.getfixturevalue("mongodb_standalone_url"))
    async with pair(tmp_path, urls, database) as made:
        yield made


@pytest.mark.parametrize("is_package", [False, True], ids=["copy", "import"])
async def test_a_mirror_makes_databases_equal_and_its_rollback_brings_the_other_back(
    ends: Pair, tmp_path: Path, is_package: bool
) -> None:
    world = mirrored_world()
    await world.put_into(ends.source, ends.target)
    await create(ends.source, "shaped", indexes=[index("n", unique=True)])
    await create(ends.target, "shaped", options=COLLATED, indexes=[index("m")])
    names = [text("é"), text("e"), int32(1), double(2.5)]
    assert await ends.source.insert("shaped", [doc(one, n=one) for one in names]) == ()
    assert await ends.target.insert("shaped", [doc(one) for one in names[1:]]) == ()
    before, wanted = await ends.look(), await snapshot(ends.source)
    package = tmp_path / "package"
    if is_package:
        assert (await ends.work(await ends.export(package))).exit_code == 0
    plan = await mirror_plan(ends, ends.target, package=str(package) if is_package else "")
    forecast = (await ends.forecast(plan)).total
    ended = await ends.run(plan)
    assert (ended.exit_code, ended.record.state) == (0, RunState.COMPLETED), ended.record
    assert differences(await ends.look(), wanted) == []
    assert forecast.delete + forecast.insert + forecast.replace > 0
    assert forecast.delete <= ended.counts.deleted
    undone = await ends.roll_back(ended.record.id)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert same(await ends.look(), before)
    assert undone.counts.restored == ended.counts.deleted + ended.counts.replaced


async def test_a_time_series_is_replaced_and_comes_back(ends: Pair) -> None:
    series = bson.encode({"timeseries": {"timeField": "at"}})
    await create(ends.source, "things")
    await create(ends.target, "things", options=series)
    points = [bson.encode({"at": bson.DatetimeMS(one * 1_000), "_id": one, "n": one}) for one in (3, 1, 2)]
    assert await ends.target.insert("things", points) == ()
    before = await ends.look()
    ended = await ends.run(replace(await ends.plan(), mirror=True))
    assert (ended.exit_code, ended.counts) == (0, Counts(deleted=3))
    assert await ends.look() == await snapshot(ends.source)
    assert (await ends.roll_back(ended.record.id)).exit_code == 0
    assert same(await ends.look(), before)

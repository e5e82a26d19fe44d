"""The engine between real MongoDB servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.scene import create, documents, put, same, snapshot
from tests.engine.servers import Pair, half_full, left_by, pair
from tests.engine.worlds import expected
from tests.suites.documents import MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import MAX_KEY, OF_EVERY_TYPE, int32, text
from tui_migrate.documents import RawId
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.packages.check import check
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.base import CollectionKind

SERIES = options(timeseries=as_value(options(timeField=text("at"))))

pytestmark = pytest.mark.slow


def moment(number: int) -> RawId:
    """A date, so many seconds after 2026 began."""
    return RawId(b"\x09" + (1_767_225_600_000 + number * 1_000).to_bytes(8, "little"))


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, mongodb_pair, database) as made:
        yield made


@pytest.fixture
async def standalone(
    tmp_path: Path, mongodb_url: str, mongodb_standalone_url: str, database: str
) -> AsyncIterator[Pair]:
    async with pair(tmp_path, (mongodb_url, mongodb_standalone_url), database) as made:
        yield made


async def prove_policy(ends: Pair, policy: Policy) -> None:
    world = half_full(policy)
    await world.put_into(ends.source, ends.target)
    before, source = await ends.look(), await snapshot(ends.source)
    plan = await ends.plan(policy, batch=world.batch)
    told = {one.name: one for one in (await ends.forecast(plan)).collections}
    table = expected(world)
    for name, one in told.items():
        counted = Counts(one.insert, one.replace, one.unchanged, one.skip)
        assert (counted, one.refuse) == (table[name].counts, table[name].refused)
    ended = await ends.run(plan)
    if policy is Policy.FAIL:
        assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
        assert await ends.look() == before
        return
    assert ended.record.failure is None
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes <= {"id_type_differs", "options_differ"}
    assert {one.name: one.counts for one in ended.record.collections if one.name in table} == {
        name: one.counts for name, one in table.items()
    }
    assert same(await ends.look(), left_by(world, before, source))
    undone = await ends.roll_back(ended.record.id)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert await ends.look() == before


@pytest.mark.rule(7, "an _id of another numeric type is a finding")
@pytest.mark.parametrize("policy", [Policy.FAIL, Policy.SKIP, Policy.OVERWRITE])
async def test_a_copy_onto_a_half_full_target_is_the_truth_table_and_a_rollback_takes_it_back(
    ends: Pair, policy: Policy
) -> None:
    await prove_policy(ends, policy)


@pytest.mark.rule(1, "on a standalone server as well")
async def test_the_same_holds_on_a_server_without_transactions(standalone: Pair) -> None:
    await prove_policy(standalone, Policy.OVERWRITE)


async def test_a_package_brings_everything_to_an_empty_server(ends: Pair, tmp_path: Path) -> None:
    await half_full(Policy.FAIL).put_into(ends.source, ends.target)
    await create(ends.source, "empty")
    for name in await ends.look():
        await ends.target.drop_collection(name)
    package = tmp_path / "package"
    exported = await ends.work(await ends.export(package, batch=7))
    assert (exported.exit_code, exported.record.findings) == (0, ())
    assert await check(package) == ()
    plan = await ends.plan(Policy.FAIL, source=PackageEnd(str(package)), kind=RunKind.IMPORT)
    imported = await ends.run(plan)
    assert (imported.exit_code, imported.record.findings) == (0, ())
    assert same(await ends.look(), await snapshot(ends.source))
    assert (await ends.roll_back(imported.record.id)).exit_code == 0
    assert await ends.look() == {}


@pytest.mark.rule(18, "between real servers")
@pytest.mark.parametrize("batch", [1, 10])
async def test_a_chain_of_unique_values_resolves_and_goes_back(ends: Pair, batch: int) -> None:
    await put(ends.source, *(doc(int32(one), n=int32(one + 1)) for one in range(1, 5)))
    await create(ends.target, "things", indexes=[index("n", unique=True)])
    await put(ends.target, *(doc(int32(one), n=int32(one)) for one in range(1, 5)))
    before = await ends.look()
    ended = await ends.copy(batch=batch)
    assert (ended.exit_code, ended.counts) == (0, Counts(replaced=4))
    assert set(await documents(ends.target)) == set(await documents(ends.source))
    assert (await ends.roll_back(ended.record.id)).exit_code == 0
    assert await ends.look() == before


@pytest.mark.rule(17, "an existing target's validator holds")
async def test_documents_that_the_server_refuses_are_put_aside(ends: Pair) -> None:
    await put(ends.source, *(doc(one) for one in OF_EVERY_TYPE), doc(text("good"), n=int32(1)))
    await create(ends.target, "things", options=MUST_HAVE_N)
    await put(ends.target, doc(MAX_KEY, n=int32(1)))
    before = await ends.look()
    ended = await ends.copy(max_rejects=1_000)
    assert (ended.exit_code, ended.counts) == (3, Counts(inserted=1, rejected=len(OF_EVERY_TYPE)))
    assert set(await documents(ends.target)) == {doc(text("good"), n=int32(1)), doc(MAX_KEY, n=int32(1))}
    assert (await ends.roll_back(ended.record.id)).exit_code == 0
    assert await ends.look() == before


@pytest.mark.rule(12, "time series only into one that the run creates, verified as a multiset")
async def test_a_time_series_is_copied_whole_and_goes_back(ends: Pair) -> None:
    await create(ends.source, "things", options=SERIES)
    # Two measurements may have one _id.
    await put(ends.source, *(doc(int32(one // 2), at=moment(one), n=int32(one)) for one in range(20)))
    (kind,) = [one.kind for one in await ends.source.collections() if one.name == "things"]
    assert kind is CollectionKind.TIMESERIES
    first = await ends.copy(batch=3)
    assert (first.exit_code, first.counts) == (0, Counts(inserted=20))
    assert sorted(await documents(ends.target)) == sorted(await documents(ends.source))
    second = await ends.copy(batch=3)
    assert (second.exit_code, second.record.state) == (4, RunState.FAILED)
    assert (await ends.roll_back(first.record.id)).exit_code == 0
    assert await ends.look() == {}

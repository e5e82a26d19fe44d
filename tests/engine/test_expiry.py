"""Documents that a target deletes by their age while a run is at work on it."""

import struct
import time

import pytest

from tests.engine import strangers
from tests.engine.scene import Scene, create, put, snapshot
from tests.suites.documents import EMPTY, as_value, doc, index, options
from tests.suites.ids import int32, int64, text
from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.engine.expiry import Expiry
from tui_migrate.findings import Severity
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy, Verify
from tui_migrate.stores.base import CollectionInfo, CollectionKind

HOUR = 3_600


def date(seconds_ago: float) -> RawId:
    return RawId(b"\x09" + struct.pack("<q", int((time.time() - seconds_ago) * 1000)))


def ttl(name: str, after: RawId) -> bytes:
    return pack(index(name)[4:-1] + id_field(b"expireAfterSeconds", after))


def array(*values: RawId) -> RawId:
    return as_value(options(**{str(place): one for place, one in enumerate(values)}), 0x04)


@pytest.mark.rule(19, "what is past its expiry")
@pytest.mark.parametrize(
    "after",
    [int32(HOUR), int64(HOUR), RawId(b"\x01" + struct.pack("<d", float(HOUR)))],
    ids=lambda one: f"type {one[0]}",
)
@pytest.mark.parametrize(
    ("value", "has_passed"),
    [
        (date(2 * HOUR), True),
        (date(HOUR - 10), True),
        (date(HOUR / 2), False),
        (date(-HOUR), False),
        (array(date(0), date(2 * HOUR)), True),
        (array(date(0)), False),
        (array(), False),
        (text("2001-01-01"), False),
        (int64(0), False),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else "value",
)
def test_a_document_expires_when_its_earliest_date_is_old_enough(value: RawId, has_passed: bool, after: RawId) -> None:
    flat = CollectionInfo("things", CollectionKind.PLAIN, EMPTY, (index("n"), ttl("at", after)))
    deep = CollectionInfo("things", CollectionKind.PLAIN, EMPTY, (ttl("a.at", after),))
    assert Expiry.of(flat).has_passed(doc(int32(1), n=date(9 * HOUR), at=value)) is has_passed
    assert Expiry.of(deep).has_passed(doc(int32(1), a=as_value(options(at=value)))) is has_passed
    assert Expiry.of(deep).has_passed(doc(int32(1), a=array(as_value(options(at=value))))) is has_passed


@pytest.mark.rule(19, "an index on several fields deletes nothing")
def test_nothing_expires_by_an_index_on_two_fields() -> None:
    two = pack(index("at", "n")[4:-1] + id_field(b"expireAfterSeconds", int32(HOUR)))
    expiry = Expiry.of(CollectionInfo("things", CollectionKind.PLAIN, EMPTY, (two,)))
    assert not expiry.has_passed(doc(int32(1), at=date(2 * HOUR), n=date(2 * HOUR)))


@pytest.mark.rule(19, "the ids of a clustered collection")
def test_a_clustered_collection_s_ids_are_its_dates() -> None:
    clustered = options(clusteredIndex=as_value(EMPTY), expireAfterSeconds=int64(HOUR))
    expiry = Expiry.of(CollectionInfo("things", CollectionKind.PLAIN, clustered))
    assert expiry.has_passed(doc(date(2 * HOUR)))
    assert not expiry.has_passed(doc(date(0)))
    assert Expiry.of(CollectionInfo("things", CollectionKind.PLAIN, EMPTY)).rules == ()


OLD = doc(int32(1), at=date(9 * HOUR))
OLDER = doc(int32(3), at=date(99 * HOUR))
YOUNG = doc(int32(2), at=date(0))


@pytest.mark.rule(19, "documents past their expiry that verify does not find count as expired")
@pytest.mark.parametrize("verify", [Verify.CONTENT, Verify.COUNT])
@pytest.mark.parametrize("batch", [1, 2, 10])
async def test_documents_that_have_expired_are_counted_and_nobody_is_blamed(
    scene: Scene, verify: Verify, batch: int
) -> None:
    await put(scene.source, OLD, YOUNG, OLDER)
    await create(scene.target, "things", indexes=[ttl("at", int32(HOUR))])
    with strangers.before_verify(lambda: strangers.remove(scene.target, OLD, OLDER)):
        ended = await scene.run(await scene.plan(Policy.FAIL, batch=batch, verify=verify))
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes - {"not_verified"} == {"ttl_index", "expired"}
    assert (ended.finding("expired").count, ended.finding("expired").severity) == (2, Severity.WARNING)


@pytest.mark.rule(19, "nothing but what is past its expiry counts as expired")
async def test_a_document_that_is_gone_before_its_time_is_told_of(scene: Scene) -> None:
    await put(scene.source, OLD, YOUNG)
    await create(scene.target, "things", indexes=[ttl("at", int32(HOUR))])
    with strangers.before_verify(lambda: strangers.remove(scene.target, YOUNG)):
        ended = await scene.copy(Policy.FAIL)
    assert ended.codes == {"ttl_index", "target_differs"}


@pytest.mark.rule(21, "what moved is source_moved, completed_with_findings")
async def test_a_source_that_moved_is_told_of_though_a_document_of_the_batch_has_expired(scene: Scene) -> None:
    async def meddle() -> None:
        await strangers.remove(scene.target, OLD)
        await strangers.remove(scene.source, YOUNG)

    await put(scene.source, OLD, YOUNG)
    await create(scene.target, "things", indexes=[ttl("at", int32(HOUR))])
    await put(scene.target, OLD, YOUNG)
    with strangers.before_verify(meddle):
        ended = await scene.copy(Policy.FAIL)
    assert (ended.exit_code, ended.codes) == (3, {"ttl_index", "expired", "source_moved"})
    assert ended.finding("source_moved").count == 1


@pytest.mark.rule(19, "time series that expire")
@pytest.mark.rule(12, "time series are verified as a multiset")
@pytest.mark.parametrize("expires", [True, False])
async def test_a_time_series_may_have_less_only_where_it_expires(scene: Scene, expires: bool) -> None:
    series = {"timeseries": as_value(options(timeField=text("at")))}
    made = options(**series, **({"expireAfterSeconds": int64(HOUR)} if expires else {}))
    await create(scene.source, "things", options=made)
    await put(scene.source, OLD, YOUNG, OLDER)
    with strangers.before_verify(lambda: strangers.remove(scene.target, OLD)):
        ended = await scene.copy(Policy.FAIL)
    assert ended.codes == ({"ttl_index", "expired"} if expires else {"target_differs"})


@pytest.mark.rule(20, "a TTL index that was there before is not the run's, and stays")
async def test_a_ttl_index_that_the_target_had_is_not_made_by_the_run_nor_taken_away_by_its_rollback(
    scene: Scene,
) -> None:
    for store in (scene.source, scene.target):
        await create(store, "things", indexes=[ttl("at", int32(HOUR))])
    await put(scene.source, YOUNG)
    before = await snapshot(scene.target)
    run = await scene.copy()
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await snapshot(scene.target) == before


@pytest.mark.rule(19, "a TTL index on the target is a preflight warning")
@pytest.mark.rule(17, "TTL indexes come last, after verify")
async def test_a_ttl_index_of_the_source_is_made_when_all_is_verified(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[ttl("at", int32(HOUR))])
    await put(scene.source, OLD, YOUNG)
    seen: list[int] = []

    async def look() -> None:
        seen.extend(len(one.indexes) for one in await scene.target.collections())

    with strangers.before_verify(look):
        ended = await scene.copy(Policy.FAIL)
    assert (ended.exit_code, ended.codes) == (0, set())
    assert seen == [1]
    assert [len(one.indexes) for one in await scene.target.collections()] == [2]

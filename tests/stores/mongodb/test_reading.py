import pytest

from tests.stores.mongodb.conftest import Stage
from tests.suites.documents import doc, options
from tests.suites.ids import OF_EVERY_TYPE, int32, text
from tests.suites.store_cases import NAME, create, everything, fill
from tui_migrate.documents import RawId, raw_id
from tui_migrate.errors import Unreachable
from tui_migrate.stores.base import ReadOrder
from tui_migrate.stores.mongodb import MongoStore, reading


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_DOCUMENTS", 5)


@pytest.mark.usefixtures("small_batches")
async def test_a_cursor_the_server_gave_up_is_opened_again_where_it_stopped(store: MongoStore, stage: Stage) -> None:
    await fill(store, *(doc(one) for one in OF_EVERY_TYPE))
    await stage("getMore", times=2, skip=1, errorCode=43)
    assert [raw_id(one) for one in await everything(store)] == list(OF_EVERY_TYPE)


@pytest.mark.usefixtures("small_batches")
async def test_in_natural_order_a_lost_cursor_is_an_error(store: MongoStore, stage: Stage) -> None:
    await fill(store, *(doc(int32(one)) for one in range(20)))
    await stage("getMore", errorCode=43)
    with pytest.raises(Unreachable):
        await everything(store, order=ReadOrder.NATURAL)


@pytest.mark.usefixtures("small_batches")
async def test_a_lost_line_is_told_and_reading_can_go_on_behind_the_last_block(store: MongoStore, stage: Stage) -> None:
    await fill(store, *(doc(int32(one)) for one in range(20)))
    await stage("getMore", skip=1, closeConnection=True)
    found: list[bytes] = []
    position: bytes | None = None

    async def read_on() -> None:
        nonlocal position
        async for block in store.read(NAME):
            found.extend(block.documents)
            position = block.position

    with pytest.raises(Unreachable):
        await read_on()
    assert 0 < len(found) < 20
    found.extend(await everything(store, after=position))
    assert [raw_id(one) for one in found] == [int32(one) for one in range(20)]


async def test_ids_that_fill_more_than_one_query_are_all_found(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "QUERY_BYTES", 100)
    ids = [text(f"{number:040}") for number in range(30)]
    await fill(store, *(doc(one) for one in ids))
    assert sorted([str(raw_id(one)) async for one in store.lookup(NAME, ids)]) == sorted(map(str, ids))


async def test_a_clustered_collection_is_read_in_order(store: MongoStore) -> None:
    key = RawId(b"\x03" + options(_id=int32(1)))
    clustered = RawId(b"\x03" + options(key=key, unique=RawId(b"\x08\x01")))
    await create(store, NAME, options(clusteredIndex=clustered))
    await fill(store, *(doc(int32(one)) for one in (3, 1, 2)))
    assert [raw_id(one) for one in await everything(store, after=int32(1))] == [int32(2), int32(3)]


async def test_a_view_is_read_in_natural_order(store: MongoStore) -> None:
    await fill(store, doc(int32(1)), doc(int32(2)))
    await create(store, "seen", options(viewOn=text(NAME), pipeline=RawId(b"\x04" + options())))
    assert len(await everything(store, "seen", order=ReadOrder.NATURAL)) == 2
    assert await store.count("seen") == 2

from collections.abc import AsyncIterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings

from tests.comparison.edits import NAME, Edit, edit_lists, expected_counts, sides, told
from tests.suites.documents import index
from tests.suites.ids import int32
from tui_migrate.comparison import ways
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.model import ComparedCollection, Comparison, Kind, Request, Way
from tui_migrate.comparison.state import State
from tui_migrate.documents import RawId
from tui_migrate.ordering import order_key
from tui_migrate.stores.base import Target
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.readonly import ReadOnly

ALL = Request(listed=1_000)


@pytest.fixture
async def pair(mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[tuple[Target, Target]]:
    stores = MongoStore(mongodb_pair[0], database), MongoStore(mongodb_pair[1], database)
    yield stores
    for store in stores:
        await store.drop_collection(NAME)
        await store.close()


async def put(store: Target, documents: list[bytes]) -> None:
    await store.drop_collection(NAME)
    await store.create_indexes(NAME, [index("n")])
    assert await store.insert(NAME, documents) == ()


async def run(pair: tuple[Target, Target], request: Request = ALL) -> Comparison:
    state = State(None, "")
    try:
        return await compare(ReadOnly(pair[0]), ReadOnly(pair[1]), request, state)
    finally:
        state.close()


async def outcome(pair: tuple[Target, Target], request: Request = ALL) -> ComparedCollection:
    (one,) = (await run(pair, request)).collections
    return one


@pytest.mark.slow
@pytest.mark.rule(7, "field order counts between MongoDB and MongoDB")
@given(edits=edit_lists())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_edit_between_databases_is_found(pair: tuple[Target, Target], edits: dict[RawId, Edit]) -> None:
    made = sides(edits)
    for store, documents in zip(pair, (made.left, made.right), strict=True):
        await put(store, documents)
    found = await outcome(pair)
    assert found.way is Way.MERGED
    assert (found.counts, found.definitions) == (expected_counts(made), ())
    assert told(found) == made.expected


@pytest.mark.slow
async def test_ranges_give_what_one_cursor_gives_and_sizes_what_they_can(pair: tuple[Target, Target]) -> None:
    kinds = (Edit.DELETE, Edit.INSERT, Edit.CHANGE, Edit.TYPE, Edit.RENAME)
    edits = {int32(one): kinds[one // 100 % 5] if one % 100 == 0 else Edit.NONE for one in range(3_000)}
    made = sides(edits)
    for store, documents in zip(pair, (made.left, made.right), strict=True):
        await put(store, documents)
    with patch.object(ways, "SPLIT_FROM", 1_000):
        found = await outcome(pair, replace(ALL, parallel=3))
    assert found.counts == expected_counts(made)
    assert told(found) == made.expected
    fast = await run(pair, replace(ALL, fast=True))
    (sized,) = fast.collections
    assert sized.way is Way.SIZES
    assert (sized.counts.equal, sized.counts.only_left, sized.counts.only_right) == (0, 6, 6)
    # A value of the same type has the same size; another type and a longer name have not.
    assert {order_key(one.id) for one in sized.documents if one.kind is Kind.DIFFERENT} == {
        order_key(one) for one, edit in edits.items() if edit in (Edit.TYPE, Edit.RENAME)
    }
    assert not fast.is_proved


async def test_ranges_are_cut_by_what_is_there(pair: tuple[Target, Target]) -> None:
    store = pair[0]
    assert isinstance(store, MongoStore)
    await put(store, sides({int32(one): Edit.NONE for one in range(400)}).left)
    points = await store.split_points(NAME, 4)
    keys = [order_key(one) for one in points]
    assert len(points) == 3
    assert keys == sorted(set(keys))
    assert order_key(int32(0)) <= keys[0] < keys[-1] <= order_key(int32(399))
    assert await store.split_points("nothing", 4) == ()
    for other in (RawId(b"\x08\x01"), RawId(b"\x02\x02\x00\x00\x00a\x00")):
        await put(store, sides(dict.fromkeys((int32(1), other), Edit.NONE)).left)
        assert await store.split_points(NAME, 2) == ()

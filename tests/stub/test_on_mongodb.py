"""What the stub stands in for, on the MongoDB that TUI_MIGRATE_TEST_MONGODB names; without that these are no tests."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.engine.scene import create, documents, put
from tests.engine.servers import Pair, mongodb_pair, pair
from tests.suites.change_cases import to
from tests.suites.documents import as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Change, ReadOrder
from tui_migrate.stores.mongodb import MongoStore

__all__ = ("mongodb_pair",)

CASELESS = options(collation=as_value(options(locale=text("en"), strength=int32(2))))


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, mongodb_pair, database) as made:
        yield made


@pytest.mark.rule(8, "ids in the order of a collation are looked up, on MongoDB")
async def test_ids_in_the_order_of_a_collation_are_looked_up(ends: Pair) -> None:
    await create(ends.source, "things", options=CASELESS)
    await put(ends.source, *(doc(text(one), n=int32(1)) for one in ("b", "A", "c")))
    first = await ends.copy(Policy.FAIL, batch=2)
    assert (first.exit_code, first.counts) == (0, Counts(inserted=3))
    again = await ends.copy(Policy.OVERWRITE, batch=2)
    assert (again.exit_code, "collation" in again.codes) == (4, True)
    assert (await ends.roll_back(first.record.id)).exit_code == 0
    assert await ends.look() == {}


@pytest.mark.rule(8, "a target's collation makes two ids one, on MongoDB")
async def test_nothing_is_written_where_a_collation_makes_two_ids_one(ends: Pair) -> None:
    await put(ends.source, *(doc(text(one), n=text(one)) for one in ("a", "A")))
    await create(ends.target, "things", options=CASELESS)
    assert len(await ends.target.insert("things", [doc(text(one)) for one in ("b", "B")])) == 1
    before = await ends.look()
    ended = await ends.copy(Policy.OVERWRITE, max_rejects=2)
    assert (ended.exit_code, "collation" in ended.codes) == (4, True)
    assert await ends.look() == before


@pytest.mark.rule(1, "what is read in the transaction stays as it was read, on MongoDB")
@pytest.mark.parametrize("after", [doc(int32(1), n=text("ours")), None], ids=["replace", "delete"])
async def test_a_stranger_between_the_reading_and_the_writing_repeats_both(ends: Pair, after: bytes | None) -> None:
    stranger = MongoStore(ends.target_end.url, ends.target_end.database)
    await put(ends.target, *(doc(int32(one), n=int32(0)) for one in (1, 2)))
    seen: list[bytes] = []

    async def decide(ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
        before = current[order_key(int32(1))]
        seen.append(before)
        if len(seen) == 1:
            await stranger.change("things", [int32(1)], to({int32(1): doc(int32(1), n=int32(7))}))
        return [Change(int32(1), before, after)]

    result = await ends.target.change("things", [int32(1)], decide)
    await stranger.close()
    assert seen == [doc(int32(1), n=int32(0)), doc(int32(1), n=int32(7))]
    assert result.current[order_key(int32(1))] == seen[1]
    left = {doc(int32(2), n=int32(0))} | ({after} if after else set())
    assert set(await documents(ends.target)) == left


@pytest.mark.rule(9, "the index on the ids walks on across types, on MongoDB")
async def test_reading_goes_on_behind_an_id_of_any_type(ends: Pair) -> None:
    some = [doc(one, n=int32(place)) for place, one in enumerate((int32(1), int32(2), text("a"), text("b")))]
    await create(ends.source, "things", indexes=[index("n")])
    await put(ends.source, *some)
    for place, after in enumerate((int32(1), int32(2), text("a"))):
        blocks = ends.source.read("things", after=after, order=ReadOrder.BY_ID)
        assert [one async for block in blocks for one in block.documents] == some[place + 1 :]

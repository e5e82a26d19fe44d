import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.worlds import FORMS
from tests.suites.documents import doc, options
from tests.suites.ids import MAX_KEY, double, int32, int64, text
from tests.suites.store_cases import NAME
from tui_migrate.documents import RawId, content_hash, id_field, pack
from tui_migrate.errors import MalformedDocument
from tui_migrate.ordering import order_key
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, CollectionKind, ReadOrder, Source
from tui_migrate.stores.lookup import (
    MUCH_LARGER,
    AskById,
    Finder,
    MergeAlong,
    NothingThere,
    choose_finder,
    describe,
    find_by_id,
    keyed,
)
from tui_migrate.stores.memory import MemoryStore

PLAIN = CollectionInfo(NAME, CollectionKind.PLAIN, pack(b""), documents=100)


def new_store(name: str) -> MemoryStore:
    MemoryStore._servers.pop(name, None)
    return MemoryStore(name, "db")


async def filled(name: str, documents: Sequence[bytes]) -> MemoryStore:
    store = new_store(name)
    if documents:
        assert await store.insert(NAME, documents) == ()
    return store


@pytest.mark.rule(10, "normalise before hashing")
def test_a_document_is_keyed_with_its_id_in_front() -> None:
    late = keyed(pack(id_field(b"n", int32(5)) + id_field(b"_id", int32(1))))
    assert late is not None
    assert late.document == doc(int32(1), n=int32(5))
    assert (late.id, late.key, late.digest) == (int32(1), order_key(int32(1)), content_hash(late.document))
    assert keyed(options(n=int32(1))) is None


def test_what_a_target_has_is_described_without_the_document() -> None:
    stored = doc(double(1.0), n=text("x" * 1_000))
    found = describe(stored)
    assert (found.id, found.digest, found.size) == (double(1.0), content_hash(stored), len(stored))
    assert describe(stored, keyed(stored)) == describe(stored, keyed(doc(int32(1)))) == found
    with pytest.raises(MalformedDocument):
        describe(options(n=int32(1)))


sides = st.lists(st.integers(0, len(FORMS) - 1), unique=True)


@given(source=sides, target=sides, cut=st.integers(1, 4), block=st.integers(1, 4), data=st.data())
@settings(max_examples=80)
async def test_merging_and_asking_find_the_same(
    source: list[int], target: list[int], cut: int, block: int, data: st.DataObject
) -> None:
    def documents(places: list[int]) -> list[bytes]:
        return [doc(data.draw(st.sampled_from(FORMS[one])), n=int32(data.draw(st.integers(0, 1)))) for one in places]

    store = await filled("lookup", documents(target))
    wanted = [one for one in map(keyed, documents(sorted(source))) if one is not None]
    after = data.draw(st.none() | st.sampled_from([one.id for one in wanted])) if wanted else None
    if after is not None:
        wanted = [one for one in wanted if one.key > order_key(after)]
    merge = MergeAlong(store, NAME, after, BlockLimit(documents=block))
    ask = AskById(store, NAME)
    for start in range(0, len(wanted), cut):
        some = wanted[start : start + cut]
        merged = await merge.find(some)
        assert merged == await ask.find(some)
        assert merged.keys() == {one.key for one in some} & {order_key(FORMS[place][0]) for place in target}
    await merge.close()
    await ask.close()


@pytest.mark.rule(9, "a document whose _id is MaxKey")
async def test_an_id_that_is_maxkey_is_found_both_ways() -> None:
    store = await filled("lookup", [doc(int32(1)), doc(MAX_KEY)])
    (wanted,) = [one for one in [keyed(doc(MAX_KEY, n=int32(1)))] if one is not None]
    for finder in (MergeAlong(store, NAME, None, BlockLimit()), AskById(store, NAME)):
        assert [one.id for one in (await finder.find([wanted])).values()] == [MAX_KEY]
        await finder.close()


async def test_ids_are_found_by_value_and_told_as_they_are_stored() -> None:
    store = await filled("lookup", [doc(double(7.0))])
    found = await find_by_id(store, NAME, [int64(7), int32(8)])
    assert {key: one.id for key, one in found.items()} == {order_key(int32(7)): double(7.0)}
    assert await find_by_id(store, NAME, []) == {}
    assert await find_by_id(store, "nothing", [int32(1)]) == {}


async def test_a_merge_may_be_asked_for_nothing_and_left_early() -> None:
    store = await filled("lookup", [doc(int32(one)) for one in range(10)])
    merge = MergeAlong(store, NAME, None, BlockLimit(documents=2))
    assert await merge.find([]) == {}
    first = [one for one in [keyed(doc(int32(0)))] if one is not None]
    assert len(await merge.find(first)) == 1
    await merge.close()


async def chosen(
    documents: int, *, there: CollectionInfo | None = PLAIN, source: CollectionInfo = PLAIN, ordered: bool = True
) -> type[Finder]:
    store = await filled("lookup", [doc(int32(one)) for one in range(min(documents, 20))])
    info = None if there is None else replace(there, documents=documents)
    finder = await choose_finder(store, info, source, source_is_ordered=ordered)
    await finder.close()
    return type(finder)


@pytest.mark.rule(8, "do not merge where a collation orders, look up by id")
async def test_the_way_is_chosen_by_what_is_there() -> None:
    german = replace(PLAIN, simple_order=False)
    assert await chosen(0) is NothingThere
    assert await chosen(0, there=None) is NothingThere
    assert await chosen(1) is MergeAlong
    assert await chosen(100 * MUCH_LARGER) is MergeAlong
    assert await chosen(100 * MUCH_LARGER + 1) is AskById
    assert await chosen(MUCH_LARGER + 1, source=replace(PLAIN, documents=0)) is AskById
    assert await chosen(10, ordered=False) is AskById
    assert await chosen(10, source=german) is AskById
    assert await chosen(10, there=german) is AskById
    assert await chosen(10, source=replace(PLAIN, kind=CollectionKind.CAPPED)) is AskById


async def test_an_estimate_of_nothing_is_not_trusted() -> None:
    store = await filled("lookup", [doc(int32(1))])
    finder = await choose_finder(store, replace(PLAIN, documents=0), PLAIN, source_is_ordered=True)
    assert not isinstance(finder, NothingThere)
    await finder.close()


async def test_nothing_there_finds_nothing() -> None:
    finder = NothingThere()
    assert await finder.find([one for one in [keyed(doc(int32(1)))] if one is not None]) == {}
    await finder.close()


class Large(MemoryStore):
    """A target of large documents that are made as they are read."""

    SIZE = 1_000_000

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        for one in range(40):
            yield Block([doc(int32(one), n=text("x" * self.SIZE))], int32(one))

    async def lookup(self, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        for one in ids:
            yield doc(one, n=text("x" * self.SIZE))


@pytest.mark.rule(11, "lookups stream")
@pytest.mark.parametrize("way", [MergeAlong, AskById])
async def test_large_documents_stream_by(way: type[object]) -> None:
    store: Source = Large("large", "db")
    finder: Finder = MergeAlong(store, NAME, None, BlockLimit()) if way is MergeAlong else AskById(store, NAME)
    wanted = [one for one in (keyed(doc(int32(one))) for one in range(40)) if one is not None]
    tracemalloc.start()
    try:
        assert len(await finder.find(wanted)) == 40
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    await finder.close()
    assert peak < 10 * Large.SIZE

import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comparison.edits import NAME, Edit, Sides, edit_lists, expected_counts, sides, told
from tests.comparison.stores import Failing, Misordered, Reordering, Unordered, Whole
from tests.suites.documents import doc, index, options
from tests.suites.ids import int32, text
from tests.suites.store_cases import create
from tui_migrate.comparison import compare as comparing
from tui_migrate.comparison import ways
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.merge import OTHER_ID_TYPE
from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, Kind, Request, Standing, Way
from tui_migrate.comparison.state import State
from tui_migrate.documents import RawId
from tui_migrate.errors import Unreachable, UsageError
from tui_migrate.stores.base import BlockLimit, Capabilities, CollectionInfo, Source
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.readonly import ReadOnly
from tui_migrate.ui.compare_words import collection_words

ALL = Request(listed=1_000)


def new(kind: type[MemoryStore] = MemoryStore) -> MemoryStore:
    return kind(uuid.uuid4().hex, "db")


async def filled(
    documents: Sequence[bytes], kind: type[MemoryStore] = MemoryStore, with_options: bytes | None = None
) -> MemoryStore:
    store = new(kind)
    await create(store, NAME, with_options if with_options is not None else options())
    assert await store.insert(NAME, documents) == ()
    return store


def note(seen: list[int], done: int, _: int) -> None:
    seen.append(done)


async def run(left: Source, right: Source, request: Request = ALL) -> Comparison:
    state = State(None, "")
    try:
        return await compare(ReadOnly(left), ReadOnly(right), request, state)
    finally:
        state.close()


async def outcome(left: Source, right: Source, request: Request = ALL) -> ComparedCollection:
    (one,) = (await run(left, right, request)).collections
    return one


def holds(found: ComparedCollection, made: Sides) -> None:
    assert found.counts == expected_counts(made)
    assert told(found) == made.expected


@given(edits=edit_lists(), block=st.integers(1, 7), parallel=st.integers(1, 3))
@settings(max_examples=150)
async def test_every_edit_is_found_and_nothing_else(edits: dict[RawId, Edit], block: int, parallel: int) -> None:
    made = sides(edits)
    with patch.object(ways, "LIMIT", BlockLimit(documents=block)), patch.object(ways, "SPLIT_FROM", 2):
        found = await outcome(await filled(made.left), await filled(made.right), replace(ALL, parallel=parallel))
    assert found.way is Way.MERGED
    holds(found, made)
    assert found.differs == bool(made.expected)


@pytest.mark.parametrize("is_left", [True, False])
async def test_a_side_that_cannot_be_entered_at_any_id_is_not_cut_by_the_ids_of_the_other(is_left: bool) -> None:
    whole = await filled([doc(int32(one)) for one in range(5)], Whole)
    other = await filled([doc(int32(one)) for one in range(9)])
    with patch.object(ways, "SPLIT_FROM", 2):
        found = await outcome(*((whole, other) if is_left else (other, whole)), replace(ALL, parallel=3))
    only = found.counts.only_right if is_left else found.counts.only_left
    assert (found.counts.equal, only, found.counts.seen) == (5, 4, 9)


@given(
    edits=edit_lists(),
    block=st.integers(1, 7),
    kind=st.sampled_from([MemoryStore, Unordered, Misordered]),
    parallel=st.integers(1, 3),
)
@settings(max_examples=60)
async def test_how_far_it_is_only_grows_and_ends_as_what_was_found(
    edits: dict[RawId, Edit], block: int, kind: type[MemoryStore], parallel: int
) -> None:
    made, told_of = sides(edits), list[Standing]()
    left, right = await filled(made.left), await filled(made.right, kind)
    await create(left, "alone", options())
    state = State(None, "")
    with patch.object(ways, "LIMIT", BlockLimit(documents=block)), patch.object(ways, "SPLIT_FROM", 2):
        found = await compare(left, right, replace(ALL, parallel=parallel), state, watch=told_of.append)
    state.close()
    assert told_of[0] == Standing("alone", presence=Kind.ONLY_LEFT, is_done=True)
    last = {one.name: one for one in told_of}
    assert {name: (one.counts, one.is_done) for name, one in last.items()} == {
        one.name: (one.counts, True) for one in found.collections
    }
    if kind is not Misordered:
        seen = [one.counts.seen for one in told_of if one.name == NAME]
        assert seen == sorted(seen)


@given(
    edits=edit_lists(), kinds=st.sampled_from([(Unordered, MemoryStore), (MemoryStore, Unordered), (Unordered,) * 2])
)
@settings(max_examples=40)
async def test_every_edit_is_found_where_a_side_has_no_order(
    edits: dict[RawId, Edit], kinds: tuple[type[MemoryStore], type[MemoryStore]]
) -> None:
    made = sides(edits)
    left, right = await filled(made.left[::-1], kinds[0]), await filled(made.right, kinds[1])
    found = await outcome(left, right)
    assert found.way is Way.SORTED
    holds(found, made)


@given(edits=edit_lists(), block=st.integers(1, 5))
@settings(max_examples=60)
async def test_an_order_that_does_not_hold_is_seen(edits: dict[RawId, Edit], block: int) -> None:
    made = sides(edits)
    with patch.object(ways, "LIMIT", BlockLimit(documents=block)):
        found = await outcome(await filled(made.left), await filled(made.right, Misordered))
    holds(found, made)


@given(edits=edit_lists())
@settings(max_examples=40)
async def test_the_order_of_fields_is_left_aside_where_an_end_does_not_keep_it(edits: dict[RawId, Edit]) -> None:
    made = sides(edits, order_counts=False)
    found = await run(await filled(made.left), await filled(made.right, Reordering))
    assert found.canonical
    holds(found.collections[0], made)


@given(edits=edit_lists())
@settings(max_examples=30)
async def test_capped_collections_are_sets_of_documents(edits: dict[RawId, Edit]) -> None:
    made = sides(edits)
    capped = options(capped=RawId(b"\x08\x01"), size=int32(100_000))
    found = await outcome(
        await filled(made.left[::-1], with_options=capped), await filled(made.right, with_options=capped)
    )
    assert found.way is Way.MULTISET
    counts = expected_counts(made)
    changed = counts.different
    assert found.counts == Counts(counts.only_left + changed, counts.only_right + changed, 0, counts.equal)


@given(edits=edit_lists(), block=st.integers(1, 5), blocks=st.lists(st.integers(0, 6), max_size=4))
@settings(max_examples=80)
async def test_a_comparison_that_was_stopped_anywhere_goes_on_to_the_same_end(
    edits: dict[RawId, Edit], block: int, blocks: list[int]
) -> None:
    made = sides(edits)
    left, right = await filled(made.left, Failing), await filled(made.right, Failing)
    with patch.object(ways, "LIMIT", BlockLimit(documents=block)), patch.object(comparing, "MARK_DOCUMENTS", 1):
        state = State(None, "")
        for lives in (*blocks, 1_000):
            Failing.blocks = lives
            before = sum(one.counts.seen for one in state.parts(NAME))
            told_of: list[int] = []
            try:
                found = await compare(left, right, replace(ALL, parallel=1), state, partial(note, told_of))
            except Unreachable:
                continue
            finally:
                assert told_of[0] == min(before, max(len(made.left), len(made.right)))
            break
        state.close()
    assert found.collections[0].way is Way.MERGED
    holds(found.collections[0], made)


@pytest.mark.parametrize("kind", [MemoryStore, Unordered, Misordered])
async def test_what_is_done_is_not_read_again(kind: type[MemoryStore]) -> None:
    made = sides({int32(one): Edit.CHANGE if one == 3 else Edit.NONE for one in range(20)})
    left, right = await filled(made.left), await filled(made.right, kind)
    state = State(None, "")
    first = await compare(left, right, ALL, state)
    with patch.object(MemoryStore, "read", side_effect=AssertionError("it is read")):
        assert await compare(left, right, ALL, state) == first
    state.close()
    assert bool(first.collections[0].notes) == (kind is Misordered)


async def test_the_first_differences_are_listed_with_their_fields_and_all_are_counted() -> None:
    made = sides({int32(one): Edit.CHANGE for one in range(50)})
    for kind in (MemoryStore, Unordered):
        found = await outcome(await filled(made.left), await filled(made.right, kind), Request(listed=3))
        assert found.counts.different == 50
        assert [len(one.fields) for one in found.documents] == [1, 1, 1]
    none = await outcome(await filled(made.left), await filled(made.right), Request(listed=0))
    assert (none.counts.different, none.documents) == (50, ())


async def test_an_id_of_another_numeric_type_is_paired_and_told() -> None:
    made = sides({int32(1): Edit.ID_TYPE})
    for kind in (MemoryStore, Unordered):
        (one,) = (await outcome(await filled(made.left, kind), await filled(made.right))).documents
        assert (one.kind, one.reason) == (Kind.DIFFERENT, OTHER_ID_TYPE)


async def test_collections_of_one_side_are_counted_and_views_compared_by_definition() -> None:
    left, right = await filled([doc(int32(1))]), await filled([doc(int32(1))])
    await create(left, "mine", options())
    await left.insert("mine", [doc(int32(one)) for one in range(3)])
    await create(right, "theirs", options())
    for store, source in ((left, "mine"), (right, NAME)):
        await create(store, "seen", options(viewOn=text(source)))
    await create(left, "only here", options(viewOn=text(NAME)))
    by_name = {one.name: one for one in (await run(left, right)).collections}
    said = " ".join(collection_words(by_name["only here"]))
    assert "B does not have it; in A it is a view" in said
    assert "document" not in said
    assert "A has 3 documents" in " ".join(collection_words(by_name["mine"]))
    assert (by_name["mine"].presence, by_name["mine"].counts.only_left) == (Kind.ONLY_LEFT, 3)
    assert by_name["theirs"].presence is Kind.ONLY_RIGHT
    assert [one.thing for one in by_name["seen"].definitions] == ["view"]
    assert not by_name[NAME].differs


async def test_indexes_and_options_are_compared() -> None:
    left, right = (
        await filled([]),
        await filled([], with_options=options(validator=RawId(b"\x03" + options(a=int32(1))))),
    )
    await left.create_indexes(NAME, [index("a"), index("b"), index("same")])
    await right.create_indexes(NAME, [index("a", unique=True), index("c"), index("same")])
    found = await outcome(left, right)
    assert {(one.thing, one.name, one.kind) for one in found.definitions} == {
        ("options", NAME, Kind.DIFFERENT),
        ("index", "a_1", Kind.DIFFERENT),
        ("index", "b_1", Kind.ONLY_LEFT),
        ("index", "c_1", Kind.ONLY_RIGHT),
    }


class Bare(MemoryStore):
    """A store that knows no definitions, as a bare file of documents."""

    async def collections(self, names: object = None) -> tuple[CollectionInfo, ...]:
        return tuple(replace(one, indexes=()) for one in await super().collections())


async def test_definitions_that_a_side_does_not_tell_are_no_difference() -> None:
    left = await filled([])
    await left.create_indexes(NAME, [index("a")])
    found = await outcome(left, await filled([], Bare))
    assert not found.differs
    assert "were not compared" in " ".join(found.notes)


async def test_the_selection_holds_and_a_name_that_nobody_has_is_refused() -> None:
    left, right = await filled([doc(int32(1))]), await filled([])
    for store in (left, right):
        await create(store, "other", options())
    assert [one.name for one in (await run(left, right, Request(names=("other",)))).collections] == ["other"]
    assert [one.name for one in (await run(left, right, Request(exclude=(NAME,)))).collections] == ["other"]
    for wrong in (Request(names=("nobody",)), Request(exclude=("nobody",))):
        with pytest.raises(UsageError, match="nobody"):
            await run(left, right, wrong)


async def test_nothing_is_not_equal_to_nothing() -> None:
    with pytest.raises(UsageError, match="no collection to compare"):
        await run(new(), new())
    left, right = await filled([doc(int32(1))]), await filled([])
    with pytest.raises(UsageError, match="no collection to compare"):
        await run(left, right, Request(exclude=(NAME,)))


class Sizing(MemoryStore):
    """A store whose server tells sizes."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, tells_sizes=True)


@given(edits=edit_lists())
@settings(max_examples=40)
async def test_a_fast_comparison_never_says_equal_of_what_it_did_not_look_at(edits: dict[RawId, Edit]) -> None:
    made = sides(edits)
    found = await run(await filled(made.left), await filled(made.right, Sizing), replace(ALL, fast=True))
    (one,) = found.collections
    truth = expected_counts(made)
    assert one.way is Way.SIZES
    assert (one.counts.equal, one.counts.only_left, one.counts.only_right) == (0, truth.only_left, truth.only_right)
    assert one.counts.different + one.counts.same_size == truth.different + truth.equal
    assert one.counts.different <= truth.different
    assert found.is_proved == (not one.counts.same_size)


async def test_where_no_server_tells_sizes_a_fast_comparison_looks_at_content() -> None:
    made = sides({int32(1): Edit.CHANGE, int32(2): Edit.NONE})
    found = await outcome(await filled(made.left), await filled(made.right), replace(ALL, fast=True))
    holds(found, made)


async def test_progress_is_told_up_to_the_end() -> None:
    made = sides({int32(one): Edit.NONE for one in range(20)})
    seen: list[tuple[int, int]] = []
    state = State(None, "")
    with patch.object(ways, "LIMIT", BlockLimit(documents=5)):
        await compare(
            await filled(made.left),
            await filled(made.right),
            ALL,
            state,
            lambda done, total: seen.append((done, total)),
        )
    state.close()
    assert seen[-1] == (20, 20)
    assert len(seen) >= 4

"""What every store must do to read, insert and define. A test class derives from StoreCases and gives a `place`."""

from dataclasses import dataclass

import pytest

from tests.suites.documents import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import MAX_KEY, OF_EVERY_TYPE, double, int32, int64, text
from tui_migrate.definitions import field, same_index
from tui_migrate.documents import RawId, id_field, pack, raw_id
from tui_migrate.errors import Refused, WriteRefused
from tui_migrate.stores.base import BlockLimit, CollectionInfo, CollectionKind, Hosting, ReadOrder, Source, Target
from tui_migrate.stores.options import kind_of
from tui_migrate.stores.permissions import Action, Permission
from tui_migrate.stores.readonly import ReadOnly

NAME = "things"


@dataclass(frozen=True, slots=True)
class Place:
    """A store under test, and another connection to the same database: the stranger."""

    store: Target
    stranger: Target


async def everything(
    store: Source, name: str = NAME, after: bytes | None = None, order: ReadOrder = ReadOrder.BY_ID
) -> list[bytes]:
    return [one async for block in store.read(name, after=after, order=order) for one in block.documents]


async def fill(store: Target, *documents: bytes, name: str = NAME) -> None:
    assert await store.insert(name, documents) == ()


async def create(store: Target, name: str, with_options: bytes) -> bytes | None:
    return await store.create_collection(CollectionInfo(name, kind_of(with_options), with_options), with_options)


class StoreCases:
    async def test_two_connections_are_targets_at_the_same_place(self, place: Place) -> None:
        assert isinstance(place.store, Target)
        assert (await place.store.identity()).is_same_place(await place.stranger.identity())

    async def test_a_database_is_named_as_soon_as_it_holds_anything(self, place: Place) -> None:
        assert isinstance(place.store, Hosting)
        database = (await place.store.identity()).database
        assert database not in await place.store.databases()
        await fill(place.store, doc(int32(1)))
        names = await ReadOnly(place.stranger).databases()
        assert database in names
        assert not {"admin", "config", "local"} & set(names)

    @pytest.mark.rule(9, "the first and the last range are open, MaxKey is read")
    async def test_ids_of_every_type_are_read_completely_and_in_order(self, place: Place) -> None:
        await fill(place.store, *(doc(one) for one in reversed(OF_EVERY_TYPE)))
        assert [raw_id(one) for one in await everything(place.store)] == list(OF_EVERY_TYPE)

    @pytest.mark.rule(9, "resuming skips the equal key alone")
    async def test_reading_resumes_behind_every_position(self, place: Place) -> None:
        await fill(place.store, *(doc(one) for one in reversed(OF_EVERY_TYPE)))
        for number, one in enumerate(OF_EVERY_TYPE):
            rest = [raw_id(found) for found in await everything(place.store, after=one)]
            assert rest == list(OF_EVERY_TYPE[number + 1 :])

    @pytest.mark.rule(9, "min is inclusive")
    async def test_reading_resumes_behind_a_document_that_is_gone(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one)) for one in (1, 3)), doc(MAX_KEY))
        rest = [raw_id(found) for found in await everything(place.store, after=double(2.0))]
        assert rest == [int32(3), MAX_KEY]

    @pytest.mark.rule(7, "resume by value")
    async def test_an_equal_number_of_another_type_is_not_read_again(self, place: Place) -> None:
        await fill(place.store, doc(double(1.0)), doc(int32(2)))
        assert [raw_id(one) for one in await everything(place.store, after=int64(1))] == [int32(2)]

    async def test_blocks_hold_no_more_than_the_limit_and_end_at_their_position(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one), n=text("x" * 1000)) for one in range(25)))
        by_number = [block async for block in place.store.read(NAME, limit=BlockLimit(documents=10))]
        assert [len(block.documents) for block in by_number] == [10, 10, 5]
        assert [block.position for block in by_number] == [int32(9), int32(19), int32(24)]
        by_size = [block async for block in place.store.read(NAME, limit=BlockLimit(size=3_500))]
        assert max(len(block.documents) for block in by_size) == 3
        tiny = [block async for block in place.store.read(NAME, limit=BlockLimit(size=1))]
        assert [len(block.documents) for block in tiny] == [1] * 25

    async def test_a_collection_that_is_not_there_reads_as_empty(self, place: Place) -> None:
        assert await everything(place.store, "nothing") == []
        assert await everything(place.store, "nothing", order=ReadOrder.NATURAL) == []
        assert await place.store.count("nothing") == 0
        assert [one async for one in place.store.lookup("nothing", [int32(1)])] == []

    @pytest.mark.rule(12, "natural order")
    async def test_natural_order_is_that_of_the_inserts(self, place: Place) -> None:
        await create(place.store, NAME, options(capped=RawId(b"\x08\x01"), size=int32(100_000)))
        await fill(place.store, *(doc(int32(one)) for one in (3, 1, 2)))
        read = await everything(place.store, order=ReadOrder.NATURAL)
        assert [raw_id(one) for one in read] == [int32(3), int32(1), int32(2)]

    async def test_lookup_gives_what_is_there(self, place: Place) -> None:
        await fill(place.store, *(doc(one) for one in OF_EVERY_TYPE[::2]))
        found = {raw_id(one) async for one in place.store.lookup(NAME, OF_EVERY_TYPE)}
        assert found == set(OF_EVERY_TYPE[::2])
        assert [one async for one in place.store.lookup(NAME, [])] == []

    @pytest.mark.rule(7, "lookups by value")
    async def test_lookup_finds_numbers_by_value(self, place: Place) -> None:
        await fill(place.store, doc(double(7.0)))
        assert [raw_id(one) async for one in place.store.lookup(NAME, [int64(7)])] == [double(7.0)]

    async def test_count_is_exact(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one)) for one in range(1234)))
        assert await place.store.count(NAME) == 1234

    async def test_documents_keep_their_bytes(self, place: Place) -> None:
        odd = doc(int32(1), z=double(-0.0), a=RawId(b"\x11" + bytes(8)), b=RawId(b"\x0bx\x00im\x00"))
        await fill(place.store, odd)
        assert await everything(place.store) == [odd]

    @pytest.mark.rule(10, "a server moves _id to the front")
    async def test_the_id_moves_to_the_front(self, place: Place) -> None:
        await fill(place.store, pack(id_field(b"n", int32(5)) + id_field(b"_id", int32(1))))
        assert await everything(place.store) == [doc(int32(1), n=int32(5))]

    @pytest.mark.rule(1, "inserts are never upserts")
    async def test_a_taken_id_is_refused_and_the_others_are_in(self, place: Place) -> None:
        await fill(place.store, doc(int32(1), n=int32(0)))
        refused = await place.store.insert(NAME, [doc(int32(0)), doc(double(1.0)), doc(int32(2)), doc(int64(2))])
        assert [(one.index, one.code, one.key_fields) for one in refused] == [
            (1, 11000, ("_id",)),
            (3, 11000, ("_id",)),
        ]
        assert all(one.is_id_taken for one in refused)
        assert await everything(place.store) == [doc(int32(0)), doc(int32(1), n=int32(0)), doc(int32(2))]

    @pytest.mark.rule(18, "told apart by the key of the index")
    async def test_a_value_of_a_unique_index_that_is_taken_is_refused(self, place: Place) -> None:
        await place.store.create_indexes(NAME, [index("n.m", "o", unique=True)])
        inner = as_value(options(m=int32(1)))
        await fill(place.store, doc(int32(1), n=inner, o=int32(1)), doc(int32(2), n=inner, o=int32(2)))
        (refusal,) = await place.store.insert(NAME, [doc(int32(3), n=inner, o=double(2.0)), doc(int32(4))])
        assert (refusal.index, refusal.key_fields, refusal.is_unique_clash) == (0, ("n.m", "o"), True)
        assert await place.store.count(NAME) == 3

    async def test_a_document_without_id_is_refused(self, place: Place) -> None:
        documents = [doc(int32(1)), options(n=int32(1)), doc(int32(2)), doc(int32(1))]
        no_id, taken = await place.store.insert(NAME, documents)
        assert (no_id.index, no_id.key_fields) == (1, ())
        assert (taken.index, taken.is_id_taken) == (3, True)
        assert await place.store.count(NAME) == 2

    async def test_the_validator_refuses_and_says_why(self, place: Place) -> None:
        await create(place.store, NAME, MUST_HAVE_N)
        (refusal,) = await place.store.insert(NAME, [doc(int32(1)), doc(int32(2), n=int32(1))])
        assert (refusal.index, refusal.code) == (0, 121)
        assert "valid" in refusal.reason or refusal.reason == "n is missing"

    async def test_options_indexes_and_views_come_back_as_they_were_given(self, place: Place) -> None:
        view = options(viewOn=text(NAME), pipeline=as_value(EMPTY, 0x04))
        capped = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
        assert len(await create(place.store, NAME, MUST_HAVE_N) or b"") == 16
        assert await create(place.store, "seen", view) is None
        await create(place.store, "log", capped)
        await place.store.create_indexes(NAME, [index("n"), index("o", unique=True)])
        await fill(place.store, doc(int32(1), n=int32(1)))
        log, seen, things = await place.stranger.collections()
        assert (log.name, log.kind, log.options) == ("log", CollectionKind.CAPPED, capped)
        assert (seen.name, seen.kind, seen.options, seen.indexes) == ("seen", CollectionKind.VIEW, view, ())
        assert (things.name, things.kind, things.options) == (NAME, CollectionKind.PLAIN, MUST_HAVE_N)
        assert (things.documents, things.size, things.simple_order) == (1, len(doc(int32(1), n=int32(1))), True)
        assert len(things.uuid or b"") == 16
        assert len(things.indexes) == 3
        assert same_index(things.indexes[1], index("n"))
        assert same_index(things.indexes[2], index("o", unique=True))

    @pytest.mark.rule(8, "a non-simple default collation is known")
    async def test_a_default_collation_is_told(self, place: Place) -> None:
        collation = options(locale=text("en"), strength=int32(2))
        await create(place.store, NAME, options(collation=as_value(collation)))
        (info,) = await place.store.collections()
        assert not info.simple_order

    async def test_collections_are_listed_by_name_where_names_are_given(self, place: Place) -> None:
        for name in ("b", "a", "c"):
            await create(place.store, name, EMPTY)
        assert [one.name for one in await place.store.collections()] == ["a", "b", "c"]
        assert [one.name for one in await place.store.collections(["c", "a", "x"])] == ["a", "c"]
        assert await place.store.collections([]) == ()

    async def test_what_exists_is_not_created_again(self, place: Place) -> None:
        await create(place.store, NAME, EMPTY)
        with pytest.raises(Refused):
            await create(place.store, NAME, EMPTY)
        with pytest.raises(Refused):
            await create(place.store, NAME, MUST_HAVE_N)

    async def test_dropping_takes_a_collection_away_and_what_is_not_there_is_no_error(self, place: Place) -> None:
        await fill(place.store, doc(int32(1)))
        await place.store.drop_collection(NAME)
        await place.store.drop_collection(NAME)
        assert await place.store.collections() == ()

    async def test_renaming_keeps_documents_and_indexes_and_refuses_a_taken_name(self, place: Place) -> None:
        await place.store.create_indexes(NAME, [index("n")])
        await fill(place.store, doc(int32(1)))
        await create(place.store, "taken", EMPTY)
        with pytest.raises(Refused):
            await place.store.rename_collection(NAME, "taken")
        await place.store.rename_collection(NAME, "aside")
        aside, _ = await place.store.collections()
        assert (aside.name, aside.documents, len(aside.indexes)) == ("aside", 1, 2)
        with pytest.raises(Refused):
            await place.store.rename_collection(NAME, "elsewhere")

    async def test_indexes_can_be_made_twice_and_dropped_twice(self, place: Place) -> None:
        await place.store.create_indexes(NAME, [index("n")])
        await place.store.create_indexes(NAME, [index("n")])
        await place.store.drop_index(NAME, "n_1")
        await place.store.drop_index(NAME, "n_1")
        await place.store.drop_index("nothing", "n_1")
        (info,) = await place.store.collections()
        assert len(info.indexes) == 1

    async def test_a_unique_index_that_the_documents_break_is_refused(self, place: Place) -> None:
        await fill(place.store, doc(int32(1), n=int32(1)), doc(int32(2), n=int32(1)))
        with pytest.raises(WriteRefused):
            await place.store.create_indexes(NAME, [index("n", unique=True)])
        (info,) = await place.store.collections()
        assert len(info.indexes) == 1

    async def test_the_validator_can_be_set_and_taken_away(self, place: Place) -> None:
        await create(place.store, NAME, EMPTY)
        await place.store.set_validator(NAME, MUST_HAVE_N)
        (refusal,) = await place.store.insert(NAME, [doc(int32(1))])
        assert refusal.code == 121
        (info,) = await place.store.collections()
        assert field(info.options, b"validator") is not None
        await place.store.set_validator(NAME, EMPTY)
        await fill(place.store, doc(int32(1)))

    async def test_without_users_everything_may_be_done(self, place: Place) -> None:
        asked = [NAME, "not there"]
        found = await ReadOnly(place.store).permissions(Action.BYPASS_VALIDATION, asked)
        assert found == dict.fromkeys(asked, Permission.GRANTED)
        assert await place.store.permissions(Action.BYPASS_VALIDATION, []) == {}

    async def test_a_reading_that_is_left_early_can_be_closed(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one)) for one in range(100)))
        reading = place.store.read(NAME, limit=BlockLimit(documents=5))
        await anext(reading)
        await reading.aclose()

"""What every store that is changed must do. A test class derives from ChangeCases and gives a `place`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from tests.suites.documents import MUST_HAVE_N, doc, index
from tests.suites.ids import double, int32, text
from tests.suites.store_cases import NAME, Place, create, everything, fill
from tui_migrate.documents import RawId, raw_id
from tui_migrate.errors import Refused
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import Change, Decide


def to(after: Mapping[RawId, bytes | None]) -> Decide:
    """Change whatever is there to this."""

    async def decide(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
        return [Change(one, seen[order_key(one)], after[one]) for one in ids if one in after and order_key(one) in seen]

    return decide


def disturbed(decide: Decide, *disturbances: Callable[[], Awaitable[object]]) -> tuple[Decide, list[dict[Key, bytes]]]:
    """Let a stranger act after the read and before the write, once for each disturbance; give what was seen, too."""
    waiting = list(disturbances)
    calls: list[dict[Key, bytes]] = []

    async def decide_disturbed(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> Sequence[Change]:
        calls.append(dict(seen))
        if waiting:
            await waiting.pop(0)()
        return await decide(ids, seen)

    return decide_disturbed, calls


class ChangeCases:
    async def test_documents_are_replaced_and_deleted(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one)) for one in range(4)))
        changes: dict[RawId, bytes | None] = {int32(1): doc(int32(1), n=int32(9)), int32(2): None}
        result = await place.store.change(NAME, [int32(one) for one in (1, 2, 3, 77)], to(changes))
        assert result.changed == {order_key(int32(1)), order_key(int32(2))}
        assert not result.refused
        assert dict(result.current) == {order_key(int32(one)): doc(int32(one)) for one in (1, 2, 3)}
        assert await everything(place.store) == [doc(int32(0)), doc(int32(1), n=int32(9)), doc(int32(3))]

    @pytest.mark.rule(1, "what is not as seen is not changed")
    async def test_a_change_from_what_is_not_there_is_not_made(self, place: Place) -> None:
        await fill(place.store, doc(int32(1), n=int32(5)))

        async def decide(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
            return [Change(int32(1), doc(int32(1)), None)]

        result = await place.store.change(NAME, [int32(1)], decide)
        assert not result.changed
        assert await place.store.count(NAME) == 1

    @pytest.mark.rule(7, "a replace keeps the stored form")
    async def test_a_replace_keeps_the_type_of_the_stored_id(self, place: Place) -> None:
        await fill(place.store, doc(double(1.0)))
        result = await place.store.change(NAME, [int32(1)], to({int32(1): doc(int32(1), n=int32(2))}))
        assert result.changed == {order_key(int32(1))}
        assert await everything(place.store) == [doc(double(1.0), n=int32(2))]

    @pytest.mark.rule(1, "replaces and deletes are compare-and-set")
    async def test_a_stranger_who_was_quicker_is_seen_in_a_new_decision(self, place: Place) -> None:
        await fill(place.store, *(doc(int32(one)) for one in range(3)))
        strange = doc(int32(1), n=text("strange"))

        async def interfere() -> None:
            await place.stranger.change(NAME, [int32(1)], to({int32(1): strange}))

        wanted: dict[RawId, bytes | None] = {int32(one): doc(int32(one), n=int32(one)) for one in range(3)}
        decide, calls = disturbed(to(wanted), interfere)
        result = await place.store.change(NAME, list(wanted), decide)
        assert len(calls) == 2
        assert calls[1][order_key(int32(1))] == strange
        assert result.current[order_key(int32(1))] == strange
        assert result.changed == {order_key(one) for one in wanted}
        assert await everything(place.store) == list(wanted.values())

    async def test_a_stranger_s_document_is_spared_when_the_new_decision_says_so(self, place: Place) -> None:
        await fill(place.store, doc(int32(1)), doc(int32(2)))
        strange = doc(int32(1), n=text("strange"))

        async def interfere() -> None:
            await place.stranger.change(NAME, [int32(1)], to({int32(1): strange}))

        async def unless_changed(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
            return [Change(one, doc(one), None) for one in ids if seen.get(order_key(one)) == doc(one)]

        decide, _ = disturbed(unless_changed, interfere)
        result = await place.store.change(NAME, [int32(1), int32(2)], decide)
        assert result.changed == {order_key(int32(2))}
        assert result.current[order_key(int32(1))] == strange
        assert await everything(place.store) == [strange]

    async def test_a_document_that_a_stranger_deletes_stays_away(self, place: Place) -> None:
        await fill(place.store, doc(int32(1)), doc(int32(2)))

        async def interfere() -> None:
            await place.stranger.change(NAME, [int32(1)], to({int32(1): None}))

        wanted: dict[RawId, bytes | None] = {int32(one): doc(int32(one), n=int32(0)) for one in (1, 2)}
        decide, calls = disturbed(to(wanted), interfere)
        result = await place.store.change(NAME, list(wanted), decide)
        assert len(calls) == 2
        assert order_key(int32(1)) not in calls[1]
        assert result.changed == {order_key(int32(2))}
        assert await everything(place.store) == [doc(int32(2), n=int32(0))]

    async def test_a_clash_on_a_unique_index_refuses_that_change_alone(self, place: Place) -> None:
        await place.store.create_indexes(NAME, [index("n", unique=True)])
        await fill(place.store, *(doc(int32(one), n=int32(one)) for one in range(4)))
        wanted: dict[RawId, bytes | None] = {
            int32(0): doc(int32(0), n=int32(10)),
            int32(1): doc(int32(1), n=int32(3)),
            int32(2): doc(int32(2), n=int32(12)),
        }
        result = await place.store.change(NAME, list(wanted), to(wanted))
        assert result.changed == {order_key(int32(0)), order_key(int32(2))}
        assert [(key, one.key_fields) for key, one in result.refused.items()] == [(order_key(int32(1)), ("n",))]
        assert [raw_id(one) for one in await everything(place.store)] == [int32(one) for one in range(4)]
        assert (await everything(place.store))[1] == doc(int32(1), n=int32(1))

    async def test_a_change_the_validator_dislikes_is_refused_unless_it_is_bypassed(self, place: Place) -> None:
        await create(place.store, NAME, MUST_HAVE_N)
        before = doc(int32(1), n=int32(1))
        await fill(place.store, before)
        result = await place.store.change(NAME, [int32(1)], to({int32(1): doc(int32(1))}))
        assert not result.changed
        assert [one.code for one in result.refused.values()] == [121]
        assert await everything(place.store) == [before]
        result = await place.store.change(NAME, [int32(1)], to({int32(1): doc(int32(1))}), bypass_validation=True)
        assert result.changed
        assert await everything(place.store) == [doc(int32(1))]

    async def test_an_error_in_a_decision_leaves_all_as_it_was(self, place: Place) -> None:
        await fill(place.store, doc(int32(1)))

        async def decide(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
            raise Refused("not now")

        with pytest.raises(Refused, match="not now"):
            await place.store.change(NAME, [int32(1)], decide)
        await fill(place.store, doc(int32(2)))
        assert (await place.store.change(NAME, [int32(1)], to({int32(1): None}))).changed

    async def test_a_document_of_almost_16_mb_passes_and_can_be_replaced(self, place: Place) -> None:
        room = 16 * 1024 * 1024 - len(doc(int32(1), n=text("")))
        largest = doc(int32(1), n=text("x" * room))
        await fill(place.store, largest, doc(int32(2)))
        assert (await everything(place.store))[0] == largest
        result = await place.store.change(NAME, [int32(1)], to({int32(1): doc(int32(1))}))
        assert result.changed
        (refusal,) = await place.store.insert(NAME, [doc(int32(3), n=text("x" * (room + 1)))])
        assert refusal.code == 10334

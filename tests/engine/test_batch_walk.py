import hashlib
from collections.abc import AsyncIterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.suites.documents import doc
from tests.suites.ids import double, int32
from tui_migrate.documents import content_hash
from tui_migrate.engine import batch_walk
from tui_migrate.engine.batch_walk import BatchWalk, WalkedBatch
from tui_migrate.journal.records import Checkpoint, Counts
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.lookup import Found, Keyed, describe, keyed


def items(*documents: bytes) -> list[Keyed]:
    return [one for one in map(keyed, documents) if one is not None]


def checkpoint(*documents: bytes, last_id: bytes | None = None) -> Checkpoint:
    some = items(*documents)
    digest = hashlib.blake2b(b"".join(one.digest for one in some), digest_size=16).digest()
    end = some[-1].id if last_id is None else last_id
    return Checkpoint("things", 0, b"", end, len(documents), 0, digest, Counts())


async def given_one_by_one(checkpoints: Sequence[Checkpoint]) -> AsyncIterator[Checkpoint]:
    for one in checkpoints:
        yield one


async def walk(
    checkpoints: Sequence[Checkpoint],
    *reads: Sequence[Keyed],
    target: Sequence[bytes] | None = None,
    is_ordered: bool = True,
) -> list[WalkedBatch]:
    found: dict[Key, Found] | None = None
    if target is not None:
        found = {order_key(one.id): one for one in map(describe, target)}
    walking = BatchWalk(given_one_by_one(checkpoints), is_ordered=is_ordered)
    walked = [batch for read in reads for batch in [one async for one in walking.take(read, found)]]
    return walked + [one async for one in walking.finish()]


A, B, C, D, E = (doc(int32(one)) for one in range(1, 6))


async def test_batches_come_back_as_they_were_however_the_source_is_cut_now() -> None:
    checkpoints = [checkpoint(A, B), checkpoint(C), checkpoint(D, E)]
    for reads in ([items(A, B, C, D, E)], [items(A), items(B, C, D), items(E)]):
        walked = await walk(checkpoints, *reads, target=[A, B, C, D, E])
        assert [one.checkpoint for one in walked] == checkpoints
        assert all(one.is_as_read and not one.suspects for one in walked)
        assert [len(one.seen) for one in walked] == [2, 1, 2]


async def test_a_document_that_changed_is_a_suspect_of_its_own_batch_alone() -> None:
    changed = doc(int32(3), n=int32(0))
    walked = await walk([checkpoint(A, B), checkpoint(C), checkpoint(D)], items(A, B, changed, D), target=[A, B, C, D])
    assert [one.is_as_read for one in walked] == [True, False, True]
    assert [len(one.suspects) for one in walked] == [0, 1, 0]
    (suspect,) = walked[1].suspects
    assert (suspect.digest, suspect.current) == (content_hash(changed), content_hash(C))


async def test_documents_that_vanish_or_appear_are_seen_in_the_batch_they_belong_to() -> None:
    checkpoints = [checkpoint(A, B), checkpoint(D, E)]
    walked = await walk(checkpoints, items(A, C, D, E), target=[A, B, D, E])
    assert [(one.is_as_read, len(one.seen), len(one.suspects)) for one in walked] == [(False, 1, 0), (False, 3, 1)]
    walked = await walk(checkpoints, [], target=[])
    assert [(one.checkpoint, one.is_as_read) for one in walked] == [(checkpoints[0], False), (checkpoints[1], False)]


async def test_an_equal_document_whose_id_is_of_another_number_type_is_no_suspect() -> None:
    (batch,) = await walk([checkpoint(A)], items(A), target=[doc(double(1.0))])
    assert not batch.suspects
    (batch,) = await walk([checkpoint(A)], items(A), target=[doc(double(1.0), n=int32(1))])
    assert len(batch.suspects) == 1


async def test_what_lies_behind_the_last_batch_comes_in_bounded_pieces() -> None:
    many = items(*(doc(int32(one)) for one in range(10, 10 + 2 * batch_walk.MOST_BEHIND + 5)))
    walked = await walk([checkpoint(A)], items(A), many, target=[A])
    assert [one.checkpoint is None for one in walked] == [False, True, True, True]
    assert [len(one.suspects) for one in walked[1:]] == [batch_walk.MOST_BEHIND, batch_walk.MOST_BEHIND, 5]
    assert not any(one.is_as_read for one in walked[1:])


async def test_batches_that_gave_no_document_with_an_id_are_passed_over() -> None:
    for first in (checkpoint(last_id=b""), checkpoint(A)):
        rest = [checkpoint(last_id=first.last_id), checkpoint(B)]
        for is_ordered in (True, False):
            read = items(A, B) if first.last_id else items(B)
            walked = await walk([first, *rest], read, target=[A, B], is_ordered=is_ordered)
            assert all(one.is_as_read for one in walked)
            assert [one.checkpoint for one in walked if one.seen] == [one for one in (first, rest[1]) if one.last_id]


async def test_a_source_without_order_is_walked_by_the_ids_that_end_its_batches() -> None:
    checkpoints = [checkpoint(D, A), checkpoint(E, B)]
    walked = await walk(checkpoints, items(D, A, E, B), target=[A, B, D, E], is_ordered=False)
    assert [(one.checkpoint, one.is_as_read) for one in walked] == [(one, True) for one in checkpoints]


ids = st.lists(st.integers(0, 30), unique=True).map(sorted)


@given(first=ids, now=ids, cut=st.integers(1, 5), data=st.data())
async def test_every_document_is_seen_once_and_a_batch_is_as_read_when_it_is(
    first: list[int], now: list[int], cut: int, data: st.DataObject
) -> None:
    def some(numbers: Sequence[int]) -> list[bytes]:
        return [doc(int32(one)) for one in numbers]

    batches = [first[at : at + cut] for at in range(0, len(first), cut)]
    split = data.draw(st.integers(0, len(now)))
    walked = await walk(
        [checkpoint(*some(one)) for one in batches], items(*some(now[:split])), items(*some(now[split:])), target=[]
    )
    seen = [key for one in walked for key in sorted(one.seen)]
    assert seen == [order_key(int32(one)) for one in now]
    low = -1
    for batch, walked_batch in zip(batches, walked, strict=False):
        assert walked_batch.is_as_read == ([one for one in now if low < one <= batch[-1]] == batch)
        low = batch[-1]

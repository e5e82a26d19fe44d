from dataclasses import replace

import pytest

from tests.journal.conftest import Journal
from tui_migrate.errors import JournalError
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import (
    Checkpoint,
    CollectionState,
    Counts,
    MemberRecord,
    RejectRecord,
    RejectState,
)


def batch(number: int, collection: str = "users", **changes: object) -> Checkpoint:
    one = Checkpoint(
        collection, number, b"at %d" % number, b"id %d" % number, 10, 1_000, b"digest", Counts(inserted=7, unchanged=3)
    )
    return replace(one, **changes)  # type: ignore[arg-type] # names and values are those of the test


async def test_a_batch_is_one_checkpoint_and_its_counters(journal: Journal) -> None:
    run_id = await journal.create("users", "families")
    progress = Progress(journal.write, run_id)
    journal.clock.now += 9
    for number in range(3):
        await progress.commit_batch(batch(number, undo_end=100 * number))
    run = await journal.read.run(run_id)
    assert run.counts == Counts(inserted=21, unchanged=9)
    assert (run.undo_bytes, run.last_heard_at) == (200, journal.clock.now)
    users, families = run.collections
    assert (users.documents_done, users.bytes_done) == (30, 3_000)
    assert families.documents_done == 0
    assert await journal.read.last_batch_number(run_id) == 2
    assert await journal.read.undo_end(run_id) == 200
    last = await journal.read.last_checkpoint(run_id, "users")
    assert last is not None
    assert (last.number, last.position, last.last_id, last.digest) == (2, b"at 2", b"id 2", b"digest")
    assert await journal.read.last_checkpoint(run_id, "families") is None


async def test_a_batch_that_is_committed_twice_changes_nothing(journal: Journal) -> None:
    run_id = await journal.create("users")
    progress = Progress(journal.write, run_id)
    await progress.commit_batch(batch(0))
    with pytest.raises(JournalError):
        await progress.commit_batch(batch(0))
    assert (await journal.read.run(run_id)).counts.inserted == 7


async def test_batches_come_in_order_whatever_the_page(journal: Journal) -> None:
    run_id = await journal.create("users")
    progress = Progress(journal.write, run_id)
    for number in (2, 0, 1, 4, 3):
        await progress.commit_batch(batch(number))
    for page in (1, 2, 5, 100):
        assert [one.number async for one in journal.read.batches(run_id, "users", page)] == [0, 1, 2, 3, 4]


async def test_members_come_back_as_they_went_in(journal: Journal) -> None:
    run_id = await journal.create("users")
    members = [MemberRecord(100 * number, 100, 1_000, 10, "ab" * 32) for number in range(3)]
    for number, one in enumerate(members):
        await Progress(journal.write, run_id).commit_batch(batch(number), member=one)
    assert await journal.read.members(run_id, "users") == tuple(members)


async def test_refused_documents_are_kept_until_they_are_settled(journal: Journal) -> None:
    run_id = await journal.create("users")
    progress = Progress(journal.write, run_id)
    put_off = [
        RejectRecord("users", 50 * number, 50 * number + 50, b"%d" % number, 11000, "a key", RejectState.DEFERRED)
        for number in range(4)
    ]
    await progress.commit_batch(batch(0), refused=put_off)
    rejected = replace(put_off[1], state=RejectState.REJECTED, reason="still")
    await progress.commit_batch(batch(1), settled=[replace(put_off[0], state=RejectState.RESOLVED), rejected])
    assert await journal.read.rejects(run_id, "users", RejectState.REJECTED) == (rejected,)
    assert await journal.read.rejects(run_id, "users", RejectState.DEFERRED, limit=1) == (put_off[2],)
    assert await journal.read.rejects(run_id, "users", RejectState.DEFERRED, after=100) == (put_off[3],)
    assert await journal.read.is_rejected(run_id, "users", b"1")
    assert not await journal.read.is_rejected(run_id, "users", b"0")
    assert await journal.read.rejects_end(run_id) == 200


async def test_a_collection_that_starts_again_forgets_its_own_batches_alone(journal: Journal) -> None:
    run_id = await journal.create("users", "families")
    progress = Progress(journal.write, run_id)
    await progress.set_collection("users", CollectionState.ACTIVE)
    await progress.set_totals("users", 11, 1_100)
    for collection in ("users", "families"):
        await progress.commit_batch(batch(0, collection), member=MemberRecord(0, 1, 1, 1, "ab"))
    await progress.restart_collection("users")
    users, families = await journal.read.collections(run_id)
    assert (users.documents_done, users.counts, users.state) == (0, Counts(), CollectionState.WAITING)
    assert users.documents_total == 11
    assert families.documents_done == 10
    assert await journal.read.members(run_id, "users") == ()
    assert len(await journal.read.members(run_id, "families")) == 1
    await progress.commit_batch(batch(0))


async def test_a_collection_that_starts_again_forgets_what_was_refused_of_it_and_of_no_other(journal: Journal) -> None:
    run_id = await journal.create("users", "users2")
    progress = Progress(journal.write, run_id)
    for place, name in enumerate(("users", "users2")):
        refused = RejectRecord(name, 10 * place, 10 * place + 10, b"digest", 121, "why", RejectState.REJECTED)
        found = Finding(Severity.ERROR, "rejected", f"{name} _id 1", "why")
        await progress.commit_batch(batch(0, name), refused=[refused], findings=[found])
    await progress.restart_collection("users")
    assert await journal.read.rejects(run_id, "users", RejectState.REJECTED, -1) == ()
    assert len(await journal.read.rejects(run_id, "users2", RejectState.REJECTED, -1)) == 1
    assert [one.subject for one in (await journal.read.run(run_id)).findings] == ["users2 _id 1"]


async def test_counters_can_be_added_outside_a_batch(journal: Journal) -> None:
    run_id = await journal.create("users")
    added = Counts(1, 2, 3, 4, 5, 6, 7, 8, 9)
    for _ in range(2):
        await Progress(journal.write, run_id).add_counts("users", added)
    assert (await journal.read.run(run_id)).counts == added + added

import asyncio
import errno
import os
import stat
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.scene import Scene, documents, put
from tests.suites.documents import EMPTY, MUST_HAVE_N, doc, index
from tests.suites.ids import OF_EVERY_TYPE, int32, text
from tui_migrate.documents import content_hash
from tui_migrate.engine import removed_specs, undo_log
from tui_migrate.engine.undo_log import MAGIC, Intent, Made, Making, Operation, Outcome, Removed, Thing, UndoLog
from tui_migrate.engine.undo_reader import Group, Index, UndoReader, is_blank, read_index
from tui_migrate.errors import StorageFailed
from tui_migrate.stores.base import CollectionInfo, CollectionKind

SESSION = bytes(range(16))


def inserting(*numbers: int) -> list[Intent]:
    return [Intent(Operation.INSERT, int32(one), content_hash(doc(int32(one)))) for one in numbers]


def replacing(number: int, before: bytes | None = None) -> Intent:
    return Intent(Operation.REPLACE, int32(number), content_hash(doc(int32(number), n=int32(1))), before)


def read(path: Path) -> tuple[Index, list[Group]]:
    with UndoReader(path) as reader:
        index = reader.index()
        return index, [reader.group_at(one) for one in index.groups]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "undo.log"


intents = st.lists(
    st.builds(
        Intent,
        st.sampled_from(Operation),
        st.sampled_from(OF_EVERY_TYPE),
        st.binary(min_size=16, max_size=16),
        st.none() | st.binary(max_size=40),
    ),
    min_size=1,
    max_size=4,
)
groups = st.lists(
    st.tuples(st.sampled_from(("a", "ü.b")), intents, st.none() | st.lists(st.sampled_from(Outcome), min_size=4)),
    max_size=4,
)


def looked_for(intents: list[Intent], outcomes: list[Outcome] | None) -> list[Intent]:
    there = [outcomes is None or outcomes[place] is not Outcome.NOT_FOUND for place in range(len(intents))]
    return [replace(one, was_found=found) for one, found in zip(intents, there, strict=True)]


@pytest.mark.rule(3, "INTENT and OUTCOME for each key")
@given(groups)
@settings(max_examples=60)
def test_what_was_recorded_is_read_again(written: list[tuple[str, list[Intent], list[Outcome] | None]]) -> None:
    async def write(path: Path) -> None:
        log = await UndoLog.create(path)
        for attempt, (collection, some, outcomes) in enumerate(written):
            await log.record(collection, attempt, SESSION, some)
            if outcomes is not None:
                await log.settle(outcomes[: len(some)])
        await log.close()

    with TemporaryDirectory() as name:
        path = Path(name, "undo.log")
        asyncio.run(write(path))
        index, found = read(path)
        assert index.end == path.stat().st_size
    assert [(one.collection, list(one.intents)) for one in found] == [
        (name, looked_for(some, outcomes)) for name, some, outcomes in written
    ]
    assert [(one.attempt, one.session) for one in found] == [(place, SESSION) for place in range(len(written))]
    settled = [None if outcomes is None else tuple(outcomes[: len(some)]) for _, some, outcomes in written]
    assert [one.outcomes for one in found] == settled
    took_effect = Counter[str]()
    for collection, some, outcomes in written:
        took_effect[collection] += sum(outcomes is None or outcomes[place].is_written for place in range(len(some)))
    assert index.written == took_effect
    assert sum(one.written for one in found) == took_effect.total()


async def test_what_is_taken_away_is_read_again_with_the_documents_that_were_held(path: Path) -> None:
    log = await UndoLog.create(path)
    await log.hold([doc(int32(1))])  # of an attempt that died before it had recorded the rest
    begin = log.size
    await log.hold([doc(int32(2)), doc(int32(1))])
    info = CollectionInfo("ü", CollectionKind.CAPPED, MUST_HAVE_N, (index("n"), index("m")), uuid=SESSION)
    whole = await log.note_removed(replace(removed_specs.of_collection(info), held_begin=begin, held=2))
    change = removed_specs.ValidatorChange(MUST_HAVE_N, EMPTY)
    others = [
        await log.note_removed(one)
        for one in (Removed(Thing.INDEX, "a", "n_1", index("n")), removed_specs.of_validator("a", change))
    ]
    await log.close()
    with UndoReader(path) as reader:
        found = reader.index()
        assert found.removed == [whole, *others]
        assert list(reader.held(whole)) == [doc(int32(2)), doc(int32(1))]
    assert removed_specs.definition(whole) == removed_specs.Definition(MUST_HAVE_N, (index("n"), index("m")))
    assert removed_specs.validator_change(others[1]) == change
    assert found.taken_away(Thing.COLLECTION, Thing.VIEW) == {"ü": whole}


async def test_outcomes_that_do_not_follow_their_intents_are_nobody_s(path: Path) -> None:
    log = await UndoLog.create(path)
    await log.record("things", 1, SESSION, inserting(1, 2))
    await log.keep([(int32(9), bytes(16))])
    await log.settle([Outcome.NOT_WRITTEN] * 2)
    await log.close()
    index, (group,) = read(path)
    assert (index.written["things"], group.written, group.outcomes) == (2, 2, None)


def content(path: Path) -> bytes:
    return path.read_bytes()


def become(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def three_groups(path: Path) -> list[int]:
    """Write three groups; give where each ends, behind the place where the first begins."""
    log = await UndoLog.create(path)
    ends = [log.size]
    for place, some in enumerate((inserting(1, 2), [replacing(3, doc(int32(3)))], inserting(4, 5, 6))):
        await log.record("things", place, SESSION, some)
        await log.settle([Outcome.WRITTEN] * len(some))
        await log.keep([(int32(9), bytes(16))])
        await log.sync()
        ends.append(log.size)
    await log.close()
    return ends


@pytest.mark.rule(3, "a torn tail is cut")
async def test_a_log_that_is_torn_anywhere_keeps_every_group_before_and_can_be_gone_on_with(path: Path) -> None:
    ends = await three_groups(path)
    whole = content(path)
    _, before = read(path)
    for length in range(ends[-2], ends[-1]):
        become(path, whole[:length])
        index, found = read(path)
        assert index.end <= length
        assert found[:2] == before[:2]
        assert all(one in before[2].intents for group in found[2:] for one in group.intents)
        log = await UndoLog.reopen(path, index.end)
        await log.settle([Outcome.NOT_WRITTEN] * sum(len(one.intents) for one in found[2:] if one.outcomes is None))
        await log.record("things", 7, SESSION, inserting(7))
        await log.close()
        _, again = read(path)
        assert again[:2] == before[:2]
        assert again[-1].intents == tuple(inserting(7))


async def test_what_lies_behind_the_last_whole_frame_is_cut_off(path: Path) -> None:
    ends = await three_groups(path)
    log = await UndoLog.reopen(path, ends[2])
    await log.close()
    assert len(content(path)) == log.size == ends[2]


async def test_a_torn_log_whose_rest_is_zeros_ends_where_the_zeros_begin(path: Path) -> None:
    ends = await three_groups(path)
    become(path, content(path)[: ends[2]] + bytes(10_000))
    index, found = read(path)
    assert (index.end, len(found)) == (ends[2], 2)


@pytest.mark.rule(3, "a CRC")
async def test_any_flipped_bit_within_what_is_committed_is_found(path: Path) -> None:
    ends = await three_groups(path)
    whole = content(path)
    for place in range(len(MAGIC), len(whole)):
        become(path, whole[:place] + bytes((whole[place] ^ (1 << place % 8),)) + whole[place + 1 :])
        with pytest.raises(StorageFailed, match="damaged"):
            read_index(path, ends[-1])
    become(path, whole)
    assert read_index(path, ends[-1]).end == ends[-1]


@pytest.mark.parametrize("content", [b"", b"tuiUNDO\x02 of another version", b"something else"])
def test_what_is_no_undo_log_is_refused(path: Path, content: bytes) -> None:
    become(path, content)
    with pytest.raises(StorageFailed, match="undo"):
        UndoReader(path)


def test_a_log_is_blank_until_it_says_what_it_is(path: Path) -> None:
    assert is_blank(path)
    become(path, MAGIC[:-1])
    assert is_blank(path)
    become(path, MAGIC)
    assert not is_blank(path)


async def test_a_range_gives_the_groups_and_the_kept_that_begin_in_it(path: Path) -> None:
    ends = await three_groups(path)
    with UndoReader(path) as reader:
        assert [one.attempt for one in reader.groups(0, ends[-1])] == [0, 1, 2]
        assert [one.attempt for one in reader.groups(ends[1], ends[2])] == [1]
        assert [(one.id, one.digest) for one in reader.kept(ends[1], ends[2])] == [(int32(9), bytes(16))]
        assert list(reader.groups(ends[-1], ends[-1])) == []


async def test_things_that_were_made_are_told_but_none_that_was_given_up(path: Path) -> None:
    log = await UndoLog.create(path)
    for one in (
        Made(Thing.COLLECTION, "a"),
        Made(Thing.COLLECTION, "a", uuid=SESSION, making=Making.DONE),
        Made(Thing.INDEX, "b", "refused"),
        Made(Thing.INDEX, "b", "refused", making=Making.GIVEN_UP),
        Made(Thing.INDEX, "b", "in doubt"),
        Made(Thing.VIEW, "v"),
        Made(Thing.VIEW, "v", making=Making.DONE),
    ):
        await log.note_made(one)
    await log.close()
    index, _ = read(path)
    assert {key: one.making for key, one in index.things().items()} == {
        (Thing.COLLECTION, "a", ""): Making.DONE,
        (Thing.INDEX, "b", "in doubt"): Making.BEGUN,
        (Thing.VIEW, "v", ""): Making.DONE,
    }
    assert index.things()[Thing.COLLECTION, "a", ""].uuid == SESSION


async def test_what_is_written_to_a_collection_counts_from_when_it_was_made_last(path: Path) -> None:
    log = await UndoLog.create(path)
    for _ in range(2):
        begin = log.size
        await log.note_made(Made(Thing.COLLECTION, "a", uuid=SESSION, making=Making.DONE))
        await log.record("a", 1, SESSION, inserting(1))
    await log.close()
    index, _ = read(path)
    assert index.begins == {"a": begin}
    assert index.groups[0] < begin < index.groups[1]


@pytest.mark.rule(25, "0600")
def test_the_log_is_the_users_own(path: Path) -> None:
    asyncio.run(three_groups(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.rule(3, "INTENT, fsync, write, OUTCOME")
async def test_an_intent_is_durable_before_record_returns_and_an_outcome_with_the_next_sync(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = await UndoLog.create(path)
    durable: list[int] = []
    monkeypatch.setattr(undo_log, "sync", lambda descriptor: durable.append(os.fstat(descriptor).st_size))
    await log.record("things", 1, SESSION, inserting(1))
    assert durable == [log.size]
    await log.settle([Outcome.WRITTEN])
    await log.keep([(int32(1), bytes(16))])
    assert len(durable) == 1
    await log.sync()
    assert durable[1:] == [log.size]
    await log.note_made(Made(Thing.VIEW, "v"))
    assert durable[2:] == [log.size]
    await log.close()


async def test_what_is_held_of_a_collection_is_durable_before_it_is_known_to_be_taken_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = await UndoLog.create(path)
    durable: list[int] = []
    monkeypatch.setattr(undo_log, "sync", lambda descriptor: durable.append(os.fstat(descriptor).st_size))
    await log.hold([doc(int32(1))])
    assert durable == []
    removed = removed_specs.of_collection(CollectionInfo("c", CollectionKind.CAPPED, EMPTY, ()))
    await log.note_removed(replace(removed, held_begin=len(MAGIC), held=1))
    assert durable == [log.size]
    await log.note_removed(Removed(Thing.INDEX, "a", "n_1", index("n")))
    assert durable[1:] == [log.size]
    await log.close()


async def test_a_failed_fsync_is_an_error_that_names_the_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await UndoLog.create(path)

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(undo_log, "sync", fail)
    with pytest.raises(StorageFailed, match=r"undo\.log.*Input/output error"):
        await log.record("things", 1, SESSION, inserting(1))
    await log.close()


@pytest.mark.rule(23, "a failed fsync ends the run; never tried again")
@pytest.mark.parametrize("place", range(1, 8))
async def test_a_failed_fsync_ends_the_run_and_is_not_tried_again_before_the_run_is_resumed(
    scene: Scene, place: int
) -> None:
    documents_of_source = [doc(int32(one)) for one in range(6)]
    await put(scene.source, *documents_of_source)
    calls = 0

    def fail_once(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == place:
            raise OSError(errno.EIO, "Input/output error")
        os.fsync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undo_log, "sync", fail_once)
        ended = await scene.copy(batch=4)
    assert calls == place
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code) == (1, "storage_failed")
    resumed = await scene.work(ended.record.id)
    assert resumed.exit_code == 0
    assert resumed.counts.inserted == 6
    assert set(await documents(scene.target)) == set(documents_of_source)


async def test_what_may_not_have_reached_the_disk_is_written_again_on_reopening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = await three_groups(path)
    written: list[tuple[int, int]] = []
    real = os.pwrite

    def pwrite(descriptor: int, part: bytes, offset: int) -> int:
        written.append((offset, len(part)))
        return real(descriptor, part, offset)

    written_before: list[int] = []
    monkeypatch.setattr(undo_log, "COPY_BYTES", 50)
    monkeypatch.setattr(os, "pwrite", pwrite)
    monkeypatch.setattr(undo_log, "sync", lambda _: written_before.append(len(written)))
    before = content(path)
    await (await UndoLog.reopen(path, ends[3], ends[2])).close()
    assert content(path) == before
    assert written[0][0] == ends[2]
    assert written_before == [len(written)]
    assert sum(length for _, length in written) == ends[3] - ends[2]


async def test_a_record_that_is_cancelled_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await UndoLog.create(path)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hang(descriptor: int) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(30)
        os.fsync(descriptor)

    monkeypatch.setattr(undo_log, "sync", hang)
    recording = asyncio.ensure_future(log.record("things", 1, SESSION, inserting(1)))
    await begun.wait()
    for _ in range(2):
        recording.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not recording.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await recording
    assert log.size == len(content(path))
    await log.close()
    _, (group,) = read(path)
    assert group.intents == tuple(inserting(1))


@pytest.mark.rule(3, "one document a frame, 64-bit lengths")
async def test_documents_of_any_size_are_kept_whole(path: Path) -> None:
    large = doc(int32(1), n=text("x" * (16 * 1024 * 1024)))
    log = await UndoLog.create(path)
    await log.record("things", 1, SESSION, [replacing(1, large), replacing(2, doc(int32(2)))])
    await log.close()
    _, (group,) = read(path)
    assert [one.before for one in group.intents] == [large, doc(int32(2))]

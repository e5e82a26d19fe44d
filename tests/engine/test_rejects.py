from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, documents, id_last, put
from tests.packages.samples import info, write_package
from tests.suites.documents import MUST_HAVE_N, doc, index, options
from tests.suites.ids import int32
from tui_migrate.documents import RawId, content_hash
from tui_migrate.engine import deferred, drive
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import StorageFailed
from tui_migrate.findings import Finding
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts, RejectState, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.ordering import Key
from tui_migrate.packages.entries import DocumentOrder
from tui_migrate.packages.reader import PackageSource
from tui_migrate.plan.model import OnFailure, PackageEnd, Policy, RunKind
from tui_migrate.stores.base import CollectionInfo, Source
from tui_migrate.stores.lookup import Found, find_by_id
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.moments import FieldPath
from tui_migrate.worker.steering import WorkerSteering

GOOD = [doc(int32(one), n=int32(one)) for one in (1, 4, 7)]
BAD = [doc(int32(one), m=int32(one)) for one in (2, 5, 6)]


async def rejected(scene: Scene, run_id: int, state: RejectState = RejectState.REJECTED) -> list[bytes]:
    reader = await JournalReader.open(scene.home.journal)
    try:
        records = await reader.rejects(run_id, "things", state)
    finally:
        await reader.close()
    file = RejectFile(scene.home.run(run_id).rejects, 0)
    return [await file.read(one) for one in records]


async def fill_with_bad(scene: Scene) -> None:
    await put(scene.source, *GOOD, *BAD)
    await create(scene.target, "things", options=MUST_HAVE_N)


async def test_a_refused_document_stops_a_run_that_allows_none(scene: Scene) -> None:
    await fill_with_bad(scene)
    ended = await scene.copy(batch=2)
    assert (ended.exit_code, ended.record.state) == (1, RunState.FAILED)
    assert ended.record.failure is not None
    assert ended.record.failure.code == "write_refused"
    assert "validator" in ended.record.failure.message
    assert ended.counts == Counts(inserted=1, rejected=1)
    assert await rejected(scene, ended.record.id) == BAD[:1]
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == []


async def test_a_run_that_was_stopped_by_a_reject_goes_on_to_the_next_and_never_counts_as_completed(
    scene: Scene,
) -> None:
    await fill_with_bad(scene)
    ended = await scene.copy(batch=2)
    run_id = ended.record.id
    codes = []
    while ended.record.state is RunState.FAILED:
        codes.append(ended.exit_code)
        ended = await scene.work(run_id)
    assert codes == [1, 1, 1]
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert ended.counts == Counts(inserted=3, rejected=3)
    assert ended.codes == {"rejects", "rejected", "options_differ", "validator_rejects"}
    assert await rejected(scene, run_id) == BAD


@pytest.mark.parametrize("on_failure", OnFailure)
async def test_a_worker_that_died_behind_a_reject_too_many_leaves_a_run_that_fails_as_an_undisturbed_one(
    scene: Scene, on_failure: OnFailure
) -> None:
    await put(scene.source, *GOOD, BAD[-1], doc(int32(8), n=int32(8)))
    await create(scene.target, "things", options=MUST_HAVE_N)
    plan = replace(await scene.plan(batch=10), on_failure=on_failure)
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.run(plan)
    ended = await scene.work(1)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code, ended.counts.rejected) == (1, "write_refused", 1)
    if on_failure is OnFailure.PAUSE:
        assert ended.record.state is RunState.FAILED
        ended = await scene.work(1)
        assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)


@pytest.mark.parametrize("wish", [Wish.STOP, Wish.PAUSE])
async def test_a_run_that_went_on_behind_a_reject_too_many_is_not_failed_for_it_again(scene: Scene, wish: Wish) -> None:
    await fill_with_bad(scene)
    await strangers.remove(scene.source, *BAD[1:])
    plan = await scene.plan(batch=1)
    assert (await scene.run(plan)).record.state is RunState.FAILED
    with (
        trapped(Trap(name="batch.after_checkpoint", error=lambda _: Steered(wish))),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(WorkerSteering, "wait_for_resume", go_on)
        ended = await scene.work(1)
    if wish is Wish.STOP:
        assert ended.record.state is RunState.INTERRUPTED
        ended = await scene.work(1)
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)


async def test_nor_does_an_earlier_failure_excuse_a_worker_that_died_behind_the_next_reject(scene: Scene) -> None:
    await fill_with_bad(scene)
    await strangers.remove(scene.source, *BAD[2:])
    assert (await scene.run(await scene.plan(batch=10))).record.state is RunState.FAILED
    await put(scene.source, doc(int32(20), m=int32(20)))
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.work(1)
    ended = await scene.work(1)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code, ended.counts.rejected) == (1, "write_refused", 3)


async def go_on(_: WorkerSteering) -> None:
    """Wait for nobody."""


@pytest.mark.parametrize(("allowed", "exit_code", "state"), [
    (2, 1, RunState.FAILED),
    (3, 3, RunState.COMPLETED_WITH_FINDINGS),
    (1000, 3, RunState.COMPLETED_WITH_FINDINGS),
])  # fmt: skip
async def test_a_run_puts_aside_as_many_as_the_plan_allows(
    scene: Scene, allowed: int, exit_code: int, state: RunState
) -> None:
    await fill_with_bad(scene)
    ended = await scene.copy(batch=1, max_rejects=allowed)
    assert (ended.exit_code, ended.record.state) == (exit_code, state)
    assert ended.counts.rejected == 3
    assert await rejected(scene, ended.record.id) == BAD
    if exit_code == 3:
        assert set(await documents(scene.target)) == set(GOOD)
        assert ended.finding("rejects").count == 1


async def test_a_replace_that_the_validator_refuses_is_a_reject_and_leaves_what_was_there(scene: Scene) -> None:
    await fill_with_bad(scene)
    there = doc(int32(2), n=int32(0))
    await put(scene.target, there)
    ended = await scene.copy(max_rejects=3)
    assert ended.counts == Counts(inserted=3, rejected=3)
    assert there in await documents(scene.target)
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == [there]


@pytest.mark.parametrize("place", ["batch.before_checkpoint", "batch.after_checkpoint"])
async def test_rejects_are_neither_lost_nor_doubled_by_a_crash(scene: Scene, place: str) -> None:
    await fill_with_bad(scene)
    plan = await scene.plan(batch=2, max_rejects=3)
    with trapped(Trap(name=place)), pytest.raises(Crash):
        await scene.run(plan)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (
        3,
        Counts(inserted=3, rejected=3, assumed_ours=ended.counts.assumed_ours),
    )
    assert await rejected(scene, 1) == BAD


@pytest.mark.rule(10, "a document without _id is a reject")
@pytest.mark.parametrize("order", DocumentOrder)
async def test_documents_without_an_id_are_rejects_and_ids_that_stand_last_are_found(
    scene: Scene, tmp_path: Path, order: DocumentOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_check(*_: object) -> tuple[Finding, ...]:
        return ()

    monkeypatch.setattr(PackageSource, "check", no_check)
    nameless = options(n=int32(1)), options(n=int32(2))
    is_ordered = order is DocumentOrder.ID
    described = info("things") if is_ordered else info("things", collation={"locale": "de"})
    batches = [[nameless[0]], [id_last(int32(1), n=int32(1)), doc(int32(2))], [nameless[1]], [id_last(int32(3))]]
    await write_package(tmp_path / "package", {"things": batches}, infos={"things": described}, order=order)
    if is_ordered:
        await put(scene.target, doc(int32(1), n=int32(1)), doc(int32(3), n=int32(0)))
    plan = await scene.plan(source=PackageEnd(str(tmp_path / "package")), kind=RunKind.IMPORT, max_rejects=2)
    (told,) = (await scene.forecast(plan)).collections
    counts = Counts(inserted=1, replaced=1, unchanged=1) if is_ordered else Counts(inserted=3)
    assert (told.documents, told.reject) == (5, 2)
    assert Counts(told.insert, told.replace, told.unchanged) == counts
    ended = await scene.run(plan)
    assert (ended.exit_code, ended.codes) == (3, {"rejects", "rejected"})
    assert ended.counts == counts + Counts(rejected=2)
    assert set(await documents(scene.target)) == {doc(int32(1), n=int32(1)), doc(int32(2)), doc(int32(3))}
    assert await rejected(scene, ended.record.id) == list(nameless)


async def unique(scene: Scene, source: dict[int, int], target: dict[int, int]) -> None:
    await put(scene.source, *(doc(int32(key), n=int32(value)) for key, value in source.items()))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    await put(scene.target, *(doc(int32(key), n=int32(value)) for key, value in target.items()))


@pytest.mark.rule(18, "on another unique index retry after the collection: chains resolve")
@pytest.mark.parametrize("batch", [1, 2, 10])
async def test_a_chain_of_unique_values_that_move_up_resolves(scene: Scene, batch: int) -> None:
    before = {1: 1, 2: 2, 3: 3, 4: 4}
    await unique(scene, {1: 2, 2: 3, 3: 4, 4: 5, 5: 1}, before)
    ended = await scene.copy(batch=batch)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=1, replaced=4))
    assert set(await documents(scene.target)) == set(await documents(scene.source))
    undone = await scene.roll_back(ended.record.id)
    assert (undone.exit_code, undone.counts) == (0, Counts(deleted=1, restored=4))
    assert set(await documents(scene.target)) == {doc(int32(key), n=int32(value)) for key, value in before.items()}


async def test_a_chain_resolves_after_a_crash_anywhere_in_its_retries(scene: Scene) -> None:
    for times in range(1, 5):
        await scene.target.drop_collection("things")
        await scene.source.drop_collection("things")
        await unique(scene, {1: 2, 2: 3, 3: 4, 4: 5}, {1: 1, 2: 2, 3: 3, 4: 4})
        plan = await scene.plan(batch=10)
        with trapped(Trap(name="batch.after_replace", times=times)), pytest.raises(Crash):
            await scene.run(plan)
        ended = await scene.work(times)
        assert (ended.exit_code, ended.counts) == (0, Counts(replaced=4)), times
        assert set(await documents(scene.target)) == set(await documents(scene.source))


@pytest.mark.parametrize("batch", [1, 10])
async def test_two_documents_that_swap_their_unique_values_are_rejects(scene: Scene, batch: int) -> None:
    await unique(scene, {1: 2, 2: 1, 3: 3}, {1: 1, 2: 2})
    ended = await scene.copy(batch=batch, max_rejects=2)
    assert (ended.exit_code, ended.counts) == (3, Counts(inserted=1, rejected=2))
    assert set(await rejected(scene, ended.record.id)) == {doc(int32(1), n=int32(2)), doc(int32(2), n=int32(1))}
    assert set(await documents(scene.target)) == {doc(int32(one), n=int32(one)) for one in (1, 2, 3)}


@pytest.mark.rule(18, "then reject")
@pytest.mark.parametrize("policy", Policy)
async def test_a_value_that_stays_taken_is_a_reject_under_every_policy(scene: Scene, policy: Policy) -> None:
    await unique(scene, {1: 7, 2: 8}, {9: 7})
    ended = await scene.copy(policy, max_rejects=1)
    assert (ended.exit_code, ended.counts) == (3, Counts(inserted=1, rejected=1))
    assert await rejected(scene, ended.record.id) == [doc(int32(1), n=int32(7))]


async def test_values_that_stay_taken_count_against_the_ceiling(scene: Scene) -> None:
    await unique(scene, {1: 7, 2: 8}, {9: 7})
    ended = await scene.copy()
    assert (ended.exit_code, ended.record.state, ended.counts.rejected) == (1, RunState.FAILED, 1)
    ended = await scene.work(ended.record.id)
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)


async def test_a_run_that_stops_for_values_that_stay_taken_has_counted_all_that_are_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "PAGE_BYTES", 100)
    await unique(scene, dict.fromkeys(range(1, 6), 7), {9: 7})
    ended = await scene.copy(batch=2)
    assert (ended.record.state, ended.counts) == (RunState.FAILED, Counts(rejected=5))
    assert ended.record.failure is not None
    assert "(5 so far)" in ended.record.failure.message
    assert len(await rejected(scene, ended.record.id)) == 5
    ended = await scene.work(ended.record.id)
    assert (ended.record.state, ended.counts) == (RunState.COMPLETED_WITH_FINDINGS, Counts(rejected=5))


async def test_a_deferred_document_that_a_stranger_inserts_meanwhile_is_decided_about(scene: Scene) -> None:
    async def meddle() -> None:
        await strangers.remove(scene.target, doc(int32(9)))
        await put(scene.target, doc(int32(1), n=int32(7)))

    await unique(scene, {1: 7, 2: 8}, {9: 7})
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan(Policy.SKIP, batch=10))
    await meddle()
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=1, unchanged=1))


async def test_many_large_deferred_documents_are_tried_again_a_few_at_a_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deferred, "PAGE_BYTES", 100)
    tried: list[int] = []

    async def find(target: Source, collection: str, ids: Sequence[RawId], by: FieldPath) -> dict[Key, Found]:
        tried.append(len(ids))
        return await find_by_id(target, collection, ids, by)

    monkeypatch.setattr("tui_migrate.engine.deferred.find_by_id", find)
    await unique(scene, {one: one + 1 for one in range(12)}, {one: one for one in range(12)})
    ended = await scene.copy(batch=20)
    assert (ended.exit_code, ended.counts.replaced) == (0, 12)
    assert set(tried) == {1}


async def test_rejects_are_told_of_once_even_if_the_run_dies_in_its_last_stage(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(context: RunContext) -> RunState:
        raise Crash

    await fill_with_bad(scene)
    plan = await scene.plan(max_rejects=3)
    monkeypatch.setattr(drive, "final_state", die)
    with pytest.raises(Crash):
        await scene.run(plan)
    monkeypatch.undo()
    ended = await scene.work(1)
    assert (ended.exit_code, ended.finding("rejects").count) == (3, 1)


async def test_what_a_capped_collection_refuses_is_a_reject(scene: Scene) -> None:
    capped = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
    await create(scene.source, "things", options=capped)
    await put(scene.source, *(doc(int32(one), n=int32(one // 2)) for one in range(4)))
    plan = await scene.plan(max_rejects=2)
    (info_of_source,) = await scene.source.collections()
    with pytest.MonkeyPatch.context() as patch:
        _make_unique_when_made(patch)
        ended = await scene.run(plan)
    assert info_of_source.kind == "capped"
    assert ended.counts == Counts(inserted=2, rejected=2)
    assert (ended.exit_code, ended.codes) == (3, {"rejects", "rejected"})


def _make_unique_when_made(patch: pytest.MonkeyPatch) -> None:
    real = MemoryStore.create_collection

    async def create_collection(store: MemoryStore, made: CollectionInfo, with_options: bytes) -> bytes | None:
        uuid = await real(store, made, with_options)
        await store.create_indexes(made.name, [index("n", unique=True)])
        return uuid

    patch.setattr(MemoryStore, "create_collection", create_collection)


def refused(number: int, state: RejectState = RejectState.REJECTED) -> Refused:
    return Refused("ü", doc(int32(number)), 121, "no\n" * 2_000, state)


async def test_the_file_gives_back_what_was_put_into_it(tmp_path: Path) -> None:
    file = RejectFile(tmp_path / "rejects.log", 0)
    assert await file.append([]) == []
    first = await file.append([refused(1), refused(2, RejectState.DEFERRED)])
    second = await file.append([refused(3)])
    await file.close()
    assert [one.state for one in first] == [RejectState.REJECTED, RejectState.DEFERRED]
    assert [await file.read(one) for one in (*first, *second)] == [doc(int32(one)) for one in (1, 2, 3)]
    assert [one.digest for one in second] == [content_hash(doc(int32(3)))]
    assert (tmp_path / "rejects.log").stat().st_mode & 0o777 == 0o600


async def test_what_is_behind_the_last_checkpoint_is_cut_off(tmp_path: Path) -> None:
    file = RejectFile(tmp_path / "rejects.log", 0)
    (kept,) = await file.append([refused(1)])
    await file.append([refused(2), refused(4)])
    await file.close()
    file = RejectFile(tmp_path / "rejects.log", kept.end)
    (again,) = await file.append([refused(3)])
    await file.close()
    assert (again.offset, again.end) == (kept.end, (tmp_path / "rejects.log").stat().st_size)
    assert await file.read(again) == doc(int32(3))


async def test_a_damaged_file_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "rejects.log"
    file = RejectFile(path, 0)
    (record,) = await file.append([refused(1)])
    await file.close()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(StorageFailed, match="damaged"):
        await file.read(record)

from collections.abc import Sequence

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, put, snapshot
from tests.suites.ids import int32, text
from tests.suites.store_cases import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tui_migrate.documents import RawId
from tui_migrate.engine.rollback_group import GroupUndoer, GroupUndone
from tui_migrate.engine.rollback_made import aside_name
from tui_migrate.engine.undo_reader import Group
from tui_migrate.errors import NotAuthorised, NotReversible
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import ChangeResult, Decide
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

NEW = [doc(int32(one), n=int32(one)) for one in range(1, 5)]
OLD = [doc(int32(one), n=text("old")) for one in (3, 4)]
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
VIEW = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))


def by(number: int) -> bytes:
    return doc(int32(number), n=text("somebody else"))


async def copied(scene: Scene, *, batch: int = 10) -> Ended:
    """Copy four documents onto two older ones."""
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *OLD)
    return await scene.copy(batch=batch)


@pytest.mark.rule(20, "else spare it, a finding")
async def test_documents_that_somebody_changed_since_are_spared_and_told_of(scene: Scene) -> None:
    run = await copied(scene)
    await strangers.overwrite(scene.target, by(1), by(3))
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert undone.counts == Counts(deleted=1, restored=1, spared=2)
    assert set(await documents(scene.target)) == {by(1), by(3), OLD[1]}
    assert {(one.code, one.subject, one.severity, one.count) for one in undone.record.findings} == {
        ("changed_since", "things _id 1", Severity.WARNING, 1),
        ("changed_since", "things _id 3", Severity.WARNING, 1),
    }
    assert (await scene.record(run.record.id)).state is RunState.ROLLED_BACK_WITH_FINDINGS


async def test_documents_that_somebody_deleted_since_stay_away(scene: Scene) -> None:
    run = await copied(scene)
    await strangers.remove(scene.target, doc(int32(1)), doc(int32(3)))
    undone = await scene.roll_back(run.record.id)
    assert set(await documents(scene.target)) == {OLD[1]}
    assert undone.counts == Counts(deleted=1, restored=1, spared=1)
    assert [one.subject for one in undone.record.findings] == ["things _id 3"]


async def test_what_others_put_into_an_existing_collection_stays_and_is_no_finding(scene: Scene) -> None:
    run = await copied(scene)
    await put(scene.target, by(9))
    undone = await scene.roll_back(run.record.id)
    assert undone.exit_code == 0
    assert set(await documents(scene.target)) == {*OLD, by(9)}


@pytest.mark.rule(20, "with what strangers put in")
async def test_a_collection_of_the_run_into_which_others_have_put_documents_is_kept(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[index("n")])
    await put(scene.source, *NEW)
    run = await scene.copy()
    await put(scene.target, by(9))
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await documents(scene.target) == [by(9)]
    assert list(await snapshot(scene.target)) == ["things"]


@pytest.mark.rule(20, "renamed aside, looked at once more, renamed back")
async def test_documents_that_appear_while_the_collection_is_aside_bring_it_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(scene.source, *NEW)
    run = await scene.copy()
    real = MemoryStore.rename_collection

    async def rename(store: MemoryStore, collection: str, new_name: str) -> None:
        if collection == "things":
            await put(store, by(9))
        await real(store, collection, new_name)

    monkeypatch.setattr(MemoryStore, "rename_collection", rename)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await snapshot(scene.target) == {"things": (*(await snapshot(scene.source))["things"][:2], (by(9),))}


async def crashed_aside(scene: Scene) -> tuple[int, int]:
    """Let a rollback die when it has renamed a collection aside; give the run's id and the rollback's."""
    await put(scene.source, *NEW)
    run = await scene.copy()
    rollback = await launch.create_rollback(scene.home, run.record.id)
    with trapped(Trap(name="rollback.after_rename")), pytest.raises(Crash):
        await scene.work(rollback)
    assert list(await snapshot(scene.target)) == [aside_name("things", run.record.id)]
    return run.record.id, rollback


async def test_a_collection_that_was_left_aside_is_dropped(scene: Scene) -> None:
    _, rollback = await crashed_aside(scene)
    assert (await scene.work(rollback)).exit_code == 0
    assert await snapshot(scene.target) == {}


async def test_a_collection_that_was_left_aside_with_somebody_s_documents_comes_back(scene: Scene) -> None:
    run_id, rollback = await crashed_aside(scene)
    await put(scene.target, by(9), name=aside_name("things", run_id))
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await documents(scene.target) == [by(9)]


async def test_a_collection_that_was_left_aside_while_somebody_made_a_new_one_is_told_of(scene: Scene) -> None:
    run_id, rollback = await crashed_aside(scene)
    await put(scene.target, by(9), name=aside_name("things", run_id))
    await put(scene.target, by(8))
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await documents(scene.target) == [by(8)]
    assert await documents(scene.target, aside_name("things", run_id)) == [by(9)]


async def test_a_collection_that_somebody_has_made_anew_is_not_touched_whatever_is_in_it(scene: Scene) -> None:
    await put(scene.source, *NEW)
    run = await scene.copy()
    await scene.target.drop_collection("things")
    await put(scene.target, *NEW)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert set(await documents(scene.target)) == set(NEW)


async def test_an_existing_collection_that_somebody_dropped_is_told_of(scene: Scene) -> None:
    run = await copied(scene)
    await scene.target.drop_collection("things")
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_gone"})
    assert await snapshot(scene.target) == {}


async def test_a_collection_of_the_run_that_somebody_dropped_is_no_loss(scene: Scene) -> None:
    await put(scene.source, *NEW)
    run = await scene.copy()
    await scene.target.drop_collection("things")
    assert (await scene.roll_back(run.record.id)).exit_code == 0


@pytest.mark.rule(16, "what was there keeps its options")
async def test_indexes_made_on_an_existing_collection_go_and_options_stay(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("n"), index("o", unique=True)])
    await put(scene.source, doc(int32(1), n=int32(1)))
    await create(scene.target, "things", options=options(comment=text("mine")), indexes=[index("n")])
    before = await snapshot(scene.target)
    run = await scene.copy()
    assert len((await snapshot(scene.target))["things"][1]) == 3
    assert (await snapshot(scene.target))["things"][0] == before["things"][0]
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await snapshot(scene.target) == before


async def test_an_index_that_the_run_could_not_make_and_somebody_made_by_hand_stays(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[index("n", unique=True)])
    await create(scene.target, "things")
    await put(scene.target, doc(int32(1), n=int32(1)), doc(int32(2), n=int32(1)))
    run = await scene.copy()
    assert run.codes == {"index_not_built", "index_missing"}
    await strangers.remove(scene.target, doc(int32(2)))
    await scene.target.create_indexes("things", [index("n", unique=True)])
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert index("n", unique=True) in (await snapshot(scene.target))["things"][1]


@pytest.mark.rule(16, "what was there stays")
async def test_views_of_the_run_go_and_views_that_were_there_stay(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await create(scene.source, "new view", options=VIEW)
    await create(scene.source, "old view", options=VIEW)
    await create(scene.target, "old view", options=VIEW)
    before = await snapshot(scene.target)
    run = await scene.copy()
    assert set(await snapshot(scene.target)) == {"things", "new view", "old view"}
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await snapshot(scene.target) == before


@pytest.mark.rule(20, "bypassing validation")
async def test_what_is_put_back_need_not_meet_the_validator(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), n=int32(1)))
    await put(scene.target, doc(int32(1)))
    await scene.target.set_validator("things", MUST_HAVE_N)
    run = await scene.copy()
    assert run.counts == Counts(replaced=1)
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await documents(scene.target) == [doc(int32(1))]


def refuse_bypasses(patch: pytest.MonkeyPatch) -> None:
    """Let the target's user change documents, but not past a validator, whether there is one or not."""
    change = MemoryStore.change

    async def refused(
        store: MemoryStore, name: str, ids: Sequence[RawId], decide: Decide, *, bypass_validation: bool = False
    ) -> ChangeResult:
        if bypass_validation:
            raise NotAuthorised("the server does not allow the change of things", hint="another user")
        return await change(store, name, ids, decide)

    patch.setattr(MemoryStore, "change", refused)


@pytest.mark.rule(20, "bypassing validation where there is any: the privilege is needed nowhere else")
async def test_without_a_validator_no_privilege_is_needed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await copied(scene)
    refuse_bypasses(monkeypatch)
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await documents(scene.target) == OLD


@pytest.mark.rule(20, "a rollback that may not bypass says what it needs, and can be resumed")
async def test_a_user_who_may_not_bypass_a_validator_is_told_what_to_do(scene: Scene) -> None:
    run = await copied(scene)
    await scene.target.set_validator("things", MUST_HAVE_N)
    with pytest.MonkeyPatch.context() as patch:
        refuse_bypasses(patch)
        rollback = (await scene.roll_back(run.record.id)).record
    failure = rollback.failure
    assert failure is not None
    assert failure.code == "not_authorised"
    assert "the validator of things" in failure.message
    assert "bypassDocumentValidation" in failure.hint
    assert (await scene.work(rollback.id)).exit_code == 0
    assert await documents(scene.target) == OLD


async def unique(scene: Scene, batch: int = 1) -> int:
    """Move a unique value from one document to another that comes later; give the run's id."""
    await put(scene.source, doc(int32(1), n=int32(5)), doc(int32(2), n=int32(1)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    await put(scene.target, doc(int32(1), n=int32(1)), doc(int32(2), n=int32(2)))
    run = await scene.copy(batch=batch)
    assert run.counts == Counts(replaced=2)
    return run.record.id


@pytest.mark.rule(20, "a second pass for clashes")
@pytest.mark.parametrize("times", [1, 2])
async def test_values_that_are_taken_when_their_document_comes_back_are_tried_again(scene: Scene, times: int) -> None:
    run_id = await unique(scene)
    taken = doc(int32(8), n=int32(2))
    await put(scene.target, taken)
    rollback = await launch.create_rollback(scene.home, run_id)
    with trapped(Trap(name="rollback.after_checkpoint", times=times)), pytest.raises(Crash):
        await scene.work(rollback)
    await strangers.remove(scene.target, taken)
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.counts.restored) == (0, 2)
    assert set(await documents(scene.target)) == {doc(int32(1), n=int32(1)), doc(int32(2), n=int32(2))}


async def test_a_value_that_stays_taken_is_told_of(scene: Scene) -> None:
    run_id = await unique(scene)
    await put(scene.target, doc(int32(8), n=int32(2)))
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (3, {"not_rolled_back"})
    assert undone.finding("not_rolled_back").severity is Severity.ERROR
    assert (await scene.record(run_id)).state is RunState.ROLLED_BACK_WITH_FINDINGS


@pytest.mark.parametrize("batch", [1, 10])
async def test_a_chain_of_unique_values_goes_back_whole(scene: Scene, batch: int) -> None:
    run_id = await unique(scene, batch)
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.counts) == (0, Counts(restored=2))
    assert set(await documents(scene.target)) == {doc(int32(1), n=int32(1)), doc(int32(2), n=int32(2))}


async def test_a_chain_within_one_write_is_undone_from_its_end_at_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await unique(scene, 10)
    clashed: list[int] = []
    real = GroupUndoer.undo

    async def undo(undoer: GroupUndoer, group: Group, **options: bool) -> GroupUndone:
        done = await real(undoer, group, **options)
        clashed.append(done.clashed)
        return done

    monkeypatch.setattr(GroupUndoer, "undo", undo)
    await scene.roll_back(run_id)
    assert clashed == [0] * len(clashed) != []


@pytest.mark.parametrize("place", ["rollback.before_checkpoint", "rollback.after_checkpoint", "after change"])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_rollback_that_dies_counts_and_tells_each_document_once(scene: Scene, place: str, times: int) -> None:
    run = await copied(scene, batch=1)
    await strangers.overwrite(scene.target, by(1), by(3))
    rollback = await launch.create_rollback(scene.home, run.record.id)
    with trapped(Trap(name=place, times=times)), pytest.raises(Crash):
        await scene.work(rollback)
    undone = await scene.work(rollback)
    assert undone.counts == Counts(deleted=1, restored=1, spared=2)
    assert [one.count for one in undone.record.findings] == [1, 1]
    assert set(await documents(scene.target)) == {by(1), by(3), OLD[1]}


async def test_documents_that_were_refused_are_none_that_a_rollback_has_to_do(scene: Scene) -> None:
    await put(scene.source, *(doc(int32(one), n=int32(5)) for one in range(4)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    run = await scene.copy(batch=2, max_rejects=10)
    assert run.counts == Counts(inserted=1, rejected=3)
    assert done_of_total(await scene.roll_back(run.record.id)) == (1, 1)


@pytest.mark.parametrize("batch", [1, 2, 10])
async def test_a_rollback_of_a_run_that_died_has_to_do_what_no_checkpoint_counts_too(scene: Scene, batch: int) -> None:
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert")), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=batch))
    done = min(batch, len(NEW))
    assert done_of_total(await scene.roll_back(1)) == (done, done)


@pytest.mark.parametrize("times", [1, 2, 3, 4])
async def test_a_rollback_never_has_done_more_than_all_and_all_at_its_end(scene: Scene, times: int) -> None:
    run = await copied(scene, batch=1)
    rollback = await launch.create_rollback(scene.home, run.record.id)
    with trapped(Trap(name="rollback.after_checkpoint", times=times)), pytest.raises(Crash):
        await scene.work(rollback)
    (seen,) = (await scene.record(rollback)).collections
    assert (seen.documents_done, seen.documents_total) == (times, 4)
    assert done_of_total(await scene.work(rollback)) == (4, 4)


async def test_collections_that_go_whole_are_done_as_well(scene: Scene) -> None:
    await create(scene.source, "capped", options=CAPPED)
    await put(scene.source, *NEW, name="capped")
    await put(scene.source, *NEW)
    run = await scene.copy(batch=1)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.counts) == (0, Counts(deleted=4))
    assert done_of_total(undone) == (8, 8)


async def test_what_an_attempt_undid_last_is_counted_though_a_collection_that_goes_whole_came_before(
    scene: Scene,
) -> None:
    await put(scene.source, *NEW, name="a")
    await create(scene.source, "capped", options=CAPPED)
    await put(scene.source, *NEW, name="capped")
    run = await scene.copy()
    rollback = await launch.create_rollback(scene.home, run.record.id)
    with trapped(Trap(name="after change")), pytest.raises(Crash):
        await scene.work(rollback)
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.counts, done_of_total(undone)) == (0, Counts(deleted=4), (8, 8))


def done_of_total(ended: Ended) -> tuple[int, int]:
    collections = ended.record.collections
    return sum(one.documents_done for one in collections), sum(one.documents_total for one in collections)


async def test_a_run_that_still_stands_as_active_but_is_dead_can_be_rolled_back(scene: Scene) -> None:
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    assert (await scene.record(1)).state is RunState.EXECUTING
    assert (await scene.roll_back(1)).exit_code == 0
    assert await snapshot(scene.target) == {}
    assert (await scene.record(1)).state is RunState.ROLLED_BACK


async def test_documents_in_doubt_that_were_never_written_are_left_to_others(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    with trapped(Trap(name="before insert")), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=10))
    await put(scene.target, by(1))
    undone = await scene.roll_back(1)
    assert set(await documents(scene.target)) == {by(1)}
    assert undone.counts.deleted == 0


async def test_a_run_without_before_images_is_not_rolled_back(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await put(scene.target, *OLD)
    run = await scene.run(await scene.plan(undo=False))
    assert (run.exit_code, run.counts) == (0, Counts(inserted=2, replaced=2))
    log = scene.home.run(run.record.id).undo_log
    assert b"old" not in log.read_bytes()
    assert not run.record.rollback_available
    with pytest.raises(NotReversible, match="no-rollback"):
        await launch.create_rollback(scene.home, run.record.id)


@pytest.mark.rule(3, "--no-rollback leaves out before-images, never INTENT")
@pytest.mark.parametrize(("place", "assumed"), [("after insert", 2), ("after change", 0)])
async def test_a_run_without_before_images_that_dies_still_knows_what_it_wrote(
    scene: Scene, place: str, assumed: int
) -> None:
    await put(scene.source, *NEW)
    await put(scene.target, *OLD)
    with trapped(Trap(name=place)), pytest.raises(Crash):
        await scene.run(await scene.plan(undo=False, batch=10))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=2, replaced=2, assumed_ours=assumed))


@pytest.mark.rule(12, "undo is drop")
async def test_capped_collections_go_whole_or_stay(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *NEW)
    run = await scene.copy()
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await snapshot(scene.target) == {}
    run = await scene.copy()
    await put(scene.target, by(9))
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await documents(scene.target) == [*NEW, by(9)]


async def test_documents_of_others_in_a_capped_collection_show_even_if_it_was_filled_twice(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert", times=2)), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=2))
    assert (await scene.work(1)).counts.inserted == 4
    await put(scene.target, by(9))
    undone = await scene.roll_back(1)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})


async def test_later_runs_into_the_same_collections_are_named(scene: Scene) -> None:
    first = await copied(scene)
    await strangers.overwrite(scene.source, by(2))
    second = await scene.copy()
    assert second.counts == Counts(replaced=1, unchanged=3)
    undone = await scene.roll_back(first.record.id)
    assert undone.codes == {"later_runs", "changed_since"}
    assert "0002" in undone.finding("later_runs").message
    assert undone.counts == Counts(deleted=1, restored=2, spared=1)


async def test_two_runs_are_taken_back_one_after_the_other(scene: Scene) -> None:
    first = await copied(scene)
    await strangers.overwrite(scene.source, by(2))
    second = await scene.copy()
    assert (await scene.roll_back(second.record.id)).exit_code == 0
    assert (await scene.roll_back(first.record.id)).exit_code == 0
    assert set(await documents(scene.target)) == set(OLD)


@pytest.mark.parametrize("policy", [Policy.SKIP, Policy.OVERWRITE])
async def test_a_damaged_undo_log_is_neither_resumed_nor_half_undone(scene: Scene, policy: Policy) -> None:
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *OLD)
    with trapped(Trap(name="batch.after_checkpoint", times=4)), pytest.raises(Crash):
        await scene.run(await scene.plan(policy, batch=1))
    flip(scene, 1)
    before = await snapshot(scene.target)
    ended = await scene.work(1)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code) == (1, "storage_failed")
    assert "damaged" in ended.record.failure.message
    undone = await scene.roll_back(1)
    assert undone.record.failure is not None
    assert (undone.exit_code, undone.record.failure.code) == (1, "storage_failed")
    assert await snapshot(scene.target) == before


@pytest.mark.parametrize("tail", [b"\x07", bytes(20_000), b"\xff" * 20_000])
@pytest.mark.parametrize("resumes", [True, False])
async def test_a_torn_end_of_any_length_is_cut_off(scene: Scene, tail: bytes, resumes: bool) -> None:
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert", times=2)), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=2))
    with scene.home.run(1).undo_log.open("ab") as log:
        log.write(tail)
    if resumes:
        ended = await scene.work(1)
        assert (ended.exit_code, ended.counts.inserted) == (0, 4)
    assert (await scene.roll_back(1)).exit_code == 0
    assert await snapshot(scene.target) == {}


@pytest.mark.rule(23, "the undo log is the authority")
async def test_an_undo_log_that_is_gone_is_not_begun_anew(scene: Scene) -> None:
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    scene.home.run(1).undo_log.unlink()
    ended = await scene.work(1)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code) == (1, "storage_failed")
    assert not scene.home.run(1).undo_log.exists()
    with pytest.raises(NotReversible, match="gone"):
        await launch.create_rollback(scene.home, 1)


def flip(scene: Scene, run_id: int) -> None:
    log = scene.home.run(run_id).undo_log
    data = bytearray(log.read_bytes())
    data[len(data) // 3] ^= 4
    log.write_bytes(data)

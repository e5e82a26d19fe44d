"""Rolling back what others have changed since, because the operator wants that."""

from collections.abc import Awaitable, Callable

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.rollback_scene import NEW, OLD, by, copied
from tests.engine.scene import Ended, Scene, create, documents, put, snapshot
from tests.suites.documents import MUST_HAVE_N, doc, index
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId, content_hash
from tui_migrate.engine.rollback_rule import Verdict, judge
from tui_migrate.engine.undo_log import Intent, Operation
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.stores.base import Refusal
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch


def forced(ended: Ended) -> set[tuple[str, int]]:
    return {(one.subject, one.count) for one in ended.record.findings if one.code == "forced"}


async def test_what_others_changed_or_deleted_goes_back_too_and_each_is_told_of(scene: Scene) -> None:
    run = await copied(scene)
    await strangers.overwrite(scene.target, by(1), by(3))
    await strangers.remove(scene.target, by(4), by(2))
    undone = await scene.roll_back(run.record.id, force=True)
    assert (undone.exit_code, undone.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert set(await documents(scene.target)) == set(OLD)
    assert undone.counts == Counts(deleted=1, restored=2)
    assert forced(undone) == {("things _id 1", 1), ("things _id 3", 1), ("things _id 4", 1)}
    assert {one.severity for one in undone.record.findings} == {Severity.WARNING}
    assert (await scene.record(run.record.id)).state is RunState.ROLLED_BACK_WITH_FINDINGS


@pytest.mark.rule(20, "put back before-images, bypassing validation")
async def test_what_somebody_deleted_is_put_back_past_a_validator_that_it_does_not_meet(scene: Scene) -> None:
    old = doc(int32(1), m=int32(1))
    await create(scene.target, "things")
    await put(scene.target, old)
    await scene.target.set_validator("things", MUST_HAVE_N)
    await put(scene.source, doc(int32(1), n=int32(1)))
    run = await scene.copy()
    await strangers.remove(scene.target, doc(int32(1)))
    undone = await scene.roll_back(run.record.id, force=True)
    assert (undone.exit_code, undone.codes) == (3, {"forced"})
    assert await documents(scene.target) == [old]


async def test_where_nobody_changed_anything_force_is_a_rollback_like_any_other(scene: Scene) -> None:
    run = await copied(scene)
    undone = await scene.roll_back(run.record.id, force=True)
    assert (undone.exit_code, undone.codes, undone.counts) == (0, set(), Counts(deleted=2, restored=2))


@pytest.mark.parametrize("place", ["rollback.before_checkpoint", "after change", "before change", "after insert"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_forced_rollback_that_dies_tells_of_each_once(scene: Scene, place: str, times: int) -> None:
    run = await copied(scene, batch=1)
    await strangers.overwrite(scene.target, by(1), by(3))
    await strangers.remove(scene.target, by(4))
    rollback = await launch.create_rollback(scene.home, run.record.id, force=True)
    with trapped(Trap(name=place, times=times)):
        try:
            await scene.work(rollback)
        except Crash:
            undone = await scene.work(rollback)
        else:
            assert (place, times) == ("after insert", 2)
            undone = Ended(3, await scene.record(rollback))
    assert (undone.exit_code, forced(undone)) == (3, {("things _id 1", 1), ("things _id 3", 1), ("things _id 4", 1)})
    assert set(await documents(scene.target)) == set(OLD)


async def test_what_others_added_to_a_collection_of_the_run_stays_even_so(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[index("n")])
    await put(scene.source, *NEW)
    run = await scene.copy()
    await put(scene.target, by(9))
    await strangers.overwrite(scene.target, by(2))
    undone = await scene.roll_back(run.record.id, force=True)
    assert undone.codes == {"collection_kept", "forced"}
    assert await documents(scene.target) == [by(9)]


async def test_a_deleted_document_whose_place_in_a_unique_index_is_taken_is_told_of(scene: Scene) -> None:
    await create(scene.target, "things", indexes=[index("u", unique=True)])
    await put(scene.target, doc(int32(1), u=int32(1)))
    await put(scene.source, doc(int32(1), n=int32(1)))
    run = await scene.copy()
    await strangers.remove(scene.target, doc(int32(1)))
    await put(scene.target, doc(int32(9), u=int32(1)))
    undone = await scene.roll_back(run.record.id, force=True)
    assert undone.codes == {"forced", "not_rolled_back"}
    assert undone.counts == Counts()
    assert await documents(scene.target) == [doc(int32(9), u=int32(1))]


async def test_a_deleted_document_that_the_target_refuses_by_now_is_told_of(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def insert(*_: object, **options: bool) -> tuple[Refusal, ...]:
        return (Refusal(0, 2, "BadValue"),)

    await put(scene.target, doc(int32(1)))
    await put(scene.source, doc(int32(1), n=int32(1)))
    run = await scene.copy()
    await strangers.remove(scene.target, doc(int32(1)))
    monkeypatch.setattr(MemoryStore, "insert", insert)
    undone = await scene.roll_back(run.record.id, force=True)
    assert undone.codes == {"forced", "not_restored", "not_rolled_back"}
    assert undone.counts == Counts()


async def test_taking_back_the_earlier_of_two_runs_by_force_says_so_and_takes_both(scene: Scene) -> None:
    first = await copied(scene)
    await strangers.overwrite(scene.source, by(2))
    await scene.copy()
    undone = await scene.roll_back(first.record.id, force=True)
    assert undone.codes == {"later_runs", "forced"}
    assert "taken too" in undone.finding("later_runs").message
    assert set(await documents(scene.target)) == set(OLD)


async def test_options_and_bystanders_are_as_before(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await create(scene.target, "things", options=MUST_HAVE_N, indexes=[index("z")])
    await put(scene.target, *OLD)
    before = await snapshot(scene.target)
    run = await scene.copy()
    await strangers.overwrite(scene.target, by(3))
    await scene.roll_back(run.record.id, force=True)
    assert await snapshot(scene.target) == before


@pytest.mark.parametrize("digest", [b"x" * 16, None])
def test_without_a_before_image_nothing_can_be_forced(digest: bytes | None) -> None:
    lost = Intent(Operation.REPLACE, RawId(int32(1)), content_hash(NEW[0]))
    assert judge(lost, digest, force=True) in (Verdict.SPARE, Verdict.ALREADY)
    assert judge(lost, content_hash(NEW[0]), force=True) is Verdict.SPARE


@pytest.mark.parametrize("deed", [strangers.overwrite, strangers.remove])
async def test_what_cannot_go_back_for_a_unique_value_is_told_of_although_it_is_nobody_s_any_more(
    scene: Scene, deed: Callable[..., Awaitable[None]]
) -> None:
    await put(scene.source, doc(int32(1), n=int32(5)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    await put(scene.target, doc(int32(1), n=int32(1)))
    run = await scene.copy()
    await deed(scene.target, doc(int32(1), n=int32(7)))
    await put(scene.target, doc(int32(9), n=int32(1)))
    undone = await scene.roll_back(run.record.id, force=True)
    assert undone.codes == {"forced", "not_rolled_back"}
    assert undone.finding("not_rolled_back").severity is Severity.ERROR
    assert (await scene.record(run.record.id)).state is RunState.ROLLED_BACK_WITH_FINDINGS


async def test_a_document_that_the_run_wrote_twice_goes_back_to_what_was_before_the_first(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), n=int32(1)))
    await put(scene.target, doc(int32(1), n=text("old")))
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    await strangers.overwrite(scene.source, doc(int32(1), n=int32(2)))
    await strangers.overwrite(scene.target, by(1))
    assert (await scene.work(1)).counts.replaced == 1
    await strangers.overwrite(scene.target, doc(int32(1), n=text("again")))
    undone = await scene.roll_back(1, force=True)
    assert undone.codes == {"forced"}
    assert await documents(scene.target) == [doc(int32(1), n=text("old"))]

"""What a rollback counts: each document once, however often it dies, and as many at its end as there were to do."""

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.rollback_scene import CAPPED, NEW, OLD, by, copied
from tests.engine.scene import Ended, Scene, create, documents, put
from tests.suites.documents import doc, index
from tests.suites.ids import int32
from tui_migrate.journal.records import Counts
from tui_migrate.worker import launch


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

"""Rolling back by an undo log without before-images, damaged, torn or gone."""

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.rollback_scene import NEW, OLD
from tests.engine.scene import Scene, create, put, snapshot
from tui_migrate.errors import NotReversible
from tui_migrate.journal.records import Counts
from tui_migrate.journal.session import open_both
from tui_migrate.plan.model import Policy
from tui_migrate.worker import launch


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


async def test_a_rollback_that_another_has_overtaken_is_refused_before_it_looks(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *OLD)
    run = await scene.copy()
    rollback = await launch.create_rollback(scene.home, run.record.id)
    before = await snapshot(scene.target)
    async with open_both(scene.home.journal) as (journal, _):
        await journal.set_rolled_back_by(run.record.id, rollback + 1)
    ended = await scene.work(rollback)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code) == (4, "not_reversible")
    assert "has been rolled back by run" in ended.record.failure.message
    assert await snapshot(scene.target) == before

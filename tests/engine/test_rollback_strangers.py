"""Rolling back where others have changed, put in, dropped or made something since: it is spared and told of."""

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.mirrors import SERIES
from tests.engine.rollback_scene import NEW, OLD, by, copied
from tests.engine.scene import Scene, create, documents, put, snapshot
from tests.suites.documents import doc, index
from tests.suites.ids import int32
from tui_migrate.engine.rollback_made import aside_name
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch


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
    left = await snapshot(scene.target)
    assert list(left) == ["things"]
    assert left["things"][1] == (await snapshot(scene.source))["things"][1]


@pytest.mark.rule(20, "a time series, which no server renames, is looked at before it is dropped")
async def test_a_time_series_of_the_run_into_which_others_have_put_documents_is_kept(scene: Scene) -> None:
    await create(scene.source, "things", options=SERIES)
    await put(scene.source, *NEW)
    run = await scene.copy()
    await put(scene.target, by(9))
    before = await snapshot(scene.target)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert await snapshot(scene.target) == before


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


@pytest.mark.parametrize("theirs", [NEW, []], ids=["the same", "nothing"])
async def test_a_collection_that_somebody_has_made_anew_is_not_touched_whatever_is_in_it(
    scene: Scene, theirs: list[bytes]
) -> None:
    await put(scene.source, *NEW)
    run = await scene.copy()
    await scene.target.drop_collection("things")
    await create(scene.target, "things")
    await put(scene.target, *theirs)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert list(await snapshot(scene.target)) == ["things"]
    assert set(await documents(scene.target)) == set(theirs)


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

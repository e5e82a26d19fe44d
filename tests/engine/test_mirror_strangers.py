"""What others do between the steps of a mirror, and of its rollback, is neither taken for the run's own nor lost."""

import bson
import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.mirrors import CAPPED, COLLATED, mirror_plan, view
from tests.engine.scene import Scene, create, documents, put, same, snapshot
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.definitions import index_name
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.mirror import delete_extras
from tui_migrate.engine.write import BatchWriter
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

MINE = [doc(int32(one), n=int32(one)) for one in range(1, 5)]
EXTRAS = [doc(int32(one), n=text("more")) for one in (-1, 3000, 5000)]
THEIRS = doc(int32(77), n=text("theirs"))


async def work_to(scene: Scene, run_id: int, name: str, times: int = 1) -> None:
    with trapped(Trap(name=name, times=times)), pytest.raises(Crash):
        await scene.work(run_id)


async def begin(scene: Scene) -> int:
    return await launch.create_run(scene.home, await mirror_plan(scene, scene.target))


async def test_what_comes_into_a_half_restored_capped_collection_is_kept(scene: Scene) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things", options=CAPPED)
    await put(scene.target, *EXTRAS)
    run = await scene.run(await mirror_plan(scene, scene.target))
    rollback = await launch.create_rollback(scene.home, run.record.id)
    await work_to(scene, rollback, "rollback.after_recreate")
    await put(scene.target, THEIRS)
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.codes) == (3, {"not_recreated", "not_rolled_back"})
    assert await documents(scene.target) == [THEIRS]


async def test_what_comes_into_a_capped_collection_that_the_run_was_filling_is_kept(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *MINE)
    run_id = await begin(scene)
    await work_to(scene, run_id, "batch.after_checkpoint")
    await put(scene.target, THEIRS)
    ended = await scene.work(run_id)
    assert ended.record.failure is not None
    assert "others have put documents" in ended.record.failure.message
    assert THEIRS in await documents(scene.target)


async def test_a_capped_collection_that_others_made_in_the_place_of_the_runs_is_kept(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *MINE)
    run_id = await begin(scene)
    await work_to(scene, run_id, "batch.after_checkpoint")
    await scene.target.drop_collection("things")
    await create(scene.target, "things", options=CAPPED)
    await put(scene.target, THEIRS)
    assert (await scene.work(run_id)).record.failure is not None
    assert await documents(scene.target) == [THEIRS]


async def test_a_capped_collection_that_was_begun_again_is_still_the_runs_own(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *MINE)
    run_id = await begin(scene)
    await work_to(scene, run_id, "batch.after_checkpoint")
    await work_to(scene, run_id, "after create_collection")
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (0, set())
    assert await snapshot(scene.target) == {}


async def test_what_comes_to_a_capped_collection_before_it_is_dropped_is_held(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things", options=CAPPED)
    await put(scene.target, *EXTRAS)
    real, waiting = MemoryStore.rename_collection, [THEIRS]

    async def rename_collection(store: MemoryStore, name: str, new_name: str) -> None:
        if waiting:
            await put(store, waiting.pop())
        await real(store, name, new_name)

    monkeypatch.setattr(MemoryStore, "rename_collection", rename_collection)
    run = await scene.run(await mirror_plan(scene, scene.target))
    assert run.exit_code == 0
    assert not waiting
    assert (await scene.roll_back(run.record.id)).exit_code == 0
    assert await documents(scene.target) == [*EXTRAS, THEIRS]


async def test_a_capped_collection_that_was_renamed_aside_when_the_run_died_comes_back(scene: Scene) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things", options=CAPPED)
    await put(scene.target, *EXTRAS)
    before = await snapshot(scene.target)
    run_id = await begin(scene)
    await work_to(scene, run_id, "after rename_collection")
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (0, set())
    assert same(await snapshot(scene.target), before)


@pytest.mark.parametrize("is_view", [True, False])
@pytest.mark.parametrize("is_removed", [True, False])
async def test_what_appears_in_the_place_of_a_view_that_was_dropped_is_not_touched(
    scene: Scene, is_view: bool, is_removed: bool
) -> None:
    await create(scene.source, "base")
    if not is_removed:
        await create(scene.source, "things", options=view("base").options)
    await create(scene.target, "things", options=view("other").options)
    run_id = await begin(scene)
    await work_to(scene, run_id, "mirror.after_drop_view")
    if is_view:
        await create(scene.target, "things", options=view("theirs").options)
    else:
        await put(scene.target, *EXTRAS)
    theirs = (await snapshot(scene.target))["things"]
    ended = await scene.work(run_id)
    assert ended.record.failure is not None
    assert "has appeared" in ended.record.failure.message
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, "not_recreated" in undone.codes) == (3, True)
    assert (await snapshot(scene.target))["things"] == theirs


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_of_an_index_that_was_dropped_twice_the_one_from_before_the_run_comes_back(
    scene: Scene, is_resumed: bool
) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *MINE)
    await scene.target.create_indexes("things", [bson.encode({"v": 2, "key": {"m": 1}, "name": "extra"})])
    before = await snapshot(scene.target)
    run_id = await begin(scene)
    await work_to(scene, run_id, "mirror.after_drop_index")
    if is_resumed:
        await scene.target.create_indexes("things", [bson.encode({"v": 2, "key": {"o": 1}, "name": "extra"})])
        assert (await scene.work(run_id)).exit_code == 0
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (0, set())
    assert same(await snapshot(scene.target), before)


async def test_an_index_that_others_made_by_the_name_of_one_that_was_dropped_is_left_to_them(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *MINE)
    await scene.target.create_indexes("things", [bson.encode({"v": 2, "key": {"m": 1}, "name": "extra"})])
    run_id = await begin(scene)
    assert (await scene.work(run_id)).exit_code == 0
    await scene.target.create_indexes("things", [bson.encode({"v": 2, "key": {"o": 1}, "name": "extra"})])
    theirs = await snapshot(scene.target)
    undone = await scene.roll_back(run_id)
    assert "somebody has made another of its name" in undone.finding("index_not_restored").message
    assert same(await snapshot(scene.target), theirs)


@pytest.mark.rule(17, "TTL indexes last, after verify")
async def test_an_index_that_deletes_by_age_comes_back_after_all_else(scene: Scene) -> None:
    old, plain = {"key": {"at": 1}, "name": "old", "expireAfterSeconds": 60}, {"key": {"m": 1}, "name": "plain"}
    await put(scene.source, *MINE)
    await put(scene.target, *MINE)
    await scene.target.create_indexes("things", [bson.encode({"v": 2, **one}) for one in (old, plain)])
    before = await snapshot(scene.target)
    run_id = await begin(scene)
    await scene.work(run_id)
    rollback_id = await launch.create_rollback(scene.home, run_id)
    await work_to(scene, rollback_id, "rollback.after_restored_index")
    (there,) = await scene.target.collections()
    assert [index_name(one) for one in there.indexes] == ["_id_", "plain"]
    await scene.work(rollback_id)
    assert same(await snapshot(scene.target), before)


async def test_a_collection_like_the_sources_that_appears_in_the_place_of_one_that_was_dropped_is_not_touched(
    scene: Scene,
) -> None:
    await put(scene.source, *MINE)
    await create(scene.target, "things", options=COLLATED)
    await put(scene.target, *EXTRAS)
    run_id = await begin(scene)
    await work_to(scene, run_id, "mirror.after_drop")
    await put(scene.target, THEIRS)
    ended = await scene.work(run_id)
    assert ended.record.failure is not None
    assert "has appeared" in ended.record.failure.message
    assert await documents(scene.target) == [THEIRS]


@pytest.mark.parametrize("is_made_again", [True, False])
async def test_nothing_is_deleted_because_the_sources_collection_was_dropped_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, is_made_again: bool
) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *MINE[:2], *EXTRAS)
    real = delete_extras

    async def delete_late(migration: Migration, info: CollectionInfo, writer: BatchWriter) -> None:
        await scene.source.drop_collection("things")
        if is_made_again:
            await create(scene.source, "things")
        await real(migration, info, writer)

    monkeypatch.setattr("tui_migrate.engine.execute.delete_extras", delete_late)
    ended = await scene.run(await mirror_plan(scene, scene.target))
    assert ended.record.failure is not None
    assert "source" in ended.record.failure.message
    assert set(await documents(scene.target)) == {*MINE, *EXTRAS}


async def test_a_collection_that_the_source_got_meanwhile_is_not_taken_away(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS, name="lost")
    run_id = await begin(scene)
    await work_to(scene, run_id, "batch.after_checkpoint")
    await put(scene.source, *MINE, name="lost")
    ended = await scene.work(run_id)
    assert ended.record.failure is not None
    assert "the source has" in ended.record.failure.message
    assert set(await documents(scene.target, "lost")) == set(EXTRAS)


async def test_extras_are_found_though_as_many_documents_have_expired(scene: Scene) -> None:
    ttl = bson.encode({"v": 2, "key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 60})
    old = bson.encode({"_id": 9, "at": bson.DatetimeMS(0)})
    for store in (scene.source, scene.target):
        await create(store, "things", indexes=[ttl])
    await put(scene.source, *MINE, old)
    await put(scene.target, old, EXTRAS[0])
    real = delete_extras

    async def delete_late(migration: Migration, info: CollectionInfo, writer: BatchWriter) -> None:
        await strangers.remove(scene.target, old)
        await real(migration, info, writer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui_migrate.engine.execute.delete_extras", delete_late)
        ended = await scene.run(await mirror_plan(scene, scene.target))
    assert (ended.exit_code, ended.codes - {"ttl_index"}, ended.counts.deleted) == (3, {"expired"}, 1), ended.codes
    assert set(await documents(scene.target)) == set(MINE)


async def test_what_comes_to_a_capped_collection_that_a_rollback_is_about_to_drop_is_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *MINE)
    run_id = (await scene.run(await mirror_plan(scene, scene.target))).record.id
    real, waiting = MemoryStore.count, [THEIRS]

    async def count(store: MemoryStore, name: str) -> int:
        found = await real(store, name)
        if waiting:
            await put(store, waiting.pop())
        return found

    monkeypatch.setattr(MemoryStore, "count", count)
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (3, {"collection_kept"})
    assert THEIRS in await documents(scene.target)

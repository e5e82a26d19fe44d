"""What a mirror does to a target, what it leaves alone, and what its rollback spares."""

from dataclasses import replace

import bson
import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.mirrors import CAPPED, COLLATED, descending, is_mirrored, mirror_plan, view
from tests.engine.scene import Ended, Scene, create, documents, put, same, snapshot
from tests.suites.documents import MUST_HAVE_N, doc, index
from tests.suites.ids import double, int32, text
from tui_migrate.errors import InvalidFile
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Plan, PlannedCollection, Policy, RunKind, Verify
from tui_migrate.plan.yaml_form import from_yaml, to_yaml
from tui_migrate.stores.base import Capabilities, Refusal
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch
from tui_migrate.worker.rollback_preview import Reason, Wanted, preview_rollback
from tui_migrate.worker.rollback_preview import Tally as Preview

MINE = [doc(int32(one), n=int32(one)) for one in range(1, 5)]
EXTRAS = [doc(int32(one), n=text("more")) for one in (-1, 3000, 5000)]


async def mirror(scene: Scene, **changed: object) -> Ended:
    return await scene.run(replace(await mirror_plan(scene, scene.target), **changed))  # type: ignore[arg-type]  # names of fields


async def test_documents_that_only_the_target_has_are_deleted_and_come_back(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS, MINE[0], doc(int32(2), n=text("old")))
    before = await snapshot(scene.target)
    plan = await mirror_plan(scene, scene.target)
    forecast = (await scene.forecast(plan)).total
    assert (forecast.insert, forecast.replace, forecast.unchanged, forecast.delete) == (2, 1, 1, 3)
    assert forecast.undo > sum(map(len, EXTRAS))
    assert (await scene.forecast(plan, exact=False)).total.delete == 3
    ended = await scene.run(plan)
    assert ended.counts == Counts(inserted=2, replaced=1, unchanged=1, deleted=3)
    assert await is_mirrored(scene)
    undone = await scene.roll_back(ended.record.id)
    assert (undone.exit_code, undone.counts) == (0, Counts(deleted=2, restored=4))
    assert await snapshot(scene.target) == before


async def test_collections_that_the_plan_does_not_name_are_left_alone(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS, name="bystander")
    ended = await scene.run(replace(await scene.plan(), mirror=True))
    assert ended.exit_code == 0
    assert set(await documents(scene.target, "bystander")) == set(EXTRAS)


async def test_a_target_that_is_equal_is_not_written_to(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[index("n")])
    await create(scene.target, "things", indexes=[index("n")])
    for store in (scene.source, scene.target):
        await put(store, *MINE)
    ended = await mirror(scene)
    assert (ended.exit_code, ended.counts, ended.record.writes_begun) == (0, Counts(unchanged=4), False)


async def test_values_that_extras_and_rings_hold_are_freed(scene: Scene) -> None:
    for store in (scene.source, scene.target):
        await create(store, "things", indexes=[index("n", unique=True)])
    await put(scene.source, *MINE)
    ring = [doc(int32(1), n=int32(2)), doc(int32(2), n=int32(1)), doc(int32(9), n=int32(3))]
    await put(scene.target, *ring)
    before = await snapshot(scene.target)
    ended = await mirror(scene)
    assert (ended.exit_code, ended.counts.rejected) == (0, 0)
    assert await is_mirrored(scene)
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert await snapshot(scene.target) == before


async def test_an_id_of_another_number_type_becomes_the_one_of_the_source(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), n=int32(1)))
    await put(scene.target, doc(double(1.0), n=int32(1)))
    ended = await mirror(scene)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=1, deleted=1))
    assert await documents(scene.target) == [doc(int32(1), n=int32(1))]
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert await documents(scene.target) == [doc(double(1.0), n=int32(1))]


async def test_a_source_that_has_no_order_and_cannot_be_asked_is_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(scene.source, *reversed(MINE))
    await put(scene.target, *EXTRAS, MINE[0])
    plan = await mirror_plan(scene, scene.target)

    def unable(store: MemoryStore) -> Capabilities:
        is_target = store._server == scene.target._server
        return Capabilities(ordered=is_target, lookup=is_target)

    monkeypatch.setattr(MemoryStore, "capabilities", property(unable))
    assert (await scene.run(plan)).counts == Counts(inserted=3, unchanged=1, deleted=3)
    assert await is_mirrored(scene)


async def test_definitions_are_made_the_same_and_said_to_be_before(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("n")])
    await create(scene.target, "things", indexes=[descending("n"), index("z")])
    await create(scene.source, "shaped", options=COLLATED)
    await create(scene.target, "shaped", options=CAPPED)
    await create(scene.source, "seen", options=view("things").options)
    await create(scene.target, "seen", options=view("shaped").options)
    await create(scene.target, "lost", options=MUST_HAVE_N, indexes=[index("n")])
    before = await snapshot(scene.target)
    ended = await mirror(scene)
    assert ended.exit_code == 0
    told = {(one.code, one.subject) for one in ended.record.findings}
    assert {one.severity for one in ended.record.findings} == {Severity.NOTE}
    assert told == {
        ("options_differ", "things"),
        ("index_differs", "things.n_1"),
        ("index_differs", "things.z_1"),
        ("kind_differs", "shaped"),
        ("view_differs", "seen"),
        ("removed_whole", "lost"),
    }
    assert await is_mirrored(scene)
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert same(await snapshot(scene.target), before)


async def test_a_collection_is_not_taken_for_gone_while_others_write_into_it(scene: Scene) -> None:
    await create(scene.source, "things", options=COLLATED)
    await put(scene.target, *EXTRAS)
    late = doc(int32(7), n=text("late"))
    with strangers.within_change(lambda: put(scene.target, late)):
        ended = await mirror(scene)
    assert (ended.exit_code, ended.counts.deleted) == (0, 4)
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert set(await documents(scene.target)) == {*EXTRAS, late}


async def test_what_appears_in_the_place_of_a_collection_that_was_dropped_is_not_touched(scene: Scene) -> None:
    await create(scene.source, "things", options=COLLATED)
    await put(scene.target, *EXTRAS)
    run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target))
    with trapped(Trap(name="mirror.after_drop")), pytest.raises(Crash):
        await scene.work(run_id)
    await put(scene.target, *MINE)
    ended = await scene.work(run_id)
    assert ended.record.failure is not None
    assert "another collection has appeared" in ended.record.failure.message
    undone = await scene.roll_back(run_id)
    assert (undone.exit_code, undone.codes) == (3, {"not_recreated"})
    assert await documents(scene.target) == MINE


async def test_a_look_at_its_rollback_says_what_it_will_do(scene: Scene) -> None:
    await create(scene.source, "things")
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS)
    await put(scene.target, *EXTRAS, name="lost")
    run = (await mirror(scene)).record
    await put(scene.target, doc(int32(-1), n=text("theirs")))
    plan = from_yaml(run.plan, "plan")
    told = await preview_rollback(scene.home, run.id, plan, {}, lambda _: None)
    assert told.collections == {"things": Preview(delete=4, restore=2, kept=1), "lost": Preview(restore=3)}
    assert [(one.wanted, one.reason) for one in told.kept] == [(Wanted.RESTORE, Reason.CHANGED)]
    undone = await scene.roll_back(run.id)
    assert undone.counts == Counts(deleted=4, restored=5, spared=1)


async def test_a_rollback_spares_what_others_have_put_in_the_place_of_what_was_deleted(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS)
    run = await mirror(scene)
    theirs = doc(int32(-1), n=text("theirs"))
    await put(scene.target, theirs)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes, undone.counts) == (
        3,
        {"changed_since"},
        Counts(deleted=4, restored=2, spared=1),
    )
    assert set(await documents(scene.target)) == {theirs, *EXTRAS[1:]}


async def test_a_forced_rollback_brings_back_what_others_have_put_something_in_the_place_of(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS)
    run = await mirror(scene)
    await put(scene.target, doc(int32(-1), n=text("theirs")))
    undone = await scene.roll_back(run.record.id, force=True)
    assert undone.codes == {"forced"}
    assert set(await documents(scene.target)) == set(EXTRAS)


async def test_a_rollback_leaves_a_validator_that_others_have_set(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N)
    await create(scene.target, "things")
    run = await mirror(scene)
    other = bson.encode({"validator": {"o": {"$exists": True}}})
    await scene.target.set_validator("things", other)
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"validator_changed"})
    assert (await snapshot(scene.target))["things"][0] == other
    assert (await scene.record(run.record.id)).state is RunState.ROLLED_BACK_WITH_FINDINGS


async def test_an_index_that_documents_of_others_do_not_allow_any_more_is_told_of(scene: Scene) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    run = await mirror(scene)
    await put(scene.target, *(doc(int32(one), n=int32(1)) for one in (1, 2)))
    undone = await scene.roll_back(run.record.id)
    assert (undone.exit_code, undone.codes) == (3, {"index_not_restored", "not_rolled_back"})


async def test_what_comes_to_the_target_behind_the_mirror_is_found(scene: Scene) -> None:
    await create(scene.source, "things")
    await put(scene.source, *MINE)

    async def meddle() -> None:
        await put(scene.target, EXTRAS[0])
        await scene.target.create_indexes("things", [index("z")])
        await scene.target.set_validator("things", MUST_HAVE_N)

    with strangers.before_verify(meddle):
        ended = await mirror(scene)
    assert (ended.exit_code, ended.codes) == (3, {"extra_documents", "index_extra", "options_wrong"})


async def test_a_document_that_comes_before_the_counts_are_compared_is_counted(scene: Scene) -> None:
    await create(scene.source, "things")
    await put(scene.source, *MINE)
    with strangers.before_verify(lambda: put(scene.target, EXTRAS[0])):
        ended = await mirror(scene, verify=Verify.COUNT)
    assert (ended.exit_code, ended.codes) == (3, {"extra_documents", "not_verified"})
    assert (ended.finding("extra_documents").severity, ended.finding("extra_documents").count) == (Severity.ERROR, 1)


async def test_a_collection_that_was_taken_away_and_comes_again_is_told_of_and_left(scene: Scene) -> None:
    await create(scene.source, "things")
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS, name="old")
    with strangers.before_verify(lambda: put(scene.target, EXTRAS[0], name="old")):
        ended = await mirror(scene)
    assert (ended.exit_code, ended.codes - {"removed_whole"}) == (3, {"not_removed"})
    assert ended.finding("not_removed").subject == "old"
    assert await documents(scene.target, "old") == [EXTRAS[0]]


async def test_a_retry_of_a_mirror_deletes_nothing(scene: Scene) -> None:
    await put(scene.source, *MINE, name="things")
    real = MemoryStore.insert
    plan = replace(await mirror_plan(scene, scene.target), max_rejects=5)
    run_id = await launch.create_run(scene.home, plan)
    with pytest.MonkeyPatch.context() as patch:

        async def insert(store: MemoryStore, name: str, some: list[bytes], **options: bool) -> tuple[Refusal, ...]:
            await real(store, name, some[1:], **options)
            return (Refusal(0, 121, "no"),)

        patch.setattr(MemoryStore, "insert", insert)
        ended = await scene.work(run_id)
    assert ended.counts.rejected > 0
    assert (await scene.retry(run_id)).counts.deleted == 0
    assert await is_mirrored(scene)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"undo": False}, "not run without undo"),
        ({"policy": Policy.SKIP}, "its policy is overwrite"),
        ({"kind": RunKind.EXPORT}, "cannot mirror"),
        ({"mirror": False}, "mirror: true alone"),
    ],
)
async def test_a_plan_that_cannot_mirror_is_refused(scene: Scene, changed: dict[str, object], reason: str) -> None:
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS, name="lost")
    plan = replace(await mirror_plan(scene, scene.target), **changed)  # type: ignore[arg-type]  # names of fields
    with pytest.raises(InvalidFile, match=reason):
        from_yaml(to_yaml(plan), "plan")


async def test_a_collection_that_the_source_has_again_is_not_taken_away(scene: Scene) -> None:
    await put(scene.source, *MINE)
    await put(scene.source, *MINE, name="lost")
    await put(scene.target, *EXTRAS, name="lost")
    plan = replace(await scene.plan(), mirror=True)
    plan = replace(plan, collections=(plan.collections[1], PlannedCollection("lost", remove=True)))
    ended = await scene.run(plan)
    assert (ended.exit_code, ended.codes) == (4, {"mirror_unfit"})
    assert set(await documents(scene.target, "lost")) == set(EXTRAS)


def test_a_plan_names_what_it_takes_away(scene: Scene) -> None:
    collections = (PlannedCollection("things"), PlannedCollection("lost", remove=True))
    ends = (scene.source_end, scene.target_end)
    plan = Plan(RunKind.COPY, *ends, collections, policy=Policy.OVERWRITE, mirror=True)
    assert from_yaml(to_yaml(plan), "plan") == plan


async def test_a_half_brought_back_capped_collection_of_others_is_left(scene: Scene) -> None:
    await create(scene.source, "things")
    await create(scene.target, "things", options=CAPPED)
    await put(scene.target, *EXTRAS)
    run = await mirror(scene)
    rollback = await launch.create_rollback(scene.home, run.record.id)
    with trapped(Trap(name="rollback.after_recreate")), pytest.raises(Crash):
        await scene.work(rollback)
    await put(scene.target, *MINE)
    undone = await scene.work(rollback)
    assert (undone.exit_code, undone.codes) == (3, {"not_recreated", "not_rolled_back"})
    assert await documents(scene.target) == MINE


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_what_was_renamed_aside_when_the_run_died_does_not_stay_there(scene: Scene, is_resumed: bool) -> None:
    await create(scene.source, "things", options=COLLATED)
    await put(scene.target, *EXTRAS)
    before = await snapshot(scene.target)
    run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target))
    with trapped(Trap(name="mirror.after_rename")), pytest.raises(Crash):
        await scene.work(run_id)
    if is_resumed:
        assert (await scene.work(run_id)).exit_code == 0
        assert await is_mirrored(scene)
    assert (await scene.roll_back(run_id)).exit_code == 0
    assert same(await snapshot(scene.target), before)


async def test_what_was_deleted_counts_once_though_the_capped_collection_behind_it_is_begun_again(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *MINE)
    await put(scene.target, *EXTRAS)
    run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target))
    for place, times in (("batch.after_checkpoint", 2), ("journal.after_restart", 1), ("batch.after_checkpoint", 1)):
        with trapped(Trap(name=place, times=times)), pytest.raises(Crash):
            await scene.work(run_id)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=4, deleted=3))
    assert await documents(scene.target) == MINE


async def test_an_index_that_the_server_lists_otherwise_than_it_was_given_is_not_dropped_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MemoryStore.create_indexes

    async def create_indexes(store: MemoryStore, name: str, indexes: list[bytes]) -> None:
        added = [bson.encode({**bson.decode(one), "textIndexVersion": 3}) for one in indexes]
        await real(store, name, added if store._server == scene.target._server else indexes)

    await create(scene.source, "things", indexes=[index("n")])
    await create(scene.target, "things")
    monkeypatch.setattr(MemoryStore, "create_indexes", create_indexes)
    run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target))
    with trapped(Trap(name="execute.after_index")), pytest.raises(Crash):
        await scene.work(run_id)
    await scene.work(run_id)
    assert (await scene.roll_back(run_id)).exit_code == 0
    assert len((await snapshot(scene.target))["things"][1]) == 1

"""What a rollback puts back and takes away: indexes, views, unique values, capped collections, several runs."""

from collections.abc import Sequence

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.rollback_scene import CAPPED, NEW, OLD, by, copied
from tests.engine.scene import Scene, create, documents, put, snapshot
from tests.suites.documents import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.engine.rollback_group import GroupUndoer, GroupUndone
from tui_migrate.engine.undo_reader import Group
from tui_migrate.errors import NotAuthorised
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.stores.base import ChangeResult, Decide
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

VIEW = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))


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


async def test_its_log_says_what_it_does(scene: Scene) -> None:
    await create(scene.source, "things", indexes=[index("n")])
    await put(scene.source, *NEW)
    await create(scene.source, "a view", options=VIEW)
    await create(scene.target, "things")
    await put(scene.source, *NEW, name="others")
    undone = await scene.roll_back((await scene.copy()).record.id)
    assert await scene.log(undone.record.id) == [
        "prepare: reading the undo log of run 0001",
        "things: dropping the index n_1",
        "a view: dropping the view",
        "things: taking documents back",
        "others: taking documents back",
        "others: dropping the collection, unless others have put documents into it",
        "looking once more at each document that run 0001 wrote",
    ]


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

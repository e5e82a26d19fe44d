import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, documents, put
from tests.suites.documents import doc
from tests.suites.ids import MAX_KEY, double, int32, text
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Refusal
from tui_migrate.stores.memory import MemoryStore

OURS = doc(int32(2), n=text("ours"))
THEIRS = doc(int32(2), n=text("theirs"))
OTHERS = (doc(int32(1)), doc(int32(3)), doc(MAX_KEY))


async def fill(scene: Scene, *there: bytes) -> None:
    await put(scene.source, *OTHERS, OURS)
    await create(scene.target, "things")
    await put(scene.target, *there)


@pytest.mark.rule(18, "on _id the conflict path")
@pytest.mark.parametrize(
    ("policy", "counts", "kept"),
    [
        (Policy.SKIP, Counts(inserted=3, skipped=1), THEIRS),
        (Policy.OVERWRITE, Counts(inserted=3, replaced=1), OURS),
    ],
)
async def test_a_document_that_appears_before_the_insert_is_decided_about_by_the_policy(
    scene: Scene, policy: Policy, counts: Counts, kept: bytes
) -> None:
    await fill(scene)
    with strangers.before_insert(lambda: put(scene.target, THEIRS)):
        ended = await scene.copy(policy, batch=10)
    assert (ended.record.state, ended.counts) == (RunState.COMPLETED, counts)
    assert set(await documents(scene.target)) == {*OTHERS, kept}
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == [THEIRS]


async def test_a_document_that_appears_before_the_insert_stops_a_run_that_must_not_overwrite(scene: Scene) -> None:
    await fill(scene)
    with strangers.before_insert(lambda: put(scene.target, THEIRS)):
        ended = await scene.copy(Policy.FAIL, batch=10)
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert ended.record.failure is not None
    assert "rollback" in ended.record.failure.hint
    assert set(await documents(scene.target)) == {*OTHERS, THEIRS}
    assert (await scene.work(ended.record.id)).exit_code == 4
    undone = await scene.roll_back(ended.record.id)
    assert (undone.exit_code, undone.counts) == (0, Counts(deleted=3))
    assert await documents(scene.target) == [THEIRS]


@pytest.mark.rule(1, "a plain insert never takes a stranger's document for its own")
@pytest.mark.parametrize("policy", Policy)
async def test_an_equal_document_that_appears_before_the_insert_is_unchanged_and_not_ours(
    scene: Scene, policy: Policy
) -> None:
    await fill(scene)
    with strangers.before_insert(lambda: put(scene.target, OURS)):
        ended = await scene.copy(policy, batch=10)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, unchanged=1))
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == [OURS]


@pytest.mark.rule(1, "the undo record is of the read that the replace starts from")
async def test_what_a_stranger_wrote_before_the_replace_is_what_a_rollback_restores(scene: Scene) -> None:
    await fill(scene, doc(int32(2), n=text("old")))
    with strangers.within_change(lambda: strangers.overwrite(scene.target, THEIRS)):
        ended = await scene.copy(Policy.OVERWRITE, batch=10)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, replaced=1))
    assert set(await documents(scene.target)) == {*OTHERS, OURS}
    undone = await scene.roll_back(ended.record.id)
    assert undone.counts == Counts(restored=1, deleted=3)
    assert await documents(scene.target) == [THEIRS]


async def test_a_document_that_is_gone_before_the_replace_is_inserted(scene: Scene) -> None:
    await fill(scene, doc(double(2.0), n=text("old")))
    with strangers.within_change(lambda: strangers.remove(scene.target, THEIRS)):
        ended = await scene.copy(Policy.OVERWRITE, batch=10)
    assert (ended.record.state, ended.counts) == (RunState.COMPLETED_WITH_FINDINGS, Counts(inserted=4))
    assert ended.finding("id_type_differs").count == 1
    assert set(await documents(scene.target)) == {*OTHERS, OURS}
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == []


async def test_a_collection_that_appears_while_the_run_is_about_to_create_it_is_not_taken_for_its_own(
    scene: Scene,
) -> None:
    await put(scene.source, *OTHERS)
    with trapped(Trap(name="undo.after_made")), pytest.raises(Crash):
        await scene.run(await scene.plan())
    await put(scene.target, THEIRS)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert ended.record.failure is not None
    assert "appeared" in ended.record.failure.message
    undone = await scene.roll_back(1)
    assert undone.codes == {"collection_kept"}
    assert await documents(scene.target) == [THEIRS]


async def test_a_document_that_became_equal_before_the_replace_is_unchanged(scene: Scene) -> None:
    await fill(scene, doc(int32(2), n=text("old")))
    with strangers.within_change(lambda: strangers.overwrite(scene.target, OURS)):
        ended = await scene.copy(Policy.OVERWRITE, batch=10)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, unchanged=1))
    await scene.roll_back(ended.record.id)
    assert await documents(scene.target) == [OURS]


@pytest.mark.rule(6, "another machine's run shows itself as conflicts")
async def test_somebody_who_is_always_quicker_interrupts_the_run(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def insert(store: MemoryStore, collection: str, some: list[bytes], **_: bool) -> tuple[Refusal, ...]:
        return tuple(Refusal(place, 11000, "taken", ("_id",)) for place in range(len(some)))

    await fill(scene)
    monkeypatch.setattr(MemoryStore, "insert", insert)
    ended = await scene.copy(Policy.OVERWRITE, batch=10)
    assert (ended.exit_code, ended.record.state) == (5, RunState.INTERRUPTED)
    monkeypatch.undo()
    ended = await scene.work(ended.record.id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=4))


@pytest.mark.parametrize("policy", Policy)
async def test_a_document_that_was_found_equal_and_is_changed_since_is_told_of(scene: Scene, policy: Policy) -> None:
    await fill(scene, OURS)
    with strangers.before_verify(lambda: strangers.overwrite(scene.target, THEIRS)):
        ended = await scene.copy(policy, batch=10)
    assert (ended.exit_code, ended.codes) == (3, {"target_differs"})


async def test_a_document_that_was_kept_and_is_deleted_since_is_told_of(scene: Scene) -> None:
    await fill(scene, THEIRS)
    with strangers.before_verify(lambda: strangers.remove(scene.target, THEIRS)):
        ended = await scene.copy(Policy.SKIP, batch=10)
    assert (ended.exit_code, ended.codes) == (3, {"target_differs"})
    assert "missing" in ended.finding("target_differs").message


async def test_a_document_that_was_kept_may_be_changed_again(scene: Scene) -> None:
    await fill(scene, THEIRS)
    with strangers.before_verify(lambda: strangers.overwrite(scene.target, doc(int32(2), n=int32(9)))):
        ended = await scene.copy(Policy.SKIP, batch=10)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, skipped=1))

from collections.abc import Callable

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, documents, put
from tests.suites.documents import doc
from tests.suites.ids import double, int32, text
from tui_migrate.documents import RawId, content_hash, raw_id
from tui_migrate.engine import doubt
from tui_migrate.engine.doubt import judge
from tui_migrate.engine.undo_log import NOTHING, Intent, Operation, Outcome
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts
from tui_migrate.ordering import order_key
from tui_migrate.plan.model import Policy
from tui_migrate.stores.lookup import describe

BEFORE = doc(int32(1), n=text("before"))
AFTER = doc(int32(1), n=text("after"))
NEW = [doc(int32(one), n=int32(one)) for one in range(1, 7)]


@pytest.mark.rule(4, "compare the target with INTENT")
@pytest.mark.parametrize("operation", [Operation.INSERT, Operation.REPLACE])
def test_what_the_target_has_says_what_became_of_an_intent(operation: Operation) -> None:
    is_insert = operation is Operation.INSERT
    intent = Intent(operation, int32(1), content_hash(AFTER), None if is_insert else BEFORE)
    assert judge(intent, describe(AFTER)) is (Outcome.ASSUMED if is_insert else Outcome.WRITTEN)
    assert judge(intent, None) is Outcome.NOT_FOUND
    assert judge(intent, describe(BEFORE)) is Outcome.NOT_FOUND
    assert judge(intent, describe(doc(double(1.0), n=text("after")))) is Outcome.NOT_FOUND


@pytest.mark.rule(4, "a deletion: absent is ours, anything else is decided anew")
def test_what_the_target_has_says_what_became_of_a_deletion() -> None:
    intent = Intent(Operation.DELETE, int32(1), NOTHING, BEFORE)
    assert judge(intent, None) is Outcome.ASSUMED
    assert judge(intent, describe(BEFORE)) is Outcome.NOT_FOUND
    assert judge(intent, describe(AFTER)) is Outcome.NOT_FOUND


async def broken_off(scene: Scene, place: str, *, policy: Policy = Policy.OVERWRITE, times: int = 1) -> None:
    """Let a run of six documents in one batch, three of which replace older ones, die at a place."""
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *(doc(int32(one), n=text("old")) for one in (2, 4, 6)))
    with trapped(Trap(name=place, times=times)), pytest.raises(Crash):
        await scene.run(await scene.plan(policy, batch=10))


async def outcomes(scene: Scene) -> list[tuple[Outcome, ...] | None]:
    with UndoReader(scene.home.run(1).undo_log) as reader:
        return [reader.group_at(one).outcomes for one in reader.index().groups]


async def said(scene: Scene) -> str:
    reader = await JournalReader.open(scene.home.journal)
    try:
        return "\n".join(one.message for one in await reader.events(1))
    finally:
        await reader.close()


@pytest.mark.rule(4, "a stranger's equal insert is counted assumed_ours")
async def test_inserts_that_are_found_are_counted_as_assumed_and_told_of(scene: Scene) -> None:
    await broken_off(scene, "batch.after_insert")
    assert await outcomes(scene) == [None]
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, replaced=3, assumed_ours=3))
    assert ended.codes == {"assumed_ours"}
    assert (await outcomes(scene))[0] == (Outcome.ASSUMED,) * 3
    assert "a batch of 3 was in doubt: 3 had been written, 0 not" in await said(scene)


@pytest.mark.rule(4, "absent as before: decide anew")
async def test_inserts_that_never_arrived_are_made_and_nothing_is_assumed(scene: Scene) -> None:
    await broken_off(scene, "undo.after_intent")
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts, ended.codes) == (0, Counts(inserted=3, replaced=3), set())
    assert (await outcomes(scene))[0] == (Outcome.NOT_FOUND,) * 3
    assert "0 had been written, 3 not" in await said(scene)


@pytest.mark.rule(4, "equal to after: ours")
@pytest.mark.parametrize("place", ["after change", "batch.after_replace"])
async def test_replaces_that_are_found_are_ours_for_certain(scene: Scene, place: str) -> None:
    await broken_off(scene, place)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts, ended.codes) == (0, Counts(inserted=3, replaced=3), set())
    assert (await outcomes(scene))[:2] == [(Outcome.WRITTEN,) * 3] * 2


def late(scene: Scene, *some: bytes) -> Callable[[str], None]:
    """A failpoint's hook: what a server had not read yet comes to the target when it has been looked for."""

    def hook(name: str) -> None:
        if name == "doubt.after_settle":
            stored = scene.target._collections["things"]
            for one in some:
                stored.put(order_key(raw_id(one) or RawId(b"")), one)

    return hook


KEPT = {
    Policy.FAIL: (0, Counts()),
    Policy.SKIP: (0, Counts(skipped=3)),
    Policy.OVERWRITE: (0, Counts(replaced=3)),
    Policy.NEWER: (3, Counts(skipped=3)),
    Policy.ASK: (5, Counts()),
}
"""What becomes of three documents that are there otherwise and do not say when they were changed."""


@pytest.mark.rule(5, "a dead worker's write can still arrive, also where the server does not know of it")
@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("arrived", [NEW[:1], [NEW[0], NEW[2], NEW[4]]])
async def test_inserts_that_come_when_they_have_been_looked_for_are_the_run_s_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, policy: Policy, arrived: list[bytes]
) -> None:
    old = [] if policy is Policy.FAIL else [doc(int32(one), n=text("old")) for one in (2, 4, 6)]
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    await put(scene.target, *old)
    with trapped(Trap(name="undo.after_intent")), pytest.raises(Crash):
        await scene.run(await scene.plan(policy, batch=10))
    with monkeypatch.context() as patch:
        patch.setattr(doubt, "failpoint", late(scene, *arrived))
        ended = await scene.work(1)
    exit_code, kept = KEPT[policy]
    inserted = Counts(inserted=3 if old else 6, assumed_ours=len(arrived))
    assert (ended.exit_code, ended.counts) == (exit_code, inserted + kept)
    assert ended.finding("assumed_ours").count == len(arrived)
    assert (await scene.roll_back(1)).exit_code == 0
    assert set(await documents(scene.target)) == set(old)


@pytest.mark.rule(5, "a dead worker's write can still arrive, also where the server does not know of it")
async def test_a_replace_that_comes_when_it_has_been_looked_for_is_the_run_s_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broken_off(scene, "undo.after_intent", times=2)
    with monkeypatch.context() as patch:
        patch.setattr(doubt, "failpoint", late(scene, NEW[1], NEW[3]))
        ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=3, replaced=3))
    assert ended.finding("assumed_ours").count == 2
    assert (await scene.roll_back(1)).exit_code == 0
    assert set(await documents(scene.target)) == {doc(int32(one), n=text("old")) for one in (2, 4, 6)}


async def test_a_stranger_s_document_in_the_place_of_one_that_never_came_is_no_finding_of_the_rollback(
    scene: Scene,
) -> None:
    await broken_off(scene, "undo.after_intent", policy=Policy.SKIP)
    theirs = doc(int32(1), n=text("theirs"))
    await put(scene.target, theirs)
    assert (await scene.work(1)).counts == Counts(inserted=2, skipped=4)
    undone = await scene.roll_back(1)
    assert (undone.exit_code, undone.codes) == (0, set())
    assert theirs in await documents(scene.target)


async def test_writes_that_are_settled_but_not_committed_are_not_assumed(scene: Scene) -> None:
    await broken_off(scene, "batch.before_checkpoint")
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts, ended.codes) == (0, Counts(inserted=3, replaced=3), set())
    assert len(await outcomes(scene)) == 2


@pytest.mark.rule(4, "anything else is a stranger's: a new INTENT by the policy")
@pytest.mark.parametrize("policy", [Policy.SKIP, Policy.OVERWRITE])
async def test_what_a_stranger_made_of_a_write_in_doubt_is_a_stranger_s(scene: Scene, policy: Policy) -> None:
    theirs = doc(int32(1), n=text("theirs"))
    await broken_off(scene, "batch.after_insert", policy=policy)
    await strangers.overwrite(scene.target, theirs)
    ended = await scene.work(1)
    counts = Counts(inserted=2, skipped=4) if policy is Policy.SKIP else Counts(inserted=2, replaced=4)
    assert (ended.exit_code, ended.counts) == (0, counts + Counts(assumed_ours=2))
    assert (await outcomes(scene))[0] == (Outcome.NOT_FOUND, Outcome.ASSUMED, Outcome.ASSUMED)
    await scene.roll_back(1)
    left = {theirs, *(doc(int32(one), n=text("old")) for one in (2, 4, 6))}
    assert set(await documents(scene.target)) == left


async def test_a_stranger_s_change_stops_a_run_that_must_not_overwrite(scene: Scene) -> None:
    await put(scene.source, *NEW)
    with trapped(Trap(name="batch.after_insert")), pytest.raises(Crash):
        await scene.run(await scene.plan(Policy.FAIL, batch=10))
    await strangers.overwrite(scene.target, doc(int32(1), n=text("theirs")))
    ended = await scene.work(1)
    assert ended.record.failure is not None
    assert (ended.exit_code, ended.record.failure.code) == (4, "conflict")


@pytest.mark.parametrize("policy", Policy)
async def test_an_insert_in_doubt_that_is_replaced_in_doubt_is_one_insert(scene: Scene, policy: Policy) -> None:
    """The source moves on each time that the run lies broken off."""
    await put(scene.source, *NEW)
    await create(scene.target, "things")
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan(policy, batch=10))
    for number, place in enumerate(("batch.after_replace", "batch.before_checkpoint")):
        await strangers.overwrite(scene.source, doc(int32(1), n=text(f"moved {number}")))
        with trapped(Trap(name=place)), pytest.raises(Crash):
            await scene.work(1)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=6))
    assert doc(int32(1), n=text("moved 1")) in await documents(scene.target)
    undone = await scene.roll_back(1)
    assert undone.exit_code == 0
    assert await documents(scene.target) == []


@pytest.mark.rule(4, "a replace in doubt, and the source moves on")
async def test_a_replace_in_doubt_whose_source_moves_on_is_one_replace_and_goes_back_to_what_was(scene: Scene) -> None:
    was = doc(int32(1), n=text("old"))
    await put(scene.source, *NEW)
    await put(scene.target, was)
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.run(await scene.plan(Policy.OVERWRITE, batch=10))
    await strangers.overwrite(scene.source, doc(int32(1), n=text("moved")))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=len(NEW) - 1, replaced=1))
    assert doc(int32(1), n=text("moved")) in await documents(scene.target)
    undone = await scene.roll_back(1)
    assert undone.exit_code == 0
    assert await documents(scene.target) == [was]

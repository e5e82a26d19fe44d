"""Whether a run has written anything, as its record says: what has not offers no rollback."""

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, put
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.errors import NotReversible
from tui_migrate.plan.model import Policy
from tui_migrate.worker import launch

DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(1, 8))


async def has_written_nothing(scene: Scene, ended: Ended) -> None:
    assert (ended.record.writes_begun, ended.record.rollback_available) == (False, False)
    with pytest.raises(NotReversible, match="has written nothing"):
        await launch.create_rollback(scene.home, ended.record.id)


async def test_a_run_that_finds_everything_equal_or_keeps_it_has_nothing_to_be_taken_back(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, doc(int32(1), n=text("theirs")), *DOCUMENTS[1:])
    ended = await scene.copy(Policy.SKIP)
    assert (ended.exit_code, ended.counts.skipped, ended.counts.unchanged) == (0, 1, 6)
    await has_written_nothing(scene, ended)


async def test_nor_has_one_that_died_before_its_first_write_and_it_can_be_resumed(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, *DOCUMENTS)
    with trapped(Trap(name="journal.after_batch")), pytest.raises(Crash):
        await scene.copy()
    assert not (await scene.record(1)).writes_begun
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts.unchanged) == (0, 7)
    await has_written_nothing(scene, ended)


@pytest.mark.parametrize("there", [False, True])
async def test_whatever_a_run_makes_or_writes_can_be_taken_back(scene: Scene, there: bool) -> None:
    await create(scene.source, "things")
    if there:
        await put(scene.source, *DOCUMENTS)
        await create(scene.target, "things")
        await put(scene.target, *DOCUMENTS[:-1])
    ended = await scene.copy()
    assert (ended.record.writes_begun, ended.record.rollback_available) == (True, True)
    assert (await scene.roll_back(ended.record.id)).exit_code == 0
    assert len(await scene.target.collections()) == int(there)


async def test_the_journal_knows_it_before_anything_is_recorded_or_written(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    with trapped(Trap(name="journal.after_writes_begun")) as trap, pytest.raises(Crash):
        await scene.copy()
    assert (await scene.record(1)).writes_begun
    assert not {"undo.before_made", "undo.before_intent", "before create_collection"} & set(trap.passed)
    assert await scene.target.collections() == ()
    assert (await scene.work(1)).exit_code == 0

"""The policy `ask`: the queue, what is decided, and that no run completes over the operator's head."""

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, new_scene, put
from tests.suites.documents import doc, index
from tests.suites.ids import double, int32, text
from tui_migrate.errors import Refused
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictRecord, ConflictState, Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import PackageEnd, Policy, RunKind, Verify
from tui_migrate.worker import control


def mine(identifier: int, words: str = "mine") -> bytes:
    return doc(int32(identifier), n=text(words), same=int32(1))


def theirs(identifier: int, words: str = "theirs") -> bytes:
    return mine(identifier, words)


async def asked(scene: Scene, *numbers: int, extra: int = 1, verify: Verify = Verify.CONTENT) -> Ended:
    """A run that queues these documents and adds others."""
    await put(scene.source, *(mine(one) for one in numbers), *(mine(100 + one) for one in range(extra)))
    await create(scene.target, "things")
    await put(scene.target, *(theirs(one) for one in numbers))
    return await scene.run(await scene.plan(Policy.ASK, batch=2, verify=verify))


async def queue(scene: Scene, run_id: int = 1) -> tuple[ConflictRecord, ...]:
    reader = await JournalReader.open(scene.home.journal)
    try:
        return await reader.conflicts(run_id)
    finally:
        await reader.close()


async def states(scene: Scene) -> list[ConflictState]:
    return [one.state for one in await queue(scene)]


KEEP, REPLACE = ConflictState.KEEP, ConflictState.REPLACE


async def test_what_differs_is_queued_and_the_run_waits(scene: Scene) -> None:
    ended = await asked(scene, 1, 2, 3)
    assert (ended.exit_code, ended.record.state, ended.record.undecided) == (5, RunState.INTERRUPTED, 3)
    assert ended.record.failure is not None
    assert (ended.record.failure.code, "conflicts 1" in ended.record.failure.hint) == ("undecided", True)
    assert ended.counts == Counts(inserted=1)
    assert [(one.collection, one.id, one.fields) for one in await queue(scene)] == [
        ("things", int32(number), ("n",)) for number in (1, 2, 3)
    ]
    assert set(await documents(scene.target)) == {*map(theirs, (1, 2, 3)), mine(100)}


async def test_decisions_are_written_verified_and_taken_back(scene: Scene) -> None:
    await asked(scene, 1, 2, 3)
    assert await control.decide(scene.home, 1, REPLACE, numbers=[1, 3]) == 2
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.state, ended.record.undecided) == (5, RunState.INTERRUPTED, 1)
    assert await states(scene) == [ConflictState.REPLACED, ConflictState.OPEN, ConflictState.REPLACED]
    assert await control.decide(scene.home, 1, KEEP, collection="things") == 1
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.state) == (0, RunState.COMPLETED)
    assert ended.counts == Counts(inserted=1, replaced=2, skipped=1)
    assert set(await documents(scene.target)) == {mine(1), theirs(2), mine(3), mine(100)}
    undone = await scene.roll_back(1)
    assert undone.exit_code == 0
    assert set(await documents(scene.target)) == set(map(theirs, (1, 2, 3)))


async def test_a_run_that_waits_is_taken_back_too(scene: Scene) -> None:
    await asked(scene, 1, 2)
    await control.decide(scene.home, 1, REPLACE, numbers=[1])
    await scene.work(1)
    assert (await scene.roll_back(1)).exit_code == 0
    assert set(await documents(scene.target)) == {theirs(1), theirs(2)}
    with pytest.raises(Refused):
        await control.decide(scene.home, 1, KEEP)


async def test_resuming_without_a_decision_changes_nothing(scene: Scene) -> None:
    await asked(scene, 1)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (5, Counts(inserted=1))
    assert await states(scene) == [ConflictState.OPEN]


@pytest.mark.parametrize("decision", [KEEP, REPLACE])
@pytest.mark.parametrize("end", ["source", "target"])
async def test_what_changed_since_it_was_shown_is_queued_again(scene: Scene, decision: ConflictState, end: str) -> None:
    await asked(scene, 1, 2)
    await control.decide(scene.home, 1, decision)
    await strangers.overwrite(scene.source if end == "source" else scene.target, mine(1, "third"))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.undecided) == (5, 1)
    done = ConflictState.REPLACED if decision is REPLACE else ConflictState.KEPT
    assert await states(scene) == [ConflictState.OPEN, done]
    assert (theirs(1) if end == "source" else mine(1, "third")) in await documents(scene.target)


async def test_what_changes_within_the_replacing_is_queued_again(scene: Scene) -> None:
    await asked(scene, 1, extra=0)
    await control.decide(scene.home, 1, REPLACE)
    with strangers.within_change(lambda: strangers.overwrite(scene.target, mine(1, "third"))):
        ended = await scene.work(1)
    assert (ended.exit_code, ended.record.undecided) == (5, 1)
    assert await documents(scene.target) == [mine(1, "third")]


@pytest.mark.parametrize("decision", [KEEP, REPLACE])
async def test_what_is_gone_from_the_target_is_inserted(scene: Scene, decision: ConflictState) -> None:
    await asked(scene, 1, extra=0)
    await control.decide(scene.home, 1, decision)
    await strangers.remove(scene.target, theirs(1))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=1))
    assert await documents(scene.target) == [mine(1)]


@pytest.mark.parametrize("verify", Verify)
async def test_what_is_gone_from_the_source_is_left_and_told_of(scene: Scene, verify: Verify) -> None:
    await asked(scene, 1, extra=0, verify=verify)
    await control.decide(scene.home, 1, REPLACE)
    await strangers.remove(scene.source, mine(1))
    ended = await scene.work(1)
    assert (ended.exit_code, "source_moved" in ended.codes) == (3, True)
    assert await documents(scene.target) == [theirs(1)]


async def test_an_id_of_another_number_type_is_asked_about_by_its_key(scene: Scene) -> None:
    await put(scene.source, mine(1))
    await create(scene.target, "things")
    await put(scene.target, doc(double(1.0), n=text("theirs")))
    await scene.copy(Policy.ASK)
    await control.decide(scene.home, 1, REPLACE)
    ended = await scene.work(1)
    assert (ended.record.state, ended.codes) == (RunState.COMPLETED_WITH_FINDINGS, {"id_type_differs"})
    assert await documents(scene.target) == [doc(double(1.0), n=text("mine"), same=int32(1))]


async def test_all_that_differ_in_the_same_fields(scene: Scene) -> None:
    await put(scene.source, mine(1), mine(2), doc(int32(3), n=text("mine"), same=int32(2)))
    await create(scene.target, "things")
    await put(scene.target, *map(theirs, (1, 2, 3)))
    await scene.copy(Policy.ASK)
    assert await control.decide(scene.home, 1, KEEP, collection="things", fields=("n",)) == 2
    assert await states(scene) == [KEEP, KEEP, ConflictState.OPEN]
    assert await control.decide(scene.home, 1, REPLACE, collection="others") == 0


async def test_values_of_a_unique_index_that_swap_places(scene: Scene) -> None:
    await create(scene.source, "things")
    await put(scene.source, mine(1, "b"), mine(2, "c"), mine(3, "x"))
    await create(scene.target, "things", indexes=(index("n", unique=True),))
    await put(scene.target, mine(1, "a"), mine(2, "b"), mine(3, "d"), mine(4, "x"))
    await scene.copy(Policy.ASK, max_rejects=1)
    await control.decide(scene.home, 1, REPLACE)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (3, Counts(replaced=2, rejected=1))
    assert set(await documents(scene.target)) == {mine(1, "b"), mine(2, "c"), mine(3, "d"), mine(4, "x")}


async def test_a_package_is_asked_about_too(scene: Scene) -> None:
    await put(scene.source, *(mine(one) for one in range(5)))
    package = scene.home.state.parent / "package"
    await scene.work(await scene.export(package))
    await create(scene.target, "things")
    await put(scene.target, *(theirs(one) for one in range(3)))
    plan = await scene.plan(Policy.ASK, source=PackageEnd(str(package)), kind=RunKind.IMPORT, batch=2)
    ended = await scene.run(plan)
    run_id = ended.record.id
    assert ended.record.undecided == 3
    assert (await queue(scene, run_id))[0].number == 1
    await control.decide(scene.home, run_id, REPLACE, numbers=[1, 2])
    await control.decide(scene.home, run_id, KEEP, numbers=[3])
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=2, replaced=2, skipped=1))


async def test_the_dry_run_tells_how_many_will_be_asked_about(scene: Scene) -> None:
    await asked(scene, 1, 2, 3)
    total = (await scene.forecast(await scene.plan(Policy.ASK))).total
    assert (total.ask, total.unchanged, total.skip, total.replace) == (3, 1, 0, 0)


async def crashed(scene: Scene, place: int) -> Trap:
    """A run whose workers die at a place, before the decision and after it, and that is worked to its end."""
    await put(scene.source, *map(mine, range(5)))
    await create(scene.target, "things")
    await put(scene.target, *map(theirs, range(3)))
    trap = Trap(place)
    with trapped(trap):
        try:
            await scene.copy(Policy.ASK, batch=2)
        except Crash:
            await scene.work(1)
        await control.decide(scene.home, 1, REPLACE, numbers=[1, 2])
        await control.decide(scene.home, 1, KEEP, numbers=[3])
        try:
            ended = await scene.work(1)
        except Crash:
            record = await scene.record(1)
            ended = Ended(0, record) if record.state.is_final else await scene.work(1)
    assert (ended.exit_code, ended.record.undecided) == (0, 0)
    # What is found written after a crash is counted as what it was.
    counts = ended.counts
    assert (counts.inserted, counts.replaced, counts.skipped) == (2, 2, 1)
    assert set(await documents(scene.target)) == {mine(0), mine(1), theirs(2), mine(3), mine(4)}
    assert (await scene.roll_back(1)).exit_code == 0
    assert set(await documents(scene.target)) == set(map(theirs, range(3)))
    return trap


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
async def test_a_worker_may_die_anywhere_on_its_way(share: int) -> None:
    with new_scene() as scene:
        passed = (await crashed(scene, 0)).passed
    assert {"conflicts.after_write", "conflicts.after_lookup", "conflicts.after_checkpoint"} <= set(passed)
    places = [
        place
        for place, name in enumerate(passed, 1)
        if name not in ("journal.before_decision", "journal.after_decision")
    ]
    for place in places[share::4]:
        with new_scene() as scene:
            await crashed(scene, place)

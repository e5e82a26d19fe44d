"""The policy `ask` against whoever acts between a question and its answer, and against unique indexes."""

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, create, documents, put
from tests.engine.test_asking import KEEP, REPLACE, asked, mine, queue, states, theirs
from tests.suites.documents import doc, index
from tests.suites.ids import double, int32, text
from tui_migrate.engine import conflicts
from tui_migrate.errors import Refused, RunNotFound
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictState, Counts, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.worker import control, launch

UNIQUE = (index("n", unique=True),)


async def test_a_value_that_another_open_document_holds_is_waited_for(scene: Scene) -> None:
    await put(scene.source, mine(1, "b"), mine(2, "c"))
    await create(scene.target, "things", indexes=UNIQUE)
    await put(scene.target, mine(1, "a"), mine(2, "b"))
    await scene.copy(Policy.ASK)
    await control.decide(scene.home, 1, REPLACE, numbers=[1])
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.undecided, ended.counts) == (5, 1, Counts())
    assert await states(scene) == [REPLACE, ConflictState.OPEN]
    await control.decide(scene.home, 1, REPLACE, numbers=[2])
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts) == (0, Counts(replaced=2))
    assert (await scene.roll_back(1)).exit_code == 0
    assert set(await documents(scene.target)) == {mine(1, "a"), mine(2, "b")}


@pytest.mark.parametrize("decision", [KEEP, REPLACE])
async def test_an_insert_waits_for_what_a_decision_may_free(scene: Scene, decision: ConflictState) -> None:
    await put(scene.source, mine(1, "a"), mine(2, "b"))
    await create(scene.target, "things", indexes=UNIQUE)
    await put(scene.target, mine(1, "b"))
    ended = await scene.copy(Policy.ASK, max_rejects=1)
    assert (ended.exit_code, ended.counts) == (5, Counts())
    await control.decide(scene.home, 1, decision)
    ended = await scene.work(1)
    if decision is REPLACE:
        assert (ended.exit_code, ended.counts) == (0, Counts(inserted=1, replaced=1))
        assert set(await documents(scene.target)) == {mine(1, "a"), mine(2, "b")}
    else:
        assert (ended.exit_code, ended.counts) == (3, Counts(skipped=1, rejected=1))
        assert await documents(scene.target) == [mine(1, "b")]
    assert (await scene.roll_back(1)).exit_code == 0
    assert await documents(scene.target) == [mine(1, "b")]


@pytest.mark.parametrize("name", ["batch.after_insert", "deferred.after_write", "deferred.after_checkpoint"])
async def test_a_worker_that_dies_with_what_had_to_wait_is_taken_up(scene: Scene, name: str) -> None:
    await put(scene.source, mine(1, "a"), mine(2, "b"))
    await create(scene.target, "things", indexes=UNIQUE)
    await put(scene.target, mine(1, "b"))
    await scene.copy(Policy.ASK)
    await control.decide(scene.home, 1, REPLACE)
    with trapped(Trap(name=name)), pytest.raises(Crash):
        await scene.work(1)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts.inserted, ended.counts.replaced) == (0, 1, 1)
    assert (await scene.roll_back(1)).exit_code == 0
    assert await documents(scene.target) == [mine(1, "b")]


async def test_an_id_that_becomes_another_number_is_the_same_document_of_the_queue(scene: Scene) -> None:
    await asked(scene, 1, extra=0)
    await control.decide(scene.home, 1, REPLACE)
    await strangers.remove(scene.source, mine(1))
    await put(scene.source, doc(double(1.0), n=text("mine"), same=int32(1)))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.undecided) == (5, 1)
    assert [(one.number, one.id, one.state) for one in await queue(scene)] == [(1, double(1.0), ConflictState.OPEN)]
    await control.decide(scene.home, 1, REPLACE)
    ended = await scene.work(1)
    assert (ended.record.state, ended.counts) == (RunState.COMPLETED_WITH_FINDINGS, Counts(replaced=1))
    assert await documents(scene.target) == [mine(1)]
    assert [one.count for one in ended.record.findings if one.code == "id_type_differs"] == [1]


@pytest.mark.parametrize(("first", "then"), [(REPLACE, KEEP), (KEEP, REPLACE)])
async def test_a_decision_that_is_changed_while_it_is_written_comes_too_late_and_is_told_of(
    scene: Scene, first: ConflictState, then: ConflictState
) -> None:
    await asked(scene, 1, 2, extra=0)
    await control.decide(scene.home, 1, REPLACE, numbers=[1])
    await control.decide(scene.home, 1, first, numbers=[2])
    with strangers.within_change(lambda: control.decide(scene.home, 1, then, numbers=[2])):
        ended = await scene.work(1)
    assert (ended.record.state, ended.codes) == (RunState.COMPLETED_WITH_FINDINGS, {"decided_late"})
    done = ConflictState.REPLACED if first is REPLACE else ConflictState.KEPT
    assert await states(scene) == [ConflictState.REPLACED, done]
    assert set(await documents(scene.target)) == {mine(1), mine(2) if first is REPLACE else theirs(2)}


async def test_a_decision_that_is_changed_after_a_crash_does_not_hide_what_was_written(scene: Scene) -> None:
    await asked(scene, 1, extra=0)
    await control.decide(scene.home, 1, REPLACE)
    with trapped(Trap(name="conflicts.after_write")), pytest.raises(Crash):
        await scene.work(1)
    await control.decide(scene.home, 1, KEEP)
    ended = await scene.work(1)
    assert (ended.record.state, ended.codes) == (RunState.COMPLETED_WITH_FINDINGS, {"decided_late"})
    assert (await states(scene), ended.counts) == ([ConflictState.REPLACED], Counts(replaced=1))
    assert (await scene.roll_back(1)).exit_code == 0
    assert await documents(scene.target) == [theirs(1)]


async def test_a_decision_that_is_changed_while_it_waits_for_its_turn_is_written_as_it_is_then(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked(scene, 1, extra=0)
    await control.decide(scene.home, 1, REPLACE)
    waiting = [True]
    real = JournalReader.conflicts

    async def read(reader: JournalReader, *arguments: object, **options: object) -> object:
        found = await real(reader, *arguments, **options)  # type: ignore[arg-type] # whatever it is called with
        if found and waiting:
            waiting.clear()
            await control.decide(scene.home, 1, KEEP)
        return found

    monkeypatch.setattr(JournalReader, "conflicts", read)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts, await documents(scene.target)) == (0, Counts(skipped=1), [theirs(1)])


async def test_the_last_decision_is_not_lost_between_two_looks(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await asked(scene, 1, extra=0)
    waiting = [True]
    real = JournalReader.count_conflicts

    async def count(reader: JournalReader, run_id: int) -> object:
        if waiting:
            waiting.clear()
            await control.decide(scene.home, 1, REPLACE)
        return await real(reader, run_id)

    monkeypatch.setattr(JournalReader, "count_conflicts", count)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.counts, await documents(scene.target)) == (0, Counts(replaced=1), [mine(1)])


async def test_what_is_decided_behind_the_reader_of_a_package_is_not_taken_for_gone(scene: Scene) -> None:
    await put(scene.source, *map(mine, range(4)))
    package = scene.home.state.parent / "package"
    await scene.work(await scene.export(package))
    await create(scene.target, "things")
    await put(scene.target, *map(theirs, range(4)))
    plan = await scene.plan(Policy.ASK, source=PackageEnd(str(package)), kind=RunKind.IMPORT, batch=2)
    run_id = (await scene.run(plan)).record.id
    await control.decide(scene.home, run_id, REPLACE, numbers=[4])
    with strangers.within_change(lambda: control.decide(scene.home, run_id, REPLACE, numbers=[1, 2, 3])):
        ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(replaced=4))


async def test_only_what_was_seen_is_decided(scene: Scene) -> None:
    await asked(scene, 1, extra=0)
    (seen,) = await queue(scene)
    await control.decide(scene.home, 1, REPLACE)
    await strangers.overwrite(scene.target, mine(1, "third"))
    await scene.work(1)
    assert await control.decide(scene.home, 1, REPLACE, seen=seen) == 0
    (again,) = await queue(scene)
    assert await control.decide(scene.home, 1, REPLACE, seen=again) == 1


async def test_the_collection_that_a_question_is_about_may_be_dropped(scene: Scene) -> None:
    await asked(scene, 1, 2, extra=0)
    await control.decide(scene.home, 1, KEEP)
    await scene.target.drop_collection("things")
    ended = await scene.work(1)
    assert (ended.exit_code, set(await documents(scene.target))) == (0, {mine(1), mine(2)})
    assert (await scene.roll_back(1)).exit_code == 0


async def test_a_run_that_waits_cannot_be_retried_and_can_be_cancelled_and_deleted(scene: Scene) -> None:
    await asked(scene, 1, extra=0)
    with pytest.raises(Refused):
        await launch.create_retry(scene.home, 1)
    await control.ask(scene.home, 1, Wish.CANCEL)
    record = await scene.record(1)
    assert (record.state, await states(scene)) == (RunState.CANCELLED, [ConflictState.OPEN])
    with pytest.raises(Refused):
        await control.decide(scene.home, 1, KEEP)
    await control.delete(scene.home, 1)
    assert await states(scene) == []
    with pytest.raises(RunNotFound):
        await scene.record(1)


async def test_decisions_are_written_in_pieces_of_so_many_bytes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await asked(scene, *range(1, 6), extra=0)
    await control.decide(scene.home, 1, REPLACE)
    monkeypatch.setattr(conflicts, "PAGE_BYTES", 2 * len(mine(1)))
    trap = Trap()
    with trapped(trap):
        ended = await scene.work(1)
    assert (trap.passed.count("conflicts.after_write"), ended.counts) == (3, Counts(replaced=5))

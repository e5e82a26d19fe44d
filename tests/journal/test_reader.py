import asyncio
from dataclasses import replace

import aiosqlite
import pytest

from tests.journal.conftest import Journal, make_plan
from tui_migrate.errors import RunNotFound
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, ControlStatus, Counts, VerifiedMark, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.plan.model import RunKind


async def test_an_empty_journal_has_nothing(journal: Journal) -> None:
    assert await journal.read.runs() == ()
    assert await journal.read.count_runs() == 0
    assert await journal.read.events(1) == ()
    with pytest.raises(RunNotFound, match="no run 0001"):
        await journal.read.run(1)


async def test_runs_come_newest_first_a_page_at_a_time(journal: Journal) -> None:
    for _ in range(5):
        await journal.create()
    assert [one.id for one in await journal.read.runs(2)] == [5, 4]
    assert [one.id for one in await journal.read.runs(2, 4)] == [1]
    assert await journal.read.count_runs() == 5


async def test_a_page_of_runs_with_their_collections_is_five_queries_however_long_it_is(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await journal.create(*(f"c{place}" for place in range(number + 1, 0, -1)))
    await journal.write.delete_run(2)
    one_by_one = [replace(await journal.read.run(one), findings=()) for one in (4, 3, 1)]
    asked: list[str] = []
    rows = journal.read._rows

    async def counted(query: str, *values: object) -> list[aiosqlite.Row]:
        asked.append(query)
        return await rows(query, *values)

    monkeypatch.setattr(journal.read, "_rows", counted)
    assert list(await journal.read.runs(10)) == one_by_one
    assert [one.name for one in one_by_one[0].collections] == ["c4", "c3", "c2", "c1"]
    assert len(asked) == 5


async def test_collections_that_have_not_changed_are_the_same_objects(journal: Journal) -> None:
    for _ in range(2):
        await journal.create("users", "orders")
    before = await journal.read.collections(1)
    await Progress(journal.write, 1).commit_batch(Checkpoint("users", 0, b"", b"", 7, 70, b"", Counts(inserted=7)))
    after = await journal.read.collections(1)
    assert after[1] is before[1]
    assert (before[0].documents_done, after[0].documents_done) == (0, 7)
    assert [one.documents_done for one in await journal.read.collections(2)] == [0, 0]


async def test_runs_in_short_come_in_pages_with_their_documents_and_without_their_plans(journal: Journal) -> None:
    for _ in range(4):
        await journal.create()
    done = Checkpoint("users", 0, b"", b"", 7, 70, b"", Counts(inserted=7))
    await Progress(journal.write, 3).commit_batch(done)
    page = await journal.read.summaries(2)
    assert [(one.run.id, one.documents) for one in page] == [(4, 0), (3, 7)]
    assert (page[0].run.plan, page[0].run.collections, page[0].run.target) == ("", (), "mongodb://b/shop")
    assert [one.run.id for one in await journal.read.summaries(9, before=3)] == [2, 1]
    assert await journal.read.summaries(9, before=1) == ()


async def test_unfinished_runs_are_those_that_still_want_something(journal: Journal) -> None:
    for state in (RunState.VALIDATING, RunState.FAILED, RunState.CANCELLED, RunState.PAUSED, None):
        run_id = await journal.create()
        if state is not None:
            await journal.write.transition(run_id, state)
    assert [one.run.id for one in await journal.read.unfinished(9)] == [4, 1, 5, 2]
    assert [one.run.id for one in await journal.read.unfinished(2)] == [4, 1]


async def test_the_data_version_changes_when_another_writes_and_only_then(journal: Journal) -> None:
    before = await journal.read.data_version()
    assert await journal.read.data_version() == before
    await journal.create()
    assert await journal.read.data_version() != before


@pytest.mark.rule(23, "readers keep out of the way")
async def test_a_reader_neither_waits_for_a_writer_nor_holds_it_up(journal: Journal) -> None:
    await journal.create()
    async with asyncio.timeout(30), journal.write.transaction() as database:
        await database.execute("UPDATE runs SET description = 'changed'")
        assert (await journal.read.run(1)).description == ""
    assert (await journal.read.run(1)).description == "changed"


async def test_events_behind_a_sequence_number(journal: Journal) -> None:
    first, second = await journal.create(), await journal.create()
    for number in range(4):
        await journal.write.add_event((first, second)[number % 2], str(number))
    events = await journal.read.events(first)
    assert [one.message for one in events] == ["0", "2"]
    assert [one.message for one in await journal.read.events(first, after=events[0].sequence)] == ["2"]
    assert [one.message for one in await journal.read.events(first, limit=1)] == ["0"]


async def test_findings_come_errors_first_and_the_worst_is_known(journal: Journal) -> None:
    run_id = await journal.create()
    assert await journal.read.worst_finding(run_id) is None
    severities = (Severity.NOTE, Severity.ERROR, Severity.WARNING)
    await journal.write.add_findings(run_id, Stage.VALIDATE, [Finding(Severity.ERROR, "early", "run", "")])
    assert await journal.read.worst_finding(run_id) is None
    await journal.write.add_findings(run_id, Stage.VERIFY, [Finding(one, one, "run", "") for one in severities])
    assert [one.code for one in await journal.read.findings(run_id)] == ["early", "error", "warning", "note"]
    assert len(await journal.read.findings(run_id, limit=2)) == 2
    assert await journal.read.worst_finding(run_id) is Severity.ERROR


async def test_controls_by_status(journal: Journal) -> None:
    run_id = await journal.create()
    await journal.write.begin_attempt(run_id, 42, "host", RunState.VALIDATING)
    await journal.write.file_control(run_id, Wish.PAUSE, 0, "anna", RunState.VALIDATING)
    await journal.write.file_control(run_id, Wish.RATE, 50, "bert", RunState.VALIDATING)
    pause, rate = await journal.read.controls(run_id)
    await journal.write.answer_control(pause, ControlStatus.ACCEPTED, "will do")
    assert await journal.read.controls(run_id, ControlStatus.PENDING) == (rate,)
    (answered,) = await journal.read.controls(run_id, ControlStatus.ACCEPTED)
    assert (answered.answer, answered.asked_by, answered.state_seen) == ("will do", "anna", RunState.VALIDATING)
    assert (rate.wish, rate.value) == (Wish.RATE, 50)


@pytest.mark.parametrize(
    ("state", "stage", "stands"),
    [
        (RunState.CANCELLED, Stage.EXECUTE, False),
        (RunState.FAILED, Stage.VALIDATE, False),
        (RunState.FAILED, Stage.EXECUTE, True),
        (RunState.INTERRUPTED, Stage.EXECUTE, True),
        (RunState.PLANNED, Stage.VALIDATE, True),
        (RunState.COMPLETED, Stage.COMMIT, True),
    ],
)
async def test_which_rollbacks_count(journal: Journal, state: RunState, stage: Stage, stands: bool) -> None:
    undone = await journal.create()
    plan = make_plan(kind=RunKind.ROLLBACK, rollback_of=undone)
    rollback = await journal.write.create_run(plan, "anna")
    async with journal.write.transaction() as database:
        values = (state.value, stage.value, rollback)
        await database.execute("UPDATE runs SET state = ?, stage = ? WHERE id = ?", values)
    assert await journal.read.rollbacks_of(undone) == ((rollback,) if stands else ())
    shown = await journal.read.run(undone)
    is_under_way = stands and state is not RunState.COMPLETED
    assert (shown.rollback_run, shown.rollback_state) == ((rollback, state) if is_under_way else (0, None))
    await journal.write.set_rolled_back_by(undone, rollback)
    assert (await journal.read.run(undone)).rollback_run == 0


@pytest.mark.parametrize("has_begun", [False, True])
async def test_a_rollback_that_was_cancelled_half_way_is_told_of_its_run(journal: Journal, has_begun: bool) -> None:
    undone = await journal.create()
    plan = make_plan(kind=RunKind.ROLLBACK, rollback_of=undone)
    for _ in range(2):
        rollback = await journal.write.create_run(plan, "anna")
        if has_begun:
            await journal.write.set_writes_begun(rollback)
        await journal.write.transition(rollback, RunState.CANCELLED)
    shown = await journal.read.run(undone)
    assert (shown.part_undone_by, shown.rollback_run) == (rollback if has_begun else 0, 0)
    again = await journal.write.create_run(plan, "anna")
    shown = await journal.read.run(undone)
    assert (shown.part_undone_by, shown.rollback_run) == (0, again)
    await journal.write.set_rolled_back_by(undone, again)
    await journal.write.transition(again, RunState.CANCELLED)
    assert (await journal.read.run(undone)).part_undone_by == 0


async def test_how_many_documents_are_verified_is_told_by_the_marks(journal: Journal) -> None:
    run_id = await journal.create("users", "families", "notes")
    progress = Progress(journal.write, run_id)
    for number in range(3):
        for name in ("users", "families"):
            await progress.commit_batch(Checkpoint(name, number, b"", b"", 10, 100, b"", Counts(inserted=10)))
    assert await journal.read.verified_documents(run_id) == 0
    await progress.commit_verified("notes", VerifiedMark(), ())
    await progress.commit_verified("users", VerifiedMark(1), ())
    assert await journal.read.verified_documents(run_id) == 20
    await progress.commit_verified("families", VerifiedMark(is_done=True), ())
    assert await journal.read.verified_documents(run_id) == 50


async def test_later_runs_are_those_that_wrote_to_the_same_collections(journal: Journal) -> None:
    first = await journal.create("users", "families")
    same, other, idle, undone = [
        await journal.create(*names) for names in (("families", "x"), ("y",), ("users",), ("users",))
    ]
    for one in (first, same, other, undone):
        await journal.write.set_writes_begun(one)
    await journal.write.set_rolled_back_by(undone, 99)
    assert await journal.read.later_runs(first) == (same,)
    assert await journal.read.later_runs(idle) == ()


async def test_what_another_process_writes_is_seen(journal: Journal) -> None:
    other = await JournalWriter.open(journal.path)
    try:
        run_id = await other.create_run(make_plan(), "bert")
    finally:
        await other.close()
    assert (await journal.read.run(run_id)).created_by == "bert"


async def test_a_run_that_is_rolled_back_keeps_the_time_at_which_it_ended(journal: Journal) -> None:
    run_id = await journal.create()
    await journal.write.begin_attempt(run_id, 42, "host", RunState.VALIDATING)
    await journal.write.end_attempt(run_id, RunState.FAILED, None)
    ended = journal.clock.now
    journal.clock.now += 60
    await journal.write.transition(run_id, RunState.ROLLED_BACK)
    assert (await journal.read.run(run_id)).ended_at == ended

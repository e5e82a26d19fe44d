import asyncio
import sqlite3
from contextlib import suppress
from dataclasses import fields, replace

import pytest

from tests.journal.conftest import Journal, bring_to, make_plan
from tui_migrate.errors import JournalError, RunNotFound, StorageFailed
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Failure, RunRecord, Wish
from tui_migrate.journal.states import TRANSITIONS, RunState, Stage
from tui_migrate.journal.writer import MAX_FINDINGS_OF_A_CODE
from tui_migrate.plan.yaml_form import from_yaml


async def test_a_new_run_is_as_its_plan_says(journal: Journal) -> None:
    run = await journal.read.run(await journal.create("users"))
    assert (run.state, run.stage, run.created_by) == (RunState.PLANNED, Stage.VALIDATE, "anna@bastion")
    assert (run.created_at, run.started_at, run.ended_at) == (journal.clock.now, None, None)
    assert from_yaml(run.plan, "") == make_plan("users")
    assert [(one.name, one.documents_total, one.bytes_total) for one in run.collections] == [("users", 5, 500)]


async def test_the_id_of_a_deleted_run_is_not_given_again(journal: Journal) -> None:
    first, second = await journal.create(), await journal.create()
    await journal.write.delete_run(second)
    assert await journal.create() == second + 1
    assert first == 1


async def test_an_id_is_above_what_is_taken_elsewhere(journal: Journal) -> None:
    assert await journal.write.create_run(make_plan(), "anna", above=7) == 8
    assert await journal.write.create_run(make_plan(), "anna", above=3) == 9


async def test_the_table_of_states_holds(journal: Journal) -> None:
    run_id = await journal.create()
    for before in RunState:
        for after in RunState:
            async with journal.write.transaction() as database:
                await database.execute("UPDATE runs SET state = ?", (before.value,))
                await database.execute("DELETE FROM transitions")
            if after is before or after in TRANSITIONS[before]:
                await journal.write.transition(run_id, after)
                assert (await journal.read.run(run_id)).state is after
                assert len(await journal.rows("SELECT * FROM transitions")) == (after is not before)
            else:
                with pytest.raises(JournalError, match=f"from {before} to {after}"):
                    await journal.write.transition(run_id, after)
                assert (await journal.read.run(run_id)).state is before


@pytest.mark.parametrize("is_killed", [False, True])
async def test_the_time_between_two_attempts_is_no_work(journal: Journal, is_killed: bool) -> None:
    run_id, clock = await journal.create(), journal.clock
    clock.now += 1_000
    assert (await journal.read.run(run_id)).seconds_at_work(clock.now) is None
    await journal.write.begin_attempt(run_id, 1, "host", RunState.VALIDATING)
    clock.now += 10
    await journal.write.beat(run_id)
    if not is_killed:
        clock.now += 1  # behind its last beat it works on, and is seen to end
        await journal.write.transition(run_id, RunState.INTERRUPTED)
    at_work = 10 if is_killed else 11
    clock.now += 500
    stopped = replace(await journal.read.run(run_id), state=RunState.INTERRUPTED)
    assert stopped.seconds_at_work(clock.now) == at_work
    if is_killed:
        await journal.write.take_for_dead(run_id)  # as the next worker does
    await journal.write.begin_attempt(run_id, 2, "host", RunState.VALIDATING)
    clock.now += 3
    run = await journal.read.run(run_id)
    assert (run.waited, run.seconds_at_work(clock.now)) == (500, at_work + 3)
    await journal.write.transition(run_id, RunState.CANCELLED)
    clock.now += 9
    assert (await journal.read.run(run_id)).seconds_at_work(clock.now) == at_work + 3


async def test_a_worker_that_died_in_a_pause_has_done_nothing_since_it_began(journal: Journal) -> None:
    run_id, clock = await journal.create(), journal.clock
    await journal.write.begin_attempt(run_id, 1, "host", RunState.VALIDATING)
    clock.now += 10
    await journal.write.transition(run_id, RunState.PAUSED)
    clock.now += 500
    await journal.write.beat(run_id)
    clock.now += 70
    await journal.write.take_for_dead(run_id)
    clock.now += 3
    await journal.write.begin_attempt(run_id, 2, "host", RunState.VALIDATING)
    clock.now += 4
    run = await journal.read.run(run_id)
    assert (run.waited, run.seconds_at_work(clock.now)) == (573, 14)


@pytest.mark.parametrize("is_ended", [False, True])
async def test_the_time_of_a_pause_is_no_work(journal: Journal, is_ended: bool) -> None:
    run_id, clock = await journal.create(), journal.clock
    await journal.write.begin_attempt(run_id, 1, "host", RunState.VALIDATING)
    for pause in (500, 300):
        clock.now += 10
        await journal.write.transition(run_id, RunState.PAUSED)
        before = (await journal.read.run(run_id)).seconds_at_work(clock.now)
        clock.now += pause
        await journal.write.beat(run_id)
        assert (await journal.read.run(run_id)).seconds_at_work(clock.now) == before
        await journal.write.transition(run_id, RunState.PREPARING)
    clock.now += 3
    run = await journal.read.run(run_id)
    assert (run.waited, run.paused_at, run.seconds_at_work(clock.now)) == (800, None, 23)
    await journal.write.transition(run_id, RunState.PAUSED)
    clock.now += 100
    if is_ended:
        await journal.write.end_attempt(run_id, RunState.INTERRUPTED, None)
        clock.now += 50
    assert (await journal.read.run(run_id)).seconds_at_work(clock.now) == 23
    await journal.write.begin_attempt(run_id, 2, "host", RunState.VALIDATING)
    clock.now += 4
    run = await journal.read.run(run_id)
    assert (run.waited, run.seconds_at_work(clock.now)) == (950 if is_ended else 900, 27)


async def test_history_is_kept_when_a_run_is_tried_again_though_the_clock_goes_back(journal: Journal) -> None:
    run_id = await journal.create()
    begun: list[int] = []
    for _ in range(3):
        begun.append(await journal.write.begin_attempt(run_id, 42, "host", RunState.VALIDATING))
        await journal.write.add_event(run_id, f"attempt {begun[-1]}")
        await journal.write.end_attempt(run_id, RunState.INTERRUPTED, None)
        journal.clock.now -= 3_600
    assert begun == [1, 2, 3]
    rows = await journal.rows("SELECT attempt, from_state, to_state FROM transitions ORDER BY sequence")
    assert rows == [
        (1, "planned", "validating"),
        (1, "validating", "interrupted"),
        (2, "interrupted", "validating"),
        (2, "validating", "interrupted"),
        (3, "interrupted", "validating"),
        (3, "validating", "interrupted"),
    ]
    assert [one.message for one in await journal.read.events(run_id)] == ["attempt 1", "attempt 2", "attempt 3"]
    assert [one.id for one in await journal.read.runs()] == [run_id]


async def test_a_run_that_never_began_has_not_started(journal: Journal) -> None:
    run_id = await journal.create()
    await journal.write.transition(run_id, RunState.CANCELLED)
    run = await journal.read.run(run_id)
    assert (run.started_at, run.ended_at) == (None, journal.clock.now)


async def test_an_attempt_leaves_its_end_and_no_worker(journal: Journal) -> None:
    run_id = await journal.create()
    await journal.write.begin_attempt(run_id, 42, "host", RunState.VALIDATING)
    assert (await journal.read.run(run_id)).worker_pid == 42
    failure = Failure("unreachable", "cannot reach mongodb://anna:secret@host", "see mongodb://a:secret@h", 1)
    await journal.write.end_attempt(run_id, RunState.FAILED, failure)
    run = await journal.read.run(run_id)
    assert (run.state, run.worker_pid, run.ended_at) == (RunState.FAILED, None, journal.clock.now)
    assert run.failure == Failure("unreachable", "cannot reach mongodb://anna:***@host", "see mongodb://a:***@h", 1)
    await journal.write.begin_attempt(run_id, 43, "host", RunState.VALIDATING)
    run = await journal.read.run(run_id)
    assert (run.failure, run.ended_at, run.worker_pid) == (None, None, 43)


async def test_a_beat_is_heard(journal: Journal) -> None:
    run_id = await journal.create()
    journal.clock.now += 5
    await journal.write.beat(run_id)
    assert (await journal.read.run(run_id)).last_heard_at == journal.clock.now


async def test_nothing_is_written_of_a_run_that_is_not_there(journal: Journal) -> None:
    for call in (
        journal.write.transition(9, RunState.CANCELLED),
        journal.write.beat(9),
        journal.write.set_writes_begun(9),
        journal.write.set_stage(9, Stage.PREPARE),
        journal.write.delete_run(9),
        journal.write.file_control(9, Wish.PAUSE, 0, "anna", RunState.EXECUTING),
        journal.write.begin_attempt(9, 42, "host", RunState.VALIDATING),
        journal.write.end_attempt(9, RunState.FAILED, None),
    ):
        with pytest.raises(RunNotFound, match="no run 0009"):
            await call


async def test_a_deleted_run_leaves_no_row(journal: Journal) -> None:
    run_id = await journal.create()
    await bring_to(journal, run_id, RunState.PREPARING)
    await journal.write.claim(run_id, ["place"], ["users"])
    await journal.write.add_event(run_id, "said")
    await journal.write.add_findings(run_id, Stage.VERIFY, [Finding(Severity.NOTE, "code", "users", "found")])
    await journal.write.file_control(run_id, Wish.PAUSE, 0, "anna", RunState.PREPARING)
    await journal.write.delete_run(run_id)
    tables = await journal.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    assert len(tables) == 14
    assert {
        (await journal.rows(f"SELECT count(*) FROM {name}"))[0]  # noqa: S608 - names of our own tables
        for (name,) in tables
    } == {(0,)}


@pytest.mark.parametrize("steps", range(0, 60, 2))
async def test_a_cancelled_transaction_is_whole_or_not_there_and_the_next_one_works(
    journal: Journal, steps: int
) -> None:
    run_id = await journal.create()

    async def write() -> None:
        async with journal.write.transaction() as database:
            for number in range(3):
                await database.execute(
                    "INSERT INTO events (run_id, at, severity, message) VALUES (?, 0, 'note', ?)", (run_id, str(number))
                )

    task = asyncio.create_task(write())
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await journal.write.add_event(run_id, "after")
    said = [one.message for one in await journal.read.events(run_id)]
    assert said in (["after"], ["0", "1", "2", "after"])


async def test_a_failed_transaction_leaves_nothing(journal: Journal) -> None:
    run_id = await journal.create()

    async def write() -> None:
        async with journal.write.transaction() as database:
            await database.execute("UPDATE runs SET description = 'changed'")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await write()
    assert (await journal.read.run(run_id)).description == ""
    await journal.write.add_event(run_id, "after")


async def test_a_full_disk_is_said_and_the_journal_goes_on_when_there_is_room(journal: Journal) -> None:
    run_id = await journal.create()
    (row,) = await journal.write._connection.execute_fetchall("PRAGMA page_count")
    await journal.write._connection.execute(f"PRAGMA max_page_count={row[0]}")

    async def write_much() -> None:
        for _ in range(50):
            await journal.write.add_event(run_id, "x" * 1_000)

    with pytest.raises(StorageFailed, match="full") as caught:
        await write_much()
    assert "free some space" in caught.value.hint
    said = len(await journal.read.events(run_id))
    await journal.write._connection.execute("PRAGMA max_page_count=10000")
    await journal.write.add_event(run_id, "after")
    assert [one.message for one in await journal.read.events(run_id)][said:] == ["after"]


async def test_no_secret_of_a_url_gets_into_the_journal(journal: Journal) -> None:
    run_id = await journal.create()
    url = "mongodb://anna:hunter2@host/db"
    await journal.write.add_event(run_id, f"lost {url}")
    await journal.write.add_findings(run_id, Stage.VALIDATE, [Finding(Severity.ERROR, "code", "users", url, url)])
    await journal.write.end_attempt(run_id, RunState.FAILED, Failure("failed", url, url, 1))
    database = sqlite3.connect(journal.path)
    try:
        text = "\n".join(database.iterdump())
    finally:
        database.close()
    assert "mongodb://anna:***@host/db" in text
    assert "hunter2" not in text


# --- requests


# --- claims


# --- rollbacks


# --- findings


async def found(journal: Journal, run_id: int) -> RunRecord:
    return await journal.read.run(run_id)


async def test_equal_findings_are_counted(journal: Journal) -> None:
    run_id = await journal.create()
    one = Finding(Severity.WARNING, "moved", "users", "documents moved", "look", 2)
    await journal.write.add_findings(run_id, Stage.VERIFY, [one, one])
    await journal.write.add_findings(run_id, Stage.VALIDATE, [one])
    assert [(one.subject, one.count) for one in (await found(journal, run_id)).findings] == [("users", 4), ("users", 2)]
    await journal.write.clear_findings(run_id, Stage.VERIFY)
    assert [one.count for one in (await found(journal, run_id)).findings] == [2]


async def test_of_one_code_only_so_many_subjects_are_kept(journal: Journal) -> None:
    run_id = await journal.create()
    more = 5
    every = [
        Finding(Severity.WARNING, "spared", f"{number:05d}", "was changed", count=3)
        for number in range(MAX_FINDINGS_OF_A_CODE + more)
    ]
    await journal.write.add_findings(run_id, Stage.EXECUTE, every)
    await journal.write.add_findings(run_id, Stage.EXECUTE, [Finding(Severity.WARNING, "other", "users", "another")])
    await journal.write.add_findings(run_id, Stage.EXECUTE, every[:1])
    rows = await journal.rows("SELECT subject, message, count FROM findings WHERE code = 'spared' ORDER BY subject")
    assert len(rows) == MAX_FINDINGS_OF_A_CODE + 1
    assert rows[0] == ("00000", "was changed", 6)
    assert rows[-1] == ("others", "and more of the same kind", 3 * more)
    assert await journal.rows("SELECT count(*) FROM findings WHERE code = 'other'") == [(1,)]


def test_a_record_shows_no_password() -> None:
    assert not {one.name for one in fields(RunRecord)} & {"password", "passwords"}

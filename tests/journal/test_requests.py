"""What is asked of a run's worker, and how it is answered."""

import asyncio

import pytest

from tests.journal.conftest import Journal, bring_to
from tui_migrate.errors import Refused
from tui_migrate.journal.records import ROLL_BACK, ControlStatus, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter


async def test_of_requests_by_many_faces_the_last_one_stands(journal: Journal) -> None:
    run_id = await journal.create()
    await bring_to(journal, run_id, RunState.EXECUTING)
    faces = [await JournalWriter.open(journal.path) for _ in range(4)]
    try:
        wishes = [Wish.PAUSE, Wish.RESUME, Wish.RATE] * 4
        ids = await asyncio.gather(
            *(
                faces[number % 4].file_control(run_id, wish, number, f"face {number}", RunState.EXECUTING)
                for number, wish in enumerate(wishes)
            )
        )
    finally:
        for one in faces:
            await one.close()
    assert sorted(ids) == list(range(1, 13))
    controls = await journal.read.controls(run_id)
    for kind in ((Wish.RATE,), (Wish.PAUSE, Wish.RESUME)):
        alike = [one for one in controls if one.wish in kind]
        assert {one.status for one in alike[:-1]} == {ControlStatus.SUPERSEDED}
        assert alike[-1].status is ControlStatus.PENDING


@pytest.mark.parametrize("earlier", list(Wish))
@pytest.mark.parametrize("later", list(Wish))
async def test_the_end_of_a_run_is_not_called_off(journal: Journal, earlier: Wish, later: Wish) -> None:
    run_id = await journal.create()
    await bring_to(journal, run_id, RunState.EXECUTING)
    await journal.write.file_control(run_id, earlier, 0, "anna", RunState.EXECUTING)
    is_weaker = earlier in (Wish.STOP, Wish.CANCEL) and later in (Wish.PAUSE, Wish.RESUME, Wish.STOP)
    if is_weaker:
        with pytest.raises(Refused, match=f"about to end: anna has asked it to {earlier}"):
            await journal.write.file_control(run_id, later, 0, "bert", RunState.EXECUTING)
    else:
        await journal.write.file_control(run_id, later, 0, "bert", RunState.EXECUTING)
    statuses = [one.status for one in await journal.read.controls(run_id)]
    is_other_kind = earlier is not later and bool({earlier, later} & {Wish.RATE, Wish.PARALLEL})
    kept = is_weaker or is_other_kind
    expected = [ControlStatus.PENDING if kept else ControlStatus.SUPERSEDED, ControlStatus.PENDING]
    assert statuses == (expected[:1] if is_weaker else expected)


@pytest.mark.parametrize("state", [one for one in RunState if not one.is_active])
async def test_no_request_to_a_run_without_a_worker_is_filed(journal: Journal, state: RunState) -> None:
    run_id = await journal.create()
    async with journal.write.transaction() as database:
        await database.execute("UPDATE runs SET state = ?", (state.value,))
    with pytest.raises(Refused, match=f"is {state}: nobody is there"):
        await journal.write.file_control(run_id, Wish.PAUSE, 0, "anna", RunState.EXECUTING)


LATE = [RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS, RunState.FAILED, RunState.INTERRUPTED]


@pytest.mark.parametrize("wish", [Wish.CANCEL, Wish.STOP])
@pytest.mark.parametrize("state", LATE)
async def test_a_request_that_comes_too_late_is_answered_when_the_run_ends(
    journal: Journal, state: RunState, wish: Wish
) -> None:
    run_id, other = await journal.create(), await journal.create()
    for one in (run_id, other):
        await bring_to(journal, one, RunState.COMMITTING)
        await journal.write.file_control(one, wish, 0, "anna", RunState.COMMITTING)
    await journal.write.end_attempt(run_id, state, None)
    (control,) = await journal.read.controls(run_id)
    if wish is Wish.CANCEL and not state.is_final:  # which stands: the next worker does it
        assert control.status is ControlStatus.PENDING
    else:
        assert (control.status, control.answer) == (ControlStatus.REFUSED, f"the run is {state} by now")
    (control,) = await journal.read.controls(other)
    assert control.status is ControlStatus.PENDING


@pytest.mark.parametrize("status", [ControlStatus.PENDING, ControlStatus.ACCEPTED])
async def test_a_cancel_stands_until_somebody_calls_it_off(journal: Journal, status: ControlStatus) -> None:
    run_id = await journal.create()
    await bring_to(journal, run_id, RunState.EXECUTING)
    assert await journal.read.standing_cancel(run_id) is None
    for value in (0, ROLL_BACK):
        await journal.write.file_control(run_id, Wish.CANCEL, value, "anna", RunState.EXECUTING)
    (last,) = await journal.read.controls(run_id, ControlStatus.PENDING)
    await journal.write.answer_control(last, status)
    await journal.write.transition(run_id, RunState.INTERRUPTED)
    await journal.write.begin_attempt(run_id, 1, "bastion", RunState.PREPARING)
    standing = await journal.read.standing_cancel(run_id)
    assert standing is not None
    assert (standing.id, standing.wants_rollback) == (last.id, True)
    run = await journal.read.run(run_id)
    assert (run.cancel_asked, run.rollback_asked) == (True, True)
    await journal.write.call_off_cancel(run_id)
    assert await journal.read.standing_cancel(run_id) is None
    run = await journal.read.run(run_id)
    assert (run.cancel_asked, run.rollback_asked) == (False, False)

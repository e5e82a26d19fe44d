"""Which run may write to a collection of a target, and which rollback takes it back."""

import asyncio

import pytest

from tests.journal.conftest import Journal, bring_to, make_plan
from tui_migrate.errors import NotReversible, Refused
from tui_migrate.journal.states import TRANSITIONS, RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.plan.model import RunKind


@pytest.mark.rule(6, "two runs over the same collections: the second is refused")
async def test_two_runs_do_not_write_to_one_collection(journal: Journal) -> None:
    first, second = await journal.create(), await journal.create()
    await bring_to(journal, first, RunState.PREPARING)
    await journal.write.claim(first, ["place"], ["users", "families"])
    await journal.write.claim(first, ["place"], ["users", "families"])
    await journal.write.claim(second, ["elsewhere"], ["users"])
    with pytest.raises(Refused, match="run 0001 is at work on the collection families"):
        await journal.write.claim(second, ["place"], ["workspaces", "families"])
    third = await journal.create()
    await journal.write.claim(third, ["place"], ["workspaces"])


@pytest.mark.rule(6, "by whichever of its names the target was reached")
async def test_one_target_under_several_names_is_claimed_under_each(journal: Journal) -> None:
    first, second = await journal.create(), await journal.create()
    await bring_to(journal, first, RunState.PREPARING)
    await journal.write.claim(first, ["one", "two"], ["users"])
    for places in (["two"], ["three", "two"], ["one", "three"]):
        with pytest.raises(Refused, match="run 0001 is at work on the collection users"):
            await journal.write.claim(second, places, ["users"])


@pytest.mark.parametrize("state", [one for one in RunState if one in TRANSITIONS[RunState.COMMITTING]])
@pytest.mark.parametrize("has_written", [True, False])
async def test_who_keeps_a_claim(journal: Journal, state: RunState, has_written: bool) -> None:
    first, second = await journal.create(), await journal.create()
    await bring_to(journal, first, RunState.COMMITTING)
    await journal.write.claim(first, ["place"], ["users"])
    if has_written:
        await journal.write.set_writes_begun(first)
    await journal.write.transition(first, state)
    if state.is_active or (has_written and not state.is_final):
        with pytest.raises(Refused, match="run 0001") as caught:
            await journal.write.claim(second, ["place"], ["users"])
        assert "tui-migrate cancel 1" in caught.value.hint or "cancel 1 or rollback 1" in caught.value.hint
    else:
        await journal.write.claim(second, ["place"], ["users"])


async def test_a_deleted_run_claims_nothing(journal: Journal) -> None:
    first, second = await journal.create(), await journal.create()
    await journal.write.claim(first, ["place"], ["users"])
    await journal.write.delete_run(first)
    await journal.write.claim(second, ["place"], ["users"])


async def test_a_rollback_inherits_claims_or_leaves_them(journal: Journal) -> None:
    first, other, rollback = await journal.create(), await journal.create(), await journal.create()
    await journal.write.claim(first, ["place"], ["users"])
    await journal.write.claim(other, ["place"], ["families"])
    with pytest.raises(Refused, match=f"run {other:04d}"):
        await journal.write.claim(rollback, ["place"], ["users", "families"], heir_of=first)
    assert await journal.rows("SELECT run_id FROM claims ORDER BY run_id") == [(first,), (other,)]
    await journal.write.claim(rollback, ["place"], ["users"], heir_of=first)
    assert await journal.rows("SELECT run_id FROM claims ORDER BY run_id") == [(other,), (rollback,)]


async def test_of_two_rollbacks_of_a_run_made_at_once_one_is_refused(journal: Journal) -> None:
    undone = await journal.create()
    other = await JournalWriter.open(journal.path)
    plan = make_plan(kind=RunKind.ROLLBACK, rollback_of=undone)
    try:
        made = await asyncio.gather(
            *(one.create_run(plan, "anna") for one in (journal.write, other)), return_exceptions=True
        )
    finally:
        await other.close()
    ids = [one for one in made if isinstance(one, int)]
    errors = [one for one in made if isinstance(one, NotReversible)]
    assert len(ids) == len(errors) == 1
    assert f"being rolled back by run {ids[0]:04d}" in str(errors[0])
    await journal.write.transition(ids[0], RunState.CANCELLED)
    assert await journal.write.create_run(plan, "anna") == ids[0] + 1

import pytest

from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import TRANSITIONS, RunState

UNDONE = {RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS}


def test_every_state_is_one_thing() -> None:
    for one in RunState:
        assert one.is_active + one.is_final + one.is_resumable == 1, one


def test_a_final_state_is_left_by_a_rollback_alone() -> None:
    for one in RunState:
        if one.is_final:
            assert TRANSITIONS[one] <= UNDONE


def test_every_state_can_come_about_and_a_run_can_end_from_everywhere() -> None:
    reached, waiting = {RunState.PLANNED}, [RunState.PLANNED]
    while waiting:
        new = TRANSITIONS[waiting.pop()] - reached
        reached |= new
        waiting.extend(new)
    assert reached == set(RunState)
    for one in RunState:
        assert one.is_final or RunState.CANCELLED in TRANSITIONS[one]
        assert not one.is_active or RunState.INTERRUPTED in TRANSITIONS[one]


def test_success_is_said_by_a_run_that_came_to_its_end_alone() -> None:
    for success in (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS):
        assert [one for one in RunState if success in TRANSITIONS[one]] == [RunState.COMMITTING]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (RunState.COMPLETED, 0),
        (RunState.COMPLETED_WITH_FINDINGS, 3),
        (RunState.FAILED, 1),
        (RunState.INTERRUPTED, 5),
        (RunState.CANCELLED, 130),
        (RunState.ROLLED_BACK, 0),
        (RunState.ROLLED_BACK_WITH_FINDINGS, 3),
    ],
)
def test_exit_codes(state: RunState, code: int) -> None:
    assert state.exit_code == code


def test_what_may_be_asked_after_what() -> None:
    ending = (Wish.STOP, Wish.CANCEL)
    for later in Wish:
        for earlier in (None, *Wish):
            expected = earlier not in ending or later in (Wish.RATE, Wish.PARALLEL, Wish.CANCEL)
            assert later.may_follow(earlier) is expected

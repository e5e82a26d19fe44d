from dataclasses import replace

import pytest

from tests.ui.driving import NOW
from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.model import End, PackageEnd, StoreEnd
from tui_migrate.stores.base import Identity
from tui_migrate.ui.checking import Checked
from tui_migrate.ui.consequences import Count, Question
from tui_migrate.ui.draft import Draft, Step, to_request, with_marks, with_policy
from tui_migrate.ui.keymap import USUAL
from tui_migrate.ui.look import ConnectionsRead, EndLook, Fault, LookState
from tui_migrate.ui.looks import Looks

SOURCE = StoreEnd("shop", connection="prod")
TARGET = StoreEnd("shop", connection="staging")
DRAFT = Draft(SOURCE, TARGET, frozenset(("users", "orders")), ("orders", "users"))
REQUEST = to_request(DRAFT)
PENDING = (LookState.CONNECTING, LookState.READING)


def look(end: End = SOURCE, state: LookState = LookState.DONE, at: float = NOW) -> EndLook:
    return EndLook(end, state, at)


def counted(state: LookState = LookState.DONE, at: float = NOW) -> Count:
    return Count(Question.of(REQUEST), state, at)


def check(state: LookState = LookState.DONE, *findings: Finding, at: float = NOW) -> Checked:
    return Checked(REQUEST, state, at, findings=findings)


def test_the_count_holds_for_every_policy_and_for_no_other_collections() -> None:
    looks = Looks()
    looks.keep(counted())
    for policy in type(DRAFT.policy):
        assert looks.count_of(to_request(with_policy(DRAFT, policy))) == counted()
    assert looks.count_of(to_request(with_marks(DRAFT, ["users"]))) is None


def test_checks_are_stale_after_any_change() -> None:
    looks = Looks()
    assert not looks.is_stale(REQUEST)
    looks.keep(check())
    assert not looks.is_stale(REQUEST)
    for changed in (with_marks(DRAFT, ["users"]), replace(DRAFT, undo=False), replace(DRAFT, description="x")):
        assert looks.is_stale(to_request(changed))
        assert "changed since it was checked" in looks.what_blocks(changed, Step.PREFLIGHT, USUAL)


@pytest.mark.parametrize("state", LookState)
def test_cancelling_touches_only_what_is_under_way(state: LookState) -> None:
    looks = Looks()
    for one in (look(SOURCE, state), look(TARGET), counted(state), check(state)):
        looks.keep(one)
    assert looks.is_pending is (state in PENDING)
    looks.cancel_pending()
    expected = LookState.CANCELLED if state in PENDING else state
    assert looks.count is not None
    assert looks.checked is not None
    assert {looks.ends[SOURCE].state, looks.count.state, looks.checked.state} == {expected}
    assert looks.ends[TARGET].state is LookState.DONE
    assert not looks.is_pending


def test_what_is_old_is_forgotten_and_the_connections_stay() -> None:
    looks = Looks()
    for one in (look(at=NOW - 200), look(TARGET), counted(at=NOW - 200), check(at=NOW - 200), ConnectionsRead({})):
        looks.keep(one)
    looks.forget_older(NOW - 120)
    assert (list(looks.ends), looks.count, looks.checked) == ([TARGET], None, None)
    looks.keep(counted())
    looks.keep(check())
    looks.forget_older(NOW - 120)
    assert (looks.count, looks.checked) == (counted(), check())
    looks.forget_end(TARGET)
    assert looks.end(TARGET) is None
    looks.forget_end(TARGET)
    looks.forget()
    assert looks == Looks(ConnectionsRead({}))


def test_an_end_that_failed_blocks_every_step_before_the_checks() -> None:
    looks = Looks()
    looks.keep(EndLook(TARGET, LookState.FAILED, NOW, fault=Fault("no answer")))
    assert looks.what_blocks(DRAFT, Step.ENDS, USUAL) == "shop on staging cannot be used"
    for step in (Step.COLLECTIONS, Step.POLICY):
        assert looks.what_blocks(DRAFT, step, USUAL) == "shop on staging cannot be used: ctrl+b leads back to why"
    looks.keep(look(TARGET))
    assert looks.what_blocks(DRAFT, Step.ENDS, USUAL) == ""


def test_one_database_by_two_names_blocks() -> None:
    looks = Looks()
    identity = Identity("mongodb", frozenset(("h:1",)), "shop")
    for end in (SOURCE, TARGET):
        looks.keep(EndLook(end, LookState.DONE, NOW, identity=identity))
    assert "one database by two names" in looks.what_blocks(DRAFT, Step.ENDS, USUAL)


@pytest.mark.parametrize(
    ("checked", "words"),
    [
        (None, "the checks are running"),
        (check(LookState.CONNECTING), "the checks are running"),
        (check(LookState.READING), "the checks are running"),
        (check(LookState.CANCELLED), "were cancelled, ctrl+r"),
        (check(LookState.FAILED), "could not be made, ctrl+r"),
        (check(LookState.DONE, Finding(Severity.ERROR, "a", "b", "c")), "1 error to be mended first"),
        (check(LookState.DONE, *[Finding(Severity.ERROR, "a", "b", "c")] * 2), "2 errors to be mended first"),
        (check(LookState.DONE, Finding(Severity.WARNING, "a", "b", "c")), ""),
        (check(), ""),
    ],
)
def test_what_blocks_the_start(checked: Checked | None, words: str) -> None:
    looks = Looks(checked=checked)
    blocked = looks.what_blocks(DRAFT, Step.PREFLIGHT, USUAL)
    assert words in blocked
    assert bool(words) is bool(blocked)


def test_a_plan_that_became_incomplete_is_said_first() -> None:
    assert "the source has no collections" in Looks(checked=check()).what_blocks(
        replace(DRAFT, listed=()), Step.PREFLIGHT, USUAL
    )


def test_nothing_is_known_of_no_end() -> None:
    assert Looks().end(None) is None
    assert Looks().end(PackageEnd("/a")) is None

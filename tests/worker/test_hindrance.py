"""When the worker says what holds its run up."""

from dataclasses import dataclass

from tui_migrate.engine.waits import Lane, Waits
from tui_migrate.journal.hindrance import Hindrance
from tui_migrate.worker.hindrance import QUIET_SECONDS, WINDOW_SECONDS, Complaint


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def spend(waits: Waits, clock: Clock, by: Hindrance) -> None:
    with waits.on(Lane.WRITE, by):
        clock.now += WINDOW_SECONDS


def test_it_is_said_once_and_again_when_it_has_changed_for_good() -> None:
    clock = Clock()
    waits = Waits(clock)
    complaint = Complaint(waits, clock)
    assert complaint.due() is None
    spend(waits, clock, Hindrance.TARGET)
    assert complaint.due() == "held up by the target: 100 % of the time"
    spend(waits, clock, Hindrance.TARGET)
    assert complaint.due() is None
    spend(waits, clock, Hindrance.DISK)
    assert complaint.due() is None, "too soon after the last word"
    clock.now += QUIET_SECONDS
    assert complaint.due() is None, "paused: nothing is on its way"
    with waits.on(Lane.READ, Hindrance.SOURCE):
        clock.now += 1
    clock.now += WINDOW_SECONDS
    assert complaint.due() == "held up by nothing in particular"
    clock.now += QUIET_SECONDS
    assert complaint.due() is None


def test_a_run_that_nothing_holds_up_says_nothing() -> None:
    clock = Clock()
    complaint = Complaint(Waits(clock), clock)
    for _ in range(5):
        clock.now += WINDOW_SECONDS
        assert complaint.due() is None

"""What holds a run up, said in a line of its log and read out of it again."""

import pytest

from tui_migrate.journal.hindrance import ADVICE, HeldUp, Hindrance, hindrance_line, last_hindrance
from tui_migrate.journal.records import Event


def event(message: str, at: float = 1.0) -> Event:
    return Event(1, 1, at, "note", message)


@pytest.mark.parametrize("by", Hindrance)
def test_what_is_said_is_understood(by: Hindrance) -> None:
    assert last_hindrance([event("users: starting"), event(hindrance_line(by, 0.876), 7.0)]) == HeldUp(by, 7.0)
    assert by in ADVICE


def test_the_last_word_counts() -> None:
    said = [event(hindrance_line(Hindrance.DISK, 1.2)), event(hindrance_line(None, 0.0), 3.0), event("else", 4.0)]
    assert last_hindrance(said) == HeldUp(None, 3.0)
    assert last_hindrance(said[:1]) == HeldUp(Hindrance.DISK, 1.0)


@pytest.mark.parametrize(
    "message", ["", "held up by the moon: 80 % of the time", "x held up by the disk: 80 % of the time", "held up"]
)
def test_other_lines_say_nothing_of_it(message: str) -> None:
    assert last_hindrance([event(message)]) is None

import pytest

from tests.cli.runs import run
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.wording import STATE_MARKS, duration, ends_words, number, run_name, size


def test_run_ids_have_four_digits_or_more() -> None:
    assert [run_name(one) for one in (1, 42, 12_345)] == ["0001", "0042", "12345"]


def test_numbers_and_sizes() -> None:
    assert (number(1_234_567), size(1_500)) == ("1,234,567", "1.5 kB")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 Bytes"),
        (1, "1 Byte"),
        (999, "999 Bytes"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_951, "1.0 MB"),
        (123_456_789_012, "123.5 GB"),
        (2**63 - 1, "9.2 EB"),
    ],
)
def test_a_size_has_one_digit_behind_the_point_and_never_a_thousand_of_a_unit(value: int, shown: str) -> None:
    assert size(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0s"), (59.4, "59s"), (59.6, "1m 00s"), (3_599.4, "59m 59s"), (3_600, "1h 00m"), (90_061, "25h 01m")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_where_a_run_goes() -> None:
    assert ends_words(run(RunState.COMPLETED)) == "prod/shop → staging/shop"
    assert ends_words(run(RunState.COMPLETED), "->") == "prod/shop -> staging/shop"
    assert ends_words(run(RunState.COMPLETED, kind=RunKind.ROLLBACK)) == "run 0000 in staging/shop"


def test_every_state_has_a_mark_with_an_ascii_twin() -> None:
    assert STATE_MARKS.keys() == set(RunState)
    assert all(len(mark) == len(plain) == 1 and plain.isascii() for mark, plain in STATE_MARKS.values())

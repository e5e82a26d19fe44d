import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.worker.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace(0, Clock())
    pace.spend(1_000_000)
    assert pace.left() == 0


def test_a_batch_is_waited_for_after_it_went() -> None:
    clock = Clock()
    pace = Pace(100, clock)
    assert pace.left() == 0
    pace.spend(250)
    assert pace.left() == pytest.approx(2.5)
    clock.now += 2
    assert pace.left() == pytest.approx(0.5)
    pace.spend(100)
    assert pace.left() == pytest.approx(1.5)


def test_time_that_nobody_used_is_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(100, clock)
    clock.now += 3_600
    pace.spend(100)
    assert pace.left() == pytest.approx(1)


@pytest.mark.parametrize("rate", [0, 5, -1])
def test_another_rate_lets_off_what_is_left(rate: int) -> None:
    pace = Pace(1, Clock())
    pace.spend(1_000)
    pace.change(rate)
    assert pace.left() == 0
    pace.spend(10)
    assert pace.left() == (2 if rate == 5 else 0)


@given(st.integers(1, 10_000), st.lists(st.tuples(st.integers(0, 5_000), st.floats(0, 10)), max_size=30))
def test_the_rate_is_kept_over_any_batches(rate: int, batches: list[tuple[int, float]]) -> None:
    clock = Clock()
    pace = Pace(rate, clock)
    begin, spent = clock.now, 0
    for documents, seconds in batches:
        clock.now += pace.left()
        assert spent <= (clock.now - begin) * rate + 0.01
        pace.spend(documents)
        spent += documents
        clock.now += seconds
    clock.now += pace.left()
    assert spent <= (clock.now - begin) * rate + 0.01

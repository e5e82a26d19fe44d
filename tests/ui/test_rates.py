import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_migrate.ui.rates import (
    BUCKETS,
    RUNGS,
    RateHistory,
    RateMeter,
    eta_words,
    faster_than,
    slower_than,
    steady,
)
from tui_migrate.ui.widgets.bar import bar, sparkline


def fed(*looks: tuple[float, int]) -> RateMeter:
    meter = RateMeter()
    for at, done in looks:
        meter.note(at, done)
    return meter


def evenly(rate: int, seconds: float, step: float = 0.5) -> RateMeter:
    return fed(*((place * step, int(place * step * rate)) for place in range(int(seconds / step) + 1)))


def test_a_rate_is_unknown_until_two_changes_a_second_apart_were_seen() -> None:
    assert fed((0, 5_000)).rate is None
    assert fed((0, 5_000), (0.5, 6_000)).rate is None
    assert fed((0, 5_000), (0.5, 6_000), (1, 7_000)).rate is None
    assert fed((0, 5_000), (0.5, 6_000), (1.5, 8_000)).rate == 2_000


def test_what_was_done_before_the_first_look_does_not_count() -> None:
    assert fed((0, 1_000_000), (1, 1_000_100), (2, 1_000_200), (3, 1_000_300)).rate == 100


def test_an_even_pace_is_its_rate() -> None:
    rate = evenly(2_000, 30).rate
    assert rate == pytest.approx(2_000, rel=0.01)


def test_the_rate_follows_a_change_of_pace_within_its_window() -> None:
    meter = evenly(2_000, 20)
    for place in range(1, 30):
        meter.note(20 + place * 0.5, 40_000 + place * 50)
    assert meter.rate == pytest.approx(100, rel=0.01)


def test_between_two_batches_of_a_slow_run_the_rate_stays() -> None:
    looks = [(float(at), at // 20 * 1_000) for at in range(101)]
    meter = fed(*looks)
    assert meter.rate == 50
    for at in range(101, 119):
        meter.note(float(at), 5_000)
    assert meter.rate == 50


def test_an_overdue_batch_lowers_the_rate_and_then_it_is_unknown() -> None:
    meter = evenly(1_000, 20)
    meter.note(25, 20_000)
    rate = meter.rate
    assert rate is not None
    assert 500 < rate < 1_000
    meter.note(40, 20_000)
    assert meter.rate is None


def test_documents_that_are_counted_anew_begin_a_new_rate() -> None:
    meter = evenly(1_000, 20)
    meter.note(20.5, 3)
    assert meter.rate is None


@given(st.lists(st.tuples(st.floats(0, 60), st.integers(0, 10**7)), max_size=60))
def test_a_rate_is_never_negative_and_never_more_than_all_documents_in_the_shortest_time(
    steps: list[tuple[float, int]],
) -> None:
    meter, at, done = RateMeter(), 0.0, 0
    for passed, more in steps:
        at, done = at + passed, done + more
        meter.note(at, done)
        assert meter.rate is None or 0 <= meter.rate <= done


@pytest.mark.parametrize(
    ("rate", "shown"), [(0.4, 0), (999.4, 999), (18_437.0, 18_450), (123_456.0, 123_500), (1_234_567.0, 1_235_000)]
)
def test_a_rate_is_shown_without_digits_that_flicker(rate: float, shown: int) -> None:
    assert steady(rate) == shown


@pytest.mark.parametrize(
    ("left", "rate", "words"),
    [
        (740_000, 18_450.0, "~45s"),
        (1, 18_450.0, "~5s"),
        (1_000, 10.0, "~1m 40s"),
        (100, None, "—"),
        (100, 0.0, "—"),
        (10**12, 1.0, "—"),
    ],
)
def test_the_time_left_goes_in_steps_of_five_seconds(left: int, rate: float | None, words: str) -> None:
    assert eta_words(left, rate) == words


def test_the_history_shifts_once_in_two_seconds_and_keeps_fourteen_steps() -> None:
    history = RateHistory()
    history.note(100.0, 0)
    history.note(101.5, 900)
    assert sum(history.values) == 0
    history.note(102.0, 1_000)
    history.note(103.9, 1_800)
    assert list(history.values) == [1_000]
    for place in range(1, 40):
        history.note(102.0 + 2 * place, 1_000 + place)
    assert len(history.values) == BUCKETS
    assert set(history.values) == {1}


def test_steps_that_nobody_looked_at_share_what_was_done_in_them() -> None:
    history = RateHistory()
    history.note(100.0, 0)
    history.note(108.0, 400)
    assert history.values == (100, 100, 100, 100)


def test_from_no_limit_slower_is_half_the_present_rate() -> None:
    assert slower_than(0, 18_450.0) == 9_220
    assert slower_than(0, None) is None
    assert slower_than(0, 3.0) == RUNGS[0]


def test_the_ladder_goes_down_to_its_first_rung_and_up_to_no_limit() -> None:
    limit = 9_225
    seen: list[int] = []
    while seen[-1:] != [RUNGS[0]]:
        lower = slower_than(limit, None)
        assert lower is not None
        limit = lower
        seen.append(limit)
    assert seen == [5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10]
    assert slower_than(RUNGS[0], 1.0) == RUNGS[0]
    assert faster_than(9_225, None) == 10_000
    assert faster_than(RUNGS[-1], None) == 0


def test_a_limit_above_what_the_run_ever_did_is_none() -> None:
    assert faster_than(9_225, 18_450.0) == 10_000
    assert faster_than(10_000, 18_450.0) == 0
    assert faster_than(0, None) == 0


@given(st.floats(0, 1), st.integers(0, 120))
def test_a_bar_is_as_wide_as_it_should_be_and_full_only_at_its_end(fraction: float, width: int) -> None:
    drawn = bar(fraction, width)
    assert cell_len(drawn) == width
    assert (drawn == "█" * width) is (fraction == 1 or width == 0)


def test_a_bar_grows_by_eighths_of_a_cell() -> None:
    assert bar(0.5, 4) == "██░░"
    assert bar(0.53125, 4) == "██▏░"
    assert bar(0.000001, 4) == "▏░░░"
    assert bar(0, 4) == "░░░░"


@given(st.lists(st.floats(0, 1e12), max_size=40), st.integers(1, 40))
def test_a_sparkline_is_as_wide_as_it_should_be(values: list[float], width: int) -> None:
    assert cell_len(sparkline(values, width)) == width


def test_a_sparkline_has_its_latest_value_at_the_right_and_a_steady_scale() -> None:
    assert sparkline([0, 500, 1_000], 5) == "  ▁▅█"
    assert sparkline([0, 500, 1_000, 400], 4)[1:3] == sparkline([0, 500, 1_000, 900], 4)[1:3]
    assert sparkline([0, 0], 3) == " ▁▁"


def test_slower_never_raises_a_limit_below_the_lowest_rung() -> None:
    assert slower_than(5, None) == 5
    assert slower_than(10, None) == 10

"""The throughput of a whole run as text, and the sheet and the screen that show it."""

from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.ui.driving import NOW, new_app, screen_text, shows, until
from tests.ui.run_scene import acted_run, scene, watched
from tui_migrate.journal.hindrance import Hindrance, hindrance_line
from tui_migrate.journal.records import CollectionState, Counts, Failure, Sample
from tui_migrate.journal.states import RunState
from tui_migrate.ui.screens.run_throughput import OF_OLD, TOO_EARLY, ThroughputScreen
from tui_migrate.ui.throughput import STEPS, plot, rates, round_up, step_of


def sample(at: float, documents: int, attempt: int = 1) -> Sample:
    return Sample(attempt, 1_000 + at, documents, 0)


def test_what_was_done_between_two_samples_is_spread_over_the_time_between() -> None:
    assert rates([sample(0, 0), sample(4, 40), sample(5, 40), sample(7, 60)], 2) == [10, 10, 5, 10]


def test_a_time_without_a_worker_is_a_gap_and_no_zero() -> None:
    assert rates([sample(0, 0), sample(2, 20), sample(6, 20, 2), sample(8, 60, 2)], 2) == [10, None, None, 20]


def test_a_collection_begun_again_and_a_clock_set_back_are_no_negative_rates() -> None:
    found = rates([sample(0, 50), sample(2, 10), sample(1, 30), sample(4, 60)], 1)
    assert all(one is None or one >= 0 for one in found)


steps = st.lists(st.tuples(st.floats(0.1, 500), st.integers(-50, 10_000), st.integers(0, 20)), max_size=60)


@given(steps, st.integers(0, 200), st.integers(0, 60))
@settings(max_examples=150, derandomize=True)
def test_no_run_draws_outside_of_its_place(parts: list[tuple[float, int, int]], width: int, height: int) -> None:
    moments = accumulate(one[0] for one in parts)
    samples = [
        sample(at, max(0, done), 1 + attempt // 10) for at, (_, done, attempt) in zip(moments, parts, strict=True)
    ]
    lines = plot(samples, width, height)
    assert not lines or len(lines) == height
    assert all(cell_len(one) <= width for one in lines)


def test_a_plot_reads_as_it_should() -> None:
    samples = [sample(2 * number, done) for number, done in enumerate((0, 20, 60, 140, 140))]
    assert plot(samples, 36, 5) == [
        "       50 │  ▂ ",
        "   docs/s │  █ ",
        "          │ ▅█ ",
        "        0 │▇██▁",
        "          └start, 2s a column─8s",
    ]


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (1.2, 1.5), (42, 50), (99, 100), (18_450, 20_000)])
def test_the_scale_goes_up_to_a_readable_number(value: float, top: float) -> None:
    assert round_up(value) == top


def test_two_columns_are_no_graph() -> None:
    assert plot([sample(0, 0), sample(2, 20), sample(3, 30)], 80, 5) == []


def test_the_columns_are_as_fine_as_there_is_room() -> None:
    assert step_of(100, 60) == 2
    assert step_of(3_600, 60) == 60
    assert step_of(10_000 * STEPS[-1], 100) == 100 * STEPS[-1]


async def test_the_sheet_shows_the_plot_and_what_holds_the_run_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.collection("users", CollectionState.ACTIVE)
        for step in range(1, 5):
            run.clock.now = NOW + 2 * step
            await run.batch("users", Counts(inserted=20))
            await run.write.beat(run.id)
        await pilot.press("T")
        await until(pilot, shows(pilot, "docs/s", "└start, 2s a column", "known after some ten seconds"))
        await run.say(hindrance_line(Hindrance.NETWORK, 0.8))
        await until(pilot, shows(pilot, "Held up by the network", "larger batch"))
        await run.say(hindrance_line(None, 0.0))
        await until(pilot, shows(pilot, "Nothing in particular holds it up"))
        await run.say(hindrance_line(Hindrance.DISK, 0.8))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "─ held up by the disk since "))
        assert len(screen_text(pilot).splitlines()) == 24
        for by in Hindrance:
            await run.say(hindrance_line(by, 0.8))
            await until(pilot, shows(pilot, f"─ held up by the {by.value} since "), by.value)
        await run.end(RunState.INTERRUPTED, Failure("stopped", "stopped", "", 5))
        await until(pilot, shows(pilot, "~ interrupted"))
        assert "─ held up" not in screen_text(pilot)


async def test_what_held_up_an_earlier_attempt_is_not_said_of_this_one(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        await run.say(hindrance_line(Hindrance.DISK, 0.8))
        await run.write.end_attempt(run.id, RunState.INTERRUPTED, None)
        run.clock.now = NOW + 60
        await run.write.begin_attempt(run.id, 1, "bastion", RunState.PREPARING)
        await run.go_to(RunState.EXECUTING)
        async with watched(run) as pilot:
            await until(pilot, shows(pilot, "● execute"))
            assert "─ held up" not in screen_text(pilot)
            await run.say(hindrance_line(Hindrance.SOURCE, 0.8))
            await until(pilot, shows(pilot, "─ held up by the source"))


async def test_a_tall_screen_shows_the_plot_beside_everything_else(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        await run.batch("users", Counts(inserted=20))
        await run.write.beat(run.id)
        run.clock.now = NOW + 8
        await run.write.beat(run.id)
        async with watched(run, (120, 40)) as pilot:
            await until(pilot, shows(pilot, "└start, 2s a column", "Collection"))


async def test_a_run_without_samples_says_why_there_is_nothing_to_see(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        async with run.write.transaction() as database:
            await database.execute("DELETE FROM samples")
        app = new_app(run.home, run.clock)
        async with app.run_test(size=(80, 24)) as pilot:
            await app.push_screen(ThroughputScreen(run.id))
            await until(pilot, shows(pilot, TOO_EARLY.strip()[:40]))
            run.clock.now = NOW + 2
            await run.write.beat(run.id)
            run.clock.now = NOW + 4
            await run.write.beat(run.id)
            await until(pilot, shows(pilot, "The graph begins after some seconds."))
            async with run.write.transaction() as database:
                await database.execute("DELETE FROM samples")
            run.die()
            await until(pilot, shows(pilot, OF_OLD.strip()[:40]))
            await run.write.delete_run(run.id)
            await until(pilot, shows(pilot, "There is no run 0001 any more"))

"""What the Run screen shows while a run is at work, dies, fails, ends or is deleted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from textual.pilot import Pilot

from tests.ui.driving import (
    NOW,
    PreparedJournal,
    copy_plan,
    new_app,
    new_home,
    screen_text,
    shows,
    store_end,
    table_cells,
    until,
    words,
)
from tests.ui.run_scene import SIZE, acted_run, keys, said, scene, watched
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import CollectionState, ControlStatus, Counts, Failure, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.paths import Home
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.journal_feed import EVENTS_SHOWN
from tui_migrate.ui.messages import RunEnded
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.run import RunScreen


async def test_a_live_run_is_drawn_as_it_should_be(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.collection("users", CollectionState.ACTIVE)
        await run.batch("users", Counts(inserted=30, replaced=2, unchanged=3, skipped=4, rejected=1))
        await run.say("users: starting")
        await run.say("no answer; again in 0.5 s (1 of 8)", Severity.WARNING)
        await run.say("users: batch 1 written")
        await until(pilot, shows(pilot, "batch 1 written", "40 / 200 docs"))
        lines = screen_text(pilot).splitlines()
        assert " ".join(lines[0].split()) == "tui-migrate run 0001 copy prod/shop → staging/shop STAGING"
        assert lines[1] == " ✓ validate   ✓ prepare   ● execute   ○ verify   ○ commit"
        assert lines[2].endswith("  20.0 %   elapsed 8s")
        assert lines[3] == " 40 / 200 docs   4.0 / 20.0 kB    — docs/s   ETA —"
        assert lines[4].endswith(" limit none   inserted 30  replaced 2  unchanged 3")
        assert lines[5] == " SOURCE: PRODUCTION          skipped 4  rejected 1  retried 1"
        assert lines[6] == " " + "─" * 78
        assert [one[0] for one in table_cells(pilot)] == ["● users", "○ orders"]
        assert lines[20].endswith("no answer; again in 0.5 s (1 of 8)")
        assert lines[21].endswith("users: batch 1 written")
        assert lines[23].startswith(" p Pause  c Cancel  + Faster  - Slower  l Log  e Errors")
        assert lines[23].endswith("q Leave  … ? Help")


async def test_rate_eta_and_sparkline_come_with_time(tmp_path: Path) -> None:
    async with scene(tmp_path, copy_plan(collections=("users",))) as (run, pilot):
        await run.collection("users", CollectionState.ACTIVE)
        for step in range(1, 5):
            run.clock.now = NOW + 2 * step
            await run.batch("users", Counts(inserted=10))
            await until(pilot, shows(pilot, f"{step * 10} / 100 docs"))
        assert " 5 docs/s   ETA ~15s" in words(pilot, "#figures")
        assert table_cells(pilot)[0][-1] == "5"
        assert words(pilot, "#counts").startswith(" " + " " * 10 + "████ limit none")


async def test_a_worker_without_a_word_is_told_of_and_then_forgotten(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        run.clock.now = NOW + 8
        await until(pilot, shows(pilot, "worker last heard 8 s ago"))
        await run.write.beat(run.id)
        await until(pilot, lambda: "last heard" not in screen_text(pilot))


async def test_a_worker_that_dies_while_it_is_watched_leaves_an_interrupted_run(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        assert "u" not in keys(pilot)
        run.die()
        await until(pilot, shows(pilot, "~ interrupted: its worker is gone", "~ execute", "u resumes it"))
        assert {"u", "r", "c"} <= set(keys(pilot))
        assert not {"p", "+", "-"} & set(keys(pilot))


async def test_what_an_earlier_attempt_was_refused_is_not_of_now(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        await run.ask(Wish.PAUSE, "anna@bastion")
        await run.answer(ControlStatus.REFUSED, "too late: the run is failed")
        failure = Failure("unreachable", "no answer", "check the line", 1)
        await run.write.end_attempt(run.id, RunState.FAILED, failure)
        run.clock.now = NOW + 60
        await run.write.begin_attempt(run.id, 1, "bastion", RunState.PREPARING)
        await run.end(RunState.FAILED, failure)
        async with watched(run) as pilot:
            await until(pilot, shows(pilot, "✗ failed: no answer"))
            assert "was refused" not in said(pilot)


async def test_a_run_that_is_paused_goes_on_by_a_key_that_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.go_to(RunState.PAUSED)
        await until(pilot, shows(pilot, "p Go on"), "what the key does now")


async def test_how_many_collections_are_out_of_sight_is_right_at_once_when_it_ends(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(9)]
    async with scene(tmp_path, copy_plan(collections=names)) as (run, pilot):
        for name in names:
            await run.collection(name, CollectionState.DONE)
        await run.go_to(RunState.VERIFYING, RunState.COMMITTING, stage=Stage.COMMIT)
        await run.end(RunState.COMPLETED)
        await until(pilot, shows(pilot, "✓ completed"))
        table = pilot.app.screen.query_one("#collections")
        await until(pilot, lambda: f"+{9 - table.size.height + 2} more" in words(pilot, "#more"), "the right number")


async def test_a_run_that_is_deleted_while_it_is_watched_is_said_to_be_gone(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await run.write.delete_run(run.id)
        await until(pilot, shows(pilot, "run 0001 is gone", "esc goes back"))
        assert keys(pilot) == "escq?"
        await pilot.press("p", "u", "c", "r", "l", "e", "+", "-")
        await until(pilot, shows(pilot, "run 0001 is gone"))


async def test_a_run_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        app = new_app(run.home)
        async with app.run_test(size=SIZE) as pilot:
            await app.push_screen(RunScreen(99))
            assert "has no collections" not in screen_text(pilot), "nothing was read yet"
            await until(pilot, shows(pilot, "There is no run 0099"))


async def test_a_run_that_fails_says_what_and_its_errors_are_a_key_away(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        finding = Finding(Severity.ERROR, "index_differs", "users[0]", "another index of this name", "drop it")
        await run.write.add_findings(run.id, Stage.PREPARE, [finding])
        await run.end(RunState.FAILED, Failure("refused", "the target says no", "ask its owner", 4))
        await until(pilot, shows(pilot, "✗ failed: the target says no", "→ ask its owner", "e shows its 1 error"))
        await pilot.press("e")
        await until(pilot, shows(pilot, "errors and findings", "index_differs", "users[0]", "worker.log"))
        assert "the target says no" in screen_text(pilot)
        await until(pilot, shows(pilot, "users[0]: another index of this name", "→ drop it"))
        await pilot.press("enter")
        await until(pilot, shows(pilot, "✗ error: index_differs", "esc goes back"), "the finding and its page")
        await pilot.press("escape", "escape")
        await until(pilot, shows(pilot, "✗ execute", "c Give up"))
        assert "c Cancel" not in screen_text(pilot)
        await pilot.press("v")
        await until(pilot, shows(pilot, "Report › run 0001", "index_differs"), "the report")
        await pilot.press("escape", "c")
        await until(pilot, shows(pilot, "Give up run 0001?", "Leave it as it is"), "what the key does")


async def test_the_log_has_every_line_and_follows_the_last(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        for number in range(130):
            await run.say(f"line {number}")
        await pilot.press("l")
        await until(pilot, lambda: len(table_cells(pilot)) == 130, "130 lines")
        assert "line 129" in screen_text(pilot)
        await run.say("\x1b[31m[b]more[/b]", Severity.ERROR)
        await until(pilot, shows(pilot, "✗ \\x1b[31m[b]more[/b]"))
        await pilot.press("g")
        await until(pilot, shows(pilot, "line 0"))
        await run.say("and more")
        await until(pilot, lambda: len(table_cells(pilot)) == 132, "132 lines")
        assert "line 0" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "● execute"))


async def test_a_run_that_ends_shows_its_summary(tmp_path: Path) -> None:
    async with scene(tmp_path, copy_plan(collections=("users",))) as (run, pilot):
        await run.batch("users", Counts(inserted=100))
        await run.collection("users", CollectionState.DONE)
        await run.go_to(RunState.VERIFYING, RunState.COMMITTING, stage=Stage.COMMIT)
        await run.end(RunState.COMPLETED)
        await until(pilot, shows(pilot, "✓ completed: 100 documents of 1 collection in 8s", "✓ commit", "100.0 %"))
        assert "r shows what rolling it back would do" in screen_text(pilot)
        assert "12 docs/s on average" in screen_text(pilot)


async def test_with_many_collections_those_below_are_counted_and_can_be_filtered(tmp_path: Path) -> None:
    names = [f"c{number:03d}" for number in range(200)]
    async with scene(tmp_path, copy_plan(collections=names)) as (run, pilot):
        await run.collection("c150", CollectionState.ACTIVE)
        await run.collection("c000", CollectionState.DONE)
        await until(pilot, lambda: table_cells(pilot)[0][0] == "● c150", "the active one first")
        assert table_cells(pilot)[-1][0] == "✓ c000"
        height = pilot.app.screen.query_one("#collections").size.height
        await until(pilot, shows(pilot, f"+{200 - height + 2} more"))
        await pilot.press("/")
        await pilot.press(*"c19", "enter")
        await until(pilot, lambda: len(table_cells(pilot)) == 10, "ten rows")


async def test_second_tries_are_counted_over_the_whole_log(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        for number in range(EVENTS_SHOWN):
            await run.say(f"no answer; again in 0.5 s (1 of {number})", Severity.WARNING)
        await until(pilot, shows(pilot, f"retried {EVENTS_SHOWN}"))
        for number in range(EVENTS_SHOWN // 2):
            await run.say(f"line {number}")
        await run.say("no answer; again in 1.0 s (2 of 8)", Severity.WARNING)
        await until(pilot, shows(pilot, f"retried {EVENTS_SHOWN + 1}"))


async def test_what_is_said_at_the_end_counts_the_collections_that_it_hides(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(9)]
    async with scene(tmp_path, copy_plan(collections=names)) as (run, pilot):
        await until(pilot, shows(pilot, "c8"))
        assert " more" not in screen_text(pilot)
        for name in names:
            await run.collection(name, CollectionState.DONE)
        await run.go_to(RunState.VERIFYING, RunState.COMMITTING, stage=Stage.COMMIT)
        await run.end(RunState.COMPLETED)
        await until(pilot, shows(pilot, "✓ completed", "next: r shows", "+1 more"))


async def test_the_environment_stays_whole_beside_the_longest_ends(tmp_path: Path) -> None:
    target = store_end("staging-of-the-shop", database="a_database_with_a_long_name")
    async with scene(tmp_path, copy_plan(target=target)) as (_, pilot):
        for width in (80, 100, 140):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda width=width: pilot.app.size.width == width, "the width")  # type: ignore[misc]  # bound per turn
            head = screen_text(pilot).splitlines()[0]
            assert head.endswith(" STAGING"), head
            assert " → " in head


async def test_it_survives_a_terminal_of_ten_by_three(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, pilot):
        await pilot.resize_terminal(10, 3)
        await pilot.press("j", "k")
        await pilot.resize_terminal(120, 40)
        await until(pilot, shows(pilot, "● execute", "Rejected", "Size"))
        await pilot.resize_terminal(*SIZE)
        await until(pilot, lambda: "Rejected" not in screen_text(pilot))


async def test_what_has_not_changed_is_not_drawn_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        screen = cast("RunScreen", pilot.app.screen)
        assert screen._snapshot is not None
        drawn: list[object] = []
        for widget in screen.query("Lines, Table"):
            widget.refresh = lambda *regions, **_: drawn.extend(regions or ["whole"])  # type: ignore[method-assign,assignment]  # takes down what is drawn
        screen.show_snapshot(screen._snapshot)
        assert drawn == []
        screen.show_snapshot(replace(screen._snapshot, taken_at=run.clock.now + 1))
        assert len(drawn) == 1


async def test_leaving_says_that_the_run_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, pilot):
        said: list[str | None] = []
        app = cast("MigrateApp", pilot.app)
        await until(pilot, lambda: bool(app.parting_words()), "a live run")
        said.append(app.parting_words())
        assert "run 0001 goes on" in str(said[0])
        await pilot.press("q")
        assert app._exit


def seen(pilot: Pilot[None], text: str) -> Callable[[], bool]:
    return lambda: text in screen_text(pilot)


async def test_before_the_first_look_it_says_that_it_reads(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        app.feed.watch = lambda subject: None  # type: ignore[method-assign]  # a feed that gives nothing
        await app.push_screen(RunScreen(1))
        await until(pilot, seen(pilot, "Reading the journal…"))


async def test_a_run_that_has_ended_is_planned_anew_where_it_is_read_of(home: Home) -> None:
    await PreparedJournal(home).run()
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RunScreen(1))
        await until(pilot, shows(pilot, "✓ completed"), "the run")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, NewMigrationScreen), "its plan anew")


async def test_what_was_said_of_a_run_that_goes_on_is_over_with_it(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, shows(pilot, "Try the demo"), "Home")
        app.say("run 0006 goes on", is_error=False, until_ended=6)
        await until(pilot, shows(pilot, "run 0006 goes on"), "that it does")
        app.post_message(RunEnded(7, RunState.COMPLETED, RunKind.COPY))
        await pilot.pause()
        assert "run 0006 goes on" in screen_text(pilot)
        app.post_message(RunEnded(6, RunState.COMPLETED, RunKind.COPY))
        await until(pilot, lambda: "goes on" not in screen_text(pilot), "that it has ended")

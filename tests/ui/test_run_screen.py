from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import NOW, copy_plan, new_app, new_home, screen_text, shows, store_end, table_cells, until, words
from tests.ui.run_scene import ActedRun, acted_run
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import CollectionState, ControlStatus, Counts, Failure, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Environment, Plan
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.footer import KeyFooter
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.worker import control
from tui_migrate.worker.lock import RunLock

SIZE = (80, 24)


@asynccontextmanager
async def watched(run: ActedRun, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilot[None]]:
    """The Run screen over an acted run."""
    app = new_app(run.home, run.clock)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(RunScreen(run.id))
        await until(pilot, shows(pilot, "execute"), "the run")
        yield pilot


@asynccontextmanager
async def scene(folder: Path, plan: Plan | None = None) -> AsyncIterator[tuple[ActedRun, Pilot[None]]]:
    async with AsyncExitStack() as stack:
        run = await stack.enter_async_context(acted_run(folder, plan))
        yield run, await stack.enter_async_context(watched(run))


def said(pilot: Pilot[None]) -> str:
    """What the screen says in sentences, unbroken."""
    return pilot.app.screen.query_one("#status", Prose).words


def keys(pilot: Pilot[None]) -> str:
    return "".join(one.shown for one in pilot.app.screen.query_one(KeyFooter).shown)


async def wishes(run: ActedRun) -> list[tuple[Wish, int, ControlStatus]]:
    return [(one.wish, one.value, one.status) for one in await run.controls()]


async def until_wished(pilot: Pilot[None], run: ActedRun, *expected: tuple[Wish, int]) -> None:
    """Wait until these requests stand in the journal and on the screen."""
    found: list[tuple[Wish, int]] = []
    screen = cast("RunScreen", pilot.app.screen)

    def is_there() -> bool:
        seen = screen._snapshot.controls if screen._snapshot else ()
        found[:] = [(one.wish, one.value) for one in seen]
        return found == list(expected)

    await until(pilot, is_there, f"{expected}, not {found}")


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
        assert lines[23].endswith("q Leave  ? Help")


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


async def test_pausing_and_going_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("p")
        await until(pilot, shows(pilot, f"pause asked by {control.operator()}, worker finishing its batch"))
        await run.answer(ControlStatus.ACCEPTED)
        await until(pilot, shows(pilot, "worker finishing its batch"))
        await run.go_to(RunState.PAUSED)
        await until(pilot, shows(pilot, f"paused by {control.operator()}", "‖ execute"))
        await pilot.press("p")
        await until(pilot, shows(pilot, "resume asked by", "about to go on"))
        await run.answer(ControlStatus.ACCEPTED)
        await run.go_to(RunState.EXECUTING)
        await until(pilot, lambda: "resume asked" not in screen_text(pilot))
        assert [one[0] for one in await wishes(run)] == [Wish.PAUSE, Wish.RESUME]


async def test_a_pause_that_is_not_carried_out_yet_is_taken_back_by_the_same_key(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("p")
        await until_wished(pilot, run, (Wish.PAUSE, 0))
        await pilot.press("p")
        await until_wished(pilot, run, (Wish.PAUSE, 0), (Wish.RESUME, 0))


async def test_what_somebody_else_asks_is_shown_with_their_name(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.ask(Wish.PAUSE, "anna@bastion")
        await until(pilot, shows(pilot, "pause asked by anna@bastion, worker finishing its batch"))
        await run.ask(Wish.RESUME, "bob@laptop")
        await until(pilot, lambda: said(pilot).endswith("about to go on (instead of the pause of anna@bastion)"))
        await run.answer(ControlStatus.REFUSED, "the run is ending")
        await until(pilot, shows(pilot, "resume asked by bob@laptop was refused: the run is ending"))


async def test_the_rate_goes_down_the_ladder_and_up_again(tmp_path: Path) -> None:
    async with scene(tmp_path, copy_plan(collections=("users",))) as (run, pilot):
        await pilot.press("-")
        await until(pilot, shows(pilot, "The rate is not known yet"))
        await run.collection("users", CollectionState.ACTIVE)
        for step in range(1, 4):
            run.clock.now = NOW + 2 * step
            await run.batch("users", Counts(inserted=2_000))
            await until(pilot, shows(pilot, f"{step * 2_000:,} / 100 docs"))
        assert "1,000 docs/s" in words(pilot, "#figures")
        await pilot.press("-")
        await until_wished(pilot, run, (Wish.RATE, 500))
        await pilot.press("-", "-")
        await until_wished(pilot, run, (Wish.RATE, 500), (Wish.RATE, 200), (Wish.RATE, 100))
        await run.answer(ControlStatus.ACCEPTED)
        await run.write.set_rate_limit(run.id, 100)
        await until(pilot, shows(pilot, "limit 100/s"))
        await pilot.press("+")
        await until(pilot, shows(pilot, "Asked for at most 200 docs/s."))


async def test_faster_without_a_limit_asks_for_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("+")
        await until(pilot, shows(pilot, "There is no limit."))
        assert await wishes(run) == []


async def test_cancel_is_asked_about_and_esc_leaves_the_run_alone(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?", "›Go on with the run", "Cancel, then roll back"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "● execute"))
        await pilot.press("c", "enter")
        await until(pilot, shows(pilot, "● execute"))
        assert await wishes(run) == []
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"))
        await pilot.press("j", "enter")
        await until(pilot, shows(pilot, "cancel asked by", "finishing its batch"))
        assert await wishes(run) == [(Wish.CANCEL, 0, ControlStatus.PENDING)]
        await run.answer(ControlStatus.ACCEPTED)
        await run.end(RunState.CANCELLED)
        await until(pilot, shows(pilot, "✗ cancelled: what it wrote stays", "r shows what rolling it back"))


async def test_cancelling_with_a_rollback_on_production_wants_the_name_typed(tmp_path: Path) -> None:
    plan = copy_plan(store_end("staging"), store_end("live", Environment.PRODUCTION))
    async with scene(tmp_path, plan) as (run, pilot):
        assert "PRODUCTION TARGET live" in screen_text(pilot).splitlines()[0]
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"))
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "Roll back on production", "Type live"))
        pilot.app.screen.query_one(Input).value = "liv"
        await pilot.press("enter")
        assert "Type live" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, shows(pilot, "● execute"))
        assert await wishes(run) == []


async def test_an_export_or_a_run_without_undo_offers_no_rollback(tmp_path: Path) -> None:
    async with scene(tmp_path, replace(copy_plan(), undo=False)) as (_, pilot):
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"))
        assert "roll back" not in screen_text(pilot)


async def test_a_worker_that_dies_while_it_is_watched_leaves_an_interrupted_run(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        assert "u" not in keys(pilot)
        run.die()
        await until(pilot, shows(pilot, "~ interrupted: its worker is gone", "~ execute", "u resumes it"))
        assert {"u", "r", "c"} <= set(keys(pilot))
        assert not {"p", "+", "-"} & set(keys(pilot))


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
            await until(pilot, shows(pilot, "There is no run 0099"))


async def test_a_run_that_fails_says_what_and_its_errors_are_a_key_away(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        finding = Finding(Severity.ERROR, "index_differs", "users[0]", "another index of this name", "drop it")
        await run.write.add_findings(run.id, Stage.PREPARE, [finding])
        await run.end(RunState.FAILED, Failure("refused", "the target says no", "ask its owner", 4))
        await until(pilot, shows(pilot, "✗ failed: the target says no", "→ ask its owner", "e shows its 1 finding"))
        await pilot.press("e")
        await until(pilot, shows(pilot, "errors and findings", "index_differs", "users[0]", "worker.log"))
        assert "the target says no" in screen_text(pilot)
        await until(pilot, shows(pilot, "users[0]: another index of this name", "→ drop it"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "✗ execute"))


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


async def test_a_password_that_is_missing_is_asked_for_and_esc_starts_nothing(tmp_path: Path) -> None:
    guarded = replace(store_end(""), connection="", url="mongodb://anna@127.0.0.1:1/shop")
    async with scene(tmp_path, copy_plan(target=guarded)) as (run, pilot):
        run.home.connections.write_text("connections:\n  prod:\n    url: mongodb://127.0.0.1:1/shop\n")
        run.home.connections.chmod(0o600)
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "Password", "127.0.0.1:1", "anna"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "interrupted"))
        assert (await run.record()).attempt == 1


async def test_a_resume_that_is_refused_says_why(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "there is no connection prod"))


async def test_on_production_no_worker_takes_a_run_up_before_the_name_is_typed(tmp_path: Path) -> None:
    plan = replace(copy_plan(target=store_end("live", Environment.PRODUCTION)), undo=False)
    async with scene(tmp_path, plan) as (run, pilot):
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "Production target", "writes to PRODUCTION", "there is no way back"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "~ interrupted"), "the run")
        assert not run.home.run(run.id).worker_log.exists()
        await pilot.press("u")
        await until(pilot, lambda: bool(pilot.app.screen.query(Input)), "the question again")
        await pilot.press(*"liv", "enter")
        await pilot.pause()
        assert "Production target" in screen_text(pilot)
        await pilot.press("e", "enter")
        await until(pilot, shows(pilot, "there is no connection prod"), "that the start was tried")
        assert (await run.record()).attempt == 1


async def test_what_an_earlier_worker_had_accepted_is_not_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.ask(Wish.PAUSE, "bob@laptop")
        await run.answer(ControlStatus.ACCEPTED)
        await until(pilot, shows(pilot, "pause asked by bob@laptop, worker finishing its batch"))
        run.die()
        await until(pilot, shows(pilot, "~ interrupted"))
        run.lock = RunLock.acquire(run.home.run(run.id).lock)
        run.clock.now += 5
        await run.write.begin_attempt(run.id, 2, "bastion", RunState.PREPARING)
        await run.write.beat(run.id)
        await until(pilot, lambda: said(pilot) == "", "silence about what is over")
        await pilot.press("p")
        await until_wished(pilot, run, (Wish.PAUSE, 0))
        assert [one[0] for one in await wishes(run)] == [Wish.PAUSE, Wish.PAUSE]


async def test_the_environment_stays_whole_beside_the_longest_ends(tmp_path: Path) -> None:
    target = store_end("staging-of-the-shop", database="a_database_with_a_long_name")
    async with scene(tmp_path, copy_plan(target=target)) as (_, pilot):
        for width in (80, 100, 140):
            await pilot.resize_terminal(width, 24)
            await until(pilot, lambda width=width: pilot.app.size.width == width, "the width")  # type: ignore[misc]
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
            widget.refresh = lambda *regions, **_: drawn.extend(regions or ["whole"])  # type: ignore[method-assign,assignment]
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


async def test_two_apps_watch_and_steer_one_run(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, first), watched(run) as second:
        await first.press("p")
        for pilot in (first, second):
            await until(pilot, shows(pilot, "pause asked by", "worker finishing its batch"))
        await run.answer(ControlStatus.ACCEPTED)
        await run.go_to(RunState.PAUSED)
        for pilot in (first, second):
            await until(pilot, shows(pilot, "‖ paused by"))
        await second.press("p")
        for pilot in (first, second):
            await until(pilot, shows(pilot, "resume asked by"))


@pytest.mark.parametrize("state", [one for one in RunState if one.is_active])
async def test_every_active_state_offers_pause_and_cancel(tmp_path: Path, state: RunState) -> None:
    routes = {
        RunState.VALIDATING: (RunState.INTERRUPTED, RunState.VALIDATING),
        RunState.READY: (RunState.INTERRUPTED, RunState.VALIDATING, RunState.READY),
        RunState.PREPARING: (RunState.PREPARING,),
        RunState.EXECUTING: (),
        RunState.VERIFYING: (RunState.VERIFYING,),
        RunState.COMMITTING: (RunState.VERIFYING, RunState.COMMITTING),
        RunState.PAUSED: (RunState.PAUSED,),
    }
    async with acted_run(tmp_path) as run:
        await run.go_to(*routes[state])
        async with watched(run) as pilot:
            assert {"p", "c"} <= set(keys(pilot))


def seen(pilot: Pilot[None], text: str) -> Callable[[], bool]:
    return lambda: text in screen_text(pilot)


async def test_before_the_first_look_it_says_that_it_reads(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        app.feed.watch = lambda subject: None  # type: ignore[method-assign]
        await app.push_screen(RunScreen(1))
        await until(pilot, seen(pilot, "Reading the journal…"))

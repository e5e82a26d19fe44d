"""Cancelling a run from its screen: what is asked first, and what becomes of what was written."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import aiosqlite
from textual.widgets import Input

from tests.ui.driving import PreparedJournal, copy_plan, new_home, screen_text, shows, store_end, until
from tests.ui.run_scene import acted_run, scene, watched, wishes
from tui_migrate.journal.records import ROLL_BACK, ControlStatus, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.screens.run import RunScreen


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


async def test_cancelling_a_rollback_says_that_its_run_is_left_half_taken_back(tmp_path: Path) -> None:
    await PreparedJournal(new_home(tmp_path)).run(RunState.COMPLETED)
    async with scene(tmp_path, copy_plan(kind=RunKind.ROLLBACK, rollback_of=1)) as (run, pilot):
        await pilot.press("c")
        what = (
            "Run 0001 is rolled back in part then",
            "again",
            "Cancel; what was taken back stays so, the rest is left",
        )
        await until(pilot, shows(pilot, "Cancel run 0002?", *what), "what cancelling means")
        await pilot.press("escape")
        await run.end(RunState.CANCELLED)
        await until(pilot, shows(pilot, "✗ cancelled: what it took back stays taken back"), "how it ended")
        await pilot.press("r")
        await until(
            pilot, shows(pilot, "! rolled back in part: run 0002", "r shows what rolling back the rest"), "its run"
        )
        await pilot.press("r")
        await until(pilot, shows(pilot, "roll back run 0001"), "what that would do")


async def test_what_leaves_a_paused_run_alone_does_not_promise_that_it_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.go_to(RunState.PAUSED)
        await until(pilot, shows(pilot, "‖ paused"), "the pause")
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?", "›Leave it paused"), "the question")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "‖ paused"), "the run as it was")
        assert await wishes(run) == []


async def test_a_cancel_that_means_more_by_the_time_it_is_chosen_is_asked_anew(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        async with aiosqlite.connect(run.home.journal) as database:
            await database.execute("UPDATE runs SET writes_begun = 0")
            await database.commit()
        async with watched(run) as pilot:
            screen = cast("RunScreen", pilot.app.screen)
            await pilot.press("c")
            await until(pilot, shows(pilot, "Cancel; nothing has been written yet"), "the question")
            await run.write.set_writes_begun(run.id)
            await until(pilot, lambda: screen.run_record is not None and screen.run_record.writes_begun, "the writes")
            await pilot.press("j", "enter")
            await until(pilot, shows(pilot, "Cancel; what was written stays", "then roll back", "meanwhile"), "another")
            assert await wishes(run) == []
            await pilot.press("j", "enter")
            await until(pilot, shows(pilot, "cancel asked by"), "that it is cancelled")


async def test_a_cancel_with_a_rollback_is_the_workers_to_carry_out_whether_the_app_is_there_or_not(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?", "whether this app is"))
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "cancel, then a rollback asked by", "Cancelling; the rollback follows."))
        assert await wishes(run) == [(Wish.CANCEL, ROLL_BACK, ControlStatus.PENDING)]
        await run.answer(ControlStatus.ACCEPTED)
        app = pilot.app
        assert isinstance(app, MigrateApp)
        words = "run 0001 is being cancelled, then rolled back; tui-migrate"
        await until(pilot, lambda: (app.parting_words() or "").startswith(words))
        run.die()  # without having done so
        await until(pilot, shows(pilot, "rollback asked for, not begun"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "Runs   1 needs you", "rollback asked for, not begun"))
        await run.write.call_off_cancel(run.id)
        await until(pilot, lambda: "rollback asked for" not in screen_text(pilot), "that it is called off")


async def test_a_run_that_completes_before_it_is_cancelled_is_not_rolled_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await pilot.press("c")
        await until(pilot, shows(pilot, "Cancel run 0001?"))
        await pilot.press("G", "enter")
        await until(pilot, shows(pilot, "Cancelling; the rollback follows."))
        await run.go_to(RunState.VERIFYING, RunState.COMMITTING)
        await run.end(RunState.COMPLETED)
        await until(pilot, shows(pilot, "was not cancelled but is completed", "nothing was rolled back"))


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

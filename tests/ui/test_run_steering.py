"""Steering a run from its screen: pausing, its rate, taking it up again, and who else does."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.ui.driving import NOW, copy_plan, screen_text, shows, store_end, until, words
from tests.ui.run_scene import acted_run, keys, said, scene, until_wished, watched, wishes
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.records import ROLL_BACK, CollectionState, ControlStatus, Counts, Wish
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Environment
from tui_migrate.ui.app import MigrateApp
from tui_migrate.worker import control
from tui_migrate.worker.lock import RunLock


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


async def test_when_all_is_written_no_rate_is_promised(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.go_to(RunState.VERIFYING, stage=Stage.VERIFY)
        await until(pilot, shows(pilot, "● verify"), "the verification")
        await pilot.press("-")
        await until(
            pilot, shows(pilot, "A limit is for the writing of documents, and that is done."), "why none is set"
        )
        assert await wishes(run) == []


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


async def test_more_and_fewer_collections_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path, copy_plan(collections=("users", "orders"))) as (run, pilot):
        await pilot.press("(")
        await until(pilot, shows(pilot, "One collection at a time is the least."))
        await pilot.press(")")
        await until(pilot, shows(pilot, "Asked for 2 collections at once; that is for the verification"))
        await pilot.press(")")
        await until_wished(pilot, run, (Wish.PARALLEL, 2), (Wish.PARALLEL, 3))
        await run.answer(ControlStatus.ACCEPTED)
        await run.write.set_parallel(run.id, 3)
        await until(pilot, lambda: "3 at once" in words(pilot, "#counts"), "the number")
        await pilot.press("(", "(")
        await until_wished(pilot, run, *((Wish.PARALLEL, one) for one in (2, 3, 2, 1)))
        await run.answer(ControlStatus.REFUSED, "an end of this run is read as one stream")
        await until(pilot, shows(pilot, "was refused: an end of this run is read as one stream"))
        await run.write.set_parallel(run.id, 1)
        await until(pilot, lambda: "at once" not in words(pilot, "#counts"), "one at a time")
    async with scene(tmp_path / "one", copy_plan(collections=("users",))) as (_, pilot):
        await pilot.press(")")
        await pilot.pause()
        assert "at once" not in screen_text(pilot)


async def test_leaving_the_app_does_not_say_of_a_paused_run_that_it_goes_on(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        app = pilot.app
        assert isinstance(app, MigrateApp)
        await until(
            pilot, lambda: (app.parting_words() or "").startswith("run 0001 goes on; tui-migrate"), "it at work"
        )
        await run.go_to(RunState.PAUSED)
        words = "run 0001 is paused, and waits for you; tui-migrate"
        await until(pilot, lambda: (app.parting_words() or "").startswith(words), "that it is paused")


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


async def test_a_retry_that_goes_on_needs_no_password_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(*_: object) -> str:
        return ""

    monkeypatch.setattr("tui_migrate.worker.launch.start", start)
    guarded = replace(store_end(""), connection="", url="mongodb://anna@127.0.0.1:1/shop")
    async with scene(tmp_path, replace(copy_plan(guarded, store_end("staging")), retry_of=1)) as (run, pilot):
        connections.write(run.home, [Connection("staging", "mongodb://127.0.0.1:1/shop", Environment.STAGING)])
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "A worker has taken up run 0001."))


async def test_a_resume_that_is_refused_says_why(tmp_path: Path) -> None:
    async with scene(tmp_path) as (run, pilot):
        connections.write(run.home, [Connection("staging", "mongodb://127.0.0.1:1/shop", Environment.STAGING)])
        run.die()
        await until(pilot, shows(pilot, "interrupted"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "there is no connection prod"))


@pytest.mark.parametrize(
    ("value", "offered"),
    [(ROLL_BACK, "›Cancel it and roll back what it wrote, as was asked"), (0, "›Cancel it, as was asked")],
)
async def test_of_a_run_that_was_to_be_cancelled_it_is_asked_what_a_worker_is_to_do(
    tmp_path: Path, value: int, offered: str
) -> None:
    async with scene(tmp_path) as (run, pilot):
        await run.ask(Wish.CANCEL, "bob@laptop", value)
        run.die()
        await until(pilot, shows(pilot, "u has a worker do that, or go on with the run"))
        await until(pilot, shows(pilot, "rollback asked for, not begun" if value else "cancel asked for, not carried"))
        await pilot.press("u")
        await until(pilot, shows(pilot, "its worker was gone", offered, "Go on with the run instead"))
        await pilot.press("escape")
        await until(pilot, shows(pilot, "~ interrupted"))
        record = await run.record()
        assert (record.attempt, record.cancel_asked) == (1, True)


async def test_going_on_with_a_run_that_was_to_be_cancelled_calls_that_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []
    async with scene(tmp_path) as (run, pilot):

        async def start(*_: object) -> str:
            started.append((await run.record()).cancel_asked)
            return ""

        monkeypatch.setattr("tui_migrate.worker.launch.start", start)
        await run.ask(Wish.CANCEL, "bob@laptop", ROLL_BACK)
        run.die()
        await until(pilot, shows(pilot, "rollback asked for, not begun"))
        for keys_pressed in (("enter",), ("j", "enter")):
            await pilot.press("u")
            await until(pilot, shows(pilot, "Leave it as it is"))
            await pilot.press(*keys_pressed)
            await until(pilot, shows(pilot, "A worker has taken up run 0001."))
        assert started == [True, False]


async def test_on_production_no_worker_takes_a_run_up_before_the_name_is_typed(tmp_path: Path) -> None:
    plan = replace(copy_plan(target=store_end("live", Environment.PRODUCTION)), undo=False)
    async with scene(tmp_path, plan) as (run, pilot):
        connections.write(run.home, [Connection("live", "mongodb://127.0.0.1:1/shop", Environment.PRODUCTION)])
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

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
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
)
from tests.ui.run_scene import SIZE, acted_run, keys
from tui_migrate.engine.undo_log import Made, Thing, UndoLog
from tui_migrate.errors import Refused
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, PackageEnd, RunKind
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.look import LookState
from tui_migrate.ui.screens import rollback
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.taking_back import Begun
from tui_migrate.worker import launch


@pytest.fixture
def journal(tmp_path: Path) -> PreparedJournal:
    return PreparedJournal(new_home(tmp_path))


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each rollback that was to begin, whether it was forced; none does."""
    found: list[bool] = []

    async def begin(home: Home, run_id: int, passwords: object, *, force: bool = False) -> Begun:
        found.append(force)
        return Begun(run_id)

    monkeypatch.setattr(rollback, "begin_rollback", begin)
    return found


def away(home: Home) -> None:
    """Let the target be one that does not answer."""
    home.connections.write_text(
        "connections:\n  staging:\n    url: mongodb://127.0.0.1:1/shop\n    environment: staging\n"
    )
    home.connections.chmod(0o600)


async def write_undo(home: Home, run_id: int, *made: Made) -> None:
    path = home.run(run_id).undo_log
    path.unlink(missing_ok=True)
    undo = await UndoLog.create(path)
    for one in made:
        await undo.note_made(one)
    await undo.close()


@asynccontextmanager
async def preview(home: Home, run_id: int) -> AsyncIterator[Pilot[None]]:
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(RollbackScreen(run_id))
        yield pilot


async def test_the_preview_shows_what_goes_and_who_came_later(journal: PreparedJournal) -> None:
    run_id = await journal.run(documents=1_204)
    await journal.run(documents=5)
    await write_undo(journal.home, run_id, Made(Thing.COLLECTION, "users"), Made(Thing.INDEX, "orders", "by_age"))
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        words = " ".join(screen_text(pilot).split())
        assert "roll back run 0001" in words
        assert "deletes 1,204 documents from staging/shop and puts 0 documents back" in words
        assert "1 collection (users); 1 index (orders.by_age)" in words
        assert "! Run 0002 wrote to the same collections later" in words
        assert table_cells(pilot) == [
            ("users", "1,204", "0", "—", "collection, if empty"),
            ("orders", "0", "0", "—", "1 index"),
        ]
        assert keys(pilot) == "lrentersxFq?"


async def test_nothing_is_started_by_looking_and_esc(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("escape")
        await until(pilot, lambda: "roll back run" not in screen_text(pilot))
    async with open_both(journal.home.journal) as (_, reader):
        assert await reader.count_runs() == 1


@pytest.mark.parametrize(
    ("what", "message", "hint"),
    [
        ("export", "run 0001 is an export, which is not rolled back", "remove the package /backups/shop"),
        ("without undo", "run 0001 was made without an undo log", "restore the target from a backup"),
        ("nothing written", "run 0001 has written nothing", "there is nothing to do"),
        ("no undo log", "the undo log of run 0001 is gone", "restore the target from a backup"),
        ("rolled back", "run 0001 has been rolled back already, by run 0002", "see run 0002 under History"),
    ],
)
async def test_what_cannot_be_rolled_back_says_why_and_what_to_do(
    journal: PreparedJournal, what: str, message: str, hint: str
) -> None:
    plan = copy_plan()
    if what == "export":
        plan = replace(plan, kind=RunKind.EXPORT, target=PackageEnd("/backups/shop"))
    if what == "without undo":
        plan = replace(plan, undo=False)
    run_id = await journal.run(plan=plan, documents=0 if what == "nothing written" else 40)
    await write_undo(journal.home, run_id)
    if what == "no undo log":
        journal.home.run(run_id).undo_log.unlink()
    if what == "rolled back":
        await journal.run(plan=copy_plan(kind=RunKind.ROLLBACK, rollback_of=run_id))
        async with open_both(journal.home.journal) as (write, _):
            await write.set_rolled_back_by(run_id, 2)
            await write.transition(run_id, RunState.ROLLED_BACK)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, lambda: message in " ".join(screen_text(pilot).split()), message)
        assert hint in " ".join(screen_text(pilot).split())
        assert "s" not in keys(pilot).replace("esc", "")
        await pilot.press("s")
    async with open_both(journal.home.journal) as (_, reader):
        assert await reader.count_runs() == (2 if what == "rolled back" else 1)


async def test_an_undo_log_that_cannot_be_read_is_read_again_by_a_key(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    journal.home.run(run_id).undo_log.write_bytes(b"this is something else")
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "is no undo log of this version", "ctrl+r Look again"))
        await write_undo(journal.home, run_id)
        await pilot.press("ctrl+r")
        await until(pilot, shows(pilot, "Next: s starts the rollback"))


async def test_a_run_that_is_at_work_can_be_rolled_back_when_it_has_ended(tmp_path: Path) -> None:
    async with acted_run(tmp_path) as run:
        await write_undo(run.home, run.id)
        async with preview(run.home, run.id) as pilot:
            await until(pilot, shows(pilot, "run 0001 is at work"))
            await run.end(RunState.CANCELLED)
            await until(pilot, shows(pilot, "Next: s starts the rollback"))


async def test_a_run_that_is_deleted_while_it_is_looked_at(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        async with open_both(journal.home.journal) as (write, _):
            await write.delete_run(run_id)
        await until(pilot, shows(pilot, "There is no run 0001 any more", "esc goes back"))
        await pilot.press("s")


async def test_a_rollback_without_its_connection_is_not_even_recorded(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        journal.home.connections.unlink()
        await pilot.press("s")
        await until(pilot, shows(pilot, "Type staging"), "the name of what nobody knows any more")
        await pilot.press(*"staging", "enter")
        await until(pilot, shows(pilot, "there is no connection staging"))
    async with open_both(journal.home.journal) as (_, reader):
        assert await reader.count_runs() == 1


async def test_a_rollback_whose_worker_does_not_start_is_shown_and_can_be_started_again(
    journal: PreparedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(home: Home, run_id: int, passwords: object) -> None:
        raise Refused("the worker of run 0002 has ended before it took the run up")

    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    away(journal.home)
    monkeypatch.setattr(launch, "start", refuse)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("s")
        await until(pilot, shows(pilot, "run 0002   rollback", "○ planned, not started", "has ended before it took"))
        assert "u" in keys(pilot)


async def test_it_survives_a_terminal_of_ten_by_three(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.resize_terminal(10, 3)
        await pilot.resize_terminal(*SIZE)
        await until(pilot, shows(pilot, "Next: s starts the rollback"))


async def test_forcing_says_what_it_means_and_is_asked_again_before_it_starts(
    journal: PreparedJournal, begun: list[bool]
) -> None:
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    away(journal.home)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("F")
        await until(pilot, lambda: "documents is LOST" in said(pilot), "what it means")
        await pilot.press("escape")
        await until(pilot, lambda: "stays as it is, and becomes a finding" in said(pilot), "nothing chosen")
        await pilot.press("F", "j", "enter")
        await until(pilot, lambda: "! Forced: what others changed or deleted since is taken back too" in said(pilot))
        await pilot.press("s")
        await until(pilot, shows(pilot, "Take everything back, others' changes too"), "the question")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "Next: s starts the rollback"), "that the first choice goes back")
        assert begun == []
        await pilot.press("s", "j", "enter")
        await until(pilot, lambda: begun == [True], "the forced rollback")


async def test_forced_over_a_later_run_it_asks_about_that_too(journal: PreparedJournal, begun: list[bool]) -> None:
    run_id = await journal.run()
    await journal.run()
    await write_undo(journal.home, run_id)
    away(journal.home)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("F", "j", "enter")
        await until(pilot, lambda: "changed is taken back too" in said(pilot))
        await pilot.press("s", "j", "enter")
        await until(
            pilot, lambda: "what the later run changed is lost" in said(pilot), "the question about the later run"
        )
        assert begun == []
        await pilot.press("j", "enter")
        await until(pilot, lambda: begun == [True], "the forced rollback")


async def test_later_runs_are_named_anew_after_one_was_taken_back(journal: PreparedJournal) -> None:
    run_id = await journal.run()
    await journal.run()
    await journal.run()
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, lambda: "Roll back 0003, then 0002, first: r shows" in said(pilot), "both later runs")
        await pilot.press("r")
        await until(pilot, lambda: "tui-migrate roll back run 0003" in said(pilot), "the last one's rollback")
        async with open_both(journal.home.journal) as (write, _):
            await write.set_rolled_back_by(3, 4)
        await pilot.press("escape")
        await until(pilot, lambda: "Roll back 0002 first: r shows" in said(pilot), "that one is open still")
        await pilot.press("r")
        await until(pilot, lambda: "tui-migrate roll back run 0002" in said(pilot), "the next one's rollback")


async def test_past_later_runs_it_goes_only_when_that_was_said(journal: PreparedJournal, begun: list[bool]) -> None:
    run_id = await journal.run()
    await journal.run()
    await write_undo(journal.home, run_id)
    away(journal.home)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("s")
        await until(pilot, lambda: "rolling back run 0002 first" in said(pilot), "the later run")
        for way in ("enter", "r"):
            await pilot.press(way)
            await until(pilot, lambda: "tui-migrate roll back run 0002" in said(pilot), "the later run's rollback")
            await pilot.press("escape")
            await until(pilot, shows(pilot, "Rolling back run 0001"), "back")
        assert begun == []
        await pilot.press("s", "j", "enter")
        await until(pilot, lambda: begun == [False], "the rollback despite the later run")


async def test_a_later_run_that_comes_while_the_name_is_typed_is_asked_about(
    journal: PreparedJournal, begun: list[bool]
) -> None:
    plan = copy_plan(target=store_end("live", Environment.PRODUCTION))
    run_id = await journal.run(plan=plan, documents=1)
    await write_undo(journal.home, run_id)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        await pilot.press("s")
        await until(pilot, lambda: "1 document is deleted and 0 put back." in said(pilot), "what is deleted")
        await journal.run(plan=plan)
        await pilot.press(*"live", "enter")
        await until(pilot, lambda: "rolling back run 0002 first" in said(pilot), "the later run")
        assert begun == []
        await pilot.press("j", "enter")
        await until(pilot, shows(pilot, "Type live"), "the name")
        await pilot.press(*"live", "enter")
        await until(pilot, lambda: begun == [False], "the rollback")


async def test_a_start_that_is_refused_ends_the_count_that_it_stopped(
    journal: PreparedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(*arguments: object) -> None:
        tell = arguments[-1]
        assert callable(tell)
        tell(Changes(LookState.READING, NOW))
        await asyncio.Event().wait()

    async def refuse(*arguments: object, **options: object) -> Begun:
        raise Refused("run 0001 is being rolled back by run 0002")

    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    monkeypatch.setattr(rollback, "look_for_changes", count)
    monkeypatch.setattr(rollback, "begin_rollback", refuse)
    async with preview(journal.home, run_id) as pilot:
        await until(pilot, shows(pilot, "Next: s starts the rollback"))
        away(journal.home)
        await pilot.press("x")
        await until(pilot, shows(pilot, "Counting: 0 of 0 documents"), "the count")
        await pilot.press("s")
        await until(pilot, shows(pilot, "is being rolled back by run 0002"), "why not")
        await until(pilot, shows(pilot, "Next: s starts the rollback"), "what comes next")


def said(pilot: Pilot[None]) -> str:
    return " ".join(screen_text(pilot).split())

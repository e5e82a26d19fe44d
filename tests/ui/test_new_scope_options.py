"""Policy › More: catalog, owner, redaction, strictness, quick look, backup first, and their errors said there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import NOW, new_app, shows, until
from tests.ui.new_scene import (
    SIZE,
    Shop,
    checked,
    flat,
    live_app,
    overwriting,
    says,
    session,
    shop,
    type_into,
    warned,
    wizard,
)
from tests.ui.test_new_options import DRAFT, SOURCE, TARGET, change, is_back
from tui_migrate.catalogs.finding import own_folder
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Plan
from tui_migrate.ui import backup_first
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.consequences import Count, Question
from tui_migrate.ui.draft import Draft, Step, to_request
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.screens import new_preflight
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_options import Option
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker import launch
from tui_migrate.worker.backups import BackupStatus, read_backups

__all__ = ["shop"]

pytestmark = [
    pytest.mark.usefixtures("lost_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CATALOG = """\
name: own
title: Own data
collections:
  users:
    owner: _id
    sensitive:
      - {field: age, redaction: mask, reason: it is private}
  orders:
    owner: of
    references:
      - {field: of, to: users}
"""
BROKEN = CATALOG.replace("{field: age, redaction: mask, reason: it is private}", "{field: of, redaction: drop}")


def write_catalog(home: Home, text: str = CATALOG, name: str = "own") -> None:
    folder = own_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)


@asynccontextmanager
async def more(home: Home, draft: Draft = DRAFT) -> AsyncIterator[Pilot[None]]:
    """The options over ends that nobody asks."""
    app = new_app(home)
    for end in (SOURCE, TARGET):
        app.session.looks.keep(EndLook(end, LookState.DONE, NOW))
    app.session.looks.keep(Count(Question.of(to_request(draft)), LookState.DONE, NOW))
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(draft))
        await until(pilot, shows(pilot, "overwrite"), "the policies")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter changes the option under the cursor"), "the options")
        yield pilot


async def turn(pilot: Pilot[None], option: Option) -> None:
    pilot.app.screen.query_one("#options", Table).move_to(option.value)
    await pilot.press("enter")


async def choose(pilot: Pilot[None], key: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the choices")
    pilot.app.screen.query_one(Table).move_to(key)
    await pilot.press("enter")


async def test_a_catalog_is_chosen_from_those_there_are_and_taken_back(home: Home) -> None:
    write_catalog(home)
    async with more(home) as pilot:
        await change(pilot, Option.CATALOG)
        await until(pilot, shows(pilot, "own  Own data", "gofannon", "a file, by its path"), "the catalogs")
        await choose(pilot, "own")
        await until(pilot, lambda: session(pilot).draft.catalog == CATALOG, "the catalog")
        await turn(pilot, Option.REDACT)
        await until(pilot, lambda: session(pilot).draft.scope.redact, "redaction")
        await turn(pilot, Option.CATALOG)
        await choose(pilot, " none")
        await until(pilot, says(pilot, "✗ Owner, new owner and redact need it: set them back first."), "why not")
        await pilot.press("escape")
        await until(pilot, lambda: is_back(pilot), "the step")
        await turn(pilot, Option.REDACT)
        await until(pilot, lambda: session(pilot).draft.scope.is_whole, "no redaction")
        await turn(pilot, Option.CATALOG)
        await choose(pilot, " none")
        await until(pilot, lambda: session(pilot).draft == replace(DRAFT, catalog=""), "none")


async def test_a_faulty_catalog_and_a_path_that_is_none_are_said_there(home: Home, short_folder: Path) -> None:
    write_catalog(home, "name: own\nbad: 1\n")
    (short_folder / "mine.yaml").write_text(CATALOG)
    async with more(home) as pilot:
        await change(pilot, Option.CATALOG)
        await choose(pilot, "own")
        await until(pilot, says(pilot, "✗", "own.yaml"), "what is wrong with it")
        await choose(pilot, " file")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText), "the path")
        await type_into(pilot, str(short_folder / "nowhere.yaml"))
        await until(pilot, says(pilot, "✗", "nowhere.yaml"), "that there is none")
        await type_into(pilot, str(short_folder / "mine.yaml"))
        await until(pilot, lambda: session(pilot).draft.catalog == CATALOG, "the catalog")
        await until(pilot, lambda: is_back(pilot), "the step")


@pytest.mark.parametrize("option", [Option.OWNER, Option.OWNER_TO, Option.REDACT])
async def test_without_a_catalog_nobody_owns_anything_and_nothing_is_sensitive(home: Home, option: Option) -> None:
    async with more(home) as pilot:
        await turn(pilot, option)
        await until(pilot, says(pilot, "The catalog says where that stands: choose one first."), "why not")
        assert session(pilot).draft == DRAFT


async def test_a_catalog_by_which_redacting_would_break_references_is_refused_there(home: Home) -> None:
    draft = replace(DRAFT, catalog=BROKEN.replace("users:\n    owner: _id", "users:\n    owner: _id\n    order: 1"))
    draft = replace(draft, catalog=CATALOG.replace("field: age, redaction: mask", "field: _id.x, redaction: mask"))
    async with more(home, draft) as pilot:
        await turn(pilot, Option.REDACT)
        await until(pilot, says(pilot, "would break an id"), "why not")
        assert not session(pilot).draft.scope.redact


async def test_strict_quick_and_backup_first_are_turned_and_reach_the_request(home: Home) -> None:
    async with more(home) as pilot:
        for option in (Option.STRICT, Option.QUICK, Option.BACKUP_FIRST):
            await turn(pilot, option)
        await until(pilot, lambda: session(pilot).draft.backup_first, "all of them")
        draft = session(pilot).draft
        assert (draft.strict, draft.quick, draft.backup_first) == (True, True, True)
        assert to_request(draft).strict
        await until(pilot, shows(pilot, "ON: from a sample", "YES"), "how they are set")


async def test_an_owner_who_is_not_there_is_said_at_once_and_one_who_is_counts(shop: Shop) -> None:
    draft = replace(shop.ready("users", "orders", step=Step.POLICY), catalog=CATALOG)
    async with wizard(shop.home, draft) as pilot:
        await until(pilot, says(pilot, "15 of 50 documents are in the target"), "the count")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter changes the option under the cursor"), "the options")
        await turn(pilot, Option.OWNER)
        await type_into(pilot, "99")
        await until(pilot, says(pilot, "✗ no user 99 is found in the source"), "that there is none")
        assert session(pilot).draft.scope.is_whole
        await type_into(pilot, '{"$oid": 1}')
        await until(pilot, lambda: "99" not in flat(pilot), "the question again")
        await until(pilot, says(pilot, "✗"), "that it is no id")
        await type_into(pilot, "7")
        await until(pilot, lambda: session(pilot).draft.scope.owner == "7", "the owner")
        await until(pilot, says(pilot, "1 of 2 documents is in the target"), "the count of this user's")


async def test_warnings_of_a_strict_plan_block_and_a_quick_look_is_another_check(shop: Shop) -> None:
    warned(shop)
    draft = overwriting(shop)
    async with wizard(shop.home, draft) as pilot:
        await checked(pilot)
        await until(pilot, says(pilot, "warning"), "a warning")
        assert "Next: s starts the run, after" in flat(pilot)
    async with wizard(shop.home, replace(draft, strict=True, quick=True)) as pilot:
        await checked(pilot)
        await until(pilot, says(pilot, "to be mended first, for warnings count: it is strict"), "that it is blocked")
        looks = session(pilot).looks
        assert looks.checked is not None
        assert looks.checked.quick
        assert looks.checked.plan is not None
        assert looks.checked.plan.strict
        assert looks.is_stale(to_request(session(pilot).draft), quick=False)


@pytest.mark.slow
async def test_the_target_is_backed_up_and_checked_before_the_run(shop: Shop) -> None:
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(replace(overwriting(shop), backup_first=True)))
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the checks")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run", 60)
        await until(pilot, says(pilot, "run 0002", "completed"), "its end", 60)
    (backup,) = await read_backups(shop.home)
    assert (backup.status, backup.record.before_run, backup.record.verdict) == (BackupStatus.GOOD, 2, "good")
    assert backup.record.collections == ("users",)


@pytest.mark.slow
async def test_after_a_backup_with_findings_nothing_is_started(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = backup_first._followed

    async def with_findings(home: Home, run_id: int, tell: backup_first.Tell) -> RunRecord:
        return replace(await followed(home, run_id, tell), state=RunState.COMPLETED_WITH_FINDINGS)

    monkeypatch.setattr(backup_first, "_followed", with_findings)
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(replace(overwriting(shop), backup_first=True)))
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the checks")
        await pilot.press("s")
        await until(pilot, says(pilot, "✗", "has not completed"), "why not", 30)
    (backup,) = await read_backups(shop.home)
    assert backup.record.before_run == 0


@pytest.mark.slow
async def test_where_the_backup_fails_nothing_is_started(shop: Shop) -> None:
    shop.home.backups.parent.mkdir(parents=True, exist_ok=True)
    shop.home.backups.write_text("in the way")
    app = live_app(shop.home)
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(replace(overwriting(shop), backup_first=True)))
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the checks")
        await pilot.press("s")
        await until(pilot, says(pilot, "✗"), "what is wrong")
        await until(pilot, says(pilot, "Next: s backs up the target"), "the step as before")
        assert isinstance(app.screen, NewMigrationScreen)
    assert not shop.home.journal.exists()


@pytest.mark.slow
async def test_a_backup_that_is_recorded_gets_its_worker_whoever_stops_waiting(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    is_asked, go = asyncio.Event(), asyncio.Event()

    async def start(home: Home, run_id: int, passwords: object) -> None:
        is_asked.set()
        await go.wait()
        started.append(run_id)

    monkeypatch.setattr(launch, "start", start)
    async with wizard(shop.home, replace(overwriting(shop), backup_first=True)) as pilot:
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the checks")
        await pilot.press("s")
        await until(pilot, is_asked.is_set, "the record of the backup")
        await pilot.press("escape")
        await until(pilot, says(pilot, "Stopped waiting: a backup that was begun goes on"), "that it is over")
        go.set()
        await until(pilot, lambda: started == [1], "its worker")


async def test_esc_stops_waiting_for_a_backup_and_nothing_is_started(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def slow(app: MigrateApp, plan: Plan, tell: Callable[[str], object]) -> str:
        tell("Run 0007 backs the target up first: 3 of 9 documents…")
        begun.set()
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(new_preflight, "back_up_target", slow)
    async with wizard(shop.home, replace(overwriting(shop), backup_first=True)) as pilot:
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the checks")
        await pilot.press("s")
        await until(pilot, says(pilot, "3 of 9 documents", "Next: the run starts once the backup"), "it")
        await pilot.press("s")
        await pilot.press("escape")
        await until(pilot, says(pilot, "Stopped waiting: a backup that was begun goes on"), "that it is over")
        await until(pilot, says(pilot, "Next: s backs up the target, then starts the run"), "the step as before")
    assert begun.is_set()
    assert not shop.home.journal.exists()

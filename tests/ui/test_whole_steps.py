"""What the operator has decided is done, in that order, whatever key comes next."""

import asyncio
import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import copy_plan, new_app, new_home, shows, until
from tests.ui.run_scene import SIZE, scene
from tui_migrate.errors import JournalError
from tui_migrate.journal.records import Wish
from tui_migrate.paths import Home
from tui_migrate.ui import draft_file, whole_steps
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft, from_plan
from tui_migrate.ui.draft_file import Kept
from tui_migrate.worker import control


class HeldJournal:
    """A journal that somebody holds until it is `free`."""

    def __init__(self, fault: JournalError | None = None) -> None:
        self.free = asyncio.Event()
        self.asked: list[Wish] = []
        self.filed: list[Wish] = []
        self._fault = fault

    async def ask(self, home: Home, run_id: int, wish: Wish, value: int = 0) -> int:
        self.asked.append(wish)
        await self.free.wait()
        if self._fault is not None:
            raise self._fault
        self.filed.append(wish)
        return 1


def told_when_it_ends(pilot: Pilot[None], tell: "asyncio.Event | threading.Event", patch: pytest.MonkeyPatch) -> None:
    """Tell when the app has given up everything that can be given up, and waits for the rest."""
    assert isinstance(pilot.app, MigrateApp)
    steps = pilot.app.whole_steps
    finish = steps.finish

    async def tell_and_finish() -> tuple[BaseException, ...]:
        tell.set()
        return await finish()

    patch.setattr(steps, "finish", tell_and_finish)


async def pause_and_cancel(pilot: Pilot[None], journal: HeldJournal) -> None:
    await pilot.press("p")
    await until(pilot, lambda: journal.asked == [Wish.PAUSE], "the wish to pause")
    await pilot.press("c")
    await until(pilot, shows(pilot, "Go on with the run"), "the question")
    await pilot.press("j", "enter")


async def test_wishes_are_filed_one_after_the_other_though_the_app_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = HeldJournal()
    monkeypatch.setattr(control, "ask", journal.ask)
    async with scene(tmp_path) as (_, pilot):
        await pause_and_cancel(pilot, journal)
        assert journal.asked == [Wish.PAUSE]
        told_when_it_ends(pilot, journal.free, monkeypatch)
    assert journal.filed == [Wish.PAUSE, Wish.CANCEL]


async def test_what_could_not_be_filed_while_the_app_was_left_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = HeldJournal(JournalError("the journal is full", hint="make room"))
    monkeypatch.setattr(control, "ask", journal.ask)
    async with scene(tmp_path) as (_, pilot):
        await pause_and_cancel(pilot, journal)
        told_when_it_ends(pilot, journal.free, monkeypatch)
    said = "tui-migrate: what was asked for last was not done: the journal is full — make room"
    assert isinstance(pilot.app, MigrateApp)
    assert (pilot.app.last_faults, pilot.app.return_code) == ([said, said], 1)


async def test_the_end_of_the_app_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = HeldJournal()
    monkeypatch.setattr(control, "ask", journal.ask)
    monkeypatch.setattr(whole_steps, "FINISH_SECONDS", 0.0)
    async with scene(tmp_path) as (_, pilot):
        await pause_and_cancel(pilot, journal)
    assert isinstance(pilot.app, MigrateApp)
    assert journal.filed == []
    assert [line.partition("not done: ")[2] for line in pilot.app.last_faults] == [
        "it took too long — somebody may hold the journal; do it again"
    ]


async def test_a_plan_that_is_being_kept_while_the_app_is_left_is_kept_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, save = new_home(tmp_path), draft_file.save
    is_saving, may_save = threading.Event(), threading.Event()

    def save_slowly(home: Home, draft: Draft, kept: Kept | None = None) -> Kept | None:
        is_saving.set()
        assert may_save.wait(30)
        return save(home, draft, kept)

    monkeypatch.setattr(draft_file, "save", save_slowly)
    app = new_app(home)
    async with app.run_test(size=SIZE) as pilot:
        app.unfinished.note(from_plan(copy_plan()))
        await until(pilot, is_saving.is_set, "the file")
        told_when_it_ends(pilot, may_save, monkeypatch)
    found, faults = draft_file.find(home)
    assert (len(found), faults) == (1, ())

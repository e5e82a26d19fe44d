"""How quick the screens are over very much: `python -m tests.benchmarks.scale [COLLECTIONS [RUNS [KEYS]]]`.

For each screen: what it takes from being asked for until its rows are drawn, what each key takes from being pressed
until the app has nothing left to do, and the longest stall, in which no key is heard; see `measuring`. Without a
terminal; `python -m tests.benchmarks.screen` has one. What Textual's driver of tests adds to a key is the first line.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import bson

from tests.benchmarks.long_lists import long_lists
from tests.benchmarks.measuring import STALLS, ask, measure, opened, pressed, said
from tests.ui.driving import NOW, copy_plan, new_app, new_home, shows, store_end, until
from tests.ui.run_scene import acted_run
from tests.ui.test_history import many_runs
from tui_migrate.comparison.model import ComparedCollection, Comparison, Counts, Standing, Way
from tui_migrate.journal.records import CollectionState
from tui_migrate.journal.records import Counts as RunCounts
from tui_migrate.paths import Home
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.screens.compare import CompareScreen
from tui_migrate.ui.screens.history import HistoryScreen
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.run import RunScreen

SOURCE, TARGET = store_end("prod"), store_end("staging")
OPTIONS: Final = bson.encode({})


def names(count: int) -> list[str]:
    """Names of which each tenth is a log's."""
    return [f"{'log' if number % 10 == 0 else 'data'}_{number:05}" for number in range(count)]


async def collections_step(home: Home, count: int, keys: int) -> None:
    app = new_app(home)
    infos = tuple(
        CollectionInfo(one, CollectionKind.PLAIN, OPTIONS, (), None, place, place * 500)
        for place, one in enumerate(names(count))
    )
    listed = tuple(one.name for one in infos)
    app.session.looks.keep(EndLook(SOURCE, LookState.DONE, NOW, collections=infos))
    app.session.looks.keep(EndLook(TARGET, LookState.DONE, NOW, collections=infos[: count // 2]))
    draft = Draft(SOURCE, TARGET, frozenset(listed[::2]), listed, step=Step.COLLECTIONS)
    async with opened(app) as pilot:
        await measure(pilot, "Collections", NewMigrationScreen(draft), " marked", keys, "i", "space")
        await pilot.app.push_screen(NewMigrationScreen(draft))
        await ask(pilot, "asterisk")
        await pilot.press(*"log_")
        await pilot.press("asterisk")
        STALLS.take()
        said("Collections, by pattern", None, marked=await pressed(pilot, "enter"))


async def compare_screen(home: Home, count: int, keys: int) -> None:
    app = new_app(home)
    asked = Asked(SOURCE, TARGET)
    found = Comparison(
        tuple(
            ComparedCollection(one, Way.MERGED, None, Counts(place % 3, 0, place % 2, place))
            for place, one in enumerate(names(count))
        )
    )
    app.session.asked = asked
    async with opened(app) as pilot:
        app.session.compared = Compared(asked, LookState.DONE, NOW, comparison=found)
        await measure(pilot, "Compare, done", CompareScreen(), "data_00001", keys, "i", "space")
        standings = {one: Standing(one, Counts(equal=place), count) for place, one in enumerate(names(count))}
        app.session.compared = Compared(asked, LookState.READING, NOW, standings, 1, count)
        await measure(pilot, "Compare, under way", CompareScreen(), "data_00001", keys)


async def run_screen(folder: Path, count: int, keys: int) -> None:
    plan = copy_plan(collections=names(count))
    async with acted_run(folder, plan) as run:
        await run.collection("data_00001", CollectionState.ACTIVE)
        async with opened(new_app(run.home, run.clock)) as pilot:
            await measure(pilot, "Run", RunScreen(run.id), "data_00001", keys)
            await pilot.app.push_screen(RunScreen(run.id))
            await until(pilot, shows(pilot, "data_00001"), "the run")
            STALLS.take()
            taken = []
            for _ in range(5):
                await run.batch("data_00001", RunCounts(inserted=1))
                run.clock.now += 1
                begin = time.process_time()
                await asyncio.sleep(1.0)
                taken.append(time.process_time() - begin)
            said("Run, a second of it (CPU)", None, tick=taken)


async def runs(home: Home, count: int, keys: int) -> None:
    await many_runs(home, count)
    app = new_app(home)
    begin = time.process_time()
    async with opened(app) as pilot:
        while not shows(pilot, f"{count:04d}")():
            await asyncio.sleep(0.01)
        first = time.process_time() - begin, STALLS.take()
        said("Home", first, down=await pressed(pilot, *["down"] * keys))
        await ask(pilot, "ctrl+p")
        typed = await pressed(pilot, *"history")
        said("Palette", None, typed=typed, closed=await pressed(pilot, "escape"))
        await measure(pilot, "History, while it is read", HistoryScreen(), f"{count:,} runs", keys)
        screen = HistoryScreen()
        begin = time.process_time()
        await app.push_screen(screen)
        await until(pilot, shows(pilot, f"{count:,} of {count:,}"), "all runs", 60)
        shown = time.process_time() - begin, STALLS.take()
        said("History, all of them", shown, down=await pressed(pilot, *["down"] * keys))
        screen.action_look_again()
        said("History, read again", None, down=await pressed(pilot, *["down"] * keys))


async def driver(home: Home, keys: int) -> None:
    async with opened(new_app(home)) as pilot:
        said("a key that does nothing", None, key=await pressed(pilot, *["f9"] * keys))


async def measured(folder: Path, count: int, many: int, keys: int) -> None:
    await driver(new_home(folder / "none"), keys)
    await collections_step(new_home(folder / "steps"), count, keys)
    await compare_screen(new_home(folder / "compare"), count, keys)
    await run_screen(folder / "run", count, keys)
    await long_lists(folder, names(count), keys)
    await runs(new_home(folder / "history"), many, keys)


def main(count: int = 10_000, many: int = 5_000, keys: int = 20) -> None:
    os.environ["TZ"] = "UTC"
    STALLS.install()
    print(f"{count:,} collections, {many:,} runs; milliseconds of CPU, median / worst")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measured(Path(folder), count, many, keys))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

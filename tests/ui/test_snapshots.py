"""Pictures of every screen at two sizes: a prepared journal, a fixed clock and zone, no live worker."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.ui.driving import PreparedJournal, copy_plan, new_app, shows, store_end, until, until_still
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Failure
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker.lock import RunLock

SIZES = [(80, 24), (120, 40)]


class Compare(Protocol):
    def __call__(
        self,
        app: App[None],
        terminal_size: tuple[int, int] = ...,
        run_before: Callable[[Pilot[None]], Awaitable[None]] | None = ...,
    ) -> bool: ...


def prepare(home: Home) -> None:
    """Runs of every state, some of them with names that are hard to show."""
    connections.write(
        home,
        [
            Connection("prod", "mongodb://reader@db1.example.net/shop", Environment.PRODUCTION, "PROD_PASSWORD"),
            Connection("staging", "mongodb://127.0.0.1:27017/shop", Environment.STAGING),
        ],
    )
    found = [
        Finding(Severity.WARNING, "source_moved", "orders", "documents changed in the source", "run it again", 3),
        Finding(Severity.ERROR, "target_differs", "users _id 7", "a document differs in the target", "compare them"),
        Finding(Severity.NOTE, "assumed_ours", "[red]orders[/]", "12 inserts are taken for this run's own"),
    ]
    failure = Failure("unreachable", "db1.example.net:27017 does not answer", "tui-migrate resume 4", 5)
    journal = PreparedJournal(home)
    odd = copy_plan(collections=("[bold]orders[/]", "名前のコレクション", "a\u202eb"), description="ticket 81")
    to_prod = copy_plan(store_end("staging"), store_end("prod", Environment.PRODUCTION))
    rollback = copy_plan(kind=RunKind.ROLLBACK, rollback_of=1)

    async def runs() -> None:
        await journal.run(RunState.COMPLETED, odd, age=90_000)
        await journal.run(RunState.COMPLETED_WITH_FINDINGS, to_prod, age=7_200, findings=found)
        await journal.run(RunState.ROLLED_BACK, age=5_000)
        await journal.run(RunState.FAILED, age=3_000, failure=failure)
        await journal.run(RunState.CANCELLED, age=2_000)
        await journal.run(RunState.COMPLETED, rollback, age=1_000)
        await journal.run(RunState.EXECUTING, age=30)

    asyncio.run(runs())


def takes(pilot: Pilot[None], key: str) -> Callable[[], bool]:
    """Say whether what a key is for has been read by now: rows to go through, or an action that is offered."""

    def is_taken() -> bool:
        screen = pilot.app.screen
        if key in ("end", "up", "down", "enter"):
            return isinstance(screen.focused, Table) and screen.focused.cursor_key is not None
        return isinstance(screen, OperatorScreen) and any(key in one.key.split(",") for one in screen.shown_actions())

    return is_taken


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), "run 0007"),
        (("h",), "0001"),
        (("o",), "run 0007"),
        (("question_mark",), "Keys that work here"),
        (("enter",), "interrupted"),
        (("h", "down", "down", "down", "enter"), "failed"),
        (("h", "end", "enter"), "completed"),
        (("h", "end", "r"), "0001"),
        (("h", "end", "up", "v"), "target_differs"),
        (("h", "end", "up", "enter"), "findings"),
        (("ctrl+t",), "High contrast"),
        (("ctrl+p",), "See every run"),
        (("slash",), "Show only rows"),
        (("h", "end", "up", "v", "enter"), "What next"),
        (("o", "n"), "Environment"),
    ],
    ids=lambda value: "-".join(value) or "home" if isinstance(value, tuple) else None,
)
def test_screen(home: Home, snap_compare: Compare, keys: tuple[str, ...], text: str, size: tuple[int, int]) -> None:
    prepare(home)

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "0007"), "the journal's runs")
        await until_still(pilot)  # what keys are offered depends on all that is read at the start
        for key in keys:
            await until(pilot, takes(pilot, key), f"that {key} does something")
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, shows(pilot, text), text)
        await until_still(pilot)

    assert snap_compare(new_app(home), terminal_size=size, run_before=drive)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_first_run_ever(home: Home, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "demo"), "the first lines")
        await until_still(pilot)

    assert snap_compare(new_app(home), terminal_size=size, run_before=drive)


async def enter_execute(home: Home) -> None:
    journal = await JournalWriter.open(home.journal)
    await journal.set_stage(7, Stage.EXECUTE)
    await journal.close()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_run_at_work(home: Home, snap_compare: Compare, size: tuple[int, int]) -> None:
    prepare(home)
    lock = RunLock.acquire(home.run(7).lock)
    assert lock is not None
    asyncio.run(enter_execute(home))

    async def drive(pilot: Pilot[None]) -> None:
        await until(pilot, shows(pilot, "0007"), "the journal's runs")
        await pilot.press("enter")
        await until(pilot, shows(pilot, "● execute"), "the run")
        await until_still(pilot)

    try:
        assert snap_compare(new_app(home), terminal_size=size, run_before=drive)
    finally:
        lock.release()

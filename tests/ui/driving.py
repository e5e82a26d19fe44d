"""Driving the app in tests: a home with a prepared journal, and waiting for what it shows."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.findings import Finding
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, CollectionState, Counts, Failure
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment, Plan, PlannedCollection, RunKind, StoreEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Table

SECONDS = 60.0
NOW = 1_790_000_000.0
"""The time of every app in tests: 2026-09-21 14:13:20 UTC."""


async def until(pilot: Pilot[None], condition: Callable[[], bool], what: str = "", seconds: float = SECONDS) -> None:
    """Wait until something holds, or fail with what is on the screen."""
    deadline = time.monotonic() + seconds
    while not condition():
        await pilot.pause()
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}\n{screen_text(pilot)}")
        await asyncio.sleep(0.01)


async def until_still(pilot: Pilot[None], looks: int = 12) -> None:
    """Wait until the screen has looked the same so many times in a row: all that was under way is drawn."""
    before, same = "", 0

    def is_still() -> bool:
        nonlocal before, same
        now = screen_text(pilot)
        before, same = now, same + 1 if now == before else 0
        return same >= looks

    await until(pilot, is_still, "a screen that stays")


def screen_text(pilot: Pilot[None]) -> str:
    """All lines of the screen as they are drawn, dialogs too."""
    width, height = pilot.app.size
    lines = pilot.app.screen._compositor.render_strips() if width and height else []
    return "\n".join(one.text.rstrip() for one in lines)


def shows(pilot: Pilot[None], *texts: str) -> Callable[[], bool]:
    """Say whether all these texts stand on the screen."""
    return lambda: all(text in screen_text(pilot) for text in texts)


def new_app(home: Home, clock: Callable[[], float] = lambda: NOW) -> MigrateApp:
    """An app on a home, as `opening` would make it."""
    return MigrateApp(Session(home, clock=clock), theme="dark", marks=MarkSet.UNICODE, ansi=False)


def new_home(folder: Path) -> Home:
    """A home in a folder of the test's."""
    home = Home.find(folder / "home")
    home.prepare()
    return home


def table_cells(pilot: Pilot[None], selector: str = "Table") -> list[tuple[str, ...]]:
    """The rows that a table of the topmost screen shows."""
    return [row.cells for row in pilot.app.screen.query_one(selector, Table).rows]


def words(pilot: Pilot[None], selector: str) -> str:
    """The text of a block of lines of the topmost screen."""
    return pilot.app.screen.query_one(selector, Lines).plain


def store_end(connection: str, environment: Environment = Environment.STAGING, database: str = "shop") -> StoreEnd:
    """A database of a named connection."""
    return StoreEnd(database, connection=connection, environment=environment)


def copy_plan(
    source: StoreEnd | None = None,
    target: StoreEnd | None = None,
    collections: Sequence[str] = ("users", "orders"),
    *,
    kind: RunKind = RunKind.COPY,
    description: str = "",
    rollback_of: int = 0,
) -> Plan:
    """A plan between two named connections."""
    return Plan(
        kind,
        source or store_end("prod", Environment.PRODUCTION),
        target or store_end("staging"),
        tuple(PlannedCollection(one, 100, 10_000) for one in collections),
        description=description,
        rollback_of=rollback_of,
        undo=not rollback_of,
    )


def know_ends(home: Home, plan: Plan) -> None:
    """Have the connections that a plan names, where there are none of these names: nobody answers there."""
    known = connections.load(home)
    ends = [one for one in (plan.source, plan.target) if isinstance(one, StoreEnd) and one.connection]
    new = {one.connection: one for one in ends if one.connection not in known}
    if new:
        made = [Connection(name, "mongodb://127.0.0.1:1/shop", end.environment) for name, end in new.items()]
        connections.write(home, [*known.values(), *made])


class PreparedJournal:
    """Writes runs into a home's journal as workers would have left them, `age` seconds before the tests' time."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._at = NOW

    async def run(
        self,
        state: RunState = RunState.COMPLETED,
        plan: Plan | None = None,
        *,
        age: float = 3_600.0,
        documents: int = 40,
        findings: Sequence[Finding] = (),
        stage: Stage = Stage.VERIFY,
        failure: Failure | None = None,
    ) -> int:
        """Record one run and give its id. One that is to be at work has no worker: it shows as interrupted."""
        self._at = NOW - age
        plan = plan or copy_plan()
        know_ends(self.home, plan)
        journal = await JournalWriter.open(self.home.journal, lambda: self._at)
        try:
            run_id = await journal.create_run(plan, "anna@bastion")
            if state is not RunState.PLANNED:
                await self._bring_to(journal, run_id, plan, state, documents, failure)
            await journal.add_findings(run_id, stage, findings)
        finally:
            await journal.close()
        folder = self.home.run(run_id)
        folder.path.mkdir(parents=True, exist_ok=True)
        if plan.undo and documents:
            folder.undo_log.touch()
        return run_id

    async def _bring_to(
        self, journal: JournalWriter, run_id: int, plan: Plan, state: RunState, documents: int, failure: Failure | None
    ) -> None:
        await journal.begin_attempt(run_id, 1, "bastion", RunState.VALIDATING)
        for one in (RunState.READY, RunState.PREPARING, RunState.EXECUTING):
            await journal.transition(run_id, one)
        if documents:
            await journal.set_writes_begun(run_id)
            progress = Progress(journal, run_id)
            name = plan.collections[0].name
            counts = Counts(inserted=documents)
            await progress.set_collection(name, CollectionState.ACTIVE)
            await progress.commit_batch(Checkpoint(name, 0, b"", b"", documents, 1_000, b"", counts, 0, 4_000))
        if state in (RunState.EXECUTING, RunState.PAUSED):
            if state is RunState.PAUSED:
                await journal.transition(run_id, state)
            return
        if state in (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS, RunState.ROLLED_BACK):
            for one in (RunState.VERIFYING, RunState.COMMITTING):
                await journal.transition(run_id, one)
        if state is RunState.ROLLED_BACK:
            await journal.transition(run_id, RunState.COMPLETED)
        await journal.end_attempt(run_id, state, failure)

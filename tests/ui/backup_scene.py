"""Backups as they may stand, written into a home's journal and folder, and ways through the screens about them."""

from collections.abc import Callable
from dataclasses import replace

from textual.pilot import Pilot

from tests.ui.driving import NOW, PreparedJournal, copy_plan, screen_text, until
from tui_migrate.errors import JournalBusy
from tui_migrate.journal import backups as writing
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import Environment, RunKind
from tui_migrate.ui.screens.backups import BackupsScreen
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.ui.widgets.table import Table
from tui_migrate.worker.backups import Backup

DAY = 86_400.0


async def add(
    home: Home,
    name: str,
    *,
    age: float = 0.0,
    state: RunState = RunState.COMPLETED,
    source: str = "prod/shop",
    environment: Environment = Environment.PRODUCTION,
    verdict: str = "",
    whole: bool = True,
    size: int = 4_096,
) -> None:
    """A backup of an age in seconds whose run is in a state; `size` of its file, 0 for none."""
    plan = copy_plan(kind=RunKind.EXPORT)
    run_id = await PreparedJournal(home).run(state, plan, age=age)
    make_private_folder(home.backups)
    path = home.backups / f"{name}.tar"
    if size:
        path.write_bytes(bytes(size))
    record = BackupRecord(
        name,
        NOW - age,
        str(path),
        source,
        "" if ":" in source else source.partition("/")[0],
        (f"at:{source}",),
        environment,
        "",
        ("users", "orders"),
        whole,
        run_id,
    )
    outcomes = {
        RunState.COMPLETED: BackupState.GOOD,
        RunState.COMPLETED_WITH_FINDINGS: BackupState.WITH_FINDINGS,
    }
    outcome = outcomes.get(state, BackupState.UNFINISHED)
    async with open_both(home.journal) as (journal, _):
        await writing.add_backup(journal, replace(record, state=outcome))
        if outcome is not BackupState.UNFINISHED:
            async with journal.transaction() as database:
                await database.execute("UPDATE backups SET documents = 1234, size = 98765 WHERE name = ?", (name,))
        if verdict:
            await writing.set_verified(journal, name, NOW - age / 2, verdict)


async def every_kind(home: Home) -> None:
    """One of each state, some with names that are hard to show."""
    await add(home, "prod-shop-20260601T000000Z", age=112 * DAY, verdict="good", size=123_456)
    await add(home, "damaged", age=40 * DAY, verdict="errors")
    await add(home, "gone", age=35 * DAY, size=0)
    await add(home, "some", age=3 * DAY, whole=False, source="mongodb://h/[bold]b", verdict="good")
    await add(home, "while-busy", age=2 * DAY, state=RunState.COMPLETED_WITH_FINDINGS)
    await add(home, "given-up", age=7_200, state=RunState.CANCELLED, size=0)
    await add(home, "stopped", age=600, state=RunState.EXECUTING, size=0)


def is_on(pilot: Pilot[None], kind: type) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, kind)


def footer(pilot: Pilot[None]) -> str:
    return screen_text(pilot).splitlines()[-1]


async def opened(pilot: Pilot[None]) -> None:
    await until(pilot, is_on(pilot, HomeScreen), "Home")
    await pilot.press("K")
    await until(pilot, is_on(pilot, BackupsScreen), "the backups")


def at(pilot: Pilot[None], key: str, selector: str = "Table") -> None:
    pilot.app.screen.query_one(selector, Table).move_to(key)


async def choose(pilot: Pilot[None], key: str) -> None:
    await until(pilot, is_on(pilot, Choose), "the choices")
    at(pilot, key)
    await pilot.press("enter")


async def busy(_: Home) -> tuple[Backup, ...]:
    raise JournalBusy("the journal is locked", hint="wait")

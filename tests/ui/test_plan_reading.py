"""Plans of thousands of collections, and logs of thousands of lines, do not keep the screens."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.ui.driving import NOW, PreparedJournal, copy_plan, new_app, new_home, shows, table_cells, until
from tests.ui.run_scene import SIZE
from tests.ui.test_rollback_screen import write_undo
from tui_migrate.journal.records import Event
from tui_migrate.plan.model import Plan
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.ui import plan_reading
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens import run_log
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.conflicts import ConflictsScreen
from tui_migrate.ui.screens.rejects import RejectsScreen
from tui_migrate.ui.screens.report import ReportScreen
from tui_migrate.ui.screens.rollback import RollbackScreen
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.screens.run_log import LogScreen
from tui_migrate.ui.widgets.table import Row

SCREENS: tuple[tuple[Callable[[int], OperatorScreen], str], ...] = (
    (RunScreen, "inserted 40"),
    (RollbackScreen, "Next: s starts the rollback"),
    (ConflictsScreen, "staging"),
    (RejectsScreen, "No document was refused."),
    (ReportScreen, "0 errors"),
)


@pytest.fixture
def journal(tmp_path: Path) -> PreparedJournal:
    return PreparedJournal(new_home(tmp_path))


def latest(pilot: Pilot[None]) -> tuple[str, ...]:
    """The last row of the table."""
    return next(reversed(table_cells(pilot)), ())


@pytest.mark.slow
async def test_a_long_plan_is_read_beside_every_screen(
    journal: PreparedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[bool] = []

    def read(text: str, name: str) -> Plan:
        reads.append(threading.current_thread() is threading.main_thread())
        return from_yaml(text, name)

    monkeypatch.setattr(plan_reading, "PLAN_READ_AT_ONCE", 0)
    monkeypatch.setattr(plan_reading, "_parsed", read)
    run_id = await journal.run()
    await write_undo(journal.home, run_id)
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        for place, (screen, said) in enumerate(SCREENS, start=1):
            await app.push_screen(screen(run_id))
            await until(pilot, lambda at=place, text=said: len(reads) == at and shows(pilot, text)(), said)  # type: ignore[misc]  # bound per turn
            app.pop_screen()
        await plan_of(app, run_id)
    assert reads == [False] * (len(SCREENS) + 1)


async def test_a_plan_that_was_read_is_not_read_again_for_the_next_screen(
    journal: PreparedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_reading._parsed.cache_clear()
    reads: list[str] = []

    def read(text: str, name: str) -> Plan:
        reads.append(name)
        return from_yaml(text, name)

    monkeypatch.setattr(plan_reading, "from_yaml", read)
    runs = [await journal.run(plan=copy_plan(description=f"read once, {number}")) for number in (1, 2)]
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        for run_id in (*runs, *runs):
            await app.push_screen(RunScreen(run_id))
            await until(pilot, shows(pilot, f"run {run_id:04}", "SOURCE: PRODUCTION"), "what the plan says")
            app.pop_screen()
    assert reads == ["plan of run 0001", "plan of run 0002"]


async def test_of_a_log_only_what_is_new_is_made_into_rows_and_the_latest_are_kept(
    journal: PreparedJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    log_row = run_log._log_row

    def row(event: Event) -> Row:
        made.append(event.sequence)
        return log_row(event)

    monkeypatch.setattr(run_log, "_log_row", row)
    monkeypatch.setattr(run_log, "LINES_READ", 50)
    run_id = await journal.run()
    app = new_app(journal.home)
    async with app.run_test(size=SIZE) as pilot:
        screen = LogScreen(run_id)
        await app.push_screen(screen)
        await until(pilot, shows(pilot, "The run has said nothing yet."))
        lines = tuple(Event(one, run_id, NOW, "note", f"line {one}") for one in range(1_000, 1_062))
        screen.post_message(LogScreen.EarlierRead(lines[:60]))
        await until(pilot, lambda: "line 1059" in latest(pilot), "many lines")
        screen.post_message(LogScreen.EarlierRead(lines[40:]))
        await until(pilot, lambda: "line 1061" in latest(pilot), "two more")
        assert made == [*range(1_000, 1_062)]
        assert [cells[1] for cells in table_cells(pilot)] == [f"line {one}" for one in range(1_012, 1_062)]

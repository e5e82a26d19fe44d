"""What the real app sends over the line, counted in a pseudo-terminal of 80×24."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bson
import pytest

from tests.ui.backup_scene import every_kind
from tests.ui.conflict_scene import prepare_waiting
from tests.ui.driving import PreparedJournal, new_home
from tests.ui.live_run import LiveRun
from tests.ui.terminal.operator import Operator, environment
from tui_migrate import settings
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, Counts, RejectState
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.settings import Settings

pytestmark = pytest.mark.slow

START_UP = 4_000
CURSOR_MOVE = 300
MODAL = 2_000
LIVE_A_SECOND = 600
SLOW_A_SECOND = 250
WINDOW = 5.0
IDLE = 1.2
OPENING = 4_000


@contextmanager
def app(home: Home) -> Iterator[Operator]:
    command = [sys.executable, "-m", "tui_migrate", "--home", str(home.state.parent)]
    with Operator(command, environment(home.state.parent)) as operator:
        operator.until_shown("Home")
        operator.until_shown("? Help")
        quiet(operator)
        yield operator


def quiet(operator: Operator, seconds: float = 0.7) -> None:
    """Read until nothing has come for a while."""
    while operator.read(seconds):
        pass


def received(operator: Operator, seconds: float) -> int:
    """Count what comes within a time."""
    before, end = len(operator.received), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        operator.read(left)
    return len(operator.received) - before


def pressed(operator: Operator, *keys: str, calm: float = 0.7) -> int:
    """Count what a few keys lead to, until nothing has come for `calm` seconds."""
    before = len(operator.received)
    operator.press(*keys)
    quiet(operator, calm)
    return len(operator.received) - before


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path)


def use(home: Home, **chosen: str | bool) -> None:
    settings.save(home, Settings(**chosen))  # type: ignore[arg-type] # each is of its own type


def test_start_up_cursor_and_dialog_send_little_and_an_idle_app_sends_nothing(home: Home) -> None:
    use(home, theme="ansi")
    prepared = PreparedJournal(home)
    for _ in range(6):
        asyncio.run(prepared.run())
    with app(home) as operator:
        assert len(operator.received) <= START_UP
        assert received(operator, WINDOW) == 0
        assert 0 < pressed(operator, "down") <= CURSOR_MOVE
        assert 0 < pressed(operator, "/") <= MODAL
        assert 0 < pressed(operator, "escape") <= MODAL


@pytest.mark.parametrize(("slow", "most"), [(False, LIVE_A_SECOND), (True, SLOW_A_SECOND)])
def test_a_live_run_keeps_within_its_bytes(home: Home, slow: bool, most: int) -> None:
    use(home, theme="ansi", slow=slow)
    with LiveRun(home), app(home) as operator:
        operator.until_shown("›0001")
        operator.press("enter")
        operator.until_shown("orders")
        operator.until_shown("execute")
        received(operator, 2.0)
        assert 0 < received(operator, WINDOW) / WINDOW <= most


def test_a_run_whose_worker_waits_sends_next_to_nothing(home: Home) -> None:
    use(home, theme="ansi", slow=True)
    with LiveRun(home, quiet=True), app(home) as operator:
        operator.until_shown("›0001")
        operator.press("enter")
        operator.until_shown("orders")
        received(operator, 2.0)
        assert received(operator, WINDOW) / WINDOW <= SLOW_A_SECOND


def test_the_queue_of_conflicts_opens_and_moves_within_its_bytes(home: Home) -> None:
    use(home, theme="ansi")
    prepare_waiting(home, 2_500)
    with app(home) as operator:
        assert 0 < pressed(operator, "Q") <= MODAL
        operator.until_shown("The first 2,000 of 2,500")
        assert 0 < pressed(operator, "down") <= CURSOR_MOVE
        # What is decided is drawn, the counts above, and the cursor on the next.
        assert 0 < pressed(operator, "N") <= MODAL
        assert received(operator, 2.0) == 0


def test_the_other_screens_send_little_too_and_nothing_while_nothing_happens(home: Home) -> None:
    """One sitting: each screen is opened, its cursor moved, looked at for a while and left."""
    use(home, theme="ansi")
    asyncio.run(every_kind(home))
    found = [Finding(Severity.WARNING, "rejected", f"users _id {one}", "refused", "mend it") for one in range(4)]
    run_id = asyncio.run(PreparedJournal(home).run(RunState.COMPLETED_WITH_FINDINGS, findings=found))
    asyncio.run(refuse_some(home, run_id))
    with app(home) as operator:
        pressed(operator, "down")
        for name, keys, text in (
            ("Compare", "M", "Choose"),
            ("Backups", "K", "damaged"),
            ("Report", "v", f"run {run_id:04d}"),
            ("Throughput", "\rT", "throughput"),
            ("Rejects", "\rR", "refused and kept"),
        ):
            if len(keys) > 1:
                operator.press(keys[0])
                operator.until_shown("what rolling it back")
                quiet(operator, 0.4)
            opened = shown_by(operator, keys[-1], text)
            print(f"{name}: {opened} bytes to open it")  # noqa: T201 -- shown by pytest -s
            assert 0 < opened <= OPENING, name
            assert pressed(operator, "down", calm=0.4) <= CURSOR_MOVE, name
            assert received(operator, IDLE) == 0, name
            if len(keys) > 1:
                shown_by(operator, "escape", "what rolling it back")
            shown_by(operator, "escape", "K Backups")


def shown_by(operator: Operator, key: str, text: str) -> int:
    """Count what it takes until a text is shown and nothing more comes."""
    before = len(operator.received)
    operator.press(key)
    operator.until_shown(text)
    quiet(operator, 0.4)
    return len(operator.received) - before


async def refuse_some(home: Home, run_id: int) -> None:
    """Put documents aside, as a run would have."""
    file = RejectFile(home.run(run_id).rejects, 0)
    documents = [bson.encode({"_id": one}) for one in range(4)]
    records = await file.append(
        [Refused("users", one, 121, "Document failed validation", RejectState.REJECTED) for one in documents]
    )
    await file.close()
    async with open_both(home.journal) as (journal, _):
        counts = Counts(rejected=len(records))
        await Progress(journal, run_id).commit_batch(
            Checkpoint("users", 1, b"", b"", len(records), 100, b"", counts), refused=records
        )

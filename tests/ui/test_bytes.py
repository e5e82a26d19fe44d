"""What the real app sends over the line, counted in a pseudo-terminal of 80×24."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import bson
import pytest

from tests.engine.scene import create, put
from tests.engine.servers import Pair, pair
from tests.ui.backup_scene import every_kind
from tests.ui.conflict_scene import prepare_waiting
from tests.ui.driving import PreparedJournal, new_home
from tests.ui.live_run import LiveRun
from tests.ui.terminal.operator import Operator, environment
from tests.ui.test_rollback_documents import change
from tui_migrate import settings
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, Counts, RejectState
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy
from tui_migrate.settings import Settings
from tui_migrate.ui import draft_file
from tui_migrate.ui.draft import Draft, Step

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


def falls_idle(operator: Operator, seconds: float = IDLE) -> bool:
    """Say whether nothing comes for so long, of a few times at the latest: the last drawing may have been under way."""
    return any(received(operator, seconds) == 0 for _ in range(5))


def pressed(operator: Operator, *keys: str, calm: float = 0.7) -> int:
    """Count what a few keys lead to: something, and then nothing for `calm` seconds."""
    before = len(operator.received)
    operator.press(*keys)
    operator.until(lambda: len(operator.received) > before, f"an answer to {keys}")
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
        assert falls_idle(operator, WINDOW)
        assert 0 < pressed(operator, "down") <= CURSOR_MOVE
        assert 0 < pressed(operator, "/") <= MODAL
        assert 0 < pressed(operator, "escape") <= MODAL
        assert 0 < shown_by(operator, "\x14", "enter keeps it") <= MODAL
        # Where the cursor rests the whole screen is drawn anew in the other theme, once.
        before = len(operator.received)
        operator.press("up")
        operator.until(lambda: len(operator.received) - before > CURSOR_MOVE, "the other theme")
        quiet(operator)
        assert len(operator.received) - before <= OPENING
        assert falls_idle(operator)
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
        assert falls_idle(operator, 2.0)


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
            if name != "Throughput":  # which has nothing to move in
                assert pressed(operator, "down", calm=0.4) <= CURSOR_MOVE, name
            assert falls_idle(operator), name
            if len(keys) > 1:
                shown_by(operator, "escape", "what rolling it back")
            shown_by(operator, "escape", "K Backups")


@pytest.fixture
async def differing(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    """A run that wrote 1 to 6, of which 5 and 6 were changed since, one that asks about these, and a plan left."""
    async with pair(tmp_path / "home", mongodb_pair, database) as ends:
        await put(ends.source, *(long_document(one, "new") for one in range(1, 7)))
        await create(ends.target, "things")
        await put(ends.target, *(long_document(one, "old") for one in (4, 5, 6)))
        assert (await ends.run(await ends.plan(batch=2))).exit_code == 0
        await change(ends.target, long_document(5, "theirs"), long_document(6, "theirs"))
        assert (await ends.run(await ends.plan(Policy.ASK))).record.undecided == 2
        marks = frozenset({"things"})
        draft_file.save(ends.home, Draft(ends.source_end, ends.target_end, marks, ("things",), step=Step.COLLECTIONS))
        yield ends


def long_document(number: int, word: str) -> bytes:
    """A document that no screen of 24 lines has room for, and of which no line is like another."""
    texts = {f"field_{one}": sha256(f"{word} {one}".encode()).hexdigest()[: 10 + one % 7 * 5] for one in range(40)}
    return bson.encode({"_id": number} | texts)


STEPS = (
    ("", "Q", "2 documents wait"),
    ("one document of a queue", "enter", "+++ the source"),
    ("", "escape", "2 documents wait"),
    ("", "escape", "K Backups"),
    ("", "down", "›0001"),
    ("", "r", "Next: s starts"),
    ("the documents of a rollback", "enter", "The run changed 6 documents"),
    ("one document of a rollback", "enter", "Deleted: the run inserted it, and"),
    ("", "escape", "The run changed 6 documents"),
    ("", "escape", "Next: s starts"),
    ("", "escape", "K Backups"),
    ("", "M", "Pair"),
    ("", "end", "›Pair"),
    ("", "enter", "s compares"),
    ("", "s", "As of"),
    ("", "enter", "compare › things"),
    ("one document of a comparison", "enter", "~ field_0: another value"),
    ("", "escape", "compare › things"),
    ("", "escape", "As of"),
    ("", "escape", "K Backups"),
    ("", "n", "Go on with it"),
    ("", "enter", "1 of 1 marked"),
    ("the sheet of a collection", "enter", "Name in target"),
)
"""A sitting: the screen that is weighed, where one is, the key to press, and what is shown then."""


@pytest.mark.usefixtures("lost_sockets")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a socket that pymongo forgets
def test_screens_of_one_document_and_of_one_collection_send_little(differing: Pair) -> None:
    """One sitting: down to one document of a queue, of a rollback and of a comparison, and to a collection's sheet."""
    use(differing.home, theme="ansi")
    with app(differing.home) as operator:
        for name, key, text in STEPS:
            opened = shown_by(operator, key, text)
            if name:
                moved = pressed(operator, "down", calm=0.4)
                print(f"{name}: {opened} bytes to open it, {moved} to move")  # noqa: T201 -- shown by pytest -s
                assert opened <= MODAL, name
                assert moved <= CURSOR_MOVE, name
                assert falls_idle(operator), name


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

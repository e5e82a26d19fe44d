"""New migration over real servers: two databases behind named connections, and ways through the steps."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pymongo import MongoClient
from textual.pilot import Pilot
from textual.widgets import Input

from tests.processes import killing_workers
from tests.ui.driving import NOW, PreparedJournal, copy_plan, new_app, new_home, screen_text, shows, until
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import HOME_VARIABLE, Home
from tui_migrate.plan.model import Environment, Policy, StoreEnd
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft, Step, at_step, with_listing, with_marks, with_policy
from tui_migrate.ui.look import Opening
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_choice import Role
from tui_migrate.ui.screens.end_dialogs import AskUrl
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_step import StepPane
from tui_migrate.ui.screens.run import RunScreen
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.ui.widgets.table import Table

SIZE = (80, 24)
OLD, NEW, LIVE = "old", "new", "live"
"""The connections: the source's, and two of the target's server, the second of which is production."""

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shop:
    """A source with data and a target with a part of it, and a home that has connections to both."""

    home: Home
    database: str
    source_db: MongoClient[Document]
    target_db: MongoClient[Document]

    @property
    def source(self) -> StoreEnd:
        return StoreEnd(self.database, connection=OLD, environment=Environment.STAGING)

    @property
    def target(self) -> StoreEnd:
        return StoreEnd(self.database, connection=NEW, environment=Environment.DEVELOPMENT)

    @property
    def live(self) -> StoreEnd:
        return StoreEnd(self.database, connection=LIVE, environment=Environment.PRODUCTION)

    @property
    def opening(self) -> Opening:
        return Opening(self.home, {}, lambda: NOW)

    def draft(self, *names: str, target: StoreEnd | None = None) -> Draft:
        """A draft with both ends, and these collections marked."""
        return with_marks(Draft(self.source, target or self.target), names)

    def ready(self, *names: str, step: Step, target: StoreEnd | None = None) -> Draft:
        """The same, as one that has come to a step."""
        return at_step(with_listing(self.draft(*names, target=target), tuple(sorted(names))), step)

    def documents(self, collection: str) -> list[Document]:
        return list(self.target_db[self.database][collection].find(sort=[("_id", 1)]))

    async def used_before(self, collections: Sequence[str] = ("users", "orders")) -> int:
        """Let there be a run between both ends."""
        return await PreparedJournal(self.home).run(
            RunState.COMPLETED, copy_plan(self.source, self.target, collections)
        )


@pytest.fixture
def shop(
    tmp_path: Path, mongodb_pair: tuple[str, str], database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """`users` (30) and `orders` (20) in the source; 15 users in the target, 5 of which differ."""
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    home = new_home(tmp_path)
    old, new = (f"{url.rstrip('/')}/{database}" for url in mongodb_pair)
    connections.write(
        home,
        [
            Connection(OLD, old, Environment.STAGING),
            Connection(NEW, new, Environment.DEVELOPMENT),
            Connection(LIVE, new, Environment.PRODUCTION),
        ],
    )
    source, target = (MongoClient[Document](url) for url in mongodb_pair)
    source[database]["users"].insert_many({"_id": number, "age": number} for number in range(30))
    source[database]["orders"].insert_many({"_id": number, "of": number} for number in range(20))
    target[database]["users"].insert_many({"_id": number, "age": number if number < 10 else -1} for number in range(15))
    with killing_workers(home):
        yield Shop(home, database, source, target)
    for client in (source, target):
        client.drop_database(database)
        client.close()


@asynccontextmanager
async def wizard(
    home: Home, draft: Draft | None = None, *, clock: Callable[[], float] = lambda: NOW, size: tuple[int, int] = SIZE
) -> AsyncIterator[Pilot[None]]:
    """The screen, with a draft or afresh."""
    app = new_app(home, clock)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(NewMigrationScreen(draft))
        await until(pilot, lambda: app.screen.focused is not None, "a focus")
        yield pilot


def live_app(home: Home) -> MigrateApp:
    """An app with the real time, for real workers."""
    return MigrateApp(Session(home), theme="dark", marks=MarkSet.UNICODE, ansi=False)


def session(pilot: Pilot[None]) -> Session:
    assert isinstance(pilot.app, MigrateApp)
    return pilot.app.session


def step_is(pilot: Pilot[None], step: Step) -> Callable[[], bool]:
    """Say whether this step is the one that is shown."""

    def is_shown() -> bool:
        screen = pilot.app.screen
        if not isinstance(screen, NewMigrationScreen):
            return False
        return [one.STEP for one in screen.query(StepPane) if one.display] == [step] and screen.focused is not None

    return is_shown


def rows(pilot: Pilot[None], selector: str) -> list[tuple[str, ...]]:
    return [row.cells for row in pilot.app.screen.query_one(selector, Table).rows]


def flat(pilot: Pilot[None]) -> str:
    """The screen as one line, blanks and a window's edges folded, so that sentences that are broken can be found."""
    return " ".join(screen_text(pilot).replace("│", " ").split())


def says(pilot: Pilot[None], *texts: str) -> Callable[[], bool]:
    """Say whether all these texts stand on the screen, or in the window over it, however they are broken."""
    return lambda: all(text in flat(pilot) or text in framed(pilot) for text in texts)


def framed(pilot: Pilot[None]) -> str:
    """The words within the frame of a window, without those that stand beside it."""
    rows = (one.split("│") for one in screen_text(pilot).splitlines())
    return " ".join(" ".join(" ".join(one[1:-1]) for one in rows if len(one) > 2).split())


async def type_into(pilot: Pilot[None], text: str, key: str = "enter") -> None:
    """Set the input that has the focus, and press a key."""
    await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input), "an input")
    entry = pilot.app.screen.focused
    assert isinstance(entry, Input)
    entry.value = text
    entry.cursor_position = len(text)
    await pilot.pause()
    await pilot.press(key)


async def ask(pilot: Pilot[None], role: Role) -> None:
    """Open the choice of an end."""
    screen = pilot.app.screen
    screen.query_one("#ends", Table).move_to(role.value)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the choices")


async def pick(pilot: Pilot[None], key: str, window: type) -> None:
    """Choose by the key of a row, and wait for the next window."""
    pilot.app.screen.query_one(Table).move_to(key)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, window), "the window")


async def by_url(pilot: Pilot[None], role: Role, url: str) -> None:
    await ask(pilot, role)
    await pick(pilot, "typed", AskUrl)
    await type_into(pilot, url)


async def checked(pilot: Pilot[None]) -> None:
    """Wait until the checks are done."""
    await until(pilot, shows(pilot, "As of "), "the checks")


async def run_record(home: Home, run_id: int = 1) -> RunRecord:
    reader = await JournalReader.open(home.journal)
    try:
        return await reader.run(run_id)
    finally:
        await reader.close()


def overwriting(shop: Shop, *names: str, target: StoreEnd | None = None) -> Draft:
    return with_policy(
        shop.ready(*(names or ("orders", "users")), step=Step.PREFLIGHT, target=target), Policy.OVERWRITE
    )


def warned(shop: Shop) -> None:
    """Let the checks of `users` have one warning."""
    shop.source_db[shop.database]["users"].create_index("age", name="x")
    shop.target_db[shop.database]["users"].create_index("other", name="x")


def is_run(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, RunScreen)


def no_run(shop: Shop) -> bool:
    return not list(shop.home.runs.glob("*"))

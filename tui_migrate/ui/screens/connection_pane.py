"""The table of the named connections, with what it takes to read them and to see who answers."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker

from tui_migrate.connections import Connection, load, locate
from tui_migrate.errors import InvalidFile, TuiMigrateError
from tui_migrate.journal.records import RunSummary
from tui_migrate.ui.connection_rows import COLUMNS, Sight, connection_row, end_of, newest_use
from tui_migrate.ui.credentials import has_password
from tui_migrate.ui.greeting import Greeting, greet
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.look import Fault, first_error
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.leaving import Leaving
from tui_migrate.ui.widgets.table import Table

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

READ_GROUP: Final = "connections"


class ConnectionPane(Leaving, Vertical):
    """A table of connections; in its place the fault of their file, where that cannot be read.

    `empty` is what is said where there is none.
    """

    DEFAULT_CSS = "ConnectionPane { height: 1fr; }"

    class Known(Message):
        """The file was read: its connections, or its fault."""

        def __init__(self, connections: Mapping[str, Connection], fault: TuiMigrateError | None) -> None:
            super().__init__()
            self.connections = connections
            self.fault = fault

    class Tested(Message):
        """A test has ended; `greeting` is None where the operator gave no password."""

        def __init__(self, name: str, greeting: Greeting | None) -> None:
            super().__init__()
            self.name = name
            self.greeting = greeting

    def __init__(self, empty: str) -> None:
        super().__init__()
        self._empty = empty
        self.connections: Mapping[str, Connection] = {}
        self.is_known = False
        self.fault: TuiMigrateError | None = None
        self._runs: tuple[RunSummary, ...] = ()
        self._pending = ""
        self._begin = 0.0
        self._timer: Timer | None = None
        self._work: Worker[object] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the pane."""
        yield FaultPane(classes="connections-fault")
        yield Table(COLUMNS, empty="Reading the connections…", id="connections")

    def on_mount(self) -> None:
        """Read the file, and have a clock ready for tests that take long."""
        self._timer = self.set_interval(1.0, self._draw, pause=True)

    @property
    def table(self) -> Table:
        """The table."""
        return self.query_one("#connections", Table)

    @property
    def chosen(self) -> Connection | None:
        """The connection under the cursor."""
        return self.connections.get(self.table.cursor_key or "")

    @property
    def is_testing(self) -> bool:
        """True while a test waits for an answer."""
        return bool(self._pending)

    def read(self) -> None:
        """Read the file, again where it was."""
        self._app.in_background(self._read(), READ_GROUP)

    def use_runs(self, runs: tuple[RunSummary, ...]) -> None:
        """Take the runs from which is seen when a connection was used last."""
        self._runs = runs
        self._draw()

    def test(self) -> None:
        """Connect to the one under the cursor and see who answers."""
        if (connection := self.chosen) is not None:
            self._pending, self._begin = connection.name, time.monotonic()
            if self._timer is not None:
                self._timer.resume()
            self._draw()
            # In a group of this pane's own: a test on another screen must not end one that waits here unseen.
            self._work = self._app.in_background(self._test(connection), f"connection-test-{id(self)}")

    def cancel(self) -> bool:
        """Give up a test that waits; say whether there was one."""
        was_testing = self.is_testing
        if was_testing:
            if self._work is not None:
                self._work.cancel()
            self._end_test()
        return was_testing

    def on_connection_pane_known(self, message: Known) -> None:
        """Show the connections, or what is wrong with their file."""
        self.connections, self.fault, self.is_known = message.connections, message.fault, True
        pane, session = self.query_one(FaultPane), self._app.session
        self.table.display = message.fault is None
        if message.fault is None:
            pane.clear()
        else:
            pane.explain(*fault_lines(message.fault, str(session.home.connections), session.keys))
        self._draw()

    def on_connection_pane_tested(self, message: Tested) -> None:
        """Show how a test ended."""
        if message.greeting is not None:
            self._app.session.seen[message.name] = message.greeting
        if message.name == self._pending:
            self._end_test()

    @property
    def _app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    def _end_test(self) -> None:
        self._pending = ""
        if self._timer is not None:
            self._timer.pause()
        self._draw()

    def _draw(self) -> None:
        if not self.is_known:
            return
        now = self._app.session.clock()
        rows = [connection_row(one, self._sight(one.name), now) for one in self.connections.values()]
        self.table.show(rows, empty=self._empty)

    def _sight(self, name: str) -> Sight:
        return Sight(
            self._app.session.seen.get(name),
            newest_use(name, self._runs),
            time.monotonic() - self._begin if name == self._pending else None,
        )

    async def _read(self) -> None:
        try:
            found = await asyncio.to_thread(load, self._app.session.home)
        except TuiMigrateError as error:
            self.post_message(self.Known({}, error))
        else:
            self.post_message(self.Known(found, None))

    async def _test(self, connection: Connection) -> None:
        session, end = self._app.session, end_of(connection)
        greeting: Greeting | None = None
        try:
            if await has_password(self._app, end):
                locator = await asyncio.to_thread(locate, end, session.home, session.passwords)
                greeting = await greet(locator, session.clock())
        except* TuiMigrateError as group:
            greeting = Greeting(session.clock(), fault=Fault.of(first_error(group)))
        self.post_message(self.Tested(connection.name, greeting))


def fault_lines(fault: TuiMigrateError, path: str, keys: Keymap) -> tuple[str, ...]:
    """Say what is wrong with the file of connections: the file, the line, the key, and what to do."""
    if isinstance(fault, InvalidFile):
        key = f"key    {fault.key}" if fault.key else ""
        said = fault.message.partition(": ")[2] or fault.message
        where = (f"file   {fault.path}", f"line   {fault.line}", key)
        return (
            f"The connections cannot be read: {said}",
            *where,
            fault.hint,
            f"Mend the file; {keys.of('look.again')} reads it again.",
        )
    return (
        f"The connections cannot be read: {fault.message}",
        path,
        fault.hint,
        f"{keys.of('look.again')} reads them again.",
    )

"""Connections: list, add, change, test, delete."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from tui_migrate.connections import Connection, load, write
from tui_migrate.errors import StorageFailed
from tui_migrate.paths import Home
from tui_migrate.system_keyring import forget
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.connection_pane import ConnectionPane
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.wording import path_words

RUNS_LOOKED_AT: Final = 200
"""Runs among which is searched for the last use of a connection."""


class ConnectionsScreen(OperatorScreen):
    """The named connections. `at` is the one to begin with."""

    ACTIONS: ClassVar = (
        "connection.add",
        "connection.edit",
        "connection.test",
        "connection.delete",
        "look.again",
        "table.filter",
        "table.sort",
    )

    class Deleted(Message):
        """A connection was taken out of the file; `remark` is why its password is still in the keyring."""

        def __init__(self, name: str, remark: str) -> None:
            super().__init__()
            self.name = name
            self.remark = remark

    def __init__(self, at: str = "") -> None:
        super().__init__()
        self._at = at

    def compose_body(self) -> Iterable[Widget]:
        """The table alone."""
        yield ConnectionPane(f"No connection has a name yet: {self.key_of('connection.add')} adds one.")

    def on_mount(self) -> None:
        """Begin with the table."""
        super().on_mount()
        self._pane.table.focus()

    def on_screen_resume(self) -> None:
        """Read the file again: it may have been changed meanwhile."""
        super().on_screen_resume()
        self._pane.read()

    def subject(self) -> Subject:
        """The runs that have used a connection last."""
        return Subject(summaries=RUNS_LOOKED_AT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw when each was used last."""
        self._pane.use_runs((*snapshot.summaries, *snapshot.unfinished))

    def where(self) -> tuple[str, None, str]:
        """Name the file."""
        return "Connections", None, path_words(self.session.home.connections)

    def help_text(self) -> str:
        """What a connection is, and where passwords lie."""
        return (
            "A connection is a name for a URL, with its environment; one that says none counts as production. Its "
            "password is asked each time, or comes from an environment variable, a file of mode 0600 or the system "
            "keyring. In the connections' file itself it stands only where you insist, and that file is readable by "
            "you alone."
        )

    def is_available(self, action_id: str) -> bool:
        """A file with a fault is mended first; the rest needs a row."""
        pane = self._pane if self.is_mounted else None
        if action_id == "look.again" or pane is None:
            return True
        if action_id == "connection.add":
            return pane.fault is None
        if action_id.startswith("connection."):
            return pane.chosen is not None
        return True

    def go_back(self) -> bool:
        """Cancel a test that waits."""
        return self._pane.cancel()

    def on_connection_pane_known(self, message: ConnectionPane.Known) -> None:
        """Go to the row that was asked for; other rows have other keys."""
        if self._at in message.connections:
            self._pane.table.move_to(self._at)
            self._at = ""
        self.refresh_frame()

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def on_table_opened(self) -> None:
        """Change the one under the cursor."""
        self.action_connection_edit()

    def on_connections_screen_deleted(self, message: Deleted) -> None:
        """Show what is left."""
        self.session.seen.pop(message.name, None)
        self._pane.read()
        if message.remark:
            self.notify_line(f"Deleted; its password stays in the keyring: {message.remark} · {message.name}")
        else:
            self.notify_line(f"Deleted; what it led to is as it was: {message.name}", is_error=False)

    def action_connection_add(self) -> None:
        """Add one."""
        self._edit(None)

    def action_connection_edit(self) -> None:
        """Change the one under the cursor."""
        if self._pane.chosen is not None:
            self._edit(self._pane.chosen.name)

    def action_connection_test(self) -> None:
        """Connect to the one under the cursor."""
        self._pane.test()

    def action_connection_delete(self) -> None:
        """Ask, then take the one under the cursor out of the file."""
        chosen = self._pane.chosen
        if chosen is None:
            return
        name = chosen.name

        def take(choice: str | None) -> None:
            if choice == "delete":
                self.migrate_app.carry_out(self._delete(name))

        said = [
            f"{name} is taken out of the file of connections.",
            "The database stays as it is. Runs that used the name",
            "cannot be resumed or rolled back without it.",
            *([f"The password file stays: {chosen.password_file}"] if chosen.password_file else []),
            *(["Its password is taken out of the system keyring."] if chosen.keyring else []),
        ]
        choices = [("keep", "Keep it"), ("delete", "Delete the connection")]
        self.app.push_screen(Choose("Delete the connection?", said, choices), take)

    def action_look_again(self) -> None:
        """Read the file again."""
        self._pane.read()

    @property
    def _pane(self) -> ConnectionPane:
        return self.query_one(ConnectionPane)

    def _edit(self, name: str | None) -> None:
        connection = self._pane.connections[name] if name is not None else None

        def take(name: str) -> None:
            self._at = name

        self.app.push_screen(ConnectionForm(connection, take))

    async def _delete(self, name: str) -> None:
        gone = await asyncio.to_thread(_remove, self.session.home, name)
        remark = ""
        if gone is not None and gone.keyring:
            try:
                await asyncio.to_thread(forget, gone.account)
            except StorageFailed as error:
                remark = error.message
        self.post_message(self.Deleted(name, remark))


def _remove(home: Home, name: str) -> Connection | None:
    """Take a connection out of the file and give it; None where it is gone already."""
    known = load(home)
    gone = known.pop(name, None)
    write(home, list(known.values()))
    return gone

"""Home: the runs that need somebody first, then the recent ones and the connections; three lines at the very first."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from textual.message import Message
from textual.widget import Widget

from tui_migrate.errors import TuiMigrateError
from tui_migrate.packages.opening import load_manifest
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.resuming import resume
from tui_migrate.ui.run_rows import COLUMNS, in_order_of_need, run_row, urgency
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.connection_pane import ConnectionPane
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.first_run import COLUMNS as FIRST_COLUMNS
from tui_migrate.ui.screens.first_run import DEMO_WORDS, demo_draft, first_rows
from tui_migrate.ui.snapshot import Snapshot, Subject
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Table

RECENT: Final = 20

_SLOW_SECONDS: Final = 5.0
_TICK_SECONDS: Final = 30.0


class HomeScreen(OperatorScreen):
    """The root of all screens."""

    ACTIONS: ClassVar = (
        "home.new",
        "home.connections",
        "home.history",
        "home.demo",
        "run.open",
        "run.resume",
        "run.rollback",
        "run.report",
        "connection.test",
        "look.again",
        "table.filter",
        "table.sort",
    )

    class PackageSeen(Message):
        """A package was looked at: `fault` is why it is none."""

        def __init__(self, path: str, fault: TuiMigrateError | None) -> None:
            super().__init__()
            self.path = path
            self.fault = fault

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._waited = 0.0

    def compose_body(self) -> Iterable[Widget]:
        """Runs above, connections below."""
        yield Lines(["Runs"], id="runs-title", classes="section")
        yield Table(COLUMNS, empty="Reading the journal…", id="runs")
        yield Table(FIRST_COLUMNS, id="first")
        yield Lines(["Connections"], id="connections-title", classes="section")
        yield ConnectionPane(id="connection-pane")

    def on_mount(self) -> None:
        """Begin with the runs."""
        super().on_mount()
        self.query_one("#first", Table).display = False
        self.query_one("#runs", Table).focus()
        self.set_interval(1.0, self._wait, name="waiting")
        self.set_interval(_TICK_SECONDS, self._draw)

    def on_screen_resume(self) -> None:
        """Read the connections again: they may have been changed meanwhile."""
        super().on_screen_resume()
        self.query_one(ConnectionPane).read()

    def subject(self) -> Subject:
        """The newest runs in short."""
        return Subject(summaries=RECENT)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw what the journal says now."""
        self._snapshot = snapshot
        self._draw()
        self.query_one(ConnectionPane).use_runs((*snapshot.summaries, *snapshot.unfinished))

    def where(self) -> tuple[str, None, str]:
        """Say whether this is the demo's home."""
        return "Home", None, "DEMO" if demo_draft(self.session.home) is not None else ""

    def help_text(self) -> str:
        """What stands where."""
        return (
            "Runs that need you stand first: at work, paused, interrupted, failed. Tab goes to the connections below; "
            "t there connects and says who answers. A run goes on when you leave."
        )

    def is_available(self, action_id: str) -> bool:
        """Keys of runs work on runs, those of connections on connections."""
        pane = self.query_one(ConnectionPane) if self.is_mounted else None
        run = self._chosen()
        match action_id:
            case "home.demo":
                return demo_draft(self.session.home) is None
            case "run.open":
                return run is not None
            case "run.report":
                return run is not None
            case "run.resume":
                return run is not None and run.run.state.is_resumable
            case "run.rollback":
                return run is not None and run.run.rollback_available
            case "connection.test":
                return pane is not None and self.focused is pane.table and pane.chosen is not None
            case "look.again":
                return pane is not None and pane.fault is not None
            case "app.back":
                return pane is not None and pane.is_testing
        return True

    def go_back(self) -> bool:
        """Cancel a test that waits."""
        return self.query_one(ConnectionPane).cancel()

    def on_table_opened(self, event: Table.Opened) -> None:
        """Open what stands under the cursor."""
        if event.table.id == "runs":
            self.action_run_open()
        elif event.table.id == "first":
            self._take_first(event.key)
        else:
            from tui_migrate.ui.screens.connections import ConnectionsScreen

            self.app.push_screen(ConnectionsScreen(event.key))

    def on_table_moved(self) -> None:
        """Other rows have other keys."""
        self.refresh_frame()

    def on_home_screen_package_seen(self, message: PackageSeen) -> None:
        """Plan from a package; where it is none, ask again with what was typed."""
        if message.fault is not None:
            self._ask_package(message.path, message.fault)
            return
        from tui_migrate.ui.draft import Draft
        from tui_migrate.ui.screens.new_migration import NewMigrationScreen

        self.app.push_screen(NewMigrationScreen(Draft(source=PackageEnd(message.path))))

    def action_home_new(self) -> None:
        """Plan a migration."""
        from tui_migrate.ui.screens.new_migration import NewMigrationScreen

        self.app.push_screen(NewMigrationScreen())

    def action_home_connections(self) -> None:
        """See the connections."""
        from tui_migrate.ui.screens.connections import ConnectionsScreen

        self.app.push_screen(ConnectionsScreen())

    def action_home_history(self) -> None:
        """See every run."""
        from tui_migrate.ui.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen())

    def action_home_demo(self) -> None:
        """Offer to leave for the demo."""

        def take(choice: str | None) -> None:
            if choice == "demo":
                self.session.wants_demo = True
                self.app.exit()

        choices = [("stay", "Stay here"), ("demo", "Leave, and start the demo in this terminal")]
        self.app.push_screen(Choose("The demo", DEMO_WORDS, choices), take)

    def action_run_open(self) -> None:
        """Show the run under the cursor."""
        from tui_migrate.ui.screens.run import RunScreen

        if (one := self._chosen()) is not None:
            self.app.push_screen(RunScreen(one.run.id))

    def action_run_report(self) -> None:
        """Show what the run under the cursor found."""
        from tui_migrate.ui.screens.report import ReportScreen

        if (one := self._chosen()) is not None:
            self.app.push_screen(ReportScreen(one.run.id))

    def action_run_resume(self) -> None:
        """Start a worker for the run under the cursor."""
        if (one := self._chosen()) is not None:
            self.migrate_app.in_background(resume(self.migrate_app, one.run.id), "resume")

    def action_run_rollback(self) -> None:
        """See what a rollback of the run under the cursor would do."""
        from tui_migrate.ui.screens.rollback import RollbackScreen

        if (one := self._chosen()) is not None:
            self.app.push_screen(RollbackScreen(one.run.id))

    def action_connection_test(self) -> None:
        """Connect to the connection under the cursor."""
        self.query_one(ConnectionPane).test()

    def action_look_again(self) -> None:
        """Read the connections again."""
        self.query_one(ConnectionPane).read()

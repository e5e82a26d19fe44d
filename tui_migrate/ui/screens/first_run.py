"""What Home shows before there was any run: the ways to begin."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui_migrate.connections import load
from tui_migrate.demo.place import DemoPlace
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.widgets.leaving import Leaving
from tui_migrate.ui.widgets.lines import Lines
from tui_migrate.ui.widgets.table import Column, Row, Table

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_COLUMNS: Final = (Column("", 24), Column(""))
_DEMO: Final = Row(
    "demo",
    ("Try the demo", "two databases with sample data, on this machine"),
    name="tui-migrate demo does the same from a shell",
)
_SAMPLE: Final = Row(
    "sample",
    ("Migrate the sample", "from demo-source to demo-target, step by step"),
    name="nothing starts before you have seen what it would do",
)
_URL: Final = Row(
    "url",
    ("Paste a connection URL", "test it, name it, keep its password apart"),
    name="mongodb://user@host:27017/database",
)
_PACKAGE: Final = Row(
    "package",
    ("Open a package", "an earlier export, to import it"),
    name="of tui-migrate, of mongodump, or of another system",
)
_CHECK: Final = Row(
    "check",
    ("Check a package", "read all of it, write nothing, need no database"),
    name="tui-migrate validate does the same from a shell",
)
_DEMO_WORDS: Final = (
    "The demo has two database servers of its own on this",
    "machine, filled with sample data, and its own journal. It",
    "is ready to migrate, and touches nothing of yours.",
    "",
    "From a shell: tui-migrate demo",
    "It ends with:  tui-migrate demo --stop",
)


def is_demo(home: Home) -> bool:
    """True where a home is the demo's own."""
    return DemoPlace(home.state.parent).exists


class FirstRunPane(Leaving, Vertical):
    """Four lines, each with enter."""

    class PackageChosen(Message):
        """A package was chosen, to be imported or to be checked."""

        def __init__(self, end: PackageEnd, *, is_check: bool) -> None:
            super().__init__()
            self.end = end
            self.is_check = is_check

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        yield Lines(["There was no run yet. To begin, with enter:"], classes="dim")
        yield Table(_COLUMNS, id="first")

    def on_mount(self) -> None:
        """Fill the table."""
        start = _SAMPLE if is_demo(self._app.session.home) else _DEMO
        self.query_one(Table).show([start, _URL, _PACKAGE, _CHECK])

    def on_table_opened(self, event: Table.Opened) -> None:
        """Begin in the way that was chosen."""
        event.stop()
        match event.key:
            case "demo":
                self.offer_demo()
            case "sample":
                self._app.in_background(self._plan_sample(), "first-run")
            case "url":
                from tui_migrate.ui.screens.connection_form import ConnectionForm

                self._app.push_screen(ConnectionForm())
            case "package" | "check":
                self.ask_package(is_check=event.key == "check")

    def offer_demo(self) -> None:
        """Ask whether to leave for the demo."""
        app = self._app
        if app.is_web:
            app.say("The demo is begun in a terminal: tui-migrate demo")
            return

        def take(choice: str | None) -> None:
            if choice == "demo":
                app.session.wants_demo = True
                app.action_app_leave()

        choices = [("stay", "Stay here"), ("demo", "Leave this app and start the demo")]
        app.push_screen(Choose("The demo", _DEMO_WORDS, choices), take)

    def ask_package(self, *, is_check: bool = False) -> None:
        """Ask for a package, to plan an import of it or to check it."""
        self._app.in_background(self._choose_package(is_check=is_check), "first-run")

    def on_first_run_pane_package_chosen(self, message: PackageChosen) -> None:
        """Go on with it."""
        from tui_migrate.ui.screens.package_check import PackageCheckScreen

        if message.is_check:
            self._app.push_screen(PackageCheckScreen(message.end))
        else:
            self._plan(Draft(source=message.end))

    @property
    def _app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    async def _choose_package(self, *, is_check: bool) -> None:
        from tui_migrate.ui.screens.package_choice import ask_package

        end = await ask_package(self._app, "Check a package" if is_check else "Open a package")
        if end is not None:
            self.post_message(self.PackageChosen(end, is_check=is_check))

    async def _plan_sample(self) -> None:
        from tui_migrate.demo.headless import SOURCE, TARGET
        from tui_migrate.ui.connection_rows import end_of

        known = await asyncio.to_thread(load, self._app.session.home)
        if SOURCE in known and TARGET in known:
            self._plan(Draft(source=end_of(known[SOURCE]), target=end_of(known[TARGET])))
        else:
            self._plan(Draft())

    def _plan(self, draft: Draft) -> None:
        from tui_migrate.ui.screens.new_migration import NewMigrationScreen

        self._app.push_screen(NewMigrationScreen(draft))

"""What Home shows before there was any run: the ways to begin."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui_migrate.connections import load
from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import TuiMigrateError
from tui_migrate.packages.opening import load_manifest
from tui_migrate.paths import Home
from tui_migrate.plan.model import PackageEnd
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_dialogs import AskPath, working_folder
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
    name="a folder with a manifest.json",
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


class FirstRunPane(Vertical):
    """Three lines, each with enter."""

    class PackageSeen(Message):
        """A package was looked at: `fault` is why it is none."""

        def __init__(self, path: str, fault: Fault | None) -> None:
            super().__init__()
            self.path = path
            self.fault = fault

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        yield Lines(["There was no run yet. To begin, with enter:"], classes="dim")
        yield Table(_COLUMNS, id="first")

    def on_mount(self) -> None:
        """Fill the table."""
        start = _SAMPLE if is_demo(self._app.session.home) else _DEMO
        self.query_one(Table).show([start, _URL, _PACKAGE])

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
            case "package":
                self._ask_package("", None)

    def offer_demo(self) -> None:
        """Ask whether to leave for the demo."""
        app = self._app

        def take(choice: str | None) -> None:
            if choice == "demo":
                app.session.wants_demo = True
                app.action_app_leave()

        choices = [("stay", "Stay here"), ("demo", "Leave this app and start the demo")]
        app.push_screen(Choose("The demo", _DEMO_WORDS, choices), take)

    def on_first_run_pane_package_seen(self, message: PackageSeen) -> None:
        """Plan from a package; where it is none, ask again with what was typed."""
        if message.fault is not None:
            self._ask_package(message.path, message.fault)
        else:
            self._plan(Draft(source=PackageEnd(message.path)))

    @property
    def _app(self) -> "MigrateApp":
        return cast("MigrateApp", self.app)

    def _ask_package(self, path: str, fault: Fault | None) -> None:
        def take(text: str | None) -> None:
            if text:
                self._app.in_background(self._look_at_package(text), "first-run")

        said = "The folder of a package, as an export has written it."
        if fault is not None:
            said = f"✗ {fault.message}" + (f": {fault.hint}" if fault.hint else "")
        self._app.push_screen(AskPath("Open a package", said, path or working_folder()), take)

    async def _look_at_package(self, path: str) -> None:
        try:
            await asyncio.to_thread(load_manifest, Path(path))
        except TuiMigrateError as error:
            self.post_message(self.PackageSeen(path, Fault.of(error)))
        else:
            self.post_message(self.PackageSeen(path, None))

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

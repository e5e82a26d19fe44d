"""How the app is opened: the terminal is looked at first, then Textual is imported, and nothing is left behind.

Importing this module loads neither Textual nor a database driver.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final

from tui_migrate import settings
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet, Terminal, check_terminal, choose_theme, prepare, settle

if TYPE_CHECKING:
    from textual.driver import Driver

    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.screens.base import OperatorScreen

MOST_CELLS: Final = 1_000
"""A page that says it is wider or taller is not believed."""

NEW_OBJECTS: Final = 10_000
"""So many new objects let Python look for garbage among them; it does so at 700 where nobody says otherwise."""

FirstScreen = Callable[[], "OperatorScreen"]
"""Makes the screen to begin with, over Home; called when Textual is there."""


class Left(Enum):
    """Why the app was left in peace."""

    FOR_GOOD = "for_good"
    FOR_DEMO = "for_demo"


def why_not() -> UsageError | None:
    """Say why no screen can be drawn here; None where one can."""
    try:
        check_terminal()
    except UsageError as error:
        return error
    return None


def open_app(home: Home, first_screen: FirstScreen | None = None) -> tuple[int, Left]:
    """Run the app until it is left; see `run_app`."""
    return asyncio.run(run_app(home, first_screen))


async def run_app(home: Home, first_screen: FirstScreen | None = None) -> tuple[int, Left]:
    """Run the app until it is left, and give its exit code and why it was left.

    Raises UsageError where there is no terminal that it could be drawn on, InvalidFile for settings with a fault.
    """
    chosen = settings.load(home)
    terminal = prepare(ascii_marks=chosen.ascii)
    app = _make(home, chosen, terminal)
    app.first_screen = first_screen
    with few_collections():
        await app.run_async()
    left = Left.FOR_DEMO if app.session.wants_demo else Left.FOR_GOOD
    return app.return_code or 0, left


async def run_in_browser(home: Home) -> int:
    """Run the app for a page of `web.server`, and give its exit code. Raises InvalidFile for settings with a fault.

    The size to begin with comes in COLUMNS and ROWS, as textual-serve gives it.
    """
    chosen = settings.load(home)
    size = _cells("COLUMNS", 80), _cells("ROWS", 24)
    terminal = Terminal(ColourDepth.TRUE, MarkSet.ASCII if chosen.ascii else MarkSet.UNICODE, "utf-8", remote=False)
    settle(os.environ, terminal)
    from tui_migrate.ui.web.driver import BrowserDriver

    app = _make(home, chosen, terminal, BrowserDriver)
    with few_collections():
        await app.run_async(size=size)
    return app.return_code or 0


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for garbage less often, and not among what was imported, which stays for good.

    While it looks at all objects there are, nothing is drawn: over 10,000 collections that took 75 ms of CPU, and takes
    16 without what was imported.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _cells(variable: str, fallback: int) -> int:
    word = os.environ.get(variable, "")
    return min(MOST_CELLS, max(1, int(word))) if word.isascii() and word.isdecimal() and len(word) < 6 else fallback


def _make(
    home: Home, chosen: settings.Settings, terminal: Terminal, driver: "type[Driver] | None" = None
) -> "MigrateApp":
    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.preferences import read_preferences
    from tui_migrate.ui.session import Session
    from tui_migrate.ui.terminal.driver import TerminalDriver
    from tui_migrate.ui.web.browser_keys import reachable

    own = read_preferences(home, choose_theme(chosen.theme, terminal.depth))
    app = MigrateApp(
        Session(home, settings=chosen, keys=own.keys if driver is None else reachable(own.keys)),
        theme=own.theme,
        own_theme=own.own_theme,
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
        driver=driver or TerminalDriver,
    )
    app.faults = own.faults
    return app

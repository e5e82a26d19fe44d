"""How the app is opened: the terminal is looked at first, then Textual is imported, and nothing is left behind.

Importing this module loads neither Textual nor a database driver.
"""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from tui_migrate import settings
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home
from tui_migrate.ui.terminal.start import Terminal, check_terminal, choose_theme, prepare

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.screens.base import OperatorScreen

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
    await app.run_async()
    left = Left.FOR_DEMO if app.session.wants_demo else Left.FOR_GOOD
    return app.return_code or 0, left


def _make(home: Home, chosen: settings.Settings, terminal: Terminal) -> "MigrateApp":
    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.preferences import read_preferences
    from tui_migrate.ui.session import Session

    own = read_preferences(home, choose_theme(chosen.theme, terminal.depth))
    app = MigrateApp(
        Session(home, settings=chosen, keys=own.keys),
        theme=own.theme,
        own_theme=own.own_theme,
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
    )
    app.faults = own.faults
    return app

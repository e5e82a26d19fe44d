"""Opens the app with the tests' clock: `python -m tests.ui.walk_app [--stock] [--patient] HOME`.

Stock is without the differ. With patience a key waits for the one before it for as long as a loaded machine may take.
"""

import inspect
import sys
from pathlib import Path

from tui_migrate.paths import Home
from tui_migrate.ui.terminal import start


def main() -> None:
    terminal = start.prepare()

    from textual.app import App
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver

    from tests.ui.driving import NOW
    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.session import Session
    from tui_migrate.ui.terminal import key_order

    if "--patient" in sys.argv:
        key_order._PATIENCE_SECONDS = 60.0  # type: ignore[misc] # which is how long the tests wait

    class StockApp(MigrateApp):
        """The app as Textual draws it."""

        CSS_PATH = [Path(inspect.getfile(MigrateApp)).parent / one for one in MigrateApp.CSS_PATH]  # noqa: RUF012 -- Textual's own way

        def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> Driver:
            self.driver_class = LinuxDriver
            return App._build_driver(self, headless, inline, mouse, size)

    app = (StockApp if "--stock" in sys.argv else MigrateApp)(
        Session(Home.find(Path(sys.argv[-1])), clock=lambda: NOW),
        theme=start.choose_theme("dark", terminal.depth),
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
    )
    app.run()


if __name__ == "__main__":
    main()

"""Opens the app at one run: `python -m tests.ui.run_app HOME RUN`."""

import sys
from pathlib import Path

from tui_migrate.paths import Home
from tui_migrate.ui.terminal import start


def main() -> None:
    terminal = start.prepare()

    from tui_migrate.ui.app import MigrateApp
    from tui_migrate.ui.screens.run import RunScreen
    from tui_migrate.ui.session import Session

    app = MigrateApp(
        Session(Home.find(Path(sys.argv[1]))),
        theme=start.choose_theme("dark", terminal.depth),
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
    )
    app.first_screen = lambda: RunScreen(int(sys.argv[2]))
    app.run()


if __name__ == "__main__":
    main()

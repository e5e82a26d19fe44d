"""Starts the sample as the app is started: `python -m tests.ui.terminal.sample_app [--stock] FOLDER`."""

import sys
import threading
from pathlib import Path

from tui_migrate.errors import TuiMigrateError
from tui_migrate.ui.terminal import start


def run_stock() -> int:
    from tests.ui.terminal.sample import StockSample

    StockSample().run()
    return 0


def run_ours(folder: Path) -> int:
    """Run over the differ; 99 where threads of the terminal's are left behind."""
    terminal = start.prepare()

    from tests.ui.terminal.sample import TerminalSample
    from tui_migrate.ui.themes import shipped_themes

    app = TerminalSample(
        theme_name=start.choose_theme("dark", terminal.depth),
        themes=shipped_themes().values(),
        crash_log=folder / "state" / "error.log",
        marks=terminal.marks,
        ansi=terminal.ansi,
        depth=terminal.depth,
        encoding=terminal.encoding,
    )
    app.run()
    left = [one.name for one in threading.enumerate() if one.name.startswith("terminal-")]
    return 99 if left else int(app.return_code or 0)


def main() -> int:
    """Run; an error of ours is shown as the command line shows it."""
    try:
        return run_stock() if "--stock" in sys.argv else run_ours(Path(sys.argv[-1]))
    except TuiMigrateError as error:
        sys.stderr.write(f"error: {error.message}\n  {error.hint}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())

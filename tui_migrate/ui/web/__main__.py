"""The app of one page: `python -m tui_migrate.ui.web CONFIG STATE`, which the server runs for each."""

import asyncio
import sys
from pathlib import Path

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.redaction import printable, redact
from tui_migrate.ui.opening import run_in_browser


def main() -> int:
    """Run the app until it is left, or the page is closed."""
    config, state = map(Path, sys.argv[1:3])
    try:
        return asyncio.run(run_in_browser(Home(config, state)))
    except TuiMigrateError as error:
        sys.stderr.write(f"tui-migrate: {printable(redact(error.message))}\n")
        return error.exit_code


if __name__ == "__main__":
    raise SystemExit(main())

"""The entry point of `tui-migrate` and of `python -m tui_migrate`."""

import sys

from tui_migrate.cli.app import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m tui_migrate.worker RUN [--home DIR]`: what launch starts; passwords come as one JSON line on stdin."""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.redaction import redact
from tui_migrate.worker.main import work


def main() -> int:
    """Run one run to its end and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tui_migrate.worker")
    parser.add_argument("run", type=int)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("pymongo").setLevel(logging.ERROR)
    try:
        return asyncio.run(work(Home.find(arguments.home), arguments.run, read_passwords(sys.stdin.readline())))
    except TuiMigrateError as error:
        logging.getLogger("tui_migrate.worker").error("%s", redact(error.message))
        return error.exit_code


def read_passwords(line: str) -> dict[str, str]:
    """Read the JSON object of passwords by label; an empty line is none."""
    found = json.loads(line) if line.strip() else {}
    return {str(label): str(password) for label, password in found.items()}


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tui_migrate.worker RUN [--home DIR] [--pipe N]`: what launch starts.

Passwords come as one JSON line on stdin.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Final

from tui_migrate.errors import TuiMigrateError, UsageError
from tui_migrate.paths import Home
from tui_migrate.worker.log import log_to
from tui_migrate.worker.main import work
from tui_migrate.worker.memory import give_memory_back

MAX_LINE: Final = 65_536


def main() -> int:
    """Run one run to its end and give its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tui_migrate.worker")
    parser.add_argument("run", type=int)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--pipe", type=int, help="the descriptor that an export into a pipe writes to")
    arguments = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # before anything is waited for: a lost line must not end a worker
    give_memory_back()
    log_to(sys.stderr)
    log = logging.getLogger("tui_migrate.worker")
    try:
        passwords = read_passwords(sys.stdin.readline(MAX_LINE))
        return asyncio.run(work(Home.find(arguments.home), arguments.run, passwords, arguments.pipe))
    except TuiMigrateError as error:
        log.error("%s", error.message)
        return error.exit_code
    except Exception:
        log.exception("an error that should not be")
        return 1


def read_passwords(line: str) -> dict[str, str]:
    """Read the JSON object of passwords by label; an empty line is none. Raises UsageError, quoting nothing of it."""
    if not line.strip():
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise UsageError("the line on stdin is no JSON object of passwords", hint="launch writes it")
    return {str(label): str(password) for label, password in found.items()}


if __name__ == "__main__":
    sys.exit(main())

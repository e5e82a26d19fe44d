"""A process that has everything loaded and forks workers: one costs milliseconds instead of a start of Python.

It reads a JSON line for each worker, `{"run", "home", "failpoint"}`, and answers with its pid on one line and, when it
has ended, its return code as subprocess gives it on the next. It ends with its standard input.
"""

import asyncio
import importlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import NoReturn

import tui_migrate.stores.mongodb
from tui_migrate import failpoints
from tui_migrate.paths import Home
from tui_migrate.worker.main import work


def main() -> None:
    """Fork a worker for each line."""
    assert tui_migrate.stores.mongodb  # its driver takes longer to load than all the rest
    for line in sys.stdin:
        assert threading.active_count() == 1
        pid = os.fork()
        if pid == 0:
            _work(**json.loads(line))
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _work(run: int, home: str, failpoint: str) -> NoReturn:
    code = 70
    try:
        os.environ[failpoints.VARIABLE] = failpoint
        # Reads the variable anew, into the module that every `failpoint` looks into.
        importlib.reload(failpoints)
        code = asyncio.run(work(Home.find(Path(home)), run, {}))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()

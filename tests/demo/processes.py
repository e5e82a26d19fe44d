"""Demos as processes of their own, and what is left of them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.processes import kill, killed_after
from tui_migrate.demo import record
from tui_migrate.demo.locks import SUPERVISOR, is_held
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.strays import find_strays

HOLD_SERVERS = """
import asyncio, sys
from pathlib import Path
from tui_migrate.demo import access
from tui_migrate.demo.place import DemoPlace

async def main():
    async with access.servers(DemoPlace(Path(sys.argv[1]))) as servers:
        print(*servers.ports.values(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for a condition, or fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@contextmanager
def demo_process(place: DemoPlace) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process that holds the servers, and their ports."""
    command = [sys.executable, "-c", HOLD_SERVERS, str(place.root)]
    with killed_after(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        assert process.stdout is not None
        yield process, [int(word) for word in process.stdout.readline().split()]


def is_alive(pid: int) -> bool:
    """A process that has ended and waits for its parent to ask how counts as gone."""
    with suppress(FileNotFoundError):
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def everything_ended(place: DemoPlace) -> bool:
    return not is_held(place.lock(SUPERVISOR)) and not find_strays(place)


def kill_everything(place: DemoPlace) -> None:
    """End what a test left, whatever state it is in."""
    if not place.lock(SUPERVISOR).parent.is_dir():
        return
    if is_held(place.lock(SUPERVISOR)) and (supervisor := record.read(place).supervisor):
        kill([supervisor])
    kill(find_strays(place))
    until(lambda: everything_ended(place))


def new_place(folder: Path) -> DemoPlace:
    return DemoPlace(folder / "demo")

"""Processes that tests start, and that nothing is left of them, however a test ends."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import AnyStr

from tui_migrate.paths import Home
from tui_migrate.worker.lock import holder


@contextmanager
def killed_after(process: subprocess.Popen[AnyStr]) -> Iterator[subprocess.Popen[AnyStr]]:
    """A process that is gone and waited for when the block is left; its own `with` would wait until it ends by itself.

    A stopped process is ended too; one that has been waited for is left alone.
    """
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def killing_workers(home: Home) -> Iterator[None]:
    """End whatever works on a home when the block is left: who holds a run's lock, and who has not come to that yet."""
    try:
        yield
    finally:
        holders = [holder(lock) for lock in home.runs.glob("*/lock")]
        kill(pid for pid in holders if pid and pid != os.getpid())  # a test may be the worker itself
        kill(with_words(f"\0{home.state.parent}\0"))


def kill(pids: Iterable[int]) -> None:
    """Kill processes, some of which may be gone already."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def with_words(words: str) -> list[int]:
    """Processes that have these words in their command line, in which a NUL byte ends each word (proc(5))."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if words.encode() in place.read_bytes():
                found.append(int(place.parent.name))
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
    return found


def of_session(leader: int) -> list[int]:
    """Processes of a session, by the process that made it (proc(5), stat)."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        if int(fields[3]) == leader:
            found.append(int(place.parent.name))
    return found

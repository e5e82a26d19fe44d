"""One SecantusDB server of the demo: found, started, ended. It is always a process of its own, never imported."""

import asyncio
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_migrate.demo import guarded
from tui_migrate.demo.place import DemoPlace
from tui_migrate.errors import TuiMigrateError, UsageError

START_SECONDS: Final = 30.0

_COMMAND: Final = "secantusd-py"
_LISTENING: Final = re.compile(r"listening on 127\.0\.0\.1:(\d+)")
_LOOK_SECONDS: Final = 0.05


def find_command() -> str:
    """Find the server beside this Python or on the PATH. Raises UsageError where the extra is not installed."""
    beside = Path(sys.executable).with_name(_COMMAND)
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which(_COMMAND)
    if found is None:
        raise UsageError(
            f"the demo needs the server {_COMMAND}, which is not installed", hint="pip install 'tui-migrate[demo]'"
        )
    return str(Path(found).absolute())


class DemoServer:
    """A server that is up; `port` is the one it listens on, on 127.0.0.1 alone."""

    def __init__(self, name: str, process: Process, port: int) -> None:
        self.name = name
        self.port = port
        self._process = process

    @classmethod
    async def start(cls, place: DemoPlace, name: str, port: int) -> "DemoServer":
        """Start a server on its port of last time, or on a free one. Raises TuiMigrateError."""
        for wanted in (port, 0) if port else (0,):
            process = await _spawn(place, name, wanted)
            try:
                listening = await _listening(place, name, process)
            except BaseException:
                await _end(process)
                raise
            if listening:
                return cls(name, process, listening)
        log = _log(place, name)
        raise TuiMigrateError(f"the demo's {name} server did not start", hint=f"{log} says why; it ends: {tail(log)}")

    async def wait(self) -> None:
        """Wait until the server has ended."""
        await self._process.wait()

    async def stop(self) -> None:
        """End the server: ask first, insist after a grace."""
        await _end(self._process)


async def _spawn(place: DemoPlace, name: str, port: int) -> Process:
    configuration = place.servers / "secantusd.toml"
    configuration.touch(mode=0o600)  # an empty one, else the server takes whatever the user has in ~/.secantus
    log = os.open(_log(place, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    server = (find_command(), "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port))
    more = ("--cache-size", "256M", "--storage-path", str(place.servers / name))
    try:
        return await asyncio.create_subprocess_exec(
            *guarded.command((*server, *more)),
            stdin=DEVNULL if sys.platform == "linux" else PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


async def _listening(place: DemoPlace, name: str, process: Process) -> int:
    """Wait for the server's own word that it listens; 0 where it has ended instead."""
    try:
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                if found := _LISTENING.search(_log(place, name).read_text(errors="replace")):
                    return int(found[1])
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError as error:
        raise TuiMigrateError(
            f"the demo's {name} server did not start within {START_SECONDS:.0f} s", hint=f"see {_log(place, name)}"
        ) from error
    return 0


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(guarded.GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _log(place: DemoPlace, name: str) -> Path:
    return place.servers / f"{name}.log"


def tail(log: Path) -> str:
    """Give the last line of a log."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "")

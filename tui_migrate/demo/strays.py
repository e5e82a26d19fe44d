"""Servers that outlived their supervisor: they hold the demo's data and must end before others can start on it."""

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_migrate.demo.place import SERVERS, DemoPlace

_OPTION: Final = b"--storage-path"
_GRACE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05


async def end_strays(place: DemoPlace) -> None:
    """End every process of this user that was started on a data folder of this demo. For the supervisor's starter."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        found = await asyncio.to_thread(find_strays, place)
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                while found:
                    await asyncio.sleep(_LOOK_SECONDS)
                    found = await asyncio.to_thread(find_strays, place)


def find_strays(place: DemoPlace) -> list[int]:
    """Find processes by their data folder, an argument no other program has: a process id may have been given anew."""
    folders = {os.fsencode(place.servers / name) for name in SERVERS}
    if Path("/proc/self/cmdline").exists():
        return [pid for pid, words in _from_proc() if _OPTION in words and folders & set(words)]
    listing = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, check=True).stdout
    lines = [line.split(None, 1) for line in listing.splitlines()]
    return [int(line[0]) for line in lines if any(line[1:] and _OPTION + b" " + one in line[1] for one in folders)]


def _from_proc() -> list[tuple[int, list[bytes]]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                found.append((int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")))
    return found

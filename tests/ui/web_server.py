"""`tui-migrate --web` as a process, and what it has started."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.processes import kill, with_words
from tests.ui.terminal.operator import ROOT

SECONDS = 60.0


@dataclass
class Served:
    """A server of the app's, and a browser's session with it."""

    url: str
    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession

    @property
    def root(self) -> str:
        return "/".join(self.url.split("/")[:3])

    @property
    def token(self) -> str:
        return self.url.split("/")[3]

    async def status(self, path: str, **headers: str) -> int:
        async with self.http.get(self.root + path, headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    words = [sys.executable, "-m", "tui_migrate", "--home", str(folder / "home"), "--web", "0"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=pipe, env=environ)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = (await process.stdout.readline()).decode()
        async with aiohttp.ClientSession() as http:
            yield Served(line.split()[-1], process, http)
    finally:
        try:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(process.communicate(), SECONDS)
        finally:
            kill(with_words(str(folder / "home")))  # the server where it has not ended, and the apps it has started


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if is_alive(int(one))]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

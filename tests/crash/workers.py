"""Workers that can be killed: processes of their own, forked by one that has everything loaded."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import kill, killed_after, of_session
from tui_migrate.paths import Home

SECONDS = 60.0
ROOT = Path(__file__).parents[2]


class Workers:
    """Starts workers one after the other."""

    def __init__(self, server: "subprocess.Popen[bytes]") -> None:
        self._server = server

    async def work(self, home: Home, run_id: int, failpoint: str = "", *, kill_after: float | None = None) -> int:
        """Let a process of its own work a run until it ends or is killed, and give its return code."""
        order = json.dumps({"run": run_id, "home": str(home.state.parent), "failpoint": failpoint})
        pid = await asyncio.to_thread(self._order, order)
        ending = asyncio.ensure_future(asyncio.to_thread(self._answer))
        try:
            if kill_after is not None:
                await asyncio.wait([ending], timeout=kill_after)
                if not ending.done():
                    kill([pid])  # it may have ended by itself, and its answer be on the way
            async with asyncio.timeout(SECONDS):
                return await asyncio.shield(ending)
        finally:
            if not ending.done():
                kill([pid])

    def _order(self, order: str) -> int:
        assert self._server.stdin is not None
        self._server.stdin.write(order.encode() + b"\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())


@contextmanager
def forked_workers() -> Iterator[Workers]:
    """Run the process that forks them."""
    command = [sys.executable, "-m", "tests.crash.fork_server"]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True)
    with killed_after(started) as server:
        try:
            yield Workers(server)
        finally:
            kill(of_session(server.pid))  # it, and a worker that a failed test has left

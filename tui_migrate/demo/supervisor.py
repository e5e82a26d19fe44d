"""The supervisor: starts the demo's servers and ends them when nobody needs them.

`python -m tui_migrate.demo.supervisor ROOT`, started by `access`. It belongs to no terminal. The servers are needed
while a demo holds its lease or a run's worker lives; a few seconds without either end them. SIGTERM ends them at once.
When the supervisor itself is killed they end too, see `guarded`.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tui_migrate.demo import record
from tui_migrate.demo.locks import LEASE, Lock, live_runs
from tui_migrate.demo.place import SERVERS, DemoPlace
from tui_migrate.demo.record import Phase, ServersRecord
from tui_migrate.demo.server import DemoServer

IDLE_SECONDS: Final = 4.0
"""How long nobody may need the servers before they end: a worker that was just started has not locked its run yet."""

_LOOK_SECONDS: Final = 0.5


async def supervise(place: DemoPlace) -> None:
    """Start the servers, wait until they are no longer needed, end them."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    ports = record.read(place).ports
    _say(place, Phase.STARTING, ports)
    servers: list[DemoServer] = []
    lease: Lock | None = None
    try:
        starting = (DemoServer.start(place, name, ports[name]) for name in SERVERS)
        started = await asyncio.gather(*starting, return_exceptions=True)
        servers.extend(one for one in started if isinstance(one, DemoServer))
        for one in started:
            if isinstance(one, BaseException):
                raise one
        ports = {one.name: one.port for one in servers}
        _say(place, Phase.READY, ports)
        lease = await _until_not_needed(place, servers, stop)
    finally:
        try:
            _say(place, Phase.STOPPING, ports)
        finally:
            await asyncio.gather(*(one.stop() for one in servers))
        _say(place, Phase.STOPPED, ports)
        if lease is not None:
            lease.close()


def _say(place: DemoPlace, phase: Phase, ports: Mapping[str, int]) -> None:
    record.write(place, ServersRecord(phase, os.getpid(), ports))


async def _until_not_needed(place: DemoPlace, servers: list[DemoServer], stop: asyncio.Event) -> Lock | None:
    """Wait for SIGTERM, for the end of a server, or until nobody needs them; then give the lease, held alone."""
    ended = [asyncio.create_task(one.wait()) for one in servers]
    idle = asyncio.create_task(_until_idle(place))
    waiting = [*ended, idle, asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return None if idle.cancelled() else idle.result()


async def _until_idle(place: DemoPlace) -> Lock:
    clock = asyncio.get_running_loop().time
    needed_at = clock()
    while True:
        lease = Lock.take(place.lock(LEASE))
        if lease is not None and not live_runs(place):
            if clock() - needed_at >= IDLE_SECONDS:
                return lease
        else:
            needed_at = clock()
        if lease is not None:
            lease.close()
        await asyncio.sleep(_LOOK_SECONDS)


def main(root: Path) -> int:
    """Leave the process that started this one, then supervise. The supervisor's lock was handed down, open."""
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        asyncio.run(supervise(DemoPlace(root)))
    except Exception:  # noqa: BLE001 -- the outermost edge: whoever waits for the servers is shown the log's last line
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Getting at the demo's servers: every demo holds a lease on them, the first one starts their supervisor."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tui_migrate.demo import record
from tui_migrate.demo.locks import LEASE, SUPERVISOR, Lock, is_held, live_runs
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.record import ServersRecord
from tui_migrate.demo.server import START_SECONDS, find_command, tail
from tui_migrate.demo.strays import end_strays
from tui_migrate.errors import Refused, TuiMigrateError

_WAIT_SECONDS: Final = 2 * START_SECONDS
_LOOK_SECONDS: Final = 0.05


@asynccontextmanager
async def servers(place: DemoPlace) -> AsyncIterator[ServersRecord]:
    """Have the demo's servers up for as long as the block lasts; nothing needs doing for them to end afterwards.

    Raises UsageError where the server is not installed or the folder is not the demo's, TuiMigrateError where the
    servers do not start.
    """
    find_command()
    place.prepare()
    with await Lock.wait(place.lock(LEASE), _WAIT_SECONDS, shared=True):
        yield await _ready(place)


async def end_unless_needed(place: DemoPlace) -> None:
    """End the servers at once where no other demo and no run needs them, rather than in a few seconds."""
    lease = Lock.take(place.lock(LEASE))
    if lease is None:
        return
    with lease:
        if not live_runs(place):
            await _end_supervisor(place)


async def stop(place: DemoPlace) -> bool:
    """End the servers now and say whether they were up. Raises Refused while a run is at work."""
    if not place.exists:
        return False
    _refuse_live_runs(place)
    return await _end_supervisor(place)


async def wipe(place: DemoPlace) -> None:
    """End the servers and delete all the demo has. Raises Refused while a run or another demo is at work."""
    if not place.exists:
        place.wipe()
        return
    place.prepare()
    _refuse_live_runs(place)
    lease = Lock.take(place.lock(LEASE))
    if lease is None:
        raise Refused(
            "another demo is open on this data", hint="leave it first, or run tui-migrate demo without --fresh"
        )
    with lease:
        await _end_supervisor(place)
        with await Lock.wait(place.lock(SUPERVISOR), _WAIT_SECONDS):
            await end_strays(place)
            await asyncio.to_thread(place.wipe)


def are_supervised(place: DemoPlace) -> bool:
    """Say whether the servers have a supervisor still."""
    return is_held(place.lock(SUPERVISOR))


async def _ready(place: DemoPlace) -> ServersRecord:
    """Wait until the servers are ready; start a supervisor where there is none."""
    is_started = False
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            while True:
                lock = Lock.take(place.lock(SUPERVISOR))
                if lock is not None:
                    with lock:
                        if is_started:
                            raise _not_started(place)
                        await _start(place, lock)
                        is_started = True
                found = record.read(place)
                if found.is_ready():
                    return found
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError as error:
        raise _not_started(place) from error


def _not_started(place: DemoPlace) -> TuiMigrateError:
    log = place.supervisor_log
    return TuiMigrateError("the demo's servers did not start", hint=f"{log} says why; it ends: {tail(log)}")


async def _start(place: DemoPlace, lock: Lock) -> None:
    """Start a supervisor and hand it the lock, so that there is no moment in which two could be started."""
    record.write(place, ServersRecord(ports=record.read(place).ports))
    await end_strays(place)
    await asyncio.to_thread(_spawn, place, lock)


def _spawn(place: DemoPlace, lock: Lock) -> None:
    log = os.open(place.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        subprocess.run(  # it forks and returns at once
            [sys.executable, "-m", "tui_migrate.demo.supervisor", str(place.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.descriptor,),
            start_new_session=True,
            cwd="/",
            timeout=START_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise _not_started(place) from error
    finally:
        os.close(log)


async def _end_supervisor(place: DemoPlace) -> bool:
    """Ask the supervisor to end and wait until it has; say whether there was one."""
    was_there = are_supervised(place)
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            while are_supervised(place):
                found = record.read(place)
                if found.is_ready():
                    os.kill(found.supervisor, signal.SIGTERM)
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError as error:
        raise TuiMigrateError("the demo's servers did not end", hint=f"see {place.supervisor_log}") from error
    return was_there


def _refuse_live_runs(place: DemoPlace) -> None:
    if runs := live_runs(place):
        named = ", ".join(f"{one:04d}" for one in runs)
        raise Refused(
            f"the demo's servers are needed: run {named} is at work",
            hint=f"wait for it, or stop it: tui-migrate cancel {runs[0]} --home {place.root}",
        )

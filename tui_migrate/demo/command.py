"""`tui-migrate demo`: two servers with sample data, ready to migrate."""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.demo import access
from tui_migrate.demo.fill import fill, sample_there
from tui_migrate.demo.headless import SOURCE, TARGET, migrate_and_take_back
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.record import ServersRecord
from tui_migrate.demo.sample.definitions import DATABASE
from tui_migrate.demo.sample.sizes import Sizes
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.redaction import printable

_LOOK_SECONDS: Final = 0.5


Show = Callable[[Home], Awaitable[int]]
"""Shows the demo's home on a screen until the operator leaves, and gives an exit code."""


async def run_demo(
    *,
    headless: bool,
    documents: int = 20_000,
    stop: bool = False,
    fresh: bool = False,
    home: Path | None = None,
    show: Show | None = None,
) -> int:
    """Run the demo and give its exit code.

    `documents` is the size of the sample where there is none yet. `stop` ends the servers, `fresh` deletes the demo's
    data and journal first. `home` is the demo's own folder. `show` shows it; without it, what to try is said and
    Ctrl+C waited for. Raises UsageError, Refused, TuiMigrateError.
    """
    place = DemoPlace.find(home)
    if stop:
        was_up = await access.stop(place)
        _say("The demo's servers have ended." if was_up else "The demo's servers are not running.")
        return 0
    Sizes.of(documents)
    if fresh:
        await access.wipe(place)
    exit_code = 0
    async with access.servers(place) as servers:
        await _make_ready(place, servers, documents)
        if headless:
            exit_code = await migrate_and_take_back(place.home, _say)
        elif show is not None:
            exit_code = await show(place.home)
        else:
            await _say_and_wait(place)
    if headless:
        await access.end_unless_needed(place)
    return exit_code


async def _make_ready(place: DemoPlace, servers: ServersRecord, documents: int) -> None:
    """Fill the servers where they are not filled, and write their connections beside those the user may have added."""
    ports = " and ".join(str(servers.ports[name]) for name in ("source", "target"))
    _say(f"Demo in {printable(str(place.root))}")
    _say(f"  two servers on 127.0.0.1, ports {ports}")
    begin = time.monotonic()
    if there := sample_there(place):
        _say(f"  the sample of {there:,} documents is there already; --fresh makes it anew")
    else:
        await fill(place, servers, documents)
        _say(f"  sample of {documents:,} documents loaded in {time.monotonic() - begin:.1f} s")
    known = connections.load(place.home)
    for name, server, environment in (
        (SOURCE, "source", Environment.DEVELOPMENT),
        (TARGET, "target", Environment.STAGING),
    ):
        known[name] = Connection(name, servers.url(server) + DATABASE, environment)
    connections.write(place.home, list(known.values()))


def _what_to_try(place: DemoPlace) -> str:
    return f"""\
Ready to migrate. In another terminal:

  export TUI_MIGRATE_HOME='{printable(str(place.root))}'
  tui-migrate list-collections --url {SOURCE}
  tui-migrate copy --source {SOURCE} --target {TARGET} --conflict-resolution overwrite --dry-run
  tui-migrate copy --source {SOURCE} --target {TARGET} --conflict-resolution overwrite
  tui-migrate history
  tui-migrate rollback 1 --confirm

Ctrl+C ends the demo. Its servers end when its runs have ended; the data stay for the next time."""


async def _say_and_wait(place: DemoPlace) -> None:
    """Say what to try; wait for Ctrl+C, SIGTERM or hang-up, or until the servers have been stopped from elsewhere.

    Whoever reads that Ctrl+C ends the demo may press it at once, so it is heard before it is named.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    signs = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for sign in signs:
        loop.add_signal_handler(sign, told.set)
    try:
        _say(_what_to_try(place))
        while not told.is_set() and access.are_supervised(place):
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await told.wait()
            except TimeoutError:
                continue
    finally:
        for sign in signs:
            loop.remove_signal_handler(sign)
    if not told.is_set():
        _say("The demo's servers have been stopped.")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

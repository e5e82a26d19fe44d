"""`tui-migrate demo`: two servers with sample data, ready to migrate."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from shlex import quote
from typing import Final

from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.demo import access
from tui_migrate.demo.fill import fill, sample_there
from tui_migrate.demo.headless import SOURCE, TARGET, Say, migrate_and_take_back
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.record import ServersRecord
from tui_migrate.demo.sample.definitions import DATABASE
from tui_migrate.demo.sample.sizes import Sizes
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment

_LOOK_SECONDS: Final = 0.5


Show = Callable[[Home], Awaitable[int]]
"""Shows the demo's home on a screen until the operator leaves, and gives an exit code."""

Hand = Callable[[dict[str, object]], None]
"""Takes the one document that says to a script what the demo has to say."""


async def run_demo(
    *,
    headless: bool,
    documents: int = 20_000,
    stop: bool = False,
    fresh: bool = False,
    home: Path | None = None,
    show: Show | None = None,
    say: Say,
    hand: Hand,
) -> int:
    """Run the demo and give its exit code.

    `documents` is the size of the sample where there is none yet. `stop` ends the servers, `fresh` deletes the demo's
    data and journal first. `home` is the demo's own folder. `show` shows it; without it, what to try is said and
    Ctrl+C waited for. Lines go to `say`, and the same as one document to `hand`. Raises UsageError, Refused,
    TuiMigrateError.
    """
    place = DemoPlace.find(home)
    if stop:
        was_up = await access.stop(place)
        hand({"stopped": was_up})
        say("The demo's servers have ended." if was_up else "The demo's servers are not running.")
        return 0
    Sizes.of(documents)
    if fresh:
        await access.wipe(place)
    exit_code = 0
    async with access.servers(place) as servers:
        await _make_ready(place, servers, documents, say)
        if headless:
            proof = await migrate_and_take_back(place.home, say)
            hand(_document(place) | proof.document)
            exit_code = proof.exit_code
        elif show is not None:
            exit_code = await show(place.home)
        else:
            await _say_and_wait(place, say, hand)
    if headless:
        await access.end_unless_needed(place)
    return exit_code


def _document(place: DemoPlace) -> dict[str, object]:
    return {"home": str(place.root), "connections": [SOURCE, TARGET], "documents": sample_there(place)}


async def _make_ready(place: DemoPlace, servers: ServersRecord, documents: int, say: Say) -> None:
    """Fill the servers where they are not filled, and write their connections beside those the user may have added.

    The ports are others each time; the environment that the user has given to one of the two stays.
    """
    ports = " and ".join(str(servers.ports[name]) for name in ("source", "target"))
    say(f"Demo in {place.root}")
    say(f"  two servers on 127.0.0.1, ports {ports}")
    begin = time.monotonic()
    if there := sample_there(place):
        say(f"  the sample of {there:,} documents is there already; --fresh makes it anew")
    else:
        await fill(place, servers, documents)
        say(f"  sample of {documents:,} documents loaded in {time.monotonic() - begin:.1f} s")
    known = connections.load(place.home)
    for name, server, environment in (
        (SOURCE, "source", Environment.DEVELOPMENT),
        (TARGET, "target", Environment.STAGING),
    ):
        kept = known[name].environment if name in known else environment
        known[name] = Connection(name, servers.url(server) + DATABASE, kept)
    connections.write(place.home, list(known.values()))


def _what_to_try(place: DemoPlace) -> str:
    return f"""\
Ready to migrate. In another terminal:

  export TUI_MIGRATE_HOME={quote(str(place.root))}
  tui-migrate list-collections --url {SOURCE}
  tui-migrate copy --source {SOURCE} --target {TARGET} --conflict-resolution overwrite --dry-run
  tui-migrate copy --source {SOURCE} --target {TARGET} --conflict-resolution overwrite
  tui-migrate history
  tui-migrate rollback 1 --confirm

Ctrl+C ends the demo. Its servers end when its runs have ended; the data stay for the next time."""


async def _say_and_wait(place: DemoPlace, say: Say, hand: Hand) -> None:
    """Say what to try; wait for Ctrl+C, SIGTERM or hang-up, or until the servers have been stopped from elsewhere.

    Whoever reads that Ctrl+C ends the demo may press it at once, so it is heard before it is named.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    signs = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for sign in signs:
        loop.add_signal_handler(sign, told.set)
    try:
        hand(_document(place))
        for line in _what_to_try(place).splitlines():
            say(line)
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
        say("The demo's servers have been stopped.")

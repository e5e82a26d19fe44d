"""Measuring the screens without a terminal: what a key takes, and for how long the screen answers nobody.

Times are CPU, which those who share the machine do not lengthen: of this process for a key, with the threads that read
for it, and of the loop's own thread for a stall, which is the longest it was at one piece of work.
"""

import asyncio
import statistics
import time
from asyncio import events
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from textual.pilot import Pilot
from textual.widgets import Input

from tests.ui.driving import shows, until
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.opening import few_collections
from tui_migrate.ui.screens.base import OperatorScreen

SIZE: Final = (80, 24)


class Stalls:
    """The longest piece of work of the loop since it was last asked, in seconds of its thread's CPU."""

    def __init__(self) -> None:
        self._longest = 0.0

    def install(self) -> None:
        """Time every piece of work of the loop from now on."""
        run: Callable[[events.Handle], None] = vars(events.Handle)["_run"]

        def timed(handle: events.Handle) -> None:
            begin = time.thread_time()
            run(handle)
            self._longest = max(self._longest, time.thread_time() - begin)

        setattr(events.Handle, "_run", timed)  # noqa: B010 -- asyncio offers nothing to time its work by

    def take(self) -> float:
        """Give the longest, and begin anew."""
        longest, self._longest = self._longest, 0.0
        return longest


STALLS: Final = Stalls()


async def pressed(pilot: Pilot[None], *keys: str) -> list[float]:
    """Seconds of CPU for each key."""
    taken = []
    for key in keys:
        begin = time.process_time()
        await pilot.press(key)
        taken.append(time.process_time() - begin)
    return taken


def said(name: str, shown: tuple[float, float] | None, **taken: Sequence[float]) -> None:
    """Print a line in milliseconds: each kind of key (median / worst), and the longest stall since the line before.

    `shown` is what went before the keys: what it took until the rows were drawn, and the longest stall until then.
    """
    words = [f"{kind} {statistics.median(one) * 1e3:.0f} / {max(one) * 1e3:.0f}" for kind, one in taken.items()]
    first = "" if shown is None else f"shown {shown[0] * 1e3:.0f}, stall {shown[1] * 1e3:.0f}"
    print(f"{name:<26} {first:<21} {'   '.join([*words, f'stall {STALLS.take() * 1e3:.0f}'])}", flush=True)


@asynccontextmanager
async def opened(app: MigrateApp) -> AsyncIterator[Pilot[None]]:
    """The app as it is opened on a terminal, its first screen drawn."""
    with few_collections():
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, shows(pilot, "Leave"), "Home")
            STALLS.take()
            yield pilot


async def measure(pilot: Pilot[None], name: str, screen: OperatorScreen, text: str, keys: int, *extra: str) -> None:
    """Open a screen, move about in it, filter it, and use its other keys."""
    begin = time.process_time()
    await pilot.app.push_screen(screen)
    while not shows(pilot, text)():
        await asyncio.sleep(0.01)
    shown = time.process_time() - begin, STALLS.take()
    await until(pilot, lambda: pilot.app.screen.focused is not None, "a focus")
    moved = await pressed(pilot, *["down"] * keys, *["pagedown", "end", "home"])
    await ask(pilot, "slash")
    typed = await pressed(pilot, "l", "o", "g")
    filtered = await pressed(pilot, "enter")
    await ask(pilot, "slash")
    widened = await pressed(pilot, "backspace", "backspace", "backspace", "enter")
    ordered = await pressed(pilot, "greater_than_sign", "greater_than_sign")
    others = {key: await pressed(pilot, key) for key in extra}
    said(name, shown, down=moved, typed=typed, filtered=filtered, all=widened[-1:], sort=ordered, **others)
    pilot.app.pop_screen()
    await pilot.pause()


async def ask(pilot: Pilot[None], key: str) -> None:
    """Press a key that asks for a text."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen.focused, Input), "the question")

"""Makes the screenshots: drives the app over its own demo, as an operator would. `python screenshots/make.py`.

Needs the extra `demo`. The pictures show nothing of the machine they were made on.
"""

import asyncio
import os
import platform
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from tui_migrate.demo import access
from tui_migrate.demo.command import run_demo
from tui_migrate.demo.place import DemoPlace
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet

HERE = Path(__file__).parent
SIZE = (80, 24)
SECONDS = 120.0


class Photographer:
    """Drives the app and takes pictures of it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            await self._pilot.press(key)

    async def until(self, *texts: str) -> None:
        """Wait until all these texts stand on the screen."""
        await self.until_true(lambda: all(text in self._text() for text in texts), str(texts))

    async def until_true(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition."""
        end = time.monotonic() + SECONDS
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"never came: {what}\n{self._text()}")
            await self._pilot.pause()
            await asyncio.sleep(0.02)

    async def until_share(self, percent: float) -> None:
        """Wait until a run that is shown is so far."""

        def is_far() -> bool:
            share = re.search(r"(\d+\.\d) %", self._text())
            return share is not None and float(share[1]) >= percent

        await self.until_true(is_far, f"{percent} %")

    async def take(self, name: str) -> None:
        """Save what is shown as NAME.svg."""
        await self._pilot.pause()
        picture = self._pilot.app.export_screenshot(title="tui-migrate", simplify=True)
        # Without it librsvg takes the blanks at the beginning of a line away.
        (HERE / f"{name}.svg").write_text(picture.replace("<svg ", '<svg xml:space="preserve" ', 1))

    def _text(self) -> str:
        return "\n".join(one.text for one in self._pilot.app.screen._compositor.render_strips())  # noqa: SLF001 - no public way to what is drawn


async def plan_and_run(shot: Photographer) -> None:
    """From the first screen to a run that has ended."""
    await shot.until("Migrate the sample", "demo-target")
    await shot.take("first")
    await shot.press("enter")
    await shot.until("Next: ctrl+n", "10 collections", "7 collections")
    await shot.take("ends")
    await shot.press("ctrl+n")
    await shot.until("chat_messages")
    await shot.press("i", "space")
    await shot.take("collections")
    await shot.press("ctrl+n")
    await shot.until("Sample:")
    await shot.press("x")
    await shot.until("both ends read whole", "As of")
    await shot.press("G")
    await shot.take("policy")
    await shot.press("enter")
    await shot.until("The checks found nothing")
    await shot.take("preflight")
    await shot.press("s")
    await shot.until("● execute")
    await shot.until_share(45)
    await shot.take("run")
    await shot.until("✓ completed")
    await shot.take("completed")


async def take_back(shot: Photographer) -> None:
    """From a run that has ended to its rollback, and the lists."""
    await shot.press("r")
    await shot.until("Next: s starts the rollback")
    await shot.take("rollback")
    await shot.press("s")
    await shot.until("is taken back")
    await shot.press("escape", "escape")
    await shot.until("New migration")
    await shot.take("home")
    await shot.press("h")
    await shot.until("History")
    await shot.take("history")
    await shot.press("escape", "o")
    await shot.until("demo-source")
    await shot.press("t")
    await shot.until("✓ ")
    await shot.take("connections")
    await shot.press("escape", "question_mark")
    await shot.until("Keys that work here")
    await shot.take("help")


async def take_all(home: Home) -> int:
    """Open the app on the demo's home and take all pictures."""
    app = MigrateApp(Session(home), theme="dark", marks=MarkSet.UNICODE, ansi=False)
    async with app.run_test(size=SIZE) as pilot:
        shot = Photographer(pilot)
        await plan_and_run(shot)
        await take_back(shot)
    return 0


def main() -> None:
    """Make the demo anew, in a folder that goes away, and take all pictures in it."""
    platform.node = lambda: "bastion"
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        os.environ |= {"HOME": folder, "LOGNAME": "anna", "TZ": "UTC"}
        home = Path(folder) / ".local" / "state" / "tui-migrate" / "demo"
        asyncio.run(run_demo(headless=False, home=home, show=take_all, say=print, hand=lambda _: None))
        asyncio.run(access.stop(DemoPlace(home)))


if __name__ == "__main__":
    main()

"""Makes the screenshots: drives the app over its own demo, as an operator would. `python screenshots/make.py`.

Needs the extra `demo`. The pictures show nothing of the machine they were made on.
"""

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import prepared
from textual.pilot import Pilot

from tui_migrate.demo import access
from tui_migrate.demo.command import run_demo
from tui_migrate.demo.place import DemoPlace
from tui_migrate.paths import Home
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Step
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.session import Session
from tui_migrate.ui.terminal.start import MarkSet
from tui_migrate.ui.widgets.table import Table

HERE = Path(__file__).parent
SIZE = (80, 24)
WIDE = (120, 32)
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

    async def take(self, name: str) -> None:
        """Save what is shown as NAME.svg."""
        await self._pilot.pause()
        picture = self._pilot.app.export_screenshot(title="tui-migrate", simplify=True)
        # Without it librsvg takes the blanks at the beginning of a line away.
        (HERE / f"{name}.svg").write_text(picture.replace("<svg ", '<svg xml:space="preserve" ', 1))

    async def take_after(self, keys: Sequence[str], name: str, *texts: str) -> None:
        """Press keys, wait until all these texts stand on the screen, and save it as NAME.svg."""
        await self.press(*keys)
        await self.until(*texts)
        await self.take(name)

    async def go_to(self, key: str) -> None:
        """Put the cursor on a row of the table that is looked at."""
        await self.until_true(lambda: isinstance(self._pilot.app.screen.focused, Table), "a table")
        self._table.move_to(key)

    async def go_to_first(self, word: str) -> None:
        """Put the cursor on the first row with a word in one of its cells."""
        await self.go_to(next(row.key for row in self._table.rows if word in row.cells))

    async def resize(self, width: int, height: int) -> None:
        """Make the terminal larger or smaller."""
        await self._pilot.resize_terminal(width, height)
        await self._pilot.pause()

    @property
    def app(self) -> MigrateApp:
        """The app."""
        assert isinstance(self._pilot.app, MigrateApp)  # noqa: S101 - says so to mypy
        return self._pilot.app

    @property
    def _table(self) -> Table:
        focused = self._pilot.app.screen.focused
        if not isinstance(focused, Table):
            raise SystemExit(f"no table has the focus\n{self._text()}")
        return focused

    def _text(self) -> str:
        return "\n".join(one.text for one in self._pilot.app.screen._compositor.render_strips())  # noqa: SLF001 - no public way to what is drawn


async def plan_and_run(shot: Photographer) -> None:
    """From the first screen to a run that has ended."""
    await shot.until("Migrate the sample", "demo-target")
    await shot.take("first")
    await shot.take_after(["enter"], "ends", "Next: ctrl+n", "10 collections", "7 collections")
    await shot.press("ctrl+n")
    await shot.until("chat_messages")
    await shot.press("i", "space")
    await shot.take("collections")
    await shot.press("ctrl+n")
    await shot.until("Sample:")
    await shot.press("x")
    await shot.until("both ends read whole", "As of")
    await shot.go_to("overwrite")
    await shot.take("policy")
    await shot.take_after(["m"], "more", "Rate limit")
    await shot.press("m")
    await shot.go_to("overwrite")
    await shot.take_after(["enter"], "preflight", "The checks found nothing")
    await shot.take_after(["s"], "completed", "✓ completed")


async def take_back(shot: Photographer) -> None:
    """From a run that has ended to its rollback, and the lists."""
    await shot.take_after(["r"], "rollback", "Next: s starts the rollback")
    await shot.take_after(["enter"], "rollback-documents", "roll back run 0001 ›", "_id")
    await shot.press("escape")
    await shot.until("Next: s starts the rollback")
    await shot.go_to("tenants")
    await shot.press("enter")
    await shot.until("The run changed 252", "_id")
    await shot.go_to_first("put back: the run replaced it")
    await shot.take_after(["enter"], "rollback-document", "in the target now", "- ")
    await shot.press("escape", "escape")
    await shot.until("Next: s starts the rollback")
    await shot.press("s")
    await shot.until("is taken back")
    await shot.take_after(["escape", "escape"], "home", "K Backups")
    await shot.take_after(["h"], "history", "History")
    await shot.press("escape", "o")
    await shot.until("demo-source")
    await shot.take_after(["t"], "connections", "✓ ")
    await shot.take_after(["enter"], "connection", "Environment", "Test and save")
    await shot.take_after(["escape", "escape", "question_mark"], "help", "Keys that work here")
    await shot.press("escape")


async def compare(shot: Photographer) -> None:
    """From Home through a comparison of both ends, down to one document."""
    await shot.press("M")
    await shot.until("Pair")
    await shot.go_to("run:1")
    await shot.press("enter")
    await shot.until("Next: s compares")
    await shot.press("s")
    await shot.until("As of", "differ")
    await shot.go_to("users")
    await shot.press("space", "k")
    await shot.take("compare")
    await shot.take_after(["enter"], "compare-collection", "compare › users", "~")
    await shot.go_to_first("different")
    await shot.take_after(["enter"], "compare-document", "Fields that differ")
    await shot.resize(*WIDE)
    await shot.take("compare-wide")
    await shot.resize(*SIZE)
    await shot.press("escape", "escape", "escape")
    await shot.until("K Backups")


async def ask(shot: Photographer) -> None:
    """From Home through a run of the policy `ask` to its queue."""
    await shot.press("h")
    await shot.until("0002")
    await shot.press("end", "a")
    await shot.until("Next: ctrl+n")
    await shot.press("ctrl+n")
    await shot.until("users")
    await shot.press("ctrl+n")
    await shot.until("Sample:")
    await shot.go_to("ask")
    await shot.press("enter")
    await shot.until("Next: s starts")
    await shot.press("s")
    await shot.until("wait for your decision")
    await shot.take_after(["Q"], "conflicts", "›? open")
    await shot.take_after(["enter"], "conflict", "- the target's", "- ")


async def prepared_scenes(home: Home) -> None:
    """Everything that a prepared journal shows: runs, lists, sheets, and the steps of a plan over prepared looks."""
    clock = prepared.Clock()
    live = await prepared.write_journal(home, clock)
    app = MigrateApp(Session(home, clock=clock), theme="dark", marks=MarkSet.UNICODE, ansi=False)
    try:
        async with app.run_test(size=SIZE) as pilot:
            shot = Photographer(pilot)
            await shot.until("0042", "db1")
            await run_sheets(shot, live)
            await reports(shot)
            await around(shot)
            await steps(shot)
    finally:
        await live.end()


async def run_sheets(shot: Photographer, live: prepared.LiveRun) -> None:
    """The run that is at work, its plot and its log."""
    await shot.press("enter")
    await shot.until("● execute", "held up by the target")
    await shot.take_after(["T"], "throughput", "docs/s", "Held up by the target")
    await shot.take_after(["escape", "l"], "log", "again in 0.5 s")
    await shot.press("escape")
    await shot.until("● execute")
    for _ in range(44):
        await live.go_on()
        await asyncio.sleep(0.55)  # the screen looks twice a second: each look is to find one batch, of half a second
    await shot.until("ETA ~")
    await shot.take("run")
    await shot.resize(*WIDE)
    await shot.take("run-wide")
    await shot.resize(*SIZE)
    await shot.press("escape")


async def reports(shot: Photographer) -> None:
    """The run that ended with findings: its end, its errors, its report, one finding, the refused documents."""
    await shot.take_after(["j", "enter"], "findings", "run 0041", "completed with findings")
    await shot.take_after(["e"], "errors", "index_missing")
    await shot.take_after(["escape", "R"], "rejects", "4 documents were refused", "90004")
    await shot.take_after(["escape", "escape", "v"], "report", "Report › run 0041", "index_missing")
    await shot.go_to("2")
    await shot.take_after(["enter"], "finding", "What next")
    await shot.press("escape", "escape")


async def around(shot: Photographer) -> None:
    """The backups, the palette, the theme picker."""
    await shot.take_after(["K"], "backups", "before-release-3.1", "staging-shop-2026")
    await shot.take_after(["enter"], "backup", "On disk")
    await shot.take_after(["escape", "P"], "prune", "days")
    await shot.take_after(["escape", "escape", "ctrl+p"], "palette", "Plan a new migration")
    await shot.take_after(["escape", "ctrl+t"], "themes", "High contrast")
    await shot.press("escape")


async def steps(shot: Photographer) -> None:
    """The collections with a catalog, the sheet of one, and checks that found something."""
    session = shot.app.session
    session.looks = prepared.looks()
    await shot.app.push_screen(NewMigrationScreen(prepared.draft(Step.COLLECTIONS)))
    await shot.until("3 of 7 marked")
    await shot.go_to("orders")
    await shot.resize(*WIDE)
    await shot.take("collections-wide")
    await shot.resize(*SIZE)
    await shot.go_to("users")
    await shot.take_after(["enter"], "sheet", "Name in target", "password")
    await shot.press("escape", "escape")
    session.looks.keep(prepared.checked())
    await shot.app.push_screen(NewMigrationScreen(prepared.draft(Step.PREFLIGHT)))
    await shot.until("1 error and 3 warnings")
    await shot.take("preflight-findings")


async def take_all(home: Home) -> int:
    """Open the app on the demo's home and take all pictures."""
    app = MigrateApp(Session(home), theme="dark", marks=MarkSet.UNICODE, ansi=False)
    async with app.run_test(size=SIZE) as pilot:
        shot = Photographer(pilot)
        await plan_and_run(shot)
        await take_back(shot)
        await compare(shot)
        await ask(shot)
    return 0


def main() -> None:
    """Make the demo anew, in a folder that goes away, and take all pictures in it."""
    platform.node = lambda: "bastion"
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        os.environ |= {"HOME": folder, "LOGNAME": "anna", "TZ": "UTC"}
        time.tzset()
        others = Home.find(Path(folder) / ".local" / "share" / "tui-migrate")
        others.prepare()
        asyncio.run(prepared_scenes(others))
        home = Path(folder) / ".local" / "state" / "tui-migrate" / "demo"
        asyncio.run(run_demo(headless=False, home=home, show=take_all, say=print, hand=lambda _: None))
        asyncio.run(access.stop(DemoPlace(home)))


if __name__ == "__main__":
    main()

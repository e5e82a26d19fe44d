"""Somebody who presses any key: `python -m tests.ui.monkey [STEPS [SEED...]]` for a long while, a test for a short one.

The keys are those of the registry and of dialogs, drawn by a seeded generator; the journal is a prepared one, and the
servers of its connections are not there. Nothing may end the app, and at the end `?` is answered still.
"""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import pytest
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.keys import key_to_character
from textual.pilot import Pilot

from tests.ui.backup_scene import every_kind
from tests.ui.driving import NOW, new_app, new_home, screen_text
from tests.ui.test_compare_snapshots import ASKED, DONE
from tests.ui.test_rollback_screen import write_undo
from tests.ui.test_snapshots import prepare
from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.engine.undo_log import Made, Thing
from tui_migrate.errors import Refused
from tui_migrate.paths import Home
from tui_migrate.plan.model import Environment
from tui_migrate.ui import draft_file
from tui_migrate.ui.actions import REGISTRY
from tui_migrate.ui.app import MigrateApp
from tui_migrate.ui.draft import Draft, with_marks
from tui_migrate.ui.screens.connection_form import ConnectionForm
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.help import HelpScreen
from tui_migrate.ui.screens.home import HomeScreen
from tui_migrate.worker import launch

STEPS: Final = 4_000
CALM_LOOKS: Final = 10
MOST_LOOKS: Final = 200
SIZES: Final = ((80, 24), (120, 40), (81, 25))
PASTES: Final = ("[bold]x[/]", "a\u202eb\x1b[2J", "mongodb://u:p@127.0.0.1:1/shop", "9" * 40, "{", "x\ny\nz", "")

_MOVES: Final = ("up", "down", "pageup", "pagedown", "home", "end", "tab", "shift+tab", "left", "right")
_OFTEN: Final = ("enter", "enter", "enter", "escape", "escape", "down", "space", "j", "tab")
_LEAVING: Final = frozenset(("q", "ctrl+c", "ctrl+q", "ctrl+z"))
_ACTIONS: Final = tuple(key for one in REGISTRY for key in one.key.split(",") if key not in _LEAVING)
_KEYS: Final = (*_ACTIONS, *_ACTIONS, *_MOVES, *_OFTEN, *_OFTEN, *"012345", "a", "full_stop", "left_square_bracket")


def fill(home: Home) -> None:
    """Runs of every state, a queue, rejects, backups, an unfinished plan; no server answers."""
    prepare(home)
    asyncio.run(every_kind(home))
    nowhere = "mongodb://127.0.0.1:1/shop"
    connections.write(
        home,
        [Connection("prod", nowhere, Environment.PRODUCTION), Connection("staging", nowhere, Environment.STAGING)],
    )
    asyncio.run(write_undo(home, 1, Made(Thing.COLLECTION, "users"), Made(Thing.INDEX, "orders", "by_age")))
    with sqlite3.connect(home.journal) as journal:
        for run_id in (1, 4, 7):
            journal.executemany(
                'INSERT INTO rejects (run_id, "offset", "end", collection, digest, code, reason, state)'
                " VALUES (?, ?, ?, 'users', x'00', 121, 'refused', 'kept')",
                [(run_id, 10 * number, 10 * number + 9) for number in range(3)],
            )
            journal.executemany(
                "INSERT INTO conflicts (run_id, number, collection, document, ours, theirs, fields, state)"
                " VALUES (?, ?, 'users', ?, x'01', x'02', '[\"age\"]', ?)",
                [
                    (run_id, number, b"\x10" + number.to_bytes(4, "little"), state)
                    for number, state in enumerate(("open", "keep", "replaced"), 1)
                ],
            )
            journal.executemany(
                "INSERT OR REPLACE INTO samples (run_id, number, attempt, at, documents, bytes)"
                " VALUES (?, ?, 1, ?, ?, ?)",
                [(run_id, number, NOW - 100 + number, 10 * number, 1_000 * number) for number in range(50)],
            )
    journal.close()
    draft_file.save(home, with_marks(Draft(ASKED.left, ASKED.right), ("users",)))


@contextmanager
def left_alone(folder: Path) -> Iterator[None]:
    """Let no run get a worker, nothing leave the app, and files be written to a folder."""

    def refuse(*arguments: object) -> None:
        raise Refused("no worker is started here", hint="this is a test")

    def stay(*arguments: object, **options: object) -> None:
        """Do not leave: the storm goes on."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "_spawn", refuse)
        patch.setattr(MigrateApp, "exit", stay)
        patch.setenv("HOME", str(folder))
        patch.chdir(folder)
        yield


@asynccontextmanager
async def visited(home: Home, size: tuple[int, int] = SIZES[0]) -> AsyncIterator[Pilot[None]]:
    """The app over a filled home, with a comparison that is done."""
    app = new_app(home)
    app.session.asked, app.session.compared = ASKED, DONE
    async with app.run_test(size=size) as pilot:
        yield pilot


async def storm(pilot: Pilot[None], seed: int, steps: int, pressed: list[str]) -> None:
    """Press keys, paste and resize; raises what the app fails with. What was done is taken down in `pressed`."""
    draw = random.Random(seed)
    for step in range(steps):
        chance = draw.random()
        if chance < 0.005:
            size = draw.choice(SIZES)
            pressed.append(f"resize {size}")
            resize(pilot.app, Size(*size))
        elif chance < 0.02:
            pressed.append("paste")
            pilot.app.post_message(events.Paste(draw.choice(PASTES)))
        else:
            key = draw.choice(_KEYS)
            pressed.append(f"{type(pilot.app.screen).__name__}: {key}")
            pilot.app.post_message(events.Key(key, key_to_character(key)))
        await taken(pilot, hurried=draw.random() < 0.2)
        assert pilot.app.is_running, "the app has ended"
        if step % 50 == 0:
            await taken(pilot, hurried=False)


def resize(app: App[None], size: Size) -> None:
    """Give the app another size, as Pilot does, but for the waiting."""
    assert app._driver is not None
    app._driver._size = size
    app.post_message(events.Resize(size, size))


async def taken(pilot: Pilot[None], *, hurried: bool) -> None:
    """Let the app take what came; where it is `hurried`, the next key comes before that is done.

    Pilot's own pause is not for a storm: it waits half a minute, in vain, for a widget that goes meanwhile.
    """
    for _ in range(3 if hurried else 200):
        await asyncio.sleep(0)
        pumps = [pilot.app, *pilot.app.screen_stack[-1:], *([pilot.app.focused] if pilot.app.focused else [])]
        if not hurried and not any(one.message_queue_size for one in pumps):
            break


async def calmed(pilot: Pilot[None]) -> None:
    """Wait until nothing on the screen has had anything to do for a while; what is taken down may keep its own."""
    looks = 0
    for _ in range(MOST_LOOKS):
        if looks == CALM_LOOKS:
            break
        await asyncio.sleep(0.005)
        top = pilot.app.screen_stack[-1:]
        pumps = [pilot.app, *(one for screen in top for one in screen.walk_children(with_self=True))]
        looks = 0 if any(one.message_queue_size for one in pumps) else looks + 1


async def until_helped(pilot: Pilot[None]) -> None:
    """See that the app still answers: back to Home, whatever it asks, and its help opens."""
    before = None
    for _ in range(60):
        await calmed(pilot)
        now = pilot.app.screen
        if isinstance(now, HomeScreen):
            break
        # What esc does not leave is about what was typed, as is what it asks in a form: the last answer forgets that.
        is_about_typing = isinstance(now, Choose) and (now is before or isinstance(before, ConnectionForm))
        for key in ("end", "enter") if is_about_typing else ("escape",):
            pilot.app.post_message(events.Key(key, key_to_character(key)))
            await calmed(pilot)
        before = now
    pilot.app.post_message(events.Key("question_mark", "?"))
    async with asyncio.timeout(60):
        while not isinstance(pilot.app.screen, HelpScreen) or "Keys that work here" not in screen_text(pilot):
            await asyncio.sleep(0.01)


async def play(home: Home, seed: int, steps: int, pressed: list[str]) -> None:
    """One storm over a filled home, from Home to help."""
    async with visited(home) as pilot:
        await storm(pilot, seed, steps, pressed)
        await until_helped(pilot)


def main() -> int:
    """Play each seed; what failed is said with the last keys."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else STEPS
    for seed in map(int, sys.argv[2:] or [str(random.SystemRandom().randrange(10**6))]):
        pressed: list[str] = []
        with tempfile.TemporaryDirectory(prefix="tui-migrate-monkey-") as name, left_alone(Path(name)):
            home = new_home(Path(name))
            fill(home)
            try:
                asyncio.run(play(home, seed, steps, pressed))
            except BaseException:  # ctrl+c too, by which a storm that hangs is ended
                sys.stderr.write(f"seed {seed}, key {len(pressed)} of {steps}: {pressed[-12:]}\n")
                raise
        sys.stdout.write(f"seed {seed}: {len(pressed)} keys, {len(set(pressed))} of them different\n")
    return 0


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    sys.exit(main())

"""Somebody who presses any key at a real terminal: `python -m tests.ui.terminal.storm [--filled] [SECONDS [SEED...]]`.

The servers are the demo's, a new one for each seed; `filled` puts runs of every state beside it. Keys of the registry
and of dialogs come in bursts, some of them cut in the middle, as on a bad line. At the end the app answers, is left
with everything as it was, and the runs it has started end when they are asked to.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from textual.keys import key_to_character

from tests.demo.processes import everything_ended, kill_everything, until
from tests.ui import monkey
from tests.ui.terminal.operator import KEYS, ROOT, Operator, environment
from tui_migrate import connections
from tui_migrate.demo.command import run_demo
from tui_migrate.demo.place import DemoPlace
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.ui.terminal.modes import ENTER, LEAVE
from tui_migrate.worker import control

SECONDS: Final = 60.0
DOCUMENTS: Final = 600
QUIET_SECONDS: Final = 0.4

_OWN: Final = {"shift+tab": "\x1b[Z", "space": " ", "f1": "\x1bOP", "slash": "/", "plus": "+", "minus": "-"}
_WAYS: Final = (
    (*("escape",) * 4, "g", "enter", "", "ctrl+n", "i", "ctrl+n", "ctrl+n", "", "s", "down", "enter"),
    (*("escape",) * 4, "n", "", "enter", "", "ctrl+n", "i", "ctrl+n", "ctrl+n", "", "s", "down", "enter"),
    (*("escape",) * 4, "h", "", "c", "down", "down", "enter"),
    (*("escape",) * 4, "h", "", "r", "", "s"),
)
"""Keys that lead somewhere, if nothing is in their way; an empty one waits."""

_PASTED: Final = "\x1b[200~{}\x1b[201~"
_CUTS: Final = (0.02, 0.15)
"""Shorter and longer than Textual waits for the rest of a sequence."""
_GAPS: Final = (0.0, 0.0, 0.0, 0.01, 0.01, 0.02, 0.05, 0.2)


def bytes_of(key: str) -> str:
    """Give what a terminal sends for a key, by Textual's name of it."""
    if (found := _OWN.get(key) or KEYS.get(key)) is not None:
        return found
    if key.startswith("ctrl+"):
        return chr(ord(key.removeprefix("ctrl+")) & 31)
    return key_to_character(key) or key


def burst(draw: random.Random) -> tuple[list[str], str]:
    """Draw the keys of one write, and give them with what is sent. An `escape` within a burst makes another key."""
    keys = [draw.choice(monkey.KEYS) for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4, 6)))]
    sent = "".join(bytes_of(key) for key in keys)
    if draw.random() < 0.02:
        keys.append("paste")
        sent += _PASTED.format(draw.choice(monkey.PASTES))
    return keys, sent


class Storm:
    """One storm over one app. `pressed` are the keys there were."""

    def __init__(self, folder: Path, home: Home, seed: int) -> None:
        self._draw = random.Random(seed)
        self._folder = folder
        self.home = home
        self.log = folder / "complaints"
        self.may_leave = folder / "may_leave"
        self.pressed: list[str] = []

    def sit_down(self) -> Operator:
        """Open the app, in a folder where what it writes is looked at by nobody."""
        there = self._folder / "here"
        there.mkdir()
        module = "tests.ui.terminal.stormed_app"
        command = [sys.executable, "-m", module, str(self.home.state.parent), str(self.log), str(self.may_leave)]
        return Operator(command, environment(there, PYTHONPATH=str(ROOT)), folder=there)

    def rage(self, operator: Operator, seconds: float) -> None:
        """Press keys for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._draw.random() < 0.01:
                size = self._draw.choice(monkey.SIZES)
                self.pressed.append(f"resize {size}")
                operator.resize(*size)
            keys, sent = burst(self._draw)
            self.pressed.append(" ".join(keys))
            cut = self._draw.randrange(len(sent)) if self._draw.random() < 0.15 else 0
            if cut:
                operator.press_raw(sent[:cut])
                self._breathe(operator, self._draw.choice(_CUTS))
            operator.press_raw(sent[cut:])
            self._breathe(operator, self._draw.choice(_GAPS))
            assert operator.child.isalive(), f"the app has ended with {operator.until_ended()}"
            if self._draw.random() < 0.02:
                until_quiet(operator, most=1.5)
            if self._draw.random() < 0.02:
                self._go(operator, self._draw.choice(_WAYS))

    def _go(self, operator: Operator, way: tuple[str, ...]) -> None:
        """Press keys one by one, as somebody does who knows where to go."""
        self.pressed.append(" ".join(way))
        for key in way:
            operator.press_raw(bytes_of(key) if key else "")
            self._breathe(operator, 0.12 if key else 0.6)

    def _breathe(self, operator: Operator, seconds: float) -> None:
        end = time.monotonic() + seconds
        operator.read(0)
        while (left := end - time.monotonic()) > 0:
            operator.read(left)

    def end(self, operator: Operator) -> None:
        """See that the app answers, and leave it."""
        operator.resize(80, 24)
        until_helped(operator)
        self.may_leave.touch()
        question = "Leave without saving?"
        operator.press("\x03")
        operator.until(lambda: is_given_back(operator) or operator.shows(question), "the end of the app")
        if not is_given_back(operator):
            operator.press("end", "enter")
        code = operator.until_ended()
        assert code == 0, f"exit code {code}: {operator.received[-300:]!r}"
        assert is_given_back(operator), "the terminal is not restored"
        errors = self.home.state / "error.log"
        assert not errors.exists(), errors.read_text()
        assert not self.log.exists(), self.log.read_text()


def is_given_back(operator: Operator) -> bool:
    """Say whether the app has restored the terminal."""
    sent = operator.received
    return LEAVE.encode() in sent[sent.rindex(ENTER.encode()) :]


def until_quiet(operator: Operator, most: float = 20.0) -> None:
    """Read until nothing more comes for a moment; runs at work never let it be quiet."""
    end = time.monotonic() + most
    while operator.read(QUIET_SECONDS) and time.monotonic() < end:
        pass


def until_helped(operator: Operator) -> None:
    """See that the app still answers: out of every window, and its help opens."""
    help_title = "Keys that work here"
    until_quiet(operator, most=60)
    was_asked = False
    for _ in range(60):
        was_asked = not was_asked and operator.shows("Leave without saving?")  # a palette may lie over it
        operator.press(*(("end", "enter") if was_asked else ("escape",)))
        until_quiet(operator, most=3)
        operator.press_raw(bytes_of("f1"))
        until_quiet(operator, most=3)
        if operator.shows(help_title):
            insist(operator, "escape", lambda: not operator.shows(help_title))
            insist(operator, "f1", lambda: operator.shows(help_title))
            return
    raise AssertionError("no help:\n" + "\n".join(operator.screen.display))


def insist(operator: Operator, key: str, condition: Callable[[], bool]) -> None:
    """Press a key until something is so: one that came for a window which was closing is for nobody."""
    for _ in range(10):
        operator.press_raw(bytes_of(key))
        until_quiet(operator, most=3)
        if condition():
            return
    raise AssertionError(f"{key} does nothing:\n" + "\n".join(operator.screen.display))


async def runs_of(home: Home) -> list[RunRecord]:
    """Give all runs as they are now."""
    if not home.journal.exists():
        return []
    reader = await JournalReader.open(home.journal)
    try:
        return [await control.effective(home, reader, one) for one in await reader.runs(500)]
    finally:
        await reader.close()


def workers(home: Home) -> list[str]:
    """Give the command lines of the workers at this home that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "worker" in " ".join(words) and str(home.state.parent) in words:
            found.append(f"{path.parent.name}: {' '.join(words)}")
    return found


def settle_runs(home: Home, before: frozenset[int]) -> dict[str, int]:
    """End what runs, and give how many of those that the storm began ended how. None is left half begun."""

    def states() -> dict[int, RunState]:
        return {one.id: one.state for one in asyncio.run(runs_of(home)) if one.id not in before}

    deadline = time.monotonic() + 60
    while any(state.is_active or state is RunState.PAUSED for state in states().values()):
        assert time.monotonic() < deadline, f"runs go on: {states()}, {workers(home)}"
        for run_id, state in states().items():
            if state.is_active or state is RunState.PAUSED:
                words = [sys.executable, "-m", "tui_migrate", "cancel", str(run_id), "--home", str(home.state.parent)]
                subprocess.run(words, check=False, capture_output=True, cwd=ROOT)
        time.sleep(0.5)
    until(lambda: not workers(home))
    odd = {run_id: state for run_id, state in states().items() if state in (RunState.PLANNED, RunState.INTERRUPTED)}
    assert not odd, f"left half way: {odd}"
    return dict(Counter(state.value for state in states().values()))


@contextmanager
def demo_folder() -> Iterator[Path]:
    """A folder for a demo, whose servers end with it."""
    with tempfile.TemporaryDirectory(prefix="tui-migrate-storm-", ignore_cleanup_errors=True) as name:
        place = DemoPlace(Path(name) / "demo")
        try:
            yield Path(name)
        finally:
            kill_everything(place)
            until(lambda: everything_ended(place))


def play(folder: Path, seed: int, seconds: float, *, filled: bool, say: list[str]) -> None:
    """One storm over a demo."""
    place = DemoPlace(folder / "demo")

    async def show(home: Home) -> int:
        if filled:
            demo = list(connections.load(home).values())
            await asyncio.to_thread(monkey.fill, home)
            connections.write(home, [*connections.load(home).values(), *demo])
        before = frozenset(one.id for one in await runs_of(home))
        storm = Storm(folder, home, seed)
        try:
            await asyncio.to_thread(one_sitting, storm)
            ended = await asyncio.to_thread(settle_runs, home, before)
        except BaseException:
            say.extend(storm.pressed[-40:])
            raise
        keys = sum(len(one.split()) for one in storm.pressed)
        say.append(f"{keys} keys in {len(storm.pressed)} writes; runs {ended or 'none'}")
        return 0

    def one_sitting(storm: Storm) -> None:
        with storm.sit_down() as operator:
            operator.until_shown("? Help")
            try:
                storm.rage(operator, seconds)
                storm.end(operator)
            except BaseException:
                say.extend(operator.screen.display)
                if operator.child.isalive():
                    operator.child.kill(signal.SIGUSR1)
                    until_quiet(operator)
                for kept in (storm.home.state / "error.log", storm.log):
                    say.extend(kept.read_text().splitlines() if kept.exists() else ())
                raise

    def nothing(*_: object) -> None:
        """Say nothing."""

    asyncio.run(run_demo(headless=False, documents=DOCUMENTS, home=place.root, show=show, say=nothing, hand=nothing))


def main() -> int:
    """Play each seed; what failed is said with the last keys."""
    words = [one for one in sys.argv[1:] if one != "--filled"]
    filled = len(words) < len(sys.argv[1:])
    seconds = float(words[0]) if words else SECONDS
    for seed in map(int, words[1:] or [str(random.SystemRandom().randrange(10**6))]):
        said: list[str] = []
        with demo_folder() as folder:
            try:
                play(folder, seed, seconds, filled=filled, say=said)
            except BaseException:
                sys.stderr.write(f"seed {seed}{' filled' if filled else ''}:\n" + "\n".join(said) + "\n")
                raise
        sys.stdout.write(f"seed {seed}: {' '.join(said)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())

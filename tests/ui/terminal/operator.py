"""Somebody at a terminal: a pseudo-terminal, the screen as pyte sees it, and the bytes that came."""

import os
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import pexpect
import pyte

from tests.processes import kill, of_session

ROOT: Final = Path(__file__).parents[3]
KEYS: Final = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "tab": "\t",
    "enter": "\r",
    "escape": "\x1b",
    "backspace": "\x7f",
    "f12": "\x1b[24~",
}
DEADLINE_SECONDS: Final = 60.0

Look = tuple[str, str, str, bool, bool, bool, bool, bool]


class Operator:
    """Runs a program in a pseudo-terminal. Every wait reads what comes until a condition holds or a deadline passes."""

    def __init__(self, command: list[str], environ: dict[str, str], size: tuple[int, int] = (80, 24)) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.received = b""
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], command[1:], env=environ, dimensions=(size[1], size[0]), cwd=str(ROOT), timeout=None
        )
        self.child.delaybeforesend = None
        assert self.child.pid
        self.pid = int(self.child.pid)
        self._told = 0

    def begin(self) -> None:
        """Wait until the sample app stands there and listens."""
        self.until_shown("Collection")
        self.settle()

    def __enter__(self) -> "Operator":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        kill(of_session(self.pid))  # a shell's job outlives the shell
        self.child.close(force=True)

    def read(self, seconds: float) -> bytes:
        """Take what comes within a time; nothing is fine."""
        ready, _, _ = select.select((self.child.child_fd,), (), (), seconds)
        data = b""
        if ready:
            try:
                data = os.read(self.child.child_fd, 65536)
            except OSError:
                data = b""
        self.received += data
        self._stream.feed(data)
        return data

    def until(self, condition: Callable[[], bool], what: str = "", seconds: float = DEADLINE_SECONDS) -> None:
        """Read until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what or condition}:\n" + "\n".join(self.screen.display))
            self.read(0.02)

    def until_shown(self, text: str) -> None:
        """Read until a text stands on the screen."""
        self.until(lambda: self.shows(text), f"{text!r} to be shown")

    def shows(self, text: str) -> bool:
        """Say whether a text stands on the screen."""
        return any(text in row for row in self.screen.display)

    def press(self, *keys: str) -> None:
        """Press keys, by name or as they are."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def settle(self, keys: str = "") -> None:
        """Press keys, and read until the app has drawn what they and those before led to."""
        self._told += 1
        answer = f"\x1b]2;told {self._told}\x07".encode()
        self.press(keys + KEYS["f12"])
        self.until(lambda: answer in self.received, f"answer {self._told}")

    def resize(self, width: int, height: int) -> None:
        """Change the terminal's size."""
        self.child.setwinsize(height, width)
        self.screen.resize(height, width)

    def until_ended(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Read until the program has ended, and give its exit code, or the negative number of its signal."""
        self.until(lambda: not self.child.isalive(), "the end of the program", seconds)
        while self.read(0):
            pass
        if self.child.exitstatus is not None:
            return int(self.child.exitstatus)
        return -int(self.child.signalstatus or 0)

    def hang_up(self) -> None:
        """Take the terminal away from the program."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self.child.child_fd)
        os.close(nothing)

    def picture(self) -> list[list[Look]]:
        """Give what is seen: of a blank only what shows on a blank."""
        return [
            [look_of(self.screen.buffer[y][x]) for x in range(self.screen.columns)] for y in range(self.screen.lines)
        ]


def look_of(cell: pyte.screens.Char) -> Look:
    """Give how a cell looks; of a blank only what shows on a blank."""
    lines = (cell.underscore, cell.strikethrough, cell.reverse)
    if cell.data == " ":
        ink = cell.fg if any(lines) else "default"
        return (" ", ink, cell.bg, False, False, *lines)
    return (cell.data, cell.fg, cell.bg, cell.bold, cell.italics, *lines)


def environment(home: Path, **changes: str | None) -> dict[str, str]:
    """Give the environment of a good terminal, with changes; None takes a variable away."""
    base: dict[str, str | None] = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_DISABLE_KITTY_KEY": "1",
    }
    return {name: value for name, value in (base | changes).items() if value is not None}


def sample(home: Path, *options: str, size: tuple[int, int] = (80, 24), **changes: str | None) -> Operator:
    """Sit down before the sample app."""
    command = [sys.executable, "-m", "tests.ui.terminal.sample_app", *options, str(home)]
    return Operator(command, environment(home, **changes), size)

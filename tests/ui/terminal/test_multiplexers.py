"""Under tmux and GNU screen: the app draws, takes keys, and leaves a shell that one can type into."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest
from rich.segment import Segment
from rich.style import Style

from tests.programs import require
from tests.ui.driving import new_home
from tests.ui.live_run import LiveRun
from tests.ui.terminal.operator import ROOT, Operator, environment, look_of
from tui_migrate.ui.terminal.cells import CellMaker
from tui_migrate.ui.terminal.differ import CellDiffer
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet

pytestmark = pytest.mark.slow

SCREEN = "tui-migrate-test"
"""The name of the session under GNU screen."""


def configured(folder: Path, name: str) -> list[str]:
    """The command of a multiplexer that runs a shell, with no settings of anybody's, and a server of its own."""
    shell = [sys.executable, "-m", "tests.ui.terminal.job_shell", "sh"]
    if name == "tmux":
        return [require("tmux", "tmux"), "-f", os.devnull, "-S", str(folder / "socket"), "new-session", *shell]
    return [require("screen", "screen"), "-c", os.devnull, "-S", SCREEN, *shell]


@contextmanager
def multiplexer(folder: Path, name: str) -> Iterator[Operator]:
    """Somebody at a multiplexer, whose server ends with the test, however that ends."""
    sockets = folder / "sockets"
    sockets.mkdir(mode=0o700)
    environ = environment(folder, SCREENDIR=str(sockets), PS1="ready> ", PYTHONPATH=str(ROOT), SHELL="/bin/sh")
    try:
        with Operator(configured(folder, name), environ, (80, 25)) as operator:  # tmux keeps a line for itself
            yield operator
    finally:
        ending = ["-S", str(folder / "socket"), "kill-server"] if name == "tmux" else ["-S", SCREEN, "-X", "quit"]
        subprocess.run([name, *ending], env=environ, capture_output=True, check=False)


@pytest.mark.parametrize("name", ["tmux", "screen"])
def test_the_terminal_in_it_is_left_as_it_was(tmp_path: Path, name: str) -> None:
    home = new_home(tmp_path)
    with multiplexer(tmp_path, name) as operator:
        operator.until_shown("ready>")
        operator.press("echo before; cd ", str(ROOT), "\r")
        operator.until(lambda: any(row.startswith("before") for row in operator.screen.display), "the shell's answer")
        operator.press(f"{sys.executable} -m tui_migrate --home {home.state.parent}; echo left with $?", "\r")
        operator.until_shown("There was no run yet")
        operator.press("?")
        operator.until_shown("Keys that work here")
        operator.press("\x03")
        operator.until_shown("left with 0")
        operator.press("echo cooked $((40+2))", "\r")
        operator.until_shown("echo cooked $((40+2))")
        operator.until(
            lambda: any(row.removeprefix("ready> ").startswith("cooked 42") for row in operator.screen.display),
            "the answer",
        )
        operator.press("exit", "\r")
        operator.until_ended()


@pytest.mark.parametrize("name", ["tmux", "screen"])
def test_rows_move_in_it_and_leave_nothing_behind(tmp_path: Path, name: str) -> None:
    differ, frames = CellDiffer(80, 20, ColourDepth.SIXTEEN, CellMaker(MarkSet.UNICODE, "utf-8")), ""
    for first in (10, 11, 13, 12, 9, 10, 5):
        lines = ["title", *(f"line {one} 注 {one * 7919}" for one in range(first, first + 18)), "keys"]
        for y, line in enumerate(lines):
            differ.write(0, y, [Segment(line.ljust(79), Style.parse("red on blue" if y != first else "reverse"))])
        frames += differ.frame()
    assert frames.count("r\x1b[") > 6
    # In the shell's home: a command that does not fit a row is drawn by each terminal in its own way.
    recorded = tmp_path / "frames"
    recorded.write_text(frames + "\x1b[m\x1b[21H", newline="")
    differ.forget()
    whole = pyte.Screen(80, 20)
    pyte.Stream(whole).feed(differ.frame())
    wanted = [[look_of(whole.buffer[y][x]) for x in range(80)] for y in range(20)]
    with multiplexer(tmp_path, name) as operator:
        operator.until_shown("ready>")
        operator.press(f"cat ~/{recorded.name}", "\r")
        operator.until(lambda: operator.picture()[:20] == wanted, "the last frame")
        operator.press("exit", "\r")
        operator.until_ended()


def test_the_title_in_tmux_is_the_one_before_when_the_app_is_left(tmp_path: Path) -> None:
    home = new_home(tmp_path)
    tmux = [require("tmux", "tmux"), "-S", str(tmp_path / "socket")]

    def title() -> str:
        found = subprocess.run([*tmux, "display", "-p", "#{pane_title}"], capture_output=True, text=True, check=True)
        return found.stdout.strip()

    with LiveRun(home), multiplexer(tmp_path, "tmux") as operator:
        operator.until_shown("ready>")
        subprocess.run([*tmux, "select-pane", "-T", "mine"], check=True)
        operator.press(
            f"cd {ROOT}; {sys.executable} -m tui_migrate --home {home.state.parent}; echo left with $?", "\r"
        )
        operator.until(lambda: title().endswith("run 0001 copy - tui-migrate"), "the title of the run")
        operator.press("q")
        operator.until_shown("left with 0")
        assert title() == "mine"
        operator.press("exit", "\r")
        operator.until_ended()

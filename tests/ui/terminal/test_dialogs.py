"""With a dialog open the app is left, stopped and ended as well as without one, and the terminal is as it was."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ui.driving import new_home
from tests.ui.terminal.operator import Operator, environment
from tests.ui.terminal.test_endings import is_cooked, is_restored
from tui_migrate.paths import Home

pytestmark = pytest.mark.slow


@contextmanager
def in_a_dialog(home: Home, *before: str) -> Iterator[Operator]:
    """The app on the screen that compares, with the choice of an end open over it."""
    app = [sys.executable, "-m", "tui_migrate", "--home", str(home.state.parent)]
    with Operator([*before, *app], environment(home.state.parent)) as operator:
        operator.until_shown("Try the demo")
        operator.press("M")
        operator.until_shown("Not yet: no A is chosen")
        operator.press("\r")
        operator.until_shown("Type a URL")
        yield operator


def test_it_is_stopped_continued_and_left_although_it_is_too_small(tmp_path: Path) -> None:
    shell = [sys.executable, "-m", "tests.ui.terminal.job_shell"]
    with in_a_dialog(new_home(tmp_path), *shell) as operator:
        before = operator.picture()
        operator.press("\x1a")
        operator.until_shown("STOPPED")
        assert is_restored(operator)
        operator.press("\n")
        operator.until(lambda: operator.picture() == before, "the dialog to be drawn again")
        assert not is_cooked(operator)
        operator.screen.erase_in_display(2)
        operator.press("\x0c")
        operator.until(lambda: operator.picture() == before, "all of it to be drawn anew")
        operator.resize(60, 20)
        operator.until_shown("make it larger; ctrl+c leaves")
        operator.press("\x03")
        assert operator.until_ended() == 0
        assert is_restored(operator)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_the_terminal_restored(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with in_a_dialog(new_home(tmp_path)) as operator:
        operator.child.kill(number)
        assert operator.until_ended() == code
        assert is_restored(operator)
        assert b"Traceback" not in operator.received

"""Where no screen can be drawn the app says so, and names the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.terminal.operator import ROOT, environment, sample

HINT = "tui-migrate --help"


@pytest.mark.parametrize("term", ["dumb", "unknown", None])
def test_a_terminal_that_cannot_draw_is_refused(tmp_path: Path, term: str | None) -> None:
    with sample(tmp_path, TERM=term) as operator:
        assert operator.until_ended() == 2
        assert b"TERM" in operator.received
        assert HINT.encode() in operator.received
        assert b"\x1b" not in operator.received


def test_a_terminal_without_a_size_is_refused(tmp_path: Path) -> None:
    with sample(tmp_path, size=(0, 0)) as operator:
        assert operator.until_ended() == 2
        assert HINT.encode() in operator.received
        assert b"stty" in operator.received


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.ui.terminal.sample_app", str(tmp_path)],
        env=environment(tmp_path),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "standard input is none" in ended.stderr
    assert HINT in ended.stderr
    assert ended.stdout == ""

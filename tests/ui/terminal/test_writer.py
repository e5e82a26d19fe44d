import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tui_migrate.ui.terminal.writer import TerminalWriter


class Line:
    """A pipe in place of a terminal's line."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.read_end, self.write_end = os.pipe()
        self.idle = threading.Event()
        self.lost = threading.Event()
        self.writer = TerminalWriter(self.write_end, encoding, on_idle=self.idle.set, on_lost=self.lost.set)
        self.writer.start()

    def close(self) -> None:
        os.close(self.read_end)
        self.writer.stop()
        os.close(self.write_end)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    if not made.lost.is_set():
        made.close()


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def test_what_is_written_goes_out_in_order(line: Line) -> None:
    for number in range(100):
        line.writer.write(f"{number};")
    assert line.idle.wait(30)
    assert not line.writer.is_busy
    assert os.read(line.read_end, 4096).decode() == "".join(f"{number};" for number in range(100))


def test_a_line_that_stands_still_blocks_nobody_and_says_that_it_is_busy(line: Line) -> None:
    started = time.monotonic()
    for _ in range(200):
        line.writer.write("x" * 10_000)
    assert time.monotonic() - started < 20
    wait(lambda: line.writer.is_busy)
    assert not line.idle.is_set()
    received = 0
    while received < 2_000_000:
        received += len(os.read(line.read_end, 65536))
    assert line.idle.wait(30)


def test_stopping_waits_for_what_is_left(line: Line) -> None:
    line.writer.write("the last words")
    line.writer.stop()
    assert not line.writer.is_alive()
    assert os.read(line.read_end, 100) == b"the last words"


@pytest.mark.slow
def test_stopping_gives_up_where_the_line_stands_still(line: Line) -> None:
    line.writer.write("x" * 1_000_000)
    started = time.monotonic()
    line.writer.stop()
    assert time.monotonic() - started < 20


def test_a_line_that_is_gone_is_told_once_and_swallows_the_rest(line: Line) -> None:
    os.close(line.read_end)
    line.writer.write("nobody hears this")
    assert line.lost.wait(30)
    line.writer.write("nor this")
    assert not line.writer.is_busy
    line.writer.stop()
    os.close(line.write_end)


def test_what_the_encoding_has_not_becomes_a_question_mark() -> None:
    line = Line("iso8859-1")
    line.writer.write("café ✓")
    assert line.idle.wait(30)
    assert os.read(line.read_end, 100) == b"caf\xe9 ?"
    line.close()

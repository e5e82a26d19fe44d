from collections.abc import Callable

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from tests.ui.terminal.operator import Look, look_of
from tui_migrate.ui.terminal.cells import Cell, CellMaker
from tui_migrate.ui.terminal.differ import CellDiffer
from tui_migrate.ui.terminal.scrolling import Shift, find_shift
from tui_migrate.ui.terminal.sequences import SequenceWriter
from tui_migrate.ui.terminal.sgr import PLAIN
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet

WIDTH, HEIGHT = 24, 8
PAPER = Style.parse("#d5d9e6 on #161b1f")
LINES = st.sampled_from(["", "orders 12", "orders 13", "users", "注 family", "🎉 emoji", "é " * 12, "=" * WIDTH])


class Terminal(pyte.Screen):
    """One that fills rows which come in with the background in use, as xterm and the Linux console do."""

    def __init__(self) -> None:
        super().__init__(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self)

    def index(self) -> None:
        self._filled(self.margins.bottom if self.margins else self.lines - 1, super().index)

    def reverse_index(self) -> None:
        self._filled(self.margins.top if self.margins else 0, super().reverse_index)

    def _filled(self, edge: int, move: Callable[[], None]) -> None:
        at_edge = self.cursor.y == edge
        move()
        if at_edge:
            for x in range(self.columns):
                self.buffer[edge][x] = self.cursor.attrs._replace(data=" ")

    def show(self, text: str) -> None:
        self._stream.feed(text)

    @property
    def picture(self) -> list[list[Look]]:
        return [[look_of(self.buffer[y][x]) for x in range(self.columns)] for y in range(self.lines)]


def make() -> CellDiffer:
    return CellDiffer(WIDTH, HEIGHT, ColourDepth.TRUE, CellMaker(MarkSet.UNICODE, "utf-8"))


def draw(differ: CellDiffer, lines: list[str], style: Style | None = None, top: int = 0) -> None:
    for y, line in enumerate(lines, top):
        differ.write(0, y, [Segment(line.ljust(WIDTH), style)])


@given(
    st.lists(LINES, min_size=20, max_size=20),
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(4, HEIGHT - 1), LINES), min_size=2, max_size=6
    ),
    st.sampled_from([None, PAPER, Style.parse("reverse underline")]),
)
def test_whatever_moves_and_changes_the_screen_is_as_if_it_was_drawn_anew(
    text: list[str], frames: list[tuple[int, int, int, str]], style: Style | None
) -> None:
    differ, seen = make(), Terminal()
    for first, top, bottom, title in frames:
        draw(differ, text[first : first + bottom - top], style, top)
        draw(differ, [title], PAPER, HEIGHT - 1)
        seen.show(differ.frame((1, 1)))
        assert (seen.cursor.x, seen.cursor.y, seen.margins) == (1, 1, None)
        assert differ.frame((1, 1)) == ""
    differ.forget()
    anew = Terminal()
    anew.show(differ.frame())
    assert seen.picture == anew.picture


def rows(*texts: str) -> list[list[Cell]]:
    return [[(one, PLAIN) for one in text] for text in texts]


def lines_of(first: int) -> list[str]:
    return [f"line {one} {one * 7919}" for one in range(first, first + HEIGHT)]


@pytest.mark.parametrize(
    ("first", "sent"),
    [
        (6, "\x1b[1;8r\x1b[8H\n\x1b[r\x1b[8Hline 13 102947"),
        (4, "\x1b[1;8r\x1b[1H\x1bM\x1b[r\x1b[1Hline 4 31676"),
        (8, "\x1b[1;8r\x1b[8H\n\n\n\x1b[r\x1b[6Hline 13 102947\r\nline 14 110866\r\nline 15 118785"),
    ],
    ids=["a line down", "a line up", "three lines down"],
)
def test_rows_that_only_moved_are_not_sent_again(first: int, sent: str) -> None:
    differ = make()
    draw(differ, lines_of(5))
    differ.frame()
    draw(differ, lines_of(first))
    assert differ.frame() == sent


def test_only_the_rows_between_those_that_stay_move() -> None:
    differ = make()
    draw(differ, ["title", *lines_of(5)[:6], "keys"])
    differ.frame()
    draw(differ, ["title", *lines_of(6)[:6], "keys"])
    assert differ.frame() == "\x1b[2;7r\x1b[7H\n\x1b[r\x1b[7Hline 11 87109"


def test_what_is_shorter_to_draw_is_drawn() -> None:
    differ = make()
    draw(differ, list("abc"))
    differ.frame()
    draw(differ, list("bcd"))
    assert "r" not in differ.frame()


def test_the_writer_knows_no_more_where_the_cursor_is_when_rows_have_moved() -> None:
    writer = SequenceWriter()
    writer.move(0, 3)
    writer.take()
    writer.scroll(2, 5, -1)
    writer.move(0, 3)
    assert writer.take() == "\x1b[m\x1b[3;6r\x1b[3H\x1bM\x1b[r\x1b[4H"


def test_most_rows_decide_which_way() -> None:
    assert find_shift(rows(*"bcd defg"), rows(*"abcdefgh"), range(8)) == Shift(3, 7, -1)

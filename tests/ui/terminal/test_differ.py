import re

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from tests.ui.terminal.operator import Look, look_of
from tui_migrate.ui.terminal.cells import CellMaker
from tui_migrate.ui.terminal.differ import CellDiffer
from tui_migrate.ui.terminal.start import ColourDepth, MarkSet

WIDTH, HEIGHT = 20, 5
BASE = Style.parse("#d5d9e6 on #161b1f")

styles = st.sampled_from(
    [
        None,
        BASE,
        Style.parse("bold #d5d9e6 on #161b1f"),
        Style.parse("red on default"),
        Style.parse("bright_blue reverse"),
        Style.parse("italic underline"),
        Style.parse("bold dim strike #102030"),
    ]
)
texts = st.text(
    st.sampled_from("ab 注한🎉שéЖe\u0301█●→ａ\t\x1b\u202e") | st.characters(max_codepoint=0x3FF), max_size=12
)
writes = st.lists(
    st.tuples(st.integers(-1, WIDTH), st.integers(-1, HEIGHT), st.lists(st.tuples(texts, styles), max_size=3)),
    max_size=6,
)


def make(
    depth: ColourDepth = ColourDepth.TRUE,
    marks: MarkSet = MarkSet.UNICODE,
    encoding: str = "utf-8",
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> CellDiffer:
    return CellDiffer(*size, depth, CellMaker(marks, encoding))


def put(differ: CellDiffer, x: int, y: int, *parts: tuple[str, Style | None]) -> None:
    differ.write(x, y, [Segment(text, style) for text, style in parts])


class Terminal:
    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)
        self.stream.feed("\x1b[?7l")

    def feed(self, text: str) -> "Terminal":
        self.stream.feed(text)
        return self

    @property
    def picture(self) -> list[list[Look]]:
        return [
            [look_of(self.screen.buffer[y][x]) for x in range(self.screen.columns)] for y in range(self.screen.lines)
        ]

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]


@given(st.lists(writes, min_size=1, max_size=6), st.sampled_from(ColourDepth), st.booleans())
def test_frames_lead_to_the_screen_that_drawing_all_anew_gives(
    frames: list[list[tuple[int, int, list[tuple[str, Style | None]]]]], depth: ColourDepth, forgets: bool
) -> None:
    differ = make(depth)
    seen = Terminal()
    for changes in frames:
        for x, y, parts in changes:
            put(differ, x, y, *parts)
        seen.feed(differ.frame((1, 1)))
        if forgets:
            seen.feed("garbage")
            differ.forget()
            seen.feed(differ.frame((1, 1)))
        assert (seen.screen.cursor.x, seen.screen.cursor.y) == (1, 1)
        assert differ.frame((1, 1)) == ""
    differ.forget()
    assert seen.picture == Terminal().feed(differ.frame()).picture


def test_nothing_is_written_where_nothing_changed() -> None:
    differ = make()
    put(differ, 0, 0, ("orders", BASE))
    assert differ.frame((3, 3))
    put(differ, 0, 0, ("orders", BASE))
    assert differ.frame((3, 3)) == ""


def test_a_changed_cell_costs_at_most_forty_bytes() -> None:
    differ = make(size=(80, 24))
    put(differ, 0, 20, ("12,345", BASE))
    put(differ, 0, 23, ("y" * 80, Style.parse("#ffffff on #161b1f")))
    differ.frame()
    put(differ, 0, 20, ("12,346", BASE))
    assert len(differ.frame()) <= 40
    put(differ, 70, 23, ("z", Style.parse("#ffffff on #161b1f")))
    assert len(differ.frame()) <= 40


def test_a_short_gap_is_written_again_and_a_long_one_jumped() -> None:
    differ = make(size=(40, 2))
    put(differ, 0, 0, ("1,248,310 / 2,000,120", None))
    differ.frame()
    put(differ, 0, 0, ("1,249,311 / 2,000,120", None))
    assert differ.frame() == "\x1b[5G9,311"
    put(differ, 0, 0, ("7,249,311 / 2,000,127", None))
    assert differ.frame() == "\r7\x1b[19C7"


def test_the_end_of_a_row_is_erased_not_overwritten() -> None:
    differ = make(size=(80, 2))
    put(differ, 0, 0, ("a" * 80, None))
    differ.frame()
    put(differ, 0, 0, ("b" + " " * 79, None))
    assert differ.frame() == "\rb\x1b[K"


def test_half_of_a_wide_character_at_an_edge_becomes_a_blank() -> None:
    differ = make(size=(5, 1))
    put(differ, 0, 0, ("ab注c注", None))
    assert Terminal(5, 1).feed(differ.frame()).rows == ["ab注c"]
    put(differ, 1, 0, ("xyz注", None))
    put(differ, 0, 0, ("注", None))
    assert Terminal(5, 1).feed(differ.frame()).screen.buffer[0][4].data == " "


def test_what_is_left_of_a_wide_character_that_is_partly_covered_becomes_a_blank() -> None:
    differ = make(size=(6, 1))
    put(differ, 0, 0, ("注注注", None))
    terminal = Terminal(6, 1).feed(differ.frame())
    put(differ, 1, 0, ("xx", None))
    assert terminal.feed(differ.frame()).rows == [" xx 注"]


def test_after_a_cell_of_uncertain_width_the_row_is_sent_again_by_column() -> None:
    differ = make(size=(30, 1))
    put(differ, 0, 0, ("🎉 orders   12", None))
    differ.frame()
    put(differ, 0, 0, ("🚀 orders   12", None))
    assert differ.frame().startswith("\r🚀\x1b[3G orders   12")
    put(differ, 0, 0, ("ab orders   12", None))
    assert differ.frame().startswith("\rab orders   12")
    put(differ, 0, 0, ("ab orders   13", None))
    assert differ.frame().endswith("3")
    assert "orders" not in differ.frame()


def test_a_terminal_that_counts_joined_characters_otherwise_keeps_its_columns() -> None:
    differ = make(size=(30, 1))
    put(differ, 0, 0, ("👩\u200d👩\u200d👧 family  ⚠\ufe0f sign", None))
    row = Terminal(30, 1).feed(differ.frame()).screen.buffer[0]
    assert "".join(row[x].data for x in range(3, 9)) == "family"
    assert "".join(row[x].data for x in range(14, 18)) == "sign"


@given(texts)
def test_with_ascii_nothing_else_leaves_and_columns_stay(text: str) -> None:
    plain, full = make(marks=MarkSet.ASCII, encoding="ascii"), make()
    for differ in (plain, full):
        put(differ, 0, 0, (text, None), ("|end", None))
    sent = plain.frame()
    assert sent.isascii()
    row = Terminal().feed(full.frame()).screen.buffer[0]
    end = next((x for x in range(WIDTH) if row[x].data == "|" and row[x + 1].data == "e"), None)
    if end is not None:
        assert Terminal().feed(sent).screen.buffer[0][end].data == "|"


def test_marks_become_their_twins_and_other_characters_a_question_mark() -> None:
    differ = make(marks=MarkSet.ASCII, encoding="ascii", size=(30, 1))
    put(differ, 0, 0, ("✓ ● ○ █▏ … → – ‖ 注 é ─│┌", None))
    assert Terminal(30, 1).feed(differ.frame()).rows == ["+ * o #| ~ > - = ?? ? -|+"]


def test_an_encoding_keeps_what_it_has() -> None:
    differ = make(marks=MarkSet.ASCII, encoding="iso8859-1")
    put(differ, 0, 0, ("café ✓ Ж", None))
    assert Terminal().feed(differ.frame()).rows[0] == "café + ?"


@given(st.text(max_size=30))
def test_no_control_character_leaves(text: str) -> None:
    differ = make(size=(60, 1))
    put(differ, 0, 0, (text, None))
    without_ours = re.sub(r"\x1b\[[0-9;]*[mHJKCGr]|\r\n|\r", "", differ.frame())
    assert not [one for one in without_ours if ord(one) < 32 or 0x7F <= ord(one) < 0xA0 or one in "\u202e\u2066\u200f"]


def sgr_codes(sent: str) -> set[int]:
    return {int(code or 0) for codes in re.findall(r"\x1b\[([0-9;]*)m", sent) for code in codes.split(";")}


def test_without_colour_only_attributes_leave() -> None:
    differ = make(ColourDepth.NONE)
    put(differ, 0, 0, ("orders", BASE), ("bold", Style.parse("bold reverse red on #101010")))
    assert sgr_codes(differ.frame()) <= {0, 1, 7}


def test_sixteen_colours_are_all_that_leaves() -> None:
    differ = make(ColourDepth.SIXTEEN)
    put(differ, 0, 0, ("orders", BASE), ("bold", Style.parse("bold #ff0000 on color(200)")))
    allowed = {0, 1, 39, 49, *range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}
    assert sgr_codes(differ.frame()) <= allowed

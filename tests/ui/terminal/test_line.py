"""What goes over the line, byte for byte, and what comes over it."""

import re
import time
from pathlib import Path

import pytest

from tests.ui.terminal.operator import Operator, sample

ANSWER = re.compile(rb"\x1b\]2;told \d+\x07")


def sent_since(operator: Operator, before: int) -> bytes:
    """Give what came since, without the answers that `settle` asks for."""
    return ANSWER.sub(b"", operator.received[before:])


def codes(sent: bytes) -> set[bytes]:
    """Give the parameters of every SGR sequence."""
    return {code for one in re.findall(rb"\x1b\[([0-9;]*)m", sent) for code in one.split(b";")}


@pytest.mark.slow
def test_nothing_changed_is_nothing_sent(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        operator.press("\t")
        operator.settle()
        operator.settle()
        before = len(operator.received)
        deadline = time.monotonic() + 1.6  # two blinks of a cursor, had it any
        while time.monotonic() < deadline:
            operator.read(0.05)
        operator.settle()
        assert sent_since(operator, before) == b""


def test_what_changed_is_all_that_is_sent(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        assert len(operator.received) < 8_000
        for keys, most in (("xx", 80), ("\x1b[B", 700), ("\x1b[A", 700), ("c", 1200)):
            before = len(operator.received)
            operator.press(keys)
            operator.settle()
            assert 0 < len(sent_since(operator, before)) <= most, keys


def test_in_sixteen_colours_little_is_sent_and_no_others(tmp_path: Path) -> None:
    with sample(tmp_path, TERM="xterm", COLORTERM=None) as operator:
        operator.begin()
        assert len(operator.received) <= 4_000
        for keys in ("\x1b[B", "m"):
            before = len(operator.received)
            operator.press(keys)
            operator.settle()
            assert 0 < len(sent_since(operator, before)) <= 2_000, keys
        operator.press("m", "c", "\x1b[6~")
        operator.settle()
        allowed = {*range(10), *range(21, 30), *range(30, 38), 39, *range(40, 48), 49, 53, 55}
        allowed |= {*range(90, 98), *range(100, 108)}
        assert codes(operator.received) <= {b"", *(str(code).encode() for code in allowed)}


def test_no_colour_means_none(tmp_path: Path) -> None:
    with sample(tmp_path, NO_COLOR="1") as operator:
        operator.begin()
        operator.press("c", "m", "\x1b[6~")
        operator.settle()
        attributes = {*range(10), *range(21, 30), 53, 55}
        assert codes(operator.received) <= {b"", *(str(code).encode() for code in attributes)}


@pytest.mark.parametrize("locale", [{"LANG": "C"}, {"LANG": None}, {"LANG": "C.UTF-8", "LC_ALL": "POSIX"}])
def test_in_the_c_locale_only_ascii_leaves(tmp_path: Path, locale: dict[str, str | None]) -> None:
    with sample(tmp_path, size=(80, 24), **locale) as operator:
        operator.until_shown("+ * o # | ~ > - = x")
        operator.press("m", "c")
        operator.settle()
        operator.press("\x18")
        operator.until_ended()
        assert operator.received.isascii()
        assert b"\x1b[2J" in operator.received


def test_in_latin_1_what_it_has_leaves_in_it(tmp_path: Path) -> None:
    with sample(tmp_path, LANG="de_DE.ISO-8859-1") as operator:
        operator.until(lambda: b"caf\xe9" in operator.received, "a word in Latin-1")
        operator.settle()
        assert "注".encode() not in operator.received
        assert b"?" in operator.received


def test_no_mode_is_asked_for_that_would_surprise(tmp_path: Path) -> None:
    with sample(tmp_path, SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22") as operator:
        operator.begin()
        operator.press("\x11")
        assert operator.until_ended() == 0
        modes = set(re.findall(rb"\x1b\[([?<>=][0-9;$]*[a-zA-Z])", operator.received))
        assert modes == {b"?1049h", b"?25h", b"?25l", b"?7l", b"?7h", b"?2004h", b"?2004l", b"?1049l"}


def test_without_ssh_the_mouse_reports_buttons_but_no_movement(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        assert b"\x1b[?1000h" in operator.received
        assert b"\x1b[?1003h" not in operator.received


@pytest.mark.slow
def test_an_arrow_whose_sequence_comes_in_two_pieces_is_one_key_over_ssh(tmp_path: Path) -> None:
    with sample(tmp_path, SSH_TTY="/dev/pts/9") as operator:
        operator.begin()
        operator.press("u")
        for _ in range(20):  # until nothing has held us up between the two pieces
            operator.settle()
            begun = time.monotonic()
            operator.press("\x1b")
            while time.monotonic() < begun + 0.2:
                operator.read(0.02)
            operator.press("[A")
            if time.monotonic() < begun + 0.29:
                break
        operator.until_shown("key: up")
        operator.press("\x1b")
        operator.until_shown("key: escape")


def test_the_cursor_is_where_text_is_typed(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        operator.press("\t", "ab注")
        operator.settle()
        operator.until_shown("ab注")
        operator.until(lambda: (operator.screen.cursor.x, operator.screen.cursor.y) == (7, 21), "the cursor behind it")
        operator.press("\x1b[D")
        operator.until(lambda: (operator.screen.cursor.x, operator.screen.cursor.y) == (5, 21), "the cursor on it")


def test_a_screen_that_something_wrote_over_is_drawn_anew(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        before = operator.picture()
        operator.screen.draw("Broadcast message from root")
        operator.press("\x0c")
        operator.until(lambda: operator.picture() == before, "the screen to be drawn again")


def test_keys_that_come_in_one_piece_act_one_after_the_other(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        # Tab goes to the field: x and c are text then, no commands. In the modal x is nothing, esc leaves it.
        operator.press("\txc")
        operator.until_shown("▊  xc")
        assert operator.screen.display[23].startswith("0")
        operator.settle("\t\x1b[Bmxx")
        operator.until_shown("Overwrite")
        operator.press("m")
        operator.until(lambda: not operator.shows("Overwrite"), "the modal to go")
        assert operator.screen.display[23].startswith("0")

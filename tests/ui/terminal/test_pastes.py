"""Pastes that come in pieces: nothing of them acts as a key, and the keys after them do."""

from itertools import combinations

import pytest
from textual.events import Paste

from tui_migrate.ui.terminal import pastes
from tui_migrate.ui.terminal.pastes import BEGIN, END, Pastes

SENT = f"x{BEGIN}aD\x1b[2J\r{END}y"


def taken(*pieces: str) -> tuple[str, list[str]]:
    """What is typed in the end, and what is pasted."""
    terminal, typed, pasted = Pastes(), "", list[str]()
    for piece in pieces:
        for one in terminal.part(piece):
            if one is None:
                assert BEGIN.startswith(typed[typed.rindex("\x1b") :])
                typed = typed[: typed.rindex("\x1b")]
            elif isinstance(one, Paste):
                pasted.append(one.text)
            else:
                typed += one
    return typed, pasted


def test_a_paste_is_whole_wherever_it_was_cut() -> None:
    places = range(1, len(SENT))
    for first, second in [*combinations(places, 2), *((one, one) for one in places)]:
        assert taken(SENT[:first], SENT[first:second], SENT[second:]) == ("xy", ["aD\x1b[2J\r"])
    assert taken(*SENT) == ("xy", ["aD\x1b[2J\r"])


@pytest.mark.parametrize("key", ["\x1b", "\x1b[", "\x1b[A", "\x1b[24~", "\x1b[2~", "\x1b\x1b[2~", "\x1b[20\x1b[201~z"])
def test_keys_that_begin_like_a_paste_are_keys(key: str) -> None:
    assert taken(key) == taken(*key) == (key, [])


def test_escape_does_not_wait_for_what_may_follow() -> None:
    terminal = Pastes()
    assert list(terminal.part("\x1b")) == ["\x1b"]
    assert list(terminal.part("[2")) == ["[2"]
    assert list(terminal.part("4~")) == ["4~"]


def test_two_pastes_in_one_piece_are_two() -> None:
    assert taken(f"{BEGIN}a{END}{BEGIN}\x00b{END}{BEGIN}{END}") == ("", ["a", "b", ""])


def test_a_paste_without_an_end_takes_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pastes, "MOST_CHARACTERS", 10)
    assert taken(BEGIN, *"0123456789abcdef", END[:3], END[3:], "y") == ("y", ["0123456789"])

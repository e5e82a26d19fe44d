"""Breaking paragraphs into lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui_migrate.ui.widgets.prose import wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a word and another", 10, ["a word and", "another"]),
        (
            "Your own: ~/.local/share/tui-migrate/NAME.yaml",
            30,
            ["Your own:", "~/.local/share/tui-migrate/", "NAME.yaml"],
        ),
        ("✗ ~/state/tui-migrate/keymap.yaml, line 2", 31, ["✗ ~/state/tui-migrate/", "keymap.yaml, line 2"]),
        ("✗ ~/state/tui-migrate/themes", 18, ["✗ ~/state/", "tui-migrate/themes"]),
        ("mongodb://db1.example.net:27017/shop", 24, ["mongodb://db1.example.", "net:27017/shop"]),
        ("/folder/a b", 8, ["/folder/", "a b"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("/abcdef", 3, ["/ab", "cde", "f"]),
        ("abc/d e", 4, ["abc/", "d e"]),
    ],
)
def test_lines_break_at_blanks_and_long_words_behind_a_slash(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@given(st.text("ab/ 東", max_size=60), st.integers(2, 20), st.sampled_from(["", " ", "    "]))
def test_nothing_is_lost_or_added_and_no_line_is_too_long(text: str, width: int, indent: str) -> None:
    lines = wrap(text, width + len(indent), indent)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(one) <= width + len(indent) for one in lines)

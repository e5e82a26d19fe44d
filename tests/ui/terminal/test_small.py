from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.ui.terminal.small import is_too_small, notice


@given(st.integers(1, 200), st.integers(1, 60))
def test_the_notice_fits_every_terminal(width: int, height: int) -> None:
    lines = notice(width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)


def test_the_notice_says_what_is_needed_and_what_there_is() -> None:
    assert "too small: 80×24 needed, this is 40×10" in "\n".join(notice(40, 10))
    assert [line.strip() for line in notice(10, 3)] == ["too small", "need 80×24", "have 10×3"]


def test_both_width_and_height_count() -> None:
    assert is_too_small(79, 24)
    assert is_too_small(80, 23)
    assert not is_too_small(80, 24)

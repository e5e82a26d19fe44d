"""The line above the footer never loses, behind a path, why something failed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.ui.driving import new_app, screen_text, shows, until
from tui_migrate.paths import Home
from tui_migrate.ui.widgets.note import LEAST_CELLS, with_short_paths

LONG = "/srv/backups" * 12
SPACED = "/srv/my backups of the shop" * 5


@pytest.mark.parametrize(
    "text",
    [
        f" ✗ The plan is not kept: cannot write {LONG}/draft.yaml: No space left on device",
        f" ✗ cannot write {SPACED}/draft.yaml: Permission denied",
        f" ✗ cannot make the folder {SPACED}: Read-only file system",
        f" ✓ users: written to {LONG}/it.txt",
    ],
)
def test_a_path_is_cut_in_its_middle_and_nothing_else(text: str) -> None:
    shown = with_short_paths(text, 80)
    assert cell_len(shown) <= 80
    assert "…" in shown
    assert shown.rpartition(": ")[2].partition(" /")[0] == text.rpartition(": ")[2].partition(" /")[0]
    assert with_short_paths(text, 1_000) == text


@given(st.text(st.characters(exclude_characters="/"), max_size=80), st.integers(0, 300), st.integers(1, 200))
def test_a_line_gets_no_longer_and_what_is_no_path_stays(words: str, length: int, width: int) -> None:
    assert with_short_paths(words, width) == words
    text = f"cannot write /{'x' * length}: {words}"
    shown = with_short_paths(text, width)
    assert shown.endswith(f": {words}")
    assert cell_len(shown) <= max(width, cell_len(f"cannot write : {words}") + LEAST_CELLS)


async def test_a_line_that_is_too_long_says_that_it_is_cut(home: Home) -> None:
    app = new_app(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, shows(pilot, "There was no run yet"), "Home")
        app.say(f"no {'very ' * 20}long line")
        await until(pilot, lambda: screen_text(pilot).splitlines()[-2].endswith("…"), "that there is more")

"""With the differ a terminal shows what it shows without it."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ui.terminal.operator import KEYS as SEQUENCES
from tests.ui.terminal.operator import Operator, sample

# None that scrolls a table sideways: how far that goes depends on what Textual has laid out in between.
KEYS = ["down", "down", "up", "pagedown", "pageup", "left", "tab", "m", "c", "t", "x", "注", "é", "q"]
SIZES = [(80, 24), (97, 31), (120, 40), (81, 24)]


def name_to_bytes(key: str) -> str:
    return SEQUENCES.get(key, key)


@contextmanager
def both(home: Path) -> Iterator[tuple[Operator, Operator]]:
    with sample(home) as ours, sample(home, "--stock") as stock:
        for operator in (ours, stock):
            operator.begin()
        yield ours, stock


def until_same(ours: Operator, stock: Operator, story: object) -> None:
    for operator in (ours, stock):
        operator.settle()
    # Stock leaves half characters behind where it cuts a wide one; drawn anew it is what is meant.
    stock.press("\x0c")
    stock.settle()
    stock.until(lambda: not ours.read(0) and ours.picture() == stock.picture(), f"the same screen after {story}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_after_any_keys_and_sizes_the_screen_is_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with both(tmp_path) as (ours, stock):
        story: list[object] = []
        for _ in range(12):
            keys = chance.choices(KEYS, k=chance.randint(1, 6))
            story.append(keys)
            ours.press("".join(map(name_to_bytes, keys)))
            for key in keys:  # Textual's own keys overtake each other
                stock.settle(name_to_bytes(key))
            if chance.random() < 0.4:
                size = chance.choice(SIZES)
                story.append(size)
                for operator in (ours, stock):
                    operator.settle()
                if chance.random() < 0.5:
                    ours.resize(10, 3)
                    ours.until(lambda: "too small" in ours.screen.display[0], "the notice")
                for operator in (ours, stock):
                    operator.resize(*size)
                    operator.until_shown("tui-migrate")
            until_same(ours, stock, story)


@pytest.mark.parametrize("size", [(10, 3), (1, 1), (79, 24), (80, 23), (200, 5)])
def test_a_terminal_too_small_says_so_and_nothing_is_lost(tmp_path: Path, size: tuple[int, int]) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        operator.press("\x1b[6~", "\t", "typed")
        operator.settle()
        operator.until_shown("typed")
        before = operator.picture()
        operator.resize(*size)
        first = "t" if size == (1, 1) else "too small"
        operator.until(lambda: operator.shows(first) and not operator.shows("typed"), "the notice")
        before_keys = len(operator.received)
        operator.press("lost", "\x1b[A", "\t", "\x0c")
        operator.until(lambda: len(operator.received) > before_keys, "the notice anew, behind the keys that are lost")
        operator.resize(80, 24)
        operator.until(lambda: operator.picture() == before, "the screen as it was")

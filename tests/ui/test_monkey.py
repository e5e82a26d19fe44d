"""A short storm of keys; `python -m tests.ui.monkey` is the long one."""

import asyncio
from pathlib import Path

import pytest

from tests.ui.driving import new_home
from tests.ui.monkey import fill, left_alone, play


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3])
def test_no_key_ends_the_app(tmp_path: Path, seed: int) -> None:
    with left_alone(tmp_path):
        home = new_home(tmp_path)
        fill(home)
        asyncio.run(play(home, seed, 250, []))

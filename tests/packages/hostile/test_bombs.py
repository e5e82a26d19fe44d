"""Bombs: little on the disk and much in memory, if one let them. Each is looked at by a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.packages.hostile.bombs import BOMBS
from tests.packages.hostile.seeds import FAST

MOST_MEMORY = 352
"""MB in all: the manifest, which is held whole, may have 256 of them."""

MOST_SECONDS = 100

TOLD = {"tar: a million entries": "more than 100,000 entries", "archive: a head without an end": "more than 100,000"}
"""What stops those that would end by themselves too, later."""


USUAL = {
    "native: metadata",
    "native: data of a terabyte",
    "tar: a terabyte of nothing",
    "bson: one document of a gigabyte",
    "bson: levels",
    "dump: prelude",
    "archive: nothing behind the head",
    "json: a string",
    "json: a list",
    "gzip of nothing",
}
"""Those of the usual run: one for each way into memory."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=FAST) as name:
        yield Path(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [one if one in USUAL else pytest.param(one, marks=pytest.mark.crash_full) for one in BOMBS]
)
def test_a_bomb_is_told_of_in_little_memory(folder: Path, name: str) -> None:
    path = BOMBS[name](folder / "x")
    done = subprocess.run(
        [sys.executable, "-m", "tests.packages.hostile.bombs", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert found["noticed"], found
    assert found["reported"] or "prelude" in name, found
    assert str(path) in found["messages"] or "shop/users" in found["messages"], found
    assert TOLD.get(name, "") in found["messages"], found
    assert found["peak"] <= MOST_MEMORY, found

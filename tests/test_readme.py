"""The README says what is so: its table of keys, its pictures, and every command in it as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.processes import kill_everything
from tests.processes import killed_after
from tests.readme import README, TABLES, commands
from tui_migrate.demo.place import DemoPlace

EXPECTED = {
    "tui-migrate worker 7": 4,
    "tui-migrate copy --source demo-source --target demo-target --collections users --conflict-resolution ask": 5,
    "tui-migrate decide 5 --keep --number 1": 5,
}
"""Exit codes other than 0: run 7 has ended by then, and has nothing left to work at; run 5 waits for decisions."""

FINDING = ("--owner-to ", "--limit 5 --plan equal.yaml")
"""Parts of commands that find something in the sample: references out of one user's data, differences."""


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_program(name: str) -> None:
    assert TABLES[name]() in README.read_text(), "python -m tests.readme writes them anew"


def test_every_picture_is_there_and_every_picture_is_shown() -> None:
    shown = set(re.findall(r"\((screenshots/[^)]+)\)", README.read_text()))
    there = {f"screenshots/{one.name}" for one in (README.parent / "screenshots").glob("*.svg")}
    assert shown == there


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Path]:
    """The home of a demo that is up."""
    place = DemoPlace(tmp_path / "demo")
    command = [sys.executable, "-m", "tui_migrate", "demo", "--home", str(place.root), "--documents", "300"]
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        with killed_after(started) as process:
            assert process.stdout is not None
            assert any("Ctrl+C ends the demo" in line for line in process.stdout)
            yield place.root
            process.terminate()
            process.wait(60)
    finally:
        kill_everything(place)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_does_as_it_stands_there(demo: Path, tmp_path: Path) -> None:
    environ = os.environ | {"TUI_MIGRATE_HOME": str(demo)}
    for line in commands():
        typed = line.replace("tui-migrate ", f"{shlex.quote(sys.executable)} -m tui_migrate ")
        words = ["bash", "-o", "pipefail", "-c", typed]
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        usual = 3 if any(part in line for part in FINDING) else 0
        assert done.returncode == EXPECTED.get(line, usual), f"{line}\n{done.stdout}\n{done.stderr}"

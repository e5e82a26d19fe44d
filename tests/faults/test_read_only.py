"""A journal on a file system that takes no writes: one line, and what to do."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests import unprivileged
from tests.engine.scene import new_scene
from tests.faults import read_only
from tests.faults.test_full_disk import copy, fill
from tui_migrate.paths import Home

pytestmark = pytest.mark.slow

COMMANDS = {
    "status": ["status", "1"],
    "history": ["history"],
    "resume": ["resume", "1"],
    "cancel": ["cancel", "1"],
    "delete": ["delete", "1"],
    "worker": ["worker", "1"],
}
READING = ("status", "history")

Done = subprocess.CompletedProcess[str]


def can_mount() -> bool:
    """Say whether this system lets the user of the tests have a read-only file system."""
    with TemporaryDirectory(prefix="tui-migrate-test-") as folder:
        command = [sys.executable, read_only.__file__, folder, sys.executable, "-c", ""]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


WAYS = ["mounted", "modes"] if can_mount() else ["modes"]
"""How a home is made to take no writes: by its file system, and in any case by the modes of its files."""


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    """A home with a planned run."""
    with new_scene() as scene:
        scene.home = Home.find(tmp_path / "home")
        await fill(scene)
        assert await copy(scene, tmp_path) == 1
    return scene.home


def locked(home: Home) -> None:
    """Let file modes say what a read-only file system would."""
    for path in (*home.state.rglob("*"), home.state):
        path.chmod(0o500 if path.is_dir() else 0o400)


def run(home: Home, words: list[str], *, is_mounted: bool) -> Done:
    root = home.state.parent
    program = [sys.executable, "-m", "tui_migrate", words[0], "--home", str(root), *words[1:]]
    wrapper = [read_only.__file__, str(root)] if is_mounted else [unprivileged.__file__]
    command = [sys.executable, str(wrapper[0]), *wrapper[1:], *program]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("way", WAYS)
def test_a_home_that_takes_no_writes_is_said_in_one_line(home: Home, name: str, way: str) -> None:
    is_mounted = way == "mounted"
    if not is_mounted:
        locked(home)
    done = run(home, COMMANDS[name], is_mounted=is_mounted)
    assert not (is_mounted and done.returncode == read_only.NOT_ALLOWED), done.stderr
    for path in (home.state, *home.state.rglob("*")):
        path.chmod(0o700)
    assert "Traceback" not in done.stderr
    if name in READING and done.returncode == 0:
        assert "0001" in done.stdout
        return
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("tui-migrate: error: ")
    assert str(home.state) in lines[0]
    assert lines[1].startswith("  → ")


def test_a_worker_whose_log_takes_nothing_works_all_the_same(home: Home) -> None:
    command = [sys.executable, "-m", "tui_migrate.worker", "1", "--home", str(home.state.parent)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=full, timeout=60, check=False)
    assert done.returncode == 4  # the source is in the memory of another process: there is nothing to copy

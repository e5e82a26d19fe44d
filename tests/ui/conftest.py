"""What holds for every test of the app: one zone, no settings of whoever runs the tests, and a server with users."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.conftest import guarded_url  # noqa: F401 -- a fixture
from tests.stores.mongodb.conftest import lost_sockets  # noqa: F401 -- a fixture
from tests.ui.driving import new_home
from tui_migrate.paths import HOME_VARIABLE, Home


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        is_textuals = name.startswith("TEXTUAL") and not name.startswith("TEXTUAL_SNAPSHOT")
        if is_textuals or name in ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", HOME_VARIABLE):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home below the user's own folder, so that screens show the same paths in every test run."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return new_home(tmp_path)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with so short a path that no window breaks it, however often tests have been run here."""
    with TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"mongodb://127.0.0.1:{listening.getsockname()[1]}/shop"

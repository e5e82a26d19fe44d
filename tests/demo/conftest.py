from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.processes import kill_everything, new_place
from tui_migrate.demo.place import DemoPlace


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DemoPlace]:
    """A demo's folder of its own; nothing that was started in it outlives the test."""
    here = new_place(tmp_path)
    yield here
    kill_everything(here)

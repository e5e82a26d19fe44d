"""A home, and processes that hold a run's lock."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pymongo import MongoClient

from tests.processes import killing_workers
from tests.worker.scene import Scene
from tui_migrate.paths import HOME_VARIABLE, Home
from tui_migrate.plan.model import StoreEnd

HOLD = """
import sys
from pathlib import Path
from tui_migrate.worker.lock import RunLock
lock = RunLock.acquire(Path(sys.argv[1]))
print("held" if lock else "not held", flush=True)
sys.stdin.read()
"""

Hold = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Start a process that holds a lock until its stdin is closed."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(path: Path) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for one in processes:
        one.kill()
        one.communicate()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A home in which no worker is left behind."""
    monkeypatch.delenv(HOME_VARIABLE, raising=False)
    found = Scene(Home.find(tmp_path / "home"))
    with killing_workers(found.home):
        yield found


@dataclass(frozen=True, slots=True)
class Servers:
    """`users` of a database of one server, to go into the same of another."""

    source: StoreEnd
    target: StoreEnd
    source_client: "MongoClient[dict[str, object]]"
    target_client: "MongoClient[dict[str, object]]"

    def fill(self, count: int) -> None:
        users = self.source_client[self.source.database]["users"]
        users.insert_many({"_id": number, "name": f"user {number}"} for number in range(count))

    def is_copied(self) -> bool:
        """Say whether the target has what the source has."""
        clients = ((self.source_client, self.source), (self.target_client, self.target))
        first, second = (list(client[end.database]["users"].find(sort=[("_id", 1)])) for client, end in clients)
        return first == second and len(first) > 0


@pytest.fixture
def servers(mongodb_pair: tuple[str, str], database: str) -> Iterator[Servers]:
    source, target = (MongoClient[dict[str, object]](url) for url in mongodb_pair)
    first, second = (StoreEnd(database, url=f"{url.rstrip('/')}/{database}") for url in mongodb_pair)
    yield Servers(first, second, source, target)
    for client in (source, target):
        client.drop_database(database)
        client.close()

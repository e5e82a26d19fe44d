"""`servers.json`: how the demo's servers stand, as their supervisor says it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from tui_migrate.demo.place import SERVERS, DemoPlace


class Phase(StrEnum):
    """How far the servers are."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ServersRecord:
    """The supervisor's process, and each server's port by its name (0 where it has had none yet)."""

    phase: Phase = Phase.STOPPED
    supervisor: int = 0
    ports: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(SERVERS, 0))

    def url(self, server: str) -> str:
        """Where a server is reached."""
        return f"mongodb://127.0.0.1:{self.ports[server]}/"

    def is_ready(self) -> bool:
        """Say whether the servers are ready and the supervisor that says so lives."""
        if self.phase is not Phase.READY:
            return False
        try:
            os.kill(self.supervisor, 0)
        except OSError:
            return False
        return True


def read(place: DemoPlace) -> ServersRecord:
    """Read the record; a file that is not there or not ours reads as stopped."""
    try:
        content = json.loads(place.servers_file.read_text())
        ports = {name: int(content["ports"][name]) for name in SERVERS}
        return ServersRecord(Phase(content["phase"]), int(content["supervisor"]), ports)
    except (OSError, ValueError, KeyError, TypeError):
        return ServersRecord()


def write(place: DemoPlace, record: ServersRecord) -> None:
    """Replace the record at once."""
    put(place.servers_file, json.dumps(asdict(record)))


def put(path: Path, text: str) -> None:
    """Replace a file by another text, so that a reader finds the one or the other whole."""
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
    beside.replace(path)

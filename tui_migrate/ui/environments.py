"""Shows runs with the environments that their connections have now: the journal knows those of when they were made."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tui_migrate.connections import Connection
from tui_migrate.journal.records import RunRecord
from tui_migrate.paths import Home
from tui_migrate.plan.environments import known_in, name_in, stricter
from tui_migrate.plan.model import RunKind


class Environments:
    """The file of connections, read again whenever it is another one than before."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: Mapping[str, Connection] = {}
        self._read_of: tuple[int, int, int] | None = None

    async def refresh(self) -> None:
        """Read the file where it has changed."""
        if (there := _stamp(self._home.connections)) != self._read_of:
            self._known = await asyncio.to_thread(known_in, self._home)
            self._read_of = there

    def shown(self, run: RunRecord) -> RunRecord:
        """Give a run with the stricter of what was recorded and what its connection says; a URL's word stays."""
        name = name_in(run.source if run.kind is RunKind.EXPORT else run.target)
        if not name:
            return run
        environment = stricter(run.environment, name, self._known)
        return run if environment is run.environment else replace(run, environment=environment)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns, status.st_size  # ctime: who may read it counts too

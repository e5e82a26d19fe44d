"""Where the demo keeps its files: a home of its own, marked so that `--fresh` never deletes anything else.

ROOT/
  DEMO                     the marker
  config/ state/           a home as any other: connections, journal, runs
  servers/source/ target/  the servers' data; beside them their logs
  servers.json             the servers' processes and ports
  sample.json              what the servers were filled with
  locks/                   see `tui_migrate.demo.locks`
  supervisor.log
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.redaction import printable

SERVERS: Final = ("source", "target")

_MARKER_TEXT: Final = "This folder belongs to tui-migrate demo. `tui-migrate demo --fresh` deletes what is in it.\n"


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """The demo's folder."""

    root: Path

    @classmethod
    def find(cls, root: Path | None) -> "DemoPlace":
        """Take the folder given, else `demo` in the user's state folder.

        Where the environment names a demo's own folder, as it does for whoever works on one by command, that is meant.
        """
        if root is not None:
            return cls(root.absolute())
        home = Home.find()
        named = cls(home.state.parent)
        return named if named.exists and named.home == home else cls((home.state / "demo").absolute())

    @property
    def home(self) -> Home:
        """The home in which the demo's connections, journal and runs lie."""
        return Home.find(self.root)

    @property
    def marker(self) -> Path:
        """The file by which a folder is known as the demo's."""
        return self.root / "DEMO"

    @property
    def servers(self) -> Path:
        """The folder of the servers' data and logs."""
        return self.root / "servers"

    @property
    def servers_file(self) -> Path:
        """Where the supervisor says how the servers stand."""
        return self.root / "servers.json"

    @property
    def sample_file(self) -> Path:
        """Written when both servers are filled."""
        return self.root / "sample.json"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor had to say."""
        return self.root / "supervisor.log"

    def lock(self, name: str) -> Path:
        """The file of one lock."""
        return self.root / "locks" / name

    @property
    def exists(self) -> bool:
        """True where the folder is there and is a demo's."""
        return self.marker.is_file()

    def prepare(self) -> None:
        """Make the folders. Raises UsageError where the folder holds something that is not the demo's."""
        if not self.exists:
            self._refuse_foreign()
        for folder in (self.root, self.servers, self.root / "locks"):
            make_private_folder(folder)
        self.home.prepare()
        try:
            self.marker.touch(mode=0o600)
            self.marker.write_text(_MARKER_TEXT)
        except OSError as error:
            raise StorageFailed(
                f"cannot write {printable(str(self.marker))}: {error.strerror}",
                hint="make the folder writable, or name another with --home",
            ) from error

    def wipe(self) -> None:
        """Delete data, journal and connections; the marker and the locks stay. Raises UsageError, StorageFailed."""
        if not self.exists:
            self._refuse_foreign()
            return
        try:
            for file in (self.sample_file, self.servers_file):
                file.unlink(missing_ok=True)
            for name in ("servers", "state", "config"):
                folder = self.root / name
                if folder.is_symlink():
                    folder.unlink()
                elif folder.exists():
                    shutil.rmtree(folder)
        except OSError as error:
            raise StorageFailed(
                f"cannot delete {printable(str(error.filename))}: {error.strerror}", hint="delete it by hand"
            ) from error

    def _refuse_foreign(self) -> None:
        try:
            is_empty = not self.root.exists() or not any(self.root.iterdir())
        except OSError as error:
            raise UsageError(
                f"cannot use the folder {printable(str(self.root))}: {error.strerror}", hint="name another with --home"
            ) from error
        if not is_empty:
            raise UsageError(
                f"{printable(str(self.root))} holds files that are not the demo's",
                hint="name a folder with --home that is empty or not there yet",
            )

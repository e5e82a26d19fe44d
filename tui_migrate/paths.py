"""Where tui-migrate keeps its files: connections in the config folder, journal and runs in the state folder."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.redaction import printable

HOME_VARIABLE: Final = "TUI_MIGRATE_HOME"

_ELSEWHERE: Final = f"make it writable, or name another place in {HOME_VARIABLE} or with --home"


@dataclass(frozen=True, slots=True)
class Home:
    """The two folders everything of a user's lies in; `TUI_MIGRATE_HOME` or `--home` puts both under one roof."""

    config: Path
    state: Path

    @classmethod
    def find(cls, root: Path | None = None) -> "Home":
        """Take the folder given, else that of the environment, else the platform's own.

        Raises UsageError where a file is in its place.
        """
        chosen = root or (Path(os.environ[HOME_VARIABLE]) if os.environ.get(HOME_VARIABLE) else None)
        if chosen is not None:
            # The same place has one name, also in the journal: with `..` in it, it would have several.
            place = Path(os.path.abspath(chosen))  # noqa: PTH100 -- a link stays one: it may be set elsewhere later
            _refuse_file(place)
            return cls(config=place / "config", state=place / "state")
        import platformdirs

        return cls(
            config=Path(platformdirs.user_config_path("tui-migrate")),
            state=Path(platformdirs.user_state_path("tui-migrate")),
        )

    @property
    def option(self) -> str:
        """What a command needs to work on this home, after a blank; empty where it does so by itself."""
        return "" if self == Home.find() else f" --home {quote(str(self.config.parent))}"

    @property
    def connections(self) -> Path:
        """The file of named connections."""
        return self.config / "connections.yaml"

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.state / "journal.db"

    @property
    def draft(self) -> Path:
        """The plan that was being made when the app was left."""
        return self.state / "draft.yaml"

    @property
    def runs(self) -> Path:
        """The folder of the runs' folders."""
        return self.state / "runs"

    @property
    def inputs(self) -> Path:
        """The folder of packages that came through a pipe, each for as long as a run needs it."""
        return self.state / "inputs"

    @property
    def backups(self) -> Path:
        """The folder of the backups for which no other was named."""
        return self.state / "backups"

    def run(self, run_id: int) -> "RunFolder":
        """The folder of one run."""
        return RunFolder(self.runs / f"{run_id:04d}")

    def highest_run(self) -> int:
        """Give the highest number of a run that has a folder here, 0 where there is none. Raises StorageFailed."""
        try:
            return max((int(one.name) for one in self.runs.iterdir() if one.name.isdecimal()), default=0)
        except OSError as error:
            raise StorageFailed(f"cannot read the folder {self.runs}: {error.strerror}", hint=_ELSEWHERE) from error

    def prepare(self) -> None:
        """Make the folders, for the user alone. Raises StorageFailed."""
        for folder in (self.config, self.state, self.runs):
            make_private_folder(folder)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def lock(self) -> Path:
        """Locked by the worker for as long as it lives; holds its pid."""
        return self.path / "lock"

    @property
    def undo_log(self) -> Path:
        """Before-images and inserted ids."""
        return self.path / "undo.log"

    @property
    def writers(self) -> Path:
        """By which session and name the target's server knows each attempt."""
        return self.path / "writers"

    @property
    def rejects(self) -> Path:
        """Documents that the target refused."""
        return self.path / "rejects.log"

    @property
    def package_digest(self) -> Path:
        """The digest of the package that the run made, where that is one file without a manifest."""
        return self.path / "package.sha256"

    @property
    def worker_log(self) -> Path:
        """What the worker had to say, tracebacks among it."""
        return self.path / "worker.log"


def _refuse_file(chosen: Path) -> None:
    """Raise UsageError where what was chosen as home, or what it is to lie in, is no folder."""
    there = next((one for one in (chosen, *chosen.parents) if os.path.lexists(one)), chosen)
    if os.path.lexists(there) and not there.is_dir():
        raise UsageError(
            f"{there} is no folder, and cannot hold the files of tui-migrate",
            hint=f"name a folder in {HOME_VARIABLE} or with --home",
        )


def replace_private_file(path: Path, text: str) -> None:
    """Write a file anew, whole or not at all, for the user alone; make its folder. Raises StorageFailed."""
    make_private_folder(path.parent)
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise StorageFailed(
            f"cannot write {path}: {error.strerror}", hint="make room, or make the folder writable"
        ) from error


def create_private_file(path: Path, text: str, what: str = "") -> None:
    """Write a file that is not there yet, for the user alone; `what` it is names it in errors.

    Raises UsageError where something is in its place, StorageFailed.
    """
    shown = printable(str(path))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except BaseException:  # what is left of it would stand in the way of the next try
            path.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise UsageError(
            f"{shown} exists already", hint=f"name another file{what and ' for ' + what}, or remove it"
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"cannot write {what and what + ' '}{shown}: {error.strerror}", hint="name another place"
        ) from error


def is_there(path: Path) -> bool:
    """Say whether there is something at a path. Raises UsageError where its folder lets nobody see that."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UsageError(
            f"cannot read {printable(str(path))}: {error.strerror}", hint="check the permissions of its folder"
        ) from error
    return True


def make_private_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, durable and readable by nobody else. Raises StorageFailed.

    An undo log whose folder a power cut takes away would leave its writes without a way back.
    """
    try:
        for one in reversed((folder, *folder.parents)):
            if not one.exists():
                one.mkdir(mode=0o700, exist_ok=True)
                one.chmod(0o700)  # an umask may have taken more than others' rights
                _sync_folder(one.parent)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise StorageFailed(
            f"cannot make the folder {folder}: {error.strerror}",
            hint=_ELSEWHERE,
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

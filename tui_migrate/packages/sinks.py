"""Where the bytes of a stream end: in a file that has no name yet, or in a pipe. All of it blocks."""

import hashlib
import os
import select
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_migrate.errors import PackageDamaged, StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.packages import files
from tui_migrate.packages.encryption.sink_form import Sink
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.members import LEVEL, pack

PIPE_BYTES: Final = 4096
"""What a pipe that is ready takes without blocking: PIPE_BUF of Linux, and more than POSIX asks for."""
POLL_MILLISECONDS: Final = 200
GZIP_BYTES: Final = 1024 * 1024


class FileSink:
    """A new file, for the owner alone. Its digest is taken as it is written, and durable is what was closed."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._digest: Final = hashlib.sha256()
        with storing(path, "make"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, files.FILE_MODE)
            files.sync_folder(path.parent)

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what was written."""
        return self._digest.hexdigest()

    def write(self, content: bytes, /) -> None:
        """Write all of it. Raises StorageFailed."""
        self._digest.update(content)
        with storing(self._path, "write"):
            files.write_all(self._descriptor, content)

    def close(self) -> None:
        """Make it durable. Raises StorageFailed."""
        try:
            with storing(self._path, "write"):
                failpoint("package.before_sync")
                files.sync(self._descriptor)
                failpoint("package.after_sync")
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file. Never raises."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


class PipeSink:
    """A pipe, or whatever else the command's stdout is. Waiting for its reader ends where it is broken off."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_broken_off = False

    def write(self, content: bytes, /) -> None:
        """Write all of it. Raises StorageFailed where the reader has gone."""
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._write_some(rest[:PIPE_BYTES]) :]
        except BrokenPipeError as error:
            raise StorageFailed(
                "the pipe was closed by the command that reads it",
                hint="see why that command ended, then start the export again: a stream cannot be gone on with",
            ) from error
        except OSError as error:
            raise StorageFailed(
                f"the stream cannot be written: {error.strerror}", hint="see where it goes, then start the export again"
            ) from error

    def _write_some(self, content: memoryview) -> int:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        while not poll.poll(POLL_MILLISECONDS):
            if self._is_broken_off:
                raise StorageFailed("the export was given up", hint="start it again")
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close it: whoever reads it comes to the end."""
        self.abandon()

    def break_off(self) -> None:
        """Let a write that waits for the reader end; from any thread."""
        self._is_broken_off = True

    def abandon(self) -> None:
        """Let go of it. Never raises."""
        self._is_broken_off = True
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1


class GzipSink:
    """Packs what goes to the sink below, a gzip member for each megabyte or so."""

    def __init__(self, below: Sink, level: int = LEVEL) -> None:
        self._below: Final = below
        self._level: Final = level
        self._gathered: Final[list[bytes]] = []
        self._size = 0

    def write(self, content: bytes, /) -> None:
        """Take bytes. Raises what the sink below does."""
        self._gathered.append(content)
        self._size += len(content)
        if self._size >= GZIP_BYTES:
            self._flush()

    def _flush(self) -> None:
        content = b"".join(self._gathered)
        self._gathered.clear()
        self._size = 0
        self._below.write(pack(content, self._level))

    def close(self) -> None:
        """Write what is left, and close the sink below."""
        if self._size:
            self._flush()
        self._below.close()


def digest_of_file(path: Path) -> str:
    """Give the hex SHA-256 of a regular file. Raises PackageDamaged."""
    digest = hashlib.sha256()
    with files.open_regular(path) as file:
        try:
            while content := file.read(GZIP_BYTES):
                digest.update(content)
        except OSError as error:
            raise PackageDamaged(f"cannot read {shown(path)}: {error.strerror}", hint="check the disk") from error
    return digest.hexdigest()

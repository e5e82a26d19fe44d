"""The bytes of a package's file beneath its packing and its encryption, which can be read again from any place."""

from pathlib import Path
from typing import Protocol

from tui_migrate.packages.files import open_regular, shown


class Stream(Protocol):
    """Bytes in their order. Everything here blocks."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, none only at the end. Raises PackageDamaged naming file and offset."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Content(Protocol):
    """Bytes that may be read from any offset, any number of times; a thread reads from its own stream."""

    @property
    def name(self) -> str:
        """The file, as it may stand in a message."""
        ...

    def open(self, offset: int = 0) -> Stream:
        """Give the bytes from an offset on. Raises PackageDamaged, WrongKey."""
        ...


class FileContent:
    """A file as it lies on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The file's path."""
        return shown(self.path)

    def open(self, offset: int = 0) -> Stream:
        """Open it at an offset; a link or a device is refused. Raises PackageDamaged."""
        file = open_regular(self.path)
        file.seek(offset)
        return file


def read_exactly(stream: Stream, size: int) -> bytes:
    """Read `size` bytes, or fewer where the end comes first."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(min(size, 1024 * 1024))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)

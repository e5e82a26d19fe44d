"""Reading a content from place to place, mostly forwards: one stream is kept open and moved. All of it blocks."""

from typing import Final, Protocol, runtime_checkable

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content, Stream

_READ_THROUGH: Final = 1024 * 1024
"""Bytes that are rather read and dropped than jumped over."""

PIECE: Final = 256 * 1024


@runtime_checkable
class SeekableStream(Stream, Protocol):
    """A stream that can be moved and need not be opened anew."""

    def seek(self, offset: int, /) -> object:
        """Go on from an offset of the content."""
        ...


@runtime_checkable
class PackedStream(Stream, Protocol):
    """A stream that unpacks what it gives."""

    @property
    def packed(self) -> int:
        """How many bytes have been taken from what it unpacks."""
        ...


class Cursor:
    """A place in a content. `position` is the offset of the byte that comes next."""

    def __init__(self, content: Content, offset: int = 0) -> None:
        self.content: Final = content
        self._stream: Stream | None = None
        self.position = offset

    @property
    def passed(self) -> int:
        """How many bytes of what lies on the disk were read: those of the packed file where it is packed."""
        return self._stream.packed if isinstance(self._stream, PackedStream) else self.position

    def go_to(self, offset: int) -> None:
        """Read on from an offset. Raises PackageDamaged."""
        if self._stream is None or offset == self.position:
            self.position = offset
        elif 0 < offset - self.position <= _READ_THROUGH:
            while self.position < offset and self.read(min(offset - self.position, PIECE)):
                pass
        elif isinstance(self._stream, SeekableStream):
            self._stream.seek(offset)
            self.position = offset
        else:
            self.close()
            self.position = offset

    def read(self, size: int) -> bytes:
        """Give up to `size` bytes, none only at the end. Raises PackageDamaged naming file and offset."""
        if self._stream is None:
            self._stream = self.content.open(self.position)
        try:
            content = self._stream.read(size)
        except OSError as error:
            raise PackageDamaged(
                f"cannot read {self.content.name} at byte {self.position}: {error.strerror}", hint="check the disk"
            ) from error
        self.position += len(content)
        return content

    def close(self) -> None:
        """Let go of the stream."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

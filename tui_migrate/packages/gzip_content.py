"""A content that is gzip (RFC 1952) of another, readable from any offset without unpacking all that comes before.

On the way, copies of the decompressor are kept as places to begin from: 64 at most, some 40 KB each, ever farther
apart the longer the content is.
"""

import threading
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content, Stream
from tui_migrate.packages.limits import Limit
from tui_migrate.packages.members import DAMAGED_HINT

if TYPE_CHECKING:
    from zlib import _Decompress as Inflater

MAGIC: Final = b"\x1f\x8b"
MOST_POINTS: Final = 64
FIRST_SPACING: Final = 4 * 1024 * 1024
_PIECE: Final = 64 * 1024

MOST_EMPTY_MEMBERS: Final = 1_000
"""Members without content, one behind the other: more of them are made to keep a reader busy."""


@dataclass(frozen=True, slots=True)
class _Point:
    """Where unpacking can begin: offsets unpacked and packed, and the decompressor as it was there."""

    offset: int
    packed: int
    inflater: "Inflater"


class GzipContent:
    """Unpacks any number of members that follow one another, and nothing else, up to `limit` bytes in all."""

    def __init__(self, below: Content, limit: int) -> None:
        self._below = below
        self._limit = limit
        self._lock = threading.Lock()
        self._points: list[_Point] = []
        self._spacing = FIRST_SPACING

    @property
    def name(self) -> str:
        """The file that is packed."""
        return self._below.name

    @property
    def limit(self) -> int:
        """How many bytes it may unpack to."""
        return self._limit

    def open(self, offset: int = 0) -> "GzipStream":
        """Give the unpacked bytes from an offset on. Raises PackageDamaged."""
        stream = GzipStream(self, self._below)
        try:
            stream.seek(offset)
        except BaseException:
            stream.close()
            raise
        return stream

    def point_before(self, offset: int) -> _Point | None:
        """Give the last place at or before an offset from which unpacking can begin; None stands for the start."""
        with self._lock:
            number = bisect_right(self._points, offset, key=lambda point: point.offset)
            return self._points[number - 1] if number else None

    def pass_by(self, offset: int, packed: int, inflater: "Inflater") -> None:
        """Take note of a place, if it lies far enough behind the last one."""
        with self._lock:
            last = self._points[-1].offset if self._points else 0
            if offset - last < self._spacing:
                return
            self._points.append(_Point(offset, packed, inflater.copy()))
            if len(self._points) > MOST_POINTS:
                self._spacing *= 2
                del self._points[::2]


class GzipStream:
    """Unpacked bytes in their order; one thread at a time."""

    def __init__(self, content: GzipContent, below: Content) -> None:
        self._content = content
        self._below = below
        self._source: Stream | None = None
        self._begin(None)

    def _begin(self, point: _Point | None) -> None:
        self.close()
        self._inflater = point.inflater.copy() if point else _inflater()
        self._position = point.offset if point else 0
        self._packed = point.packed if point else 0
        self._input = b""
        self._empty_members = 0
        self._source = self._below.open(self._packed)

    @property
    def packed(self) -> int:
        """How many bytes have been taken from the packed file."""
        return self._packed

    def seek(self, offset: int, /) -> None:
        """Go on from an offset, or from the end where that comes first. Raises PackageDamaged."""
        point = self._content.point_before(offset)
        if offset < self._position or (point is not None and point.offset > self._position):
            self._begin(point)
        while self._position < offset and self.read(min(offset - self._position, _PIECE)):
            pass

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, none only at the end. Raises PackageDamaged naming file and packed offset."""
        while size > 0:
            if self._inflater.eof and not self._next_member():
                return b""
            part = self._inflate(size)
            if part:
                self._empty_members = 0
                return part
        return b""

    def _inflate(self, size: int) -> bytes:
        if not self._input:
            self._input = self._take()
        before = len(self._input)
        if not before:
            raise self._damaged("is cut short")
        try:
            part = self._inflater.decompress(self._input, size)
        except zlib.error as error:
            raise self._damaged(f"does not unpack ({error}), near or") from error
        self._input = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
        self._packed += before - len(self._input)
        self._position += len(part)
        if self._position > self._content.limit:
            raise self._damaged(
                f"unpacks to more than {self._content.limit:,} bytes", Limit.UNPACKED.hint(self._content.limit)
            )
        if not self._inflater.eof:
            self._content.pass_by(self._position, self._packed, self._inflater)
        return part

    def _next_member(self) -> bool:
        """Begin with the next member, if one follows."""
        self._input = self._input or self._take()
        if not self._input:
            return False
        if len(self._input) < len(MAGIC):
            self._input += self._take()
        if not self._input.startswith(MAGIC):
            raise self._damaged("has something behind its end that is not gzip")
        self._empty_members += 1
        if self._empty_members > MOST_EMPTY_MEMBERS:
            raise self._damaged(f"has more than {MOST_EMPTY_MEMBERS:,} empty gzip members in a row")
        self._inflater = _inflater()
        return True

    def _take(self) -> bytes:
        if self._source is None:
            raise ValueError("the stream is closed")
        try:
            return self._source.read(_PIECE)
        except OSError as error:
            raise self._damaged(f"cannot be read ({error.strerror})", "check the disk") from error

    def _damaged(self, what: str, hint: str = DAMAGED_HINT) -> PackageDamaged:
        return PackageDamaged(f"{self._below.name} {what} at byte {self._packed}", hint=hint)

    def close(self) -> None:
        """Let go of the packed file."""
        if self._source is not None:
            self._source.close()
            self._source = None


def _inflater() -> "Inflater":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)

"""Documents that lie one behind the other in a content, taken in runs. All of it blocks."""

import struct
from typing import Final

from tui_migrate.documents import MIN_DOCUMENT
from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.content import Content
from tui_migrate.packages.cursor import PIECE, Cursor
from tui_migrate.packages.limits import Limit
from tui_migrate.packages.members import DAMAGED_HINT

TERMINATOR: Final = -1
"""Stands where the length of a document would: the end of a block in an archive."""

_INT32: Final = struct.Struct("<i")


class DocumentReader:
    """Takes documents from a content. Memory holds some 256 KB, or one document of at most `limit` bytes."""

    def __init__(self, content: Content, limit: int, offset: int = 0) -> None:
        self._cursor = Cursor(content, offset)
        self._limit = limit
        self._buffer = b""
        self._at = 0

    @property
    def offset(self) -> int:
        """The offset in the content of what comes next."""
        return self._cursor.position - len(self._buffer) + self._at

    @property
    def passed(self) -> int:
        """How many bytes of what lies on the disk were read."""
        return self._cursor.passed

    def go_to(self, offset: int) -> None:
        """Read on from an offset. Raises PackageDamaged."""
        at = self._at + offset - self.offset
        if 0 <= at <= len(self._buffer):
            self._at = at
        else:
            self._buffer, self._at = b"", 0
            self._cursor.go_to(offset)

    def at_end(self) -> bool:
        """Say whether nothing more comes."""
        return not self._fill(1)

    def take_terminator(self) -> bool:
        """Take the end of a block, if it comes next."""
        if self._is_terminator():
            self._at += _INT32.size
            return True
        return False

    def one(self) -> bytes:
        """Take one document. Raises PackageDamaged where none comes."""
        length = self._length()
        document = self._buffer[self._at : self._at + length]
        self._at += length
        return document

    def run(self, until: int | None = None) -> list[bytes]:
        """Take the documents that are at hand, at least one, none where the content or the block ends here.

        None is taken that begins at the offset `until` or behind it.
        """
        if (until is not None and self.offset >= until) or self.at_end() or self._is_terminator():
            return []
        self._length()
        documents: list[bytes] = []
        buffer, at = self._buffer, self._at
        last = len(buffer) if until is None else min(len(buffer), at + until - self.offset)
        while last - at >= MIN_DOCUMENT:
            (length,) = _INT32.unpack_from(buffer, at)
            end = at + length
            if not MIN_DOCUMENT <= length <= self._limit or end > len(buffer) or buffer[end - 1]:
                break  # what is wrong, if anything is, is said when it comes first
            documents.append(buffer[at:end])
            at = end
        self._at = at
        return documents

    def _is_terminator(self) -> bool:
        return self._fill(_INT32.size) and _INT32.unpack_from(self._buffer, self._at)[0] == TERMINATOR

    def _length(self) -> int:
        """Give the length of the document that comes next, once all of it is in the buffer."""
        if not self._fill(_INT32.size):
            raise self._damaged("the file is cut short in the length of a document")
        (length,) = _INT32.unpack_from(self._buffer, self._at)
        if not MIN_DOCUMENT <= length <= self._limit:
            # A length that no limit allows is no length: something else stands there, and no option would help.
            may_be = self._limit < length <= Limit.DOCUMENT.most
            raise self._damaged(
                f"a document says it is {length:,} bytes long, {MIN_DOCUMENT} to {self._limit:,} may be",
                Limit.DOCUMENT.hint(self._limit) if may_be else DAMAGED_HINT,
            )
        if not self._fill(length):
            there = len(self._buffer) - self._at
            raise self._damaged(f"the file is cut short: a document of {length:,} bytes, {there:,} are there")
        if self._buffer[self._at + length - 1]:
            raise self._damaged("a document does not end with a zero")
        return int(length)

    def _fill(self, size: int) -> bool:
        """Have that many bytes at hand, if there are as many."""
        there = len(self._buffer) - self._at
        if there >= size:
            return True
        parts = [self._buffer[self._at :]]
        while there < size and (piece := self._cursor.read(max(PIECE, size - there))):
            parts.append(piece)
            there += len(piece)
        self._buffer, self._at = b"".join(parts), 0
        return there >= size

    def _damaged(self, what: str, hint: str = DAMAGED_HINT) -> PackageDamaged:
        return PackageDamaged(f"{self._cursor.content.name} at byte {self.offset}: {what}", hint=hint)

    def close(self) -> None:
        """Let go of the content."""
        self._cursor.close()

"""One collection's file while it is written: batches become gzip members, durable one by one. All of it blocks."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from tui_migrate.errors import PackageDamaged
from tui_migrate.failpoints import failpoint
from tui_migrate.packages import files, members
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.members import Member


class CollectionFile:
    """An open file and the offset at which its next member begins."""

    __slots__ = ("_descriptor", "_end", "_path")

    def __init__(self, path: Path, descriptor: int, end: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._end = end

    @classmethod
    def open(cls, path: Path, end: int) -> Self:
        """Open or make a file and cut it back to `end`, where the last durable member ends.

        Raises PackageDamaged where it is shorter than that, StorageFailed.
        """
        with storing(path, "open"):
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = cls(path, os.open(path, flags, files.FILE_MODE), end)
            try:
                file._cut()
            except BaseException:
                file.close()
                raise
            return file

    def _cut(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size < self._end:
            raise PackageDamaged(
                f"{shown(self._path)} has {size} bytes, {self._end} were written before the interruption",
                hint="start the export again as a new run",
            )
        os.ftruncate(self._descriptor, self._end)
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        failpoint("package.after_cut")
        files.sync(self._descriptor)
        files.sync_folder(self._path.parent)

    def append(self, documents: Sequence[bytes], level: int) -> Member:
        """Write a batch and make it durable. Raises StorageFailed."""
        content = b"".join(documents)
        if not 0 < len(content) <= members.MAX_UNPACKED:
            raise ValueError(f"a batch has 1 to {members.MAX_UNPACKED} bytes, not {len(content)}")
        packed = members.pack(content, level)
        self._write(packed)
        start, self._end = self._end, self._end + len(packed)
        return Member(start, len(packed), len(content), len(documents), hashlib.sha256(content).hexdigest())

    def finish(self) -> None:
        """Close the file; one without documents becomes what mongorestore takes for that. Raises StorageFailed."""
        try:
            if self._end == 0:
                self._write(members.EMPTY)
        finally:
            self.close()

    def _write(self, content: bytes) -> None:
        with storing(self._path, "write"):
            files.write_all(self._descriptor, content)
            failpoint("package.before_sync")
            files.sync(self._descriptor)
            failpoint("package.after_sync")

    def close(self) -> None:
        """Let go of the file. An error here says nothing: every byte that counts is durable already."""
        with suppress(OSError):
            os.close(self._descriptor)

"""Digests of a collection's file, taken by reading it again, a member at a time.

The state of a SHA-256 cannot be kept over a crash, so nothing is hashed across batches while they are written: each
member has its digest at once, and what spans the file is computed here, once, at the end.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import BinaryIO, Final, NamedTuple

from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.members import DAMAGED_HINT, EMPTY, Member, documents_of, read_packed
from tui_migrate.packages.native_files import Files, read_bounded


class CollectionDigest(NamedTuple):
    """Hex SHA-256 of a file and of the documents in it, how many those are and how many bytes."""

    file: str
    stream: str
    documents: int
    bytes: int


NO_DOCUMENTS: Final = CollectionDigest("", hashlib.sha256().hexdigest(), 0, 0)
"""Of what has no file: a view."""


class RunningDigest:
    """Digests of a file so far."""

    __slots__ = ("_bytes", "_documents", "_file", "_stream")

    def __init__(self) -> None:
        self._file = hashlib.sha256()
        self._stream = hashlib.sha256()
        self._documents = self._bytes = 0

    def add_packed(self, packed: bytes) -> None:
        """Take in the file's next bytes."""
        self._file.update(packed)

    def add_stream(self, content: bytes, documents: int) -> None:
        """Take in the next documents."""
        self._stream.update(content)
        self._documents += documents
        self._bytes += len(content)

    def result(self) -> CollectionDigest:
        """Give the digests of all that was taken in."""
        return CollectionDigest(self._file.hexdigest(), self._stream.hexdigest(), self._documents, self._bytes)


async def digest_collection(package: Files, path: str, members: Sequence[Member]) -> CollectionDigest:
    """Read a collection's file of a package and check that it is these members and nothing else.

    Holds one member at a time. Raises PackageDamaged naming file and offset.
    """
    running = RunningDigest()
    if not members:
        content = await asyncio.to_thread(read_bounded, package, path, len(EMPTY))
        if content != EMPTY:
            raise PackageDamaged(f"{package.where(path)} should hold no documents, and does not", hint=DAMAGED_HINT)
        running.add_packed(content)
        return running.result()
    file = await asyncio.to_thread(package.open, path)
    with file:
        for member in members:
            await asyncio.to_thread(_take, file, member, package.where(path), running)
        if await asyncio.to_thread(file.read, 1):
            raise PackageDamaged(f"{package.where(path)} goes on after byte {members[-1].end}", hint=DAMAGED_HINT)
    return running.result()


def _take(file: BinaryIO, member: Member, name: str, running: RunningDigest) -> None:
    packed = read_packed(file, member, name)
    content, documents = documents_of(packed, member, name)
    running.add_packed(packed)
    running.add_stream(content, len(documents))

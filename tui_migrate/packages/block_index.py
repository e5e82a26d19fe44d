"""Where the documents of a collection lie in a package, a block at a time: 36 bytes of memory for some 4 MB."""

import hashlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.stores.base import CollectionInfo

BLOCK_BYTES: Final = 4 * 1024 * 1024
BLOCK_DOCUMENTS: Final = 50_000
"""Documents of a few bytes each weigh far more as objects than as bytes."""

MAX_GAP: Final = 1024 * 1024
"""Bytes of other collections that a block may reach across; past them a new one begins, and they are not read again."""

MAX_REACH: Final = 64 * 1024 * 1024
"""Bytes from a block's begin to its end, so that reading it again takes a moment and not minutes."""

DIGEST_BYTES: Final = 16
MARK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class IndexBlock:
    """A block: where it begins, the bytes to its end, how many documents it has, and their BLAKE2b."""

    offset: int
    length: int
    documents: int
    digest: bytes


class BlockIndex:
    """The blocks of one collection in their order."""

    __slots__ = ("_digests", "_documents", "_lengths", "_offsets", "documents", "size")

    def __init__(self) -> None:
        self._offsets = array("Q")
        self._lengths = array("Q")
        self._documents = array("L")
        self._digests = bytearray()
        self.documents = 0
        self.size = 0

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, number: int) -> IndexBlock:
        digest = bytes(self._digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES])
        return IndexBlock(self._offsets[number], self._lengths[number], self._documents[number], digest)

    def mark(self) -> bytes:
        """Give eight bytes that stand for exactly these blocks: of any other content they are others."""
        hashed = hashlib.blake2b(self._digests, digest_size=MARK_BYTES)
        hashed.update(self._documents.tobytes())
        return hashed.digest()

    def append(self, block: IndexBlock, size: int) -> None:
        """Take in the next block, of documents of `size` bytes."""
        self._offsets.append(block.offset)
        self._lengths.append(block.length)
        self._documents.append(block.documents)
        self._digests += block.digest
        self.documents += block.documents
        self.size += size


class BlockCutter:
    """Takes the documents of a collection as they come and cuts them into blocks."""

    __slots__ = ("_documents", "_end", "_hashed", "_size", "_start", "index")

    def __init__(self) -> None:
        self.index = BlockIndex()
        self._begin(0)

    def _begin(self, offset: int) -> None:
        self._start = self._end = offset
        self._size = self._documents = 0
        self._hashed = hashlib.blake2b(digest_size=DIGEST_BYTES)

    def take(self, document: bytes, start: int, end: int) -> None:
        """Take the next document, which lies between these offsets."""
        if not self._documents:
            self._begin(start)
        elif self._is_full(len(document), start, end):
            self.cut()
            self._begin(start)
        self._hashed.update(document)
        self._size += len(document)
        self._documents += 1
        self._end = end

    def _is_full(self, size: int, start: int, end: int) -> bool:
        return (
            self._size + size > BLOCK_BYTES
            or self._documents >= BLOCK_DOCUMENTS
            or start - self._end > MAX_GAP
            or end - self._start > MAX_REACH
        )

    def cut(self) -> None:
        """End the block that is under way, if there is one."""
        if self._documents:
            length = self._end - self._start
            block = IndexBlock(self._start, length, self._documents, self._hashed.digest())
            self.index.append(block, self._size)
            self._documents = 0


def digest_of(documents: Sequence[bytes]) -> bytes:
    """Hash documents as a block's digest has them."""
    hashed = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for document in documents:
        hashed.update(document)
    return hashed.digest()


@dataclass(frozen=True, slots=True)
class Indexed:
    """A collection with its exact numbers, and where its documents lie."""

    info: CollectionInfo
    blocks: BlockIndex
    mark: bytes

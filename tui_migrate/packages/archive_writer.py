"""Writes a package as a stream in the format of MongoDB's `mongodump --archive`, packed with gzip.

The format (mongo-tools, common/archive/README.md): a magic number, a document of versions, one document with the
metadata of each collection, a terminator; then, collection by collection, blocks of a document {db, collection, EOF,
CRC}, documents and a terminator. The last block of a collection has EOF, no documents, and the CRC-64 of all of them.
"""

import struct
from collections.abc import Sequence
from typing import Final, Protocol

from tui_migrate import __version__
from tui_migrate.documents import pack
from tui_migrate.packages import layout, metadata
from tui_migrate.packages.disk_work import DiskWork
from tui_migrate.packages.encryption.sink_form import Sink
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.manifest import Header
from tui_migrate.packages.members import Member
from tui_migrate.packages.mongodump.crc64 import crc64
from tui_migrate.packages.mongodump.prelude import TOOL
from tui_migrate.packages.sinks import GzipSink
from tui_migrate.stores.base import CollectionInfo, CollectionKind

MAGIC: Final = struct.pack("<I", 0x8199E26D)
TERMINATOR: Final = struct.pack("<i", -1)
FORMAT_VERSION: Final = "0.1"


class Destination(Protocol):
    """Where a stream goes, from its first byte to its last."""

    def begin(self) -> Sink:
        """Open it. Raises Refused, UsageError, StorageFailed."""
        ...

    def finish(self) -> None:
        """Let it be seen that it is whole, once the sink was closed."""
        ...

    def break_off(self) -> None:
        """Let a write that waits for its reader end; from any thread. Never raises."""
        ...

    def abandon(self) -> None:
        """Let go of it as it is. Never raises."""
        ...


class ArchiveWriter:
    """One archive on its way: all metadata, then one collection after the other, then the end. Never gone on with."""

    is_resumable: Final = False

    def __init__(self, destination: Destination, database: str, server_version: str) -> None:
        self.database: Final = layout.check_database(database)
        self._destination: Final = destination
        self._server_version: Final = server_version
        self._work: Final = DiskWork(destination.abandon, destination.break_off)
        self._infos: Final[dict[str, bytes]] = {}
        self._views: Final[list[str]] = []
        self._sink: Sink | None = None
        self._name = ""
        self._crc = 0

    @classmethod
    async def create(cls, destination: Destination, *, database: str, server_version: str) -> "ArchiveWriter":
        """Open the destination. Raises what it does."""
        writer = cls(destination, database, server_version)

        def begin() -> None:
            writer._sink = GzipSink(destination.begin())

        await writer._work.run(begin)
        return writer

    async def write_metadata(self, info: CollectionInfo) -> None:
        """Keep a collection's options and indexes, which all stand before the first document. Raises Refused."""
        if info.kind is CollectionKind.VIEW:
            self._views.append(info.name)
        self._infos[info.name] = pack(
            _text("db", self.database)
            + _text("collection", info.name)
            + _text("metadata", metadata.to_json(info).decode())
            + b"\x10size\0"
            + struct.pack("<i", 0)
            + _text("type", _type(info.kind))
        )

    async def open_collection(self, name: str, known: Sequence[Member]) -> None:
        """Begin a collection. Raises StorageFailed."""
        if known:
            raise ValueError("a stream is not gone on with")

        def begin() -> None:
            self._write_prelude()
            self._begin(name)

        await self._work.undoubtedly(begin)

    async def append(self, documents: Sequence[bytes]) -> None:
        """Write one batch as one block. Raises StorageFailed."""
        await self._work.undoubtedly(lambda: self._append(documents))

    def _append(self, documents: Sequence[bytes]) -> None:
        content = b"".join(documents)
        self._crc = crc64(content, self._crc)
        self._write(b"".join((self._header(), content, TERMINATOR)))

    async def close_collection(self) -> None:
        """End a collection. Raises StorageFailed."""
        await self._work.undoubtedly(self._end)

    async def entry(self, info: CollectionInfo, known: Sequence[Member], order: DocumentOrder) -> None:
        """An archive says of a collection what stands in it already."""

    async def seal(self, header: Header, entries: Sequence[CollectionEntry]) -> None:
        """End the stream. Raises Refused, StorageFailed."""

        def seal() -> None:
            self._write_prelude()
            sink, self._sink = self._sink, None
            if sink is None:
                raise RuntimeError("the stream has ended")
            sink.close()
            self._destination.finish()

        await self._work.undoubtedly(seal)

    async def close(self) -> None:
        """Break off where the stream was not sealed: what was written is not taken for whole. Never raises."""
        await self._work.let_go()

    def _begin(self, name: str) -> None:
        self._name, self._crc = name, 0
        self._write(self._header() + TERMINATOR)

    def _end(self) -> None:
        self._write(self._header(is_end=True) + TERMINATOR)

    def _write_prelude(self) -> None:
        """Write what stands before the first collection, the first time."""
        if not self._infos:
            return
        versions = pack(
            b"\x10concurrent_collections\0"
            + struct.pack("<i", 1)
            + _text("version", FORMAT_VERSION)
            + _text("server_version", self._server_version)
            + _text("tool_version", f"{TOOL}{__version__}")
        )
        self._write(b"".join((MAGIC, versions, *self._infos.values(), TERMINATOR)))
        self._infos.clear()
        for view in self._views:  # mongodump gives them an end, too
            self._begin(view)
            self._end()

    def _header(self, *, is_end: bool = False) -> bytes:
        crc = struct.pack("<Q", self._crc if is_end else 0)
        names = _text("db", self.database) + _text("collection", self._name)
        return pack(names + b"\x08EOF\0" + bytes((is_end,)) + b"\x12CRC\0" + crc)

    def _write(self, content: bytes) -> None:
        if self._sink is None:
            raise RuntimeError("the stream has ended")
        self._sink.write(content)


def _text(name: str, value: str) -> bytes:
    content = value.encode() + b"\0"
    return b"\x02" + name.encode() + b"\0" + struct.pack("<i", len(content)) + content


def _type(kind: CollectionKind) -> str:
    return (CollectionKind.PLAIN if kind is CollectionKind.CAPPED else kind).value

"""Documents that the target refused: kept with the reason, tried again after their collection, and never lost.

A document that meets another unique index is put off: whoever holds its value may move on later in the same collection.
What is refused for any other reason, or still after that, is a reject.
"""

import asyncio
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.documents import content_hash
from tui_migrate.errors import StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.records import REASON_BYTES, RejectRecord, RejectState
from tui_migrate.packages.files import sync, sync_folder, write_all

FRAME: Final = struct.Struct("<QI")
HEAD: Final = struct.Struct("<HIH")


@dataclass(frozen=True, slots=True)
class Refused:
    """A document and why the target did not take it."""

    collection: str
    document: bytes
    code: int
    reason: str
    state: RejectState

    @property
    def digest(self) -> bytes:
        """The document's content hash."""
        return content_hash(self.document)


class RejectFile:
    """The file of a run's refused documents, appended only; what is in it is listed in the journal."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._file: BinaryIO | None = None

    async def append(self, refused: list[Refused]) -> list[RejectRecord]:
        """Append documents, make them durable, and say where they stand. Raises StorageFailed."""
        if not refused:
            return []
        return await asyncio.to_thread(self._append, refused)

    async def read(self, record: RejectRecord) -> bytes:
        """Give a document back. Raises StorageFailed."""
        return await asyncio.to_thread(self.read_at_once, record)

    async def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    def _append(self, refused: list[Refused]) -> list[RejectRecord]:
        records: list[RejectRecord] = []
        start = self._size
        try:
            file = self._opened()
            for one in refused:
                collection, reason = one.collection.encode(), one.reason.encode()[:REASON_BYTES]
                head = HEAD.pack(len(collection), one.code & 0xFFFFFFFF, len(reason))
                payload = b"".join((head, collection, reason, one.document))
                write_all(file.fileno(), FRAME.pack(len(payload), zlib.crc32(payload)) + payload)
                end = start + FRAME.size + len(payload)
                records.append(
                    RejectRecord(one.collection, start, end, one.digest, one.code, one.reason[:REASON_BYTES], one.state)
                )
                start = end
            failpoint("rejects.before_sync")
            sync(file.fileno())
        except OSError as error:
            raise self._failed(error) from error
        self._size = start
        return records

    def read_at_once(self, record: RejectRecord) -> bytes:
        """Give a document back, for whoever reads many in a thread of their own. Blocks. Raises StorageFailed."""
        try:
            with self._path.open("rb") as file:
                file.seek(record.offset)
                frame = file.read(record.end - record.offset)
        except OSError as error:
            raise self._failed(error) from error
        payload = frame[FRAME.size :]
        is_short = len(frame) != record.end - record.offset or not payload
        if is_short or zlib.crc32(payload) != FRAME.unpack_from(frame)[1]:
            raise StorageFailed(f"{self._path} is damaged at byte {record.offset}", hint="copy the document again")
        collection, _, reason = HEAD.unpack_from(payload)
        return payload[HEAD.size + collection + reason :]

    def _opened(self) -> BinaryIO:
        if self._file is None:
            # Without a buffer: closing it must not be a write, which could fail once more.
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", 0)
            self._file = file
            sync_folder(self._path.parent)
            file.truncate(self._size)
            file.seek(self._size)
        return self._file

    def _failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(
            f"the file of refused documents {self._path} cannot be used: {error.strerror}",
            hint="free some space on its disk, then resume the run",
        )

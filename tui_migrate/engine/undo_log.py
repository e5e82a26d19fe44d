"""The undo log: what a run is about to do to its target, made durable before it does it.

A file of frames, appended only. A frame is its payload's length (8 bytes, little endian), the payload's CRC-32 (4
bytes) and the payload, whose first byte says what it is:

    GROUP    attempt, session, collection: opens the INTENTs of one write
    INTENT   operation, key, hash of what is to be written, the document before it (or none)
    OUTCOME  one byte for each INTENT of the group before it
    KEPT     a document that the run left as it was in the target, by policy or because it was refused
    MADE     a collection, view or index that the run is about to create, has created, or has given up to create
    HELD     a document of a collection without keys that is about to be dropped whole, in the order of the collection
    REMOVED  a collection, view, index or validator that the run is about to take away, with what it takes to bring it
             back; the HELD frames of a collection stand before it

Each INTENT holds one document, so that a frame is never larger than a document and its key.
"""

import asyncio
import os
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, Final, Self

from tui_migrate.documents import HASH_BYTES, RawId
from tui_migrate.errors import StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.packages.files import sync, sync_folder

MAGIC: Final = b"tuiUNDO\x01"
FRAME: Final = struct.Struct("<QI")
GROUP_HEAD: Final = struct.Struct("<BIH16s")
INTENT_HEAD: Final = struct.Struct(f"<BBI{HASH_BYTES}s?")
KEPT_HEAD: Final = struct.Struct(f"<BI{HASH_BYTES}s")
MADE_HEAD: Final = struct.Struct("<BBBH")
REMOVED_HEAD: Final = struct.Struct("<BBHH?16sQQ")
MAX_FRAME: Final = 64 * 1024 * 1024
NOTHING: Final = bytes(HASH_BYTES)
"""What stands for the hash of a document that is not to be there."""
COPY_BYTES: Final = 1024 * 1024


class Frame(IntEnum):
    """What a payload is."""

    GROUP = 1
    INTENT = 2
    OUTCOME = 3
    KEPT = 4
    MADE = 5
    HELD = 6
    REMOVED = 7


class Operation(IntEnum):
    """What an INTENT is about to do."""

    INSERT = 1
    REPLACE = 2
    DELETE = 3


class Outcome(IntEnum):
    """What became of an INTENT."""

    WRITTEN = 1
    NOT_WRITTEN = 2
    ASSUMED = 3
    """Found equal after a crash: ours, or a stranger's equal insert or deletion."""
    NOT_FOUND = 4
    """Not done when a crash was looked into. What a server had not read yet may come: then it is ours."""

    @property
    def is_written(self) -> bool:
        """True of what is known to have come to the target, or taken for it."""
        return self in (Outcome.WRITTEN, Outcome.ASSUMED)


class Thing(IntEnum):
    """What a MADE or a REMOVED frame is about; a validator with its level and action is never made alone."""

    COLLECTION = 1
    VIEW = 2
    INDEX = 3
    VALIDATOR = 4


class Making(IntEnum):
    """How far the making of a thing is."""

    BEGUN = 0
    DONE = 1
    GIVEN_UP = 2
    """The target refused it: what has its name later was made by somebody else."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One document about to be written. `before` is None for an insert, or where before-images are left out.

    Nothing is to be there after a deletion, and `after` is NOTHING. `was_found` is false of one that was looked into
    after a crash and had not been done.
    """

    operation: Operation
    id: RawId
    after: bytes
    before: bytes | None = None
    was_found: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A thing that the run creates. `uuid` is a collection's, empty until it is there."""

    thing: Thing
    collection: str
    name: str = ""
    uuid: bytes = b""
    making: Making = Making.BEGUN


@dataclass(frozen=True, slots=True)
class Removed:
    """A thing of the target that the run takes away.

    `spec` is a BSON document that brings it back, see `removed_specs`. `uuid` is a collection's, empty where there is
    none. `held` documents of it stand in the log from `held_begin` on, in front of this record, which is at `offset`.
    """

    thing: Thing
    collection: str
    name: str
    spec: bytes
    uuid: bytes = b""
    held_begin: int = 0
    held: int = 0
    offset: int = 0


class UndoLog:
    """The undo log of a run, open for appending. `size` is where the next frame goes."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path = path
        self._file = file
        self.size = size

    @classmethod
    async def create(cls, path: Path) -> Self:
        """Begin the log of a run. Raises StorageFailed."""
        return await asyncio.to_thread(cls._create, path)

    @classmethod
    async def reopen(cls, path: Path, size: int, durable: int = len(MAGIC)) -> Self:
        """Open the log of an earlier attempt and cut it to `size`, where its last whole frame ends.

        What lies behind `durable` is written once more: after an fsync that failed, a kernel may hold pages that it
        takes for written and that the disk does not have.
        """
        return await asyncio.to_thread(cls._reopen, path, size, durable)

    @classmethod
    def _create(cls, path: Path) -> Self:
        with _storage(path):
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "r+b", 0)
            try:
                failpoint("undo.before_magic")
                file.write(MAGIC)
                failpoint("undo.after_magic")
                sync(file.fileno())
                sync_folder(path.parent)
                failpoint("undo.after_create")
            except BaseException:
                file.close()
                raise
        return cls(path, file, len(MAGIC))

    @classmethod
    def _reopen(cls, path: Path, size: int, durable: int) -> Self:
        with _storage(path):
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC), "r+b", 0)
            try:
                file.truncate(size)
                failpoint("undo.after_cut")
                for start in range(durable, size, COPY_BYTES):
                    part = os.pread(file.fileno(), min(COPY_BYTES, size - start), start)
                    os.pwrite(file.fileno(), part, start)
                file.seek(size)
                sync(file.fileno())
                failpoint("undo.after_reopen")
            except BaseException:
                file.close()
                raise
        return cls(path, file, size)

    async def record(self, collection: str, attempt: int, session: bytes, intents: Sequence[Intent]) -> None:
        """Append a GROUP and its INTENTs and make them durable. Raises StorageFailed."""
        name = collection.encode()
        frames = [_frame(GROUP_HEAD.pack(Frame.GROUP, attempt, len(name), session.ljust(16, b"\x00")) + name)]
        for one in intents:
            head = INTENT_HEAD.pack(Frame.INTENT, one.operation, len(one.id), one.after, one.before is not None)
            frames.append(_frame(b"".join((head, one.id, one.before or b""))))
        failpoint("undo.before_intent")
        await self._append(frames, durable=True)
        failpoint("undo.after_intent")

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Append what became of the INTENTs of the last group; durable with the next `sync`."""
        failpoint("undo.before_outcome")
        await self._append([_frame(bytes((Frame.OUTCOME, *outcomes)))], durable=False)
        failpoint("undo.after_outcome")

    async def keep(self, kept: Sequence[tuple[RawId, bytes]]) -> None:
        """Append the keys and source hashes of documents that stay as they are in the target."""
        frames = [_frame(KEPT_HEAD.pack(Frame.KEPT, len(key), digest) + key) for key, digest in kept]
        await self._append(frames, durable=False)
        failpoint("undo.after_kept")

    async def note_made(self, made: Made) -> None:
        """Append that a thing is about to be created, or what came of that, and make that durable."""
        collection, rest = made.collection.encode(), made.uuid if made.thing is Thing.COLLECTION else made.name.encode()
        head = MADE_HEAD.pack(Frame.MADE, made.thing, made.making, len(collection))
        failpoint("undo.before_made")
        await self._append([_frame(head + collection + rest)], durable=True)
        failpoint("undo.after_made")

    async def hold(self, documents: Sequence[bytes]) -> None:
        """Append documents of a collection that is about to be dropped whole; durable with its REMOVED frame."""
        await self._append([_frame(bytes((Frame.HELD,)) + one) for one in documents], durable=False)
        failpoint("undo.after_held")

    async def note_removed(self, removed: Removed) -> Removed:
        """Append that a thing is about to be taken away, make that durable, and give it with its place in the log."""
        collection, name = removed.collection.encode(), removed.name.encode()
        placed = replace(removed, offset=self.size)
        has_uuid = bool(removed.uuid)
        head = REMOVED_HEAD.pack(
            Frame.REMOVED,
            removed.thing,
            len(collection),
            len(name),
            has_uuid,
            removed.uuid,
            removed.held_begin,
            removed.held,
        )
        failpoint("undo.before_removed")
        await self._append([_frame(head + collection + name + removed.spec)], durable=True)
        failpoint("undo.after_removed")
        return placed

    async def sync(self) -> None:
        """Make everything appended so far durable."""
        await self._append([], durable=True)

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._file.close)

    async def _append(self, frames: list[bytes], *, durable: bool) -> None:
        data = b"".join(frames)
        # A thread that writes cannot be stopped half-way: a cancelled caller waits for it, or `size` would be a lie.
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, data, durable))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            while not writing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([writing])
            writing.exception()
            raise

    def _write(self, data: bytes, durable: bool) -> None:
        with _storage(self._path):
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            self.size += len(data)
            if durable:
                failpoint("undo.before_sync")
                sync(self._file.fileno())
                failpoint("undo.after_sync")


def _frame(payload: bytes) -> bytes:
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


class _storage:
    """Turns OSError into StorageFailed that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise StorageFailed(
                f"the undo log {self._path} cannot be written: {error.strerror}",
                hint="free some space on its disk, then resume the run; nothing was written without its undo record",
            ) from error

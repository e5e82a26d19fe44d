"""Writes a package as one tar: its collections one behind the other, each batch durable before it counts.

A collection's headers have their place before its documents and are filled in when its size is known. Metadata and
manifest come last. After a crash the tar is cut back to the members that the caller's checkpoints know of.
"""

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.failpoints import failpoint
from tui_migrate.packages import files, layout, members, metadata, sealing
from tui_migrate.packages.digest import NO_DOCUMENTS, digest_collection
from tui_migrate.packages.disk_work import DiskWork
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder, FileEntry
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.manifest import Header, Manifest, parse
from tui_migrate.packages.members import Member
from tui_migrate.packages.place import partial_path
from tui_migrate.packages.tar_layout import END, EntryKind, headers, padded, padding
from tui_migrate.packages.tar_reader import Entry, open_entry
from tui_migrate.stores.base import CollectionInfo, CollectionKind


class TarWriter:
    """One tar on its way; one task uses it at a time, and its collections come in one order, each time it is taken up.

    `moment` is the time that all its entries bear, in seconds since 1970.
    """

    is_resumable: Final = True

    def __init__(self, path: Path, run_id: int, database: str, moment: int, level: int) -> None:
        self.path: Final = path.absolute()
        self.partial: Final = partial_path(self.path, run_id)
        self.database: Final = layout.check_database(database)
        self._moment: Final = moment
        self._level: Final = level
        self._work: Final = DiskWork(self._close)
        self._names: Final = layout.FileNames()
        self._metadata: Final[dict[str, bytes]] = {}
        self._finished: Final[dict[str, Entry]] = {}
        self._tail: int = len(self._folder())
        """Where the last of the finished files of documents ends, with its padding."""
        self._descriptor: int | None = None
        self._name = ""
        self._end = 0

    @classmethod
    async def create(
        cls, path: Path, *, run_id: int, database: str, moment: int, level: int = members.LEVEL
    ) -> "TarWriter":
        """Make the temporary file, or take up one that is still empty. Raises Refused, StorageFailed."""
        writer = cls(path, run_id, database, moment, level)
        await writer._work.run(writer._make)
        return writer

    @classmethod
    async def reopen(
        cls,
        path: Path,
        *,
        run_id: int,
        database: str,
        moment: int,
        finished: Mapping[str, Sequence[Member]],
        level: int = members.LEVEL,
    ) -> "TarWriter":
        """Take up the temporary file that `create` made for this run; `finished` are the collections it has whole.

        Raises Refused where the file is not there.
        """
        writer = cls(path, run_id, database, moment, level)
        if not await asyncio.to_thread(writer.partial.is_file):
            raise Refused(
                f"the unfinished package {shown(writer.partial)} is gone", hint="start the export again as a new run"
            )
        for name, known in finished.items():
            writer._finish(layout.data_path(database, name), _size(known))
        return writer

    async def write_metadata(self, info: CollectionInfo) -> None:
        """Keep a collection's options and indexes until the documents are written. Raises Refused."""
        path = self._names.claim(info.name, layout.metadata_path(self.database, info.name))
        self._metadata[path] = members.pack_metadata(metadata.to_json(info), self._level)

    async def open_collection(self, name: str, known: Sequence[Member]) -> None:
        """Open the place of a collection behind those that are finished, cut back to the last of these members.

        Raises PackageDamaged where the tar is shorter than that, StorageFailed.
        """
        path = self._names.claim(name, layout.data_path(self.database, name))
        end = known[-1].end if known else 0

        def open_place() -> None:
            self._name, self._end = path, end
            self._cut_to(self._start() + end, written=bool(known))

        await self._work.run(open_place)

    async def append(self, documents: Sequence[bytes]) -> Member:
        """Write one batch as one gzip member; it is durable when this returns. Raises StorageFailed."""

        def write() -> Member:
            content = b"".join(documents)
            if not 0 < len(content) <= members.MAX_UNPACKED:
                raise ValueError(f"a batch has 1 to {members.MAX_UNPACKED} bytes, not {len(content)}")
            packed = members.pack(content, self._level)
            self._write(packed)
            start, self._end = self._end, self._end + len(packed)
            return Member(start, len(packed), len(content), len(documents), hashlib.sha256(content).hexdigest())

        return await self._work.undoubtedly(write)

    async def close_collection(self) -> None:
        """Fill in the headers of the open collection. Raises StorageFailed."""

        def finish() -> None:
            path, size = self._name, self._end or len(members.EMPTY)
            with storing(self.partial, "write"):
                files.write_all_at(self._opened(), self._headers(path, size), self._tail)
            self._write((b"" if self._end else members.EMPTY) + bytes(padding(size)))
            self._finish(path, size)

        await self._work.run(finish)

    async def entry(self, info: CollectionInfo, known: Sequence[Member], order: DocumentOrder) -> CollectionEntry:
        """Read a finished collection back and give what the manifest says of it. Raises PackageDamaged."""
        path = layout.metadata_path(self.database, info.name)
        content = self._metadata[path]
        entries = [FileEntry(path, len(content), hashlib.sha256(content).hexdigest())]
        digest = NO_DOCUMENTS
        if info.kind is not CollectionKind.VIEW:
            path = layout.data_path(self.database, info.name)
            digest = await digest_collection(_Finished(self), path, known)
            entries.insert(0, FileEntry(path, _size(known), digest.file))
        return CollectionEntry.of(info, known, order, digest, entries)

    async def seal(self, header: Header, entries: Sequence[CollectionEntry]) -> Manifest:
        """Write metadata and manifest, and give the tar its name. Raises Refused, PackageDamaged, StorageFailed."""
        manifest = sealing.manifest_of(header, entries, self.database)
        content = manifest.to_bytes()

        def seal() -> None:
            parse(content, layout.MANIFEST)
            self._check(entries)
            self._cut_to(self._tail, written=bool(self._finished))
            self._write(b"".join(map(self._whole, (one.metadata.path for one in entries))))
            failpoint("package.before_manifest")
            plain = headers(layout.MANIFEST, EntryKind.FILE, len(content), self._moment)
            self._write(plain + content + bytes(padding(len(content))) + END)
            failpoint("package.after_manifest")
            self._close()
            sealing.give_name(self.partial, self.path)

        await self._work.run(seal)
        return manifest

    async def close(self) -> None:
        """Let go of the file; what was appended stays, and `reopen` takes it up. Never raises."""
        await self._work.let_go()

    def place(self, path: str) -> Entry:
        """Where a finished file of documents lies."""
        return self._finished[path]

    def _make(self) -> None:
        if os.path.lexists(self.path):
            raise Refused(f"the output {shown(self.path)} exists", hint="choose another name; nothing is replaced")
        with storing(self.partial, "make"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.partial, flags, files.FILE_MODE)
            try:
                is_empty = os.fstat(descriptor).st_size == 0
            finally:
                os.close(descriptor)
            if not is_empty:
                raise Refused(
                    f"an unfinished package lies at {shown(self.partial)}",
                    hint="resume the run that left it, or remove it if that run is gone",
                )
            failpoint("package.after_folders")
            files.sync_folder(self.partial.parent)

    def _opened(self) -> int:
        if self._descriptor is None:
            with storing(self.partial, "open"):
                flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
                self._descriptor = os.open(self.partial, flags)
        return self._descriptor

    def _cut_to(self, end: int, *, written: bool) -> None:
        """Cut the tar to where the next bytes belong; up to there it `written` is, or else room for headers."""
        folder = self._folder()
        with storing(self.partial, "open"):
            descriptor = self._opened()
            size = os.fstat(descriptor).st_size
            if written and size < end:
                raise PackageDamaged(
                    f"{shown(self.partial)} has {size} bytes, {end} were written before the interruption",
                    hint="start the export again as a new run",
                )
            os.ftruncate(descriptor, end)
            files.write_all_at(descriptor, folder, 0)
            os.lseek(descriptor, end, os.SEEK_SET)
            failpoint("package.after_cut")
            files.sync(descriptor)

    def _write(self, content: bytes) -> None:
        if self._descriptor is None:
            raise RuntimeError("no collection is open")
        with storing(self.partial, "write"):
            files.write_all(self._descriptor, content)
            failpoint("package.before_sync")
            files.sync(self._descriptor)
            failpoint("package.after_sync")

    def _folder(self) -> bytes:
        return headers(f"{self.database}/", EntryKind.FOLDER, 0, self._moment)

    def _headers(self, path: str, size: int) -> bytes:
        """The headers of a file of documents: as long for every size."""
        return headers(path, EntryKind.FILE, size, self._moment, reserve=True)

    def _start(self) -> int:
        """Where the bytes of the open collection begin."""
        return self._tail + len(self._headers(self._name, 0))

    def _finish(self, path: str, size: int) -> None:
        start = self._tail + len(self._headers(path, size))
        self._finished[path] = Entry(start, size)
        self._tail = start + padded(size)

    def _whole(self, path: str) -> bytes:
        content = self._metadata[path]
        return headers(path, EntryKind.FILE, len(content), self._moment) + content + bytes(padding(len(content)))

    def _check(self, entries: Sequence[CollectionEntry]) -> None:
        sizes = {one.data.path: one.data.size for one in entries if one.data is not None}
        if (
            sizes != {path: place.size for path, place in self._finished.items()}
            or {one.metadata.path for one in entries} != self._metadata.keys()
        ):
            raise PackageDamaged(
                f"{shown(self.partial)} does not hold what its manifest would say",
                hint="start the export again as a new run",
            )

    def _close(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # every byte that counts is durable already
                os.close(self._descriptor)
            self._descriptor = None


def _size(known: Sequence[Member]) -> int:
    return known[-1].end if known else len(members.EMPTY)


class _Finished:
    """The files of documents in a tar that is not whole yet."""

    def __init__(self, writer: TarWriter) -> None:
        self._writer = writer

    def where(self, relative: str) -> str:
        return f"{shown(self._writer.partial)}: {shown(relative)}"

    def open(self, relative: str) -> BinaryIO:
        return open_entry(self._writer.partial, self._writer.place(relative))

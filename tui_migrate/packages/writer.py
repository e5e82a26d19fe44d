"""Writes a package: under a temporary name, batch after batch, each durable before it counts, the manifest last.

    create or reopen → write_metadata, open_collection, append …, close_collection, entry → seal

Until `seal` returns there is nothing at the final path. After a crash `open_collection` cuts a file back to the members
that the caller's checkpoint knows of; what came after is written again.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tui_migrate.errors import Refused
from tui_migrate.packages import files, layout, members, metadata, sealing
from tui_migrate.packages.collection_file import CollectionFile
from tui_migrate.packages.digest import NO_DOCUMENTS, digest_collection
from tui_migrate.packages.disk_work import DiskWork
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder, FileEntry
from tui_migrate.packages.files import shown, storing
from tui_migrate.packages.manifest import Header, Manifest
from tui_migrate.packages.members import Member
from tui_migrate.packages.native_files import FolderFiles, is_folder
from tui_migrate.packages.place import find_obstacle, make_folders, partial_path
from tui_migrate.stores.base import CollectionInfo, CollectionKind

__all__ = ("PackageWriter", "discard_partial", "find_obstacle", "is_sealed")


class PackageWriter:
    """One package on its way; one task uses it at a time, one collection is open at a time.

    After a failed or cancelled `append` its collection is closed and must be opened again from a checkpoint. After a
    failure of the disk nothing more is taken.
    """

    is_resumable: Final = True

    def __init__(self, path: Path, run_id: int, database: str, level: int) -> None:
        self.path: Final = Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow a link at that name
        if not self.path.name:
            raise Refused(f"{shown(path)} cannot be a package's folder", hint="name a folder that is not there yet")
        self.partial: Final = partial_path(self.path, run_id)
        self.database: Final = layout.check_database(database)
        self._level: Final = level
        self._work: Final = DiskWork(self._close)
        self._open: CollectionFile | None = None
        self._names: Final = layout.FileNames()

    @classmethod
    async def create(cls, path: Path, *, run_id: int, database: str, level: int = members.LEVEL) -> "PackageWriter":
        """Make the temporary folder, or take one up that is still empty.

        Raises Refused where the output or another unfinished package exists, StorageFailed.
        """
        writer = cls(path, run_id, database, level)
        await asyncio.to_thread(make_folders, writer.path, writer.partial, database)
        return writer

    @classmethod
    async def reopen(cls, path: Path, *, run_id: int, database: str, level: int = members.LEVEL) -> "PackageWriter":
        """Take up the temporary folder that `create` made for this run. Raises Refused where it is not there.

        Where the run died while it sealed, the package may have its name already: ask `is_sealed` first.
        """
        writer = cls(path, run_id, database, level)
        if not await asyncio.to_thread((writer.partial / database).is_dir):
            raise Refused(
                f"the unfinished package {shown(writer.partial)} is gone", hint="start the export again as a new run"
            )
        return writer

    async def write_metadata(self, info: CollectionInfo) -> FileEntry:
        """Write a collection's options and indexes, in place of what an interrupted run left. Raises StorageFailed.

        Raises Refused for what Extended JSON cannot keep, and for a name that upper and lower case alone tell apart
        from another's.
        """
        relative = self._names.claim(info.name, layout.metadata_path(self.database, info.name))
        content = members.pack_metadata(metadata.to_json(info), self._level)

        def write() -> FileEntry:
            with storing(self.partial / relative, "write"):
                files.write_file(self.partial / relative, content)
            return FileEntry(relative, len(content), hashlib.sha256(content).hexdigest())

        return await self._work.run(write)

    async def open_collection(self, name: str, known: Sequence[Member]) -> None:
        """Open a collection's file to append to, cut back to the end of the last of these members.

        Raises PackageDamaged where the file is shorter than that, StorageFailed.
        """
        path = self.partial / self._names.claim(name, layout.data_path(self.database, name))

        def open_file() -> None:
            self._close()
            self._open = CollectionFile.open(path, known[-1].end if known else 0)

        await self._work.run(open_file)

    async def append(self, documents: Sequence[bytes]) -> Member:
        """Write one batch as one gzip member; it is durable when this returns. Raises StorageFailed."""

        def write() -> Member:
            if self._open is None:
                raise RuntimeError("no collection is open")
            return self._open.append(documents, self._level)

        return await self._work.undoubtedly(write)

    async def close_collection(self) -> None:
        """Close the open collection; one without documents gets a file mongorestore takes. Raises StorageFailed."""

        def finish() -> None:
            current, self._open = self._open, None
            if current is not None:
                current.finish()

        await self._work.run(finish)

    async def entry(self, info: CollectionInfo, known: Sequence[Member], order: DocumentOrder) -> CollectionEntry:
        """Read a closed collection back and give what the manifest says of it. Raises PackageDamaged."""
        path = layout.metadata_path(self.database, info.name)
        content = await asyncio.to_thread(files.read_bounded, self.partial / path, metadata.MAX_METADATA)
        entries = [FileEntry(path, len(content), hashlib.sha256(content).hexdigest())]
        digest = NO_DOCUMENTS
        if info.kind is not CollectionKind.VIEW:
            path = layout.data_path(self.database, info.name)
            digest = await digest_collection(FolderFiles(self.partial), path, known)
            entries.insert(0, FileEntry(path, known[-1].end if known else len(members.EMPTY), digest.file))
        return CollectionEntry.of(info, known, order, digest, entries)

    async def seal(self, header: Header, entries: Sequence[CollectionEntry]) -> Manifest:
        """Write the manifest and give the package its name. Raises Refused where that is taken by now, StorageFailed.

        Passwords in the texts of the header are taken out. Raises PackageDamaged where the folder does not hold
        exactly the files of these entries, or where they make no manifest that this version would read again.
        """
        manifest = sealing.manifest_of(header, entries, self.database)

        def seal() -> None:
            self._close()
            sealing.seal(self.partial, self.path, manifest)

        await self._work.run(seal)
        return manifest

    async def close(self) -> None:
        """Let go of the open file; what was appended stays, and `reopen` takes it up. Never raises."""
        await self._work.let_go()

    async def discard(self) -> None:
        """Remove the temporary folder and all in it; one that is not there is no error. Raises StorageFailed."""
        await self._work.let_go()
        await asyncio.to_thread(_remove, self.partial)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


async def discard_partial(path: Path, run_id: int) -> None:
    """Remove the temporary folder of a run that will not go on; none there is no error. Raises StorageFailed."""
    await asyncio.to_thread(lambda: _remove(partial_path(Path(os.path.abspath(path)), run_id)))  # noqa: PTH100 -- as above


def _remove(partial: Path) -> None:
    with storing(partial, "remove"):
        if not os.path.lexists(partial):
            return
        if is_folder(partial):
            shutil.rmtree(partial)
        else:
            partial.unlink()
        files.sync_folder(partial.parent)


async def is_sealed(path: Path, known: Mapping[str, Sequence[Member]]) -> bool:
    """Say whether a package of exactly these collections and members lies at a path.

    For a run that died between the last rename and its own record of it: its checkpoints know the members.
    """
    return await asyncio.to_thread(sealing.is_sealed, path, known)

"""Checks a whole package: every file, member, digest, document and id. Writes nothing and needs no database.

Damage becomes findings, so that one look tells all of it. Memory holds one member and the manifest, whatever the
package claims: nothing is inflated past what its member says, and that is bounded.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.findings import Finding
from tui_migrate.packages import layout
from tui_migrate.packages.digest import RunningDigest
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.fault_list import FaultList
from tui_migrate.packages.files import open_regular, read_bounded
from tui_migrate.packages.manifest import Manifest
from tui_migrate.packages.members import EMPTY, Member, documents_of, read_packed
from tui_migrate.packages.opening import has_manifest, is_folder, load_metadata, read_manifest
from tui_migrate.packages.package import Progress
from tui_migrate.packages.validity import IdOrder, walk
from tui_migrate.stores.base import CollectionKind

_MESSAGES: Final = {
    "id_missing": "a document has no _id",
    "id_duplicate": "a document has the _id of the one before it",
    "id_order": "a document's _id comes before that of the one before it",
}


async def check(path: Path, progress: Progress | None = None) -> tuple[Finding, ...]:
    """Check a package and give what is wrong with it, all errors; nothing where it is whole.

    Raises UsageError where there is no folder to look at, Refused where it is none.
    """
    faults = FaultList()
    manifest = await asyncio.to_thread(_open, path, faults)
    if manifest is None:
        return faults.findings()
    usable = await asyncio.to_thread(_check_listing, path, manifest, faults)
    total = sum(file.size for entry in manifest.collections for file in entry.files)
    done = 0
    for entry in manifest.collections:
        if entry.metadata.path in usable:
            await asyncio.to_thread(_check_metadata, path, entry, faults)
        done += entry.metadata.size
        if entry.data is not None:
            checked = _CollectionCheck(entry, manifest.database, faults)
            if entry.data.path in usable:
                await checked.run(path / entry.data.path, partial(_tell, progress, total, done))
            done += entry.data.size
        _tell(progress, total, done, 0)
    return faults.findings()


def _tell(progress: Progress | None, total: int, before: int, now: int) -> None:
    if progress is not None:
        progress(before + now, total)


def _open(path: Path, faults: FaultList) -> Manifest | None:
    if not has_manifest(path):
        faults.add("manifest_missing", layout.MANIFEST, "the package has no manifest: it was not finished, or lost it")
        return None
    try:
        return read_manifest(path)
    except PackageDamaged as error:
        faults.add("manifest_damaged", layout.MANIFEST, error.message, hint=error.hint)
    except Refused as error:
        faults.add("package_newer", layout.MANIFEST, error.message, hint=error.hint)
    return None


def _check_listing(root: Path, manifest: Manifest, faults: FaultList) -> frozenset[str]:
    """Compare the folder with the manifest; give the paths of the files that are there and can be read on."""
    wanted = {file.path: file.size for entry in manifest.collections for file in entry.files}
    there: set[str] = set()
    for relative in _listed(root, manifest.database, faults):
        if relative in wanted:
            there.add(relative)
        elif relative not in (layout.MANIFEST, manifest.database):
            faults.add("file_extra", relative, "the manifest does not know this file")
    for relative in sorted(wanted.keys() - there):
        faults.add("file_missing", relative, "the manifest names this file, and it is not there")
    return frozenset(relative for relative in sorted(there) if _is_file(root, relative, wanted[relative], faults))


def _listed(root: Path, database: str, faults: FaultList) -> Iterator[str]:
    """Give the relative path of everything in the package's two folders; a link is not followed."""
    folders = [""]
    if is_folder(root / database):
        folders.append(f"{database}/")
    else:
        faults.add("file_kind", database, "this should be a folder, and is missing or something else")
    for prefix in folders:
        try:
            with os.scandir(root / prefix) as items:
                yield from (prefix + item.name for item in items)
        except OSError as error:
            faults.add("file_unreadable", prefix or ".", f"the folder cannot be read: {error.strerror}")


def _is_file(root: Path, relative: str, size: int, faults: FaultList) -> bool:
    status = (root / relative).lstat()
    if not stat.S_ISREG(status.st_mode):
        faults.add("file_kind", relative, "this is a link, a folder or a device where a file belongs")
        return False
    if status.st_size != size:
        faults.add("file_size", relative, f"the file has {status.st_size} bytes, not {size}")
    return True


def _check_metadata(root: Path, entry: CollectionEntry, faults: FaultList) -> None:
    try:
        load_metadata(root, entry)
    except PackageDamaged as error:
        faults.add("metadata_damaged", entry.metadata.path, error.message)


class _CollectionCheck:
    """The check of one collection's file, a member at a time."""

    def __init__(self, entry: CollectionEntry, database: str, faults: FaultList) -> None:
        self._entry = entry
        self._subject = f"{database}.{entry.name}"
        self._file = entry.files[0]
        self._faults = faults
        self._running = RunningDigest()
        self._ids = IdOrder()

    async def run(self, path: Path, tell: Callable[[int], None]) -> None:
        """Read all members, going on behind a damaged one, then compare the digests of the whole."""
        try:
            if not self._entry.members:
                self._running.add_packed(await asyncio.to_thread(read_bounded, path, len(EMPTY)))
            else:
                file = await asyncio.to_thread(open_regular, path)
                with file:
                    for member in self._entry.members:
                        await asyncio.to_thread(self._take, file, member)
                        tell(member.end)
        except PackageDamaged as error:
            self._faults.add("file_unreadable", self._file.path, error.message, hint=error.hint)
        self._compare()

    def _take(self, file: BinaryIO, member: Member) -> None:
        try:
            packed = read_packed(file, member, self._file.path)
            self._running.add_packed(packed)
            content, documents = documents_of(packed, member, self._file.path)
        except PackageDamaged as error:
            self._faults.add("member_damaged", self._file.path, error.message)
            return
        self._running.add_stream(content, len(documents))
        for number, document in enumerate(documents):
            self._check_document(document, f"document {number} of the member at byte {member.offset}")

    def _check_document(self, document: bytes, where: str) -> None:
        try:
            walk(document)
            fault = self._ids.fault(document)
        except MalformedDocument as error:
            self._faults.add("document_malformed", self._subject, f"{where}: {error.message}")
            return
        if fault == "id_missing" and self._entry.type is CollectionKind.TIMESERIES:
            return
        if fault == "id_missing" or (fault and self._entry.order is DocumentOrder.ID):
            self._faults.add(fault, self._subject, f"{where}: {_MESSAGES[fault]}")

    def _compare(self) -> None:
        digest = self._running.result()
        if digest.file != self._file.sha256:
            self._faults.add("file_digest", self._file.path, "the file differs from its digest in the manifest")
        if digest.stream != self._entry.sha256:
            self._faults.add("stream_digest", self._subject, "the documents differ from their digest in the manifest")
        if digest.documents != self._entry.documents:
            self._faults.add(
                "document_count",
                self._subject,
                f"{digest.documents} documents could be read of the {self._entry.documents} in the manifest",
            )

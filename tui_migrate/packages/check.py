"""Checks a whole package: every file, member, digest, document and id. Writes nothing and needs no database.

Damage becomes findings, so that one look tells all of it. Memory holds one member and the manifest, whatever the
package claims: nothing is inflated past what its member says, and that is bounded.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.findings import Finding
from tui_migrate.packages import layout
from tui_migrate.packages.digest import RunningDigest
from tui_migrate.packages.doubts import Doubt, doubts
from tui_migrate.packages.duplicate_ids import DuplicateIds
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.fault_list import FaultList
from tui_migrate.packages.limits import Limit, Limits
from tui_migrate.packages.manifest import Manifest
from tui_migrate.packages.members import EMPTY, Member, documents_of, read_packed, size_fault
from tui_migrate.packages.native_files import NativeFiles, read_bounded
from tui_migrate.packages.opening import files_at, load_metadata, read_manifest
from tui_migrate.packages.package import Progress
from tui_migrate.packages.validity import ID_FORBIDDEN, IdOrder, walk
from tui_migrate.stores.base import CollectionKind

_MESSAGES: Final = {
    "id_missing": "a document has no _id",
    "id_duplicate": "a document has the _id of the one before it",
    "id_forbidden": ID_FORBIDDEN,
    "id_order": "a document's _id comes before that of the one before it",
}

_ALWAYS: Final = ("id_missing", "id_forbidden")
"""Faults whatever the order of the collection."""


async def check(path: Path, progress: Progress | None = None) -> tuple[Finding, ...]:
    """Check the native package at a path. Raises UsageError where there is nothing to look at, Refused where none."""
    return await check_files(await asyncio.to_thread(files_at, path), progress)


async def check_files(package: NativeFiles, progress: Progress | None = None) -> tuple[Finding, ...]:
    """Check a package and give what is wrong with it; nothing where it is whole.

    Raises as `check` does, and StorageFailed where temporary files find no room.
    """
    faults = FaultList()
    manifest = await asyncio.to_thread(_open, package, faults)
    if manifest is None:
        return faults.findings()
    usable = await asyncio.to_thread(_check_listing, package, manifest, faults)
    total = sum(file.size for entry in manifest.collections for file in entry.files)
    done = 0
    for entry in manifest.collections:
        if entry.metadata.path in usable:
            await asyncio.to_thread(_check_metadata, package, entry, faults)
        done += entry.metadata.size
        if entry.data is not None:
            if entry.data.path in usable and _is_within(entry, package.limits, faults):
                checked = _CollectionCheck(entry, manifest.database, package.limits, faults)
                await checked.run(package, partial(_tell, progress, total, done))
            done += entry.data.size
        _tell(progress, total, done, 0)
    return faults.findings()


def _tell(progress: Progress | None, total: int, before: int, now: int) -> None:
    if progress is not None:
        progress(before + now, total)


def _open(package: NativeFiles, faults: FaultList) -> Manifest | None:
    if not package.has_manifest():
        package.listing("", faults)
        faults.add(
            "manifest_missing",
            layout.MANIFEST,
            "the package has no manifest: it was not finished, or lost it",
            hint="get a fresh copy; mongorestore --gzip restores what is left of it, unchecked",
        )
        return None
    try:
        return read_manifest(package)
    except PackageDamaged as error:
        faults.add("manifest_damaged", layout.MANIFEST, error.message, hint=error.hint)
    except Refused as error:
        faults.add("package_newer", layout.MANIFEST, error.message, hint=error.hint)
    return None


def _check_listing(package: NativeFiles, manifest: Manifest, faults: FaultList) -> frozenset[str]:
    """Compare what is there with the manifest; give the paths of the files that can be read on."""
    wanted = {file.path: file.size for entry in manifest.collections for file in entry.files}
    found = package.listing(manifest.database, faults)
    for relative in found:
        if relative not in wanted and relative != layout.MANIFEST:
            faults.add("file_extra", relative, "the manifest does not know this file")
    for relative in sorted(wanted.keys() - found.keys()):
        faults.add("file_missing", relative, "the manifest names this file, and it is not there")
    there = sorted(wanted.keys() & found.keys())
    return frozenset(relative for relative in there if _is_file(relative, found[relative], wanted[relative], faults))


def _is_file(relative: str, found: int | None, size: int, faults: FaultList) -> bool:
    if found is None:
        faults.add("file_kind", relative, "this is a link, a folder or a device where a file belongs")
        return False
    if found != size:
        faults.add("file_size", relative, f"the file has {found} bytes, not {size}")
    return True


def _check_metadata(package: NativeFiles, entry: CollectionEntry, faults: FaultList) -> None:
    try:
        load_metadata(package, entry)
    except PackageDamaged as error:
        faults.add("metadata_damaged", entry.metadata.path, error.message)


def _is_within(entry: CollectionEntry, limits: Limits, faults: FaultList) -> bool:
    """Say whether a collection unpacks to no more than it may, by the sizes to which its members will be held."""
    if entry.bytes > limits.unpacked:
        message = f"it unpacks to {entry.bytes:,} bytes, {limits.unpacked:,} may be"
        faults.add("file_damaged", entry.files[0].path, message, hint=Limit.UNPACKED.hint(limits.unpacked))
    return entry.bytes <= limits.unpacked


class _CollectionCheck:
    """The check of one collection's file, a member at a time."""

    def __init__(self, entry: CollectionEntry, database: str, limits: Limits, faults: FaultList) -> None:
        self._entry = entry
        self._most = limits.document
        self._subject = f"{database}.{entry.name}"
        self._file = entry.files[0]
        self._faults = faults
        self._running = RunningDigest()
        self._ids = IdOrder()
        self._places = DuplicateIds() if entry.type.has_keys and entry.order is DocumentOrder.NATURAL else None
        self._number = 0

    async def run(self, package: NativeFiles, tell: Callable[[int], None]) -> None:
        """Read all members, going on behind a damaged one, then compare the digests of the whole."""
        try:
            if not self._entry.members:
                self._running.add_packed(await asyncio.to_thread(read_bounded, package, self._file.path, len(EMPTY)))
            else:
                file = await asyncio.to_thread(package.open, self._file.path)
                with file:
                    for member in self._entry.members:
                        await asyncio.to_thread(self._take, file, member)
                        tell(member.end)
            if self._places is not None:
                await asyncio.to_thread(self._find_duplicates, self._places)
        except PackageDamaged as error:
            self._faults.add("file_unreadable", self._file.path, error.message, hint=error.hint)
        finally:
            if self._places is not None:
                self._places.close()
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
            self._number += 1

    def _check_document(self, document: bytes, where: str) -> None:
        if reason := size_fault(document, self._most):
            self._faults.add(
                "document_too_large", self._subject, f"{where}: {reason}", hint=Limit.DOCUMENT.hint(self._most)
            )
        try:
            if not walk(document):
                for one in doubts(document):
                    self._add(one, where)
            fault = self._ids.fault(document)
        except MalformedDocument as error:
            self._faults.add("document_malformed", self._subject, f"{where}: {error.message}")
            return
        if fault == "id_missing" and self._entry.type is CollectionKind.TIMESERIES:
            return
        if fault in _ALWAYS or (fault and self._entry.order is DocumentOrder.ID):
            self._faults.add(fault, self._subject, f"{where}: {_MESSAGES[fault]}")
        elif self._places is not None and self._ids.last is not None:
            self._places.add(0, self._ids.last, self._number)

    def _find_duplicates(self, places: DuplicateIds) -> None:
        """Look for ids that stand twice where the documents do not lie in their order."""
        for found in places.find():
            if found is not None:
                message = f"document {found.offset} of the collection has the _id of document {found.earlier}"
                self._faults.add("id_duplicate", self._subject, message)

    def _add(self, doubt: Doubt, where: str) -> None:
        self._faults.add(
            doubt.code, self._subject, f"{where}: {doubt.message}", hint=doubt.hint, severity=doubt.severity
        )

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

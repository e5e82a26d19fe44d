"""A native package as a Source: what is read is checked against the manifest, member by member, before it is given."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from typing import BinaryIO, Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Finding, Severity
from tui_migrate.packages.check import check_files
from tui_migrate.packages.definition_faults import check_definitions
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import Limit
from tui_migrate.packages.manifest import Manifest
from tui_migrate.packages.members import Member, documents_of, read_packed, size_fault
from tui_migrate.packages.native_files import FolderFiles, NativeFiles
from tui_migrate.packages.opening import load_manifest, load_metadata
from tui_migrate.packages.package import BlockDigest, ContentDigests, Progress
from tui_migrate.packages.sequential import SequentialPackage, check_order, replaced
from tui_migrate.stores.base import Block, BlockLimit, Capabilities, CollectionInfo, Identity, ReadOrder

_POSITION: Final = struct.Struct(">Q8s")
"""How many members were read, and the first bytes of the collection's digest: a mark for this very content."""


class PackageSource(SequentialPackage):
    """Reads a package that is a folder or a tar; opens nothing before it is first asked.

    Documents come in blocks of one gzip member. That every member is whole is seen as it is read; that the package as
    a whole is, is for `check` to say.
    """

    def __init__(self, package: NativeFiles | Path) -> None:
        self._package: Final = FolderFiles(package.absolute()) if isinstance(package, Path) else package
        super().__init__(self._package.path)
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """The manifest; the first time it is read from disk, which blocks. Raises what `load_manifest` does."""
        if self._manifest is None:
            self._manifest = load_manifest(self._package)
        return self._manifest

    @property
    def database(self) -> str:
        """The name of the database that was exported; reads the manifest as `manifest` does."""
        return self.manifest.database

    @property
    def capabilities(self) -> Capabilities:
        """Ordered, as far as a collection's `simple_order` says; no lookup. The version is known once opened."""
        version = self._manifest.header.source.server_version if self._manifest else ""
        return Capabilities(ordered=True, lookup=False, server_version=version, reads_at_once=True)

    async def form(self) -> PackageForm:
        """A folder with a manifest, or a tar of it."""
        return self._package.form

    async def check(self, progress: Progress | None = None) -> tuple[Finding, ...]:
        """Check every file, member, digest, document, id and definition. Raises UsageError, Refused."""
        found = await check_files(self._package, progress)
        if any(one.severity is Severity.ERROR for one in found):
            return found
        return (*found, *check_definitions((await self._load()).database, await self.collections()))

    async def inference(self) -> None:
        """BSON has its types."""

    async def catalog(self) -> str:
        """Name the catalog that the manifest names. Raises what `identity` does."""
        return (await self._load()).header.catalog or ""

    async def identity(self) -> Identity:
        """Its place, links resolved. Raises UsageError, Refused or PackageDamaged where it is no good package."""
        manifest = await self._load()
        resolved = await asyncio.to_thread(self.path.resolve)
        return Identity(kind="package", addresses=frozenset((str(resolved),)), database=manifest.database)

    async def collections(self, names: Collection[str] | None = None) -> tuple[CollectionInfo, ...]:
        """List collections and views in the order of their names; counts and sizes are exact. Raises PackageDamaged."""
        manifest = await self._load()
        chosen = [entry for entry in manifest.collections if names is None or entry.name in names]
        chosen.sort(key=lambda entry: entry.name)
        return tuple([await asyncio.to_thread(load_metadata, self._package, entry) for entry in chosen])

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        """Read a collection a member at a time, from the start or from behind a position.

        Documents come as they lie, whatever `order` and `limit` say: where they lie in natural order although they
        have keys (`simple_order` is false), that is how they come. Raises PackageDamaged naming file and offset,
        Refused for capped and time-series collections by id.
        """
        entry = await self._entry(collection)
        check_order(collection, entry.type, order)
        first = _members_read(entry, after)
        if entry.data is None or first == len(entry.members):
            return
        path = entry.data.path
        mark = bytes.fromhex(entry.digest)[:8]
        file = await asyncio.to_thread(self._package.open, path)
        with file:
            for number, member in enumerate(entry.members[first:], start=first + 1):
                documents = await asyncio.to_thread(
                    _documents, file, member, self._package.where(path), self._package.limits.document
                )
                yield Block(documents, _POSITION.pack(number, mark))

    async def digests(self, collection: str) -> ContentDigests:
        """Give what the manifest says; that the files are so is for `check` to say."""
        entry = await self._entry(collection)
        mark = bytes.fromhex(entry.digest)[:8]
        blocks = tuple(
            BlockDigest(_POSITION.pack(number, mark), member.documents, member.sha256)
            for number, member in enumerate(entry.members, start=1)
        )
        return ContentDigests(entry.documents, entry.bytes, entry.sha256, entry.order is DocumentOrder.ID, blocks)

    async def count(self, collection: str) -> int:
        """Give the number of documents that the manifest names."""
        return (await self._entry(collection)).documents

    async def _load(self) -> Manifest:
        return await asyncio.to_thread(lambda: self.manifest)

    async def _entry(self, collection: str) -> CollectionEntry:
        entry = (await self._load()).entry(collection)
        if entry is None:
            raise self._no_collection(collection)
        return entry


def _members_read(entry: CollectionEntry, after: bytes | None) -> int:
    if after is None:
        return 0
    mark = bytes.fromhex(entry.digest)[:8]
    if len(after) == _POSITION.size:
        number, marked = _POSITION.unpack(after)
        if marked == mark and number <= len(entry.members):
            return int(number)
    raise replaced(entry.name)


def _documents(file: BinaryIO, member: Member, name: str, most: int) -> list[bytes]:
    _, documents = documents_of(read_packed(file, member, name), member, name)
    for one in documents:
        if reason := size_fault(one, most):
            raise PackageDamaged(f"{name} at byte {member.offset}: {reason}", hint=Limit.DOCUMENT.hint(most))
    return documents

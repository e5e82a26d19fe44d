"""A single file of BSON documents: one collection, named as the file is, with its metadata if that lies beside it."""

from collections.abc import Generator
from pathlib import Path

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages import layout
from tui_migrate.packages.content import Content
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.mongodump.collection_file import (
    FilePartReader,
    read_metadata,
    walk_documents,
    without_metadata,
)
from tui_migrate.packages.mongodump.listing import DATA, METADATA, PACKED
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.walking import Declared, Fault, Step
from tui_migrate.stores.base import CollectionInfo, CollectionKind


class BsonFile:
    """Walks over one file. `content` is what lies in it beneath packing and encryption."""

    form = PackageForm.BSON
    missing_id = Severity.ERROR

    def __init__(self, path: Path, content: Content, options: ReadOptions) -> None:
        self.path = path
        self._content = content
        self._options = options

    def database(self) -> str:
        """None: a file does not tell."""
        return ""

    def server_version(self) -> str:
        """None: a file does not tell."""
        return ""

    def place(self, collection: str) -> str:
        """The file."""
        return self._content.name

    def size(self) -> int:
        """Bytes of the file as it lies on the disk."""
        return self.path.stat().st_size

    def walk(self) -> Generator[Step]:
        """Read metadata and documents. Raises PackageDamaged."""
        info = yield from self._declare()
        if info is None:
            return
        if info.kind is CollectionKind.VIEW:
            yield Fault("view_with_documents", info.name, "its metadata says it is a view, which has no documents")
            return
        yield Declared(info)
        yield from walk_documents(self._content, info.name, self._options.limits)
        message = "such a file has no count and no digest: documents that were taken out of it would not be missed"
        hint = "compare the count with the source"
        yield Fault("checksums_absent", shown(self.path), message, hint, Severity.NOTE)

    def _declare(self) -> Generator[Step, None, CollectionInfo | None]:
        stem = self.path.name.removesuffix(PACKED).removesuffix(DATA)
        try:
            name = layout.unescape(stem)
        except PackageDamaged:
            name = stem  # a file that somebody named by hand
        beside = [self.path.with_name(stem + METADATA + ending) for ending in ("", PACKED)]
        metadata = next((path for path in beside if path.is_file()), None)
        subject = name if name is not None else stem
        if metadata is not None:
            return (yield from read_metadata(metadata, name, stem, subject))
        message = "no metadata lies beside the file: it is read as a plain collection without options and indexes"
        yield Fault("metadata_missing", subject, message, "create its indexes yourself", Severity.WARNING)
        return without_metadata(subject)

    def reader(self, collection: str) -> FilePartReader:
        """Read the file."""
        return FilePartReader(self._content)

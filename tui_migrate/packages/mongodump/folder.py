"""A folder as mongodump writes it, of one database or of several, plain or packed."""

from collections.abc import Generator
from pathlib import Path

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.gzip_content import GzipContent
from tui_migrate.packages.mongodump.collection_file import (
    FilePartReader,
    open_data,
    read_metadata,
    walk_documents,
    without_metadata,
)
from tui_migrate.packages.mongodump.listing import DumpFiles, Listing, list_dump
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.walking import Declared, Fault, Passed, Step
from tui_migrate.stores.base import CollectionInfo, CollectionKind

_NO_METADATA = "its options and indexes are not in the package: it is read as a plain collection without them"


class DumpFolder:
    """Walks over the files of one database, a collection at a time."""

    form = PackageForm.DUMP
    missing_id = Severity.ERROR

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self._options = options
        self._listing: Listing | None = None
        self._data: dict[str, Path] = {}

    def database(self) -> str:
        """The one that was chosen, or the only one. Raises UsageError, Refused, PackageDamaged."""
        return self._listed().database

    def server_version(self) -> str:
        """The server's version, where the dump records it."""
        return self._listing.server_version if self._listing else ""

    def place(self, collection: str) -> str:
        """The path of the file of its documents."""
        return shown(self._data.get(collection, self.path))

    def size(self) -> int:
        """Bytes of all files of the database."""
        return self._listed().size()

    def _listed(self) -> Listing:
        if self._listing is None:
            self._listing = list_dump(self.path, self._options.database, self._options.limits)
        return self._listing

    def walk(self) -> Generator[Step]:
        """Look at the folder afresh, then read file after file, going on behind a damaged one."""
        self._listing = listing = list_dump(self.path, self._options.database, self._options.limits)
        self._data = {}
        yield from listing.faults
        if not listing.files:
            yield Fault("dump_empty", shown(listing.folder), "there is no collection in it", severity=Severity.WARNING)
        done = 0
        for stem, files in sorted(listing.files.items()):
            done += _size(files.metadata)
            info = yield from self._declare(stem, files)
            if files.data is not None and info is not None and info.kind is not CollectionKind.VIEW:
                yield from self._walk_file(files.data, info.name, done)
            done += _size(files.data)
            yield Passed(done)
        yield _absent(shown(listing.folder))

    def _declare(self, stem: str, files: DumpFiles) -> Generator[Step, None, CollectionInfo | None]:
        subject = f"{self.database()}.{files.shown}"
        if files.metadata is not None:
            info = yield from read_metadata(files.metadata, files.name, stem, subject)
        elif files.name is None:
            message = f"the name of the collection in {shown(stem)} stands in its metadata alone, which is missing"
            yield Fault("metadata_missing", subject, message)
            info = None
        else:
            yield Fault("metadata_missing", subject, _NO_METADATA, "create its indexes yourself", Severity.WARNING)
            info = without_metadata(files.name)
        if info is None:
            return None
        if info.kind is CollectionKind.VIEW and files.data is not None:
            yield Fault("view_with_documents", subject, f"it is a view, and {shown(files.data)} has documents for it")
        if info.kind is not CollectionKind.VIEW and files.data is None:
            yield Fault("file_missing", subject, "the file of its documents is missing")
        yield Declared(info)
        return info

    def _walk_file(self, path: Path, collection: str, done: int) -> Generator[Step]:
        """Walk over one file. What is wrong with it ends it alone."""
        self._data[collection] = path
        try:
            content = open_data(path, self._options.limits)
            if path.name.endswith(".gz") and not isinstance(content, GzipContent):
                yield _not_packed(path)
            yield from walk_documents(content, collection, self._options.limits, done)
        except PackageDamaged as error:
            yield Fault("file_damaged", shown(path), error.message, error.hint)

    def reader(self, collection: str) -> FilePartReader:
        """Read a collection's file."""
        return FilePartReader(open_data(self._data[collection], self._options.limits))


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.is_file() else 0


def _absent(subject: str) -> Fault:
    message = "a dump has no count and no digest: documents or files that were taken out of it would not be missed"
    return Fault("checksums_absent", subject, message, "compare the counts with the source", Severity.NOTE)


def _not_packed(path: Path) -> Fault:
    if not path.stat().st_size:
        return Fault("file_damaged", shown(path), "the file is empty, and gzip of nothing is not")
    return Fault("gzip_name", shown(path), "it is named .gz and is not packed", severity=Severity.WARNING)

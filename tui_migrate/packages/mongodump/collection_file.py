"""One collection of a dump that lies in files of its own: its metadata, the walk over its documents, reading parts."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from tui_migrate.documents import iterate
from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.findings import Severity
from tui_migrate.packages.content import Content
from tui_migrate.packages.cursor import Cursor
from tui_migrate.packages.files import shown
from tui_migrate.packages.layout import escape
from tui_migrate.packages.limits import Limits
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.metadata import MAX_METADATA, from_dump
from tui_migrate.packages.mongodump.documents import DocumentReader
from tui_migrate.packages.mongodump.namespaces import timeseries_left_out
from tui_migrate.packages.mongodump.single_files import data_content, read_file
from tui_migrate.packages.walking import Extent, Fault, Passed, Step
from tui_migrate.stores.base import CollectionInfo, CollectionKind

NO_OPTIONS = b"\x05\x00\x00\x00\x00"


def read_metadata(
    path: Path, name: str | None, stem: str, subject: str
) -> Generator[Step, None, CollectionInfo | None]:
    """Read a collection's metadata; return None where it cannot be read or the collection is left out."""
    try:
        info, unknown = from_dump(read_file(path, MAX_METADATA), str(path), name)
        is_other = name is None and escape(info.name) != stem
    except PackageDamaged as error:
        yield Fault("metadata_damaged", subject, error.message, error.hint)
        return None
    except Refused as error:
        yield Fault("metadata_damaged", subject, f"{shown(path)}: {error.message}")
        return None
    if is_other:
        message = f"{shown(path)} is of the collection {shown(info.name)}, whose files have another name"
        yield Fault("metadata_damaged", subject, message)
        return None
    if unknown:
        yield unknown_keys(shown(path), unknown)
    if info.kind is CollectionKind.TIMESERIES:
        yield timeseries_left_out(subject)
        return None
    return info


def unknown_keys(subject: str, keys: Sequence[str]) -> Fault:
    """Tell of what a newer mongodump may record in a collection's metadata."""
    shortened = ", ".join(shown(key[:40]) for key in keys[:10])
    message = f"the metadata has keys that this version does not know, and leaves aside: {shortened}"
    return Fault("metadata_newer", subject, message, "see whether it matters", Severity.WARNING)


def without_metadata(name: str) -> CollectionInfo:
    """Make the information of a collection of which the documents are all there is."""
    return CollectionInfo(name, CollectionKind.PLAIN, NO_OPTIONS)


def walk_documents(content: Content, collection: str, limits: Limits, before: int = 0) -> Generator[Step]:
    """Walk over a file of documents; `before` are the bytes of the package passed so far. Raises PackageDamaged."""
    with closing(DocumentReader(content, limits.document)) as reader:
        start = reader.offset
        while documents := reader.run():
            yield Extent(collection, documents, start, reader.offset)
            start = reader.offset
            yield Passed(before + reader.passed)
        if not reader.at_end():
            reader.one()  # raises: what stands there is no document


def open_data(path: Path, limits: Limits) -> Content:
    """Open a collection's file of documents. Raises PackageDamaged."""
    return data_content(path, limits.unpacked)


class FilePartReader:
    """Reads parts of a file of documents."""

    def __init__(self, content: Content) -> None:
        self._cursor = Cursor(content)

    def read(self, offset: int, length: int) -> Sequence[bytes]:
        """Give the documents of a part. Raises PackageDamaged where it is not what was there."""
        self._cursor.go_to(offset)
        parts: list[bytes] = []
        left = length
        while left and (part := self._cursor.read(left)):
            parts.append(part)
            left -= len(part)
        try:
            return list(iterate(b"".join(parts), base=offset))
        except MalformedDocument as error:
            raise PackageDamaged(f"{self._cursor.content.name}: {error.message}", hint=DAMAGED_HINT) from error

    def close(self) -> None:
        """Let go of the file."""
        self._cursor.close()

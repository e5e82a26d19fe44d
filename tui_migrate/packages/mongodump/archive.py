"""An archive as `mongodump --archive` writes it: one stream, in which the collections' documents lie in blocks.

A block is a header document, documents, and a terminator; blocks of several collections take turns. A header with EOF
true ends a collection and has the CRC-64 over all its documents (ECMA-182 reflected, as Go's `crc64.ECMA`; that is
CRC-64/XZ). Facts from mongo-tools, common/archive.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fastcrc import crc64

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages.content import Content
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import Limit
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.metadata import from_dump
from tui_migrate.packages.mongodump.collection_file import unknown_keys, without_metadata
from tui_migrate.packages.mongodump.documents import DocumentReader
from tui_migrate.packages.mongodump.namespaces import (
    BUCKETS,
    OPLOG,
    choose_database,
    left_out,
    left_out_databases,
    oplog_left_out,
    timeseries_left_out,
)
from tui_migrate.packages.mongodump.prelude import Fields, Namespace, Prelude, read_prelude
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.walking import Declared, Extent, Fault, Passed, Step
from tui_migrate.stores.base import CollectionInfo, CollectionKind


@dataclass(slots=True)
class _Stream:
    """What has come of one namespace. `info` is None where its documents are not read."""

    info: CollectionInfo | None = None
    checksum: int = 0
    has_ended: bool = False


class Archive:
    """Walks over one archive. `content` is what lies in its file beneath packing and encryption."""

    form = PackageForm.ARCHIVE
    missing_id = Severity.ERROR

    def __init__(self, path: Path, content: Content, options: ReadOptions) -> None:
        self.path = path
        self._content = content
        self._options = options
        self._prelude: Prelude | None = None

    def _head(self) -> Prelude:
        if self._prelude is None:
            self._prelude = read_prelude(self._content, self._options.limits)
        return self._prelude

    def database(self) -> str:
        """The one that was chosen, or the only one. Raises UsageError, Refused, PackageDamaged."""
        there = {one.database for one in self._head().collections if one.database}
        return choose_database(sorted(there), self._options.database, self._content.name)

    def server_version(self) -> str:
        """The server's version as the archive records it."""
        return self._prelude.server_version if self._prelude else ""

    def place(self, collection: str) -> str:
        """The archive."""
        return self._content.name

    def size(self) -> int:
        """Bytes of the archive as it lies on the disk."""
        return self.path.stat().st_size

    def walk(self) -> Generator[Step]:
        """Read all of it, the databases that are not chosen too: their checksums stand for the file's being whole."""
        self._prelude = None
        head, database = self._head(), self.database()
        there = {one.database for one in head.collections}
        yield from left_out_databases(sorted(there - {database}))
        with closing(DocumentReader(self._content, self._options.limits.document)) as reader:
            streams: dict[Namespace, _Stream] = {}
            for namespace, offset in head.collections.items():
                reader.go_to(offset)
                streams[namespace] = yield from self._declare(namespace, reader, database)
            reader.go_to(head.end)
            while not reader.at_end():
                yield from self._walk_block(reader, streams)
        for namespace, stream in streams.items():
            if not stream.has_ended:
                message = f"{self._content.name} ends at byte {reader.offset} before this collection does"
                yield Fault("collection_unfinished", namespace.shown, message)

    def _declare(self, namespace: Namespace, reader: DocumentReader, database: str) -> Generator[Step, None, _Stream]:
        """Declare a collection that is to be read; yield why it is not read otherwise."""
        where = f"{self._content.name} at byte {reader.offset}"
        fields = Fields(reader.one(), where)
        if namespace == ("", OPLOG):
            yield oplog_left_out(where)
        if namespace.database != database:
            return _Stream()
        fault = left_out(database, namespace.collection)
        if fault is not None:
            yield fault
            return _Stream()
        try:
            text = fields.text("metadata", self._options.limits.document)
            info = yield from _info(namespace, text, where, keeps_buckets=not self._head().is_ours)
        except PackageDamaged as error:
            yield Fault("metadata_damaged", namespace.shown, error.message, error.hint)
            return _Stream()
        if info is None:
            return _Stream()
        yield Declared(info)
        return _Stream(info)

    def _walk_block(self, reader: DocumentReader, streams: dict[Namespace, _Stream]) -> Generator[Step]:
        where = f"{self._content.name} at byte {reader.offset}"
        fields = Fields(reader.one(), where)
        namespace, is_end, checksum = fields.namespace(), fields.boolean("EOF"), fields.number("CRC")
        stream = streams.get(namespace) or streams.get(_measured(namespace))
        if stream is None:
            message = f"{where}: the head of the archive does not know this collection"
            yield Fault("collection_unknown", namespace.shown, message)
            stream = streams[namespace] = self._unknown(streams)
        if stream.has_ended:
            raise PackageDamaged(f"{where}: {namespace.shown} has ended before", hint=DAMAGED_HINT)
        if is_end:
            stream.has_ended = True
            if checksum % 2**64 != stream.checksum:
                message = f"{where}: the documents differ from their checksum in the archive"
                yield Fault("checksum_differs", namespace.shown, message)
        elif checksum:
            raise PackageDamaged(f"{where}: a checksum stands where none belongs", hint=DAMAGED_HINT)
        yield from self._walk_documents(reader, stream, namespace)
        if not reader.take_terminator():
            reader.one()  # raises where what stands here is no document
            raise PackageDamaged(f"{where}: the block has no end", hint=DAMAGED_HINT)
        yield Passed(reader.passed)

    def _unknown(self, streams: dict[Namespace, _Stream]) -> _Stream:
        if len(streams) >= 2 * self._options.limits.entries:
            hint = Limit.ENTRIES.hint(self._options.limits.entries)
            raise PackageDamaged(f"{self._content.name} has too many collections", hint=hint)
        return _Stream()

    def _walk_documents(self, reader: DocumentReader, stream: _Stream, namespace: Namespace) -> Generator[Step]:
        start = reader.offset
        while documents := reader.run():
            if stream.has_ended:
                raise PackageDamaged(
                    f"{self._content.name} at byte {start}: documents behind the end of {namespace.shown}",
                    hint=DAMAGED_HINT,
                )
            stream.checksum = crc64.xz(b"".join(documents), stream.checksum)
            if stream.info is not None and stream.info.kind is CollectionKind.VIEW:
                yield Fault("view_with_documents", namespace.shown, "it is a view, and has documents in the archive")
            elif stream.info is not None:
                yield Extent(namespace.collection, documents, start, reader.offset)
            start = reader.offset
            yield Passed(reader.passed)

    def reader(self, collection: str) -> "ArchivePartReader":
        """Read a collection's documents where they lie among the others'."""
        namespace = Namespace(self.database(), collection)
        return ArchivePartReader(self._content, namespace, self._options.limits.document)


def _measured(namespace: Namespace) -> Namespace:
    """The time-series collection whose buckets these are: it is in the archive's head, they are in the blocks."""
    return Namespace(namespace.database, namespace.collection.removeprefix(BUCKETS))


def _info(
    namespace: Namespace, text: str, where: str, *, keeps_buckets: bool
) -> Generator[Step, None, CollectionInfo | None]:
    """Read a collection's metadata; None where the collection is left out. Raises PackageDamaged."""
    if not text:
        message = "the archive has no metadata of it: it is read as a plain collection without options and indexes"
        yield Fault("metadata_missing", namespace.shown, message, "create its indexes yourself", Severity.WARNING)
        return without_metadata(namespace.collection)
    info, unknown = from_dump(text.encode(), where, namespace.collection)
    if unknown:
        yield unknown_keys(namespace.shown, unknown)
    if info.kind is CollectionKind.TIMESERIES and keeps_buckets:
        yield timeseries_left_out(namespace.shown)
        return None
    return info


class ArchivePartReader:
    """Reads parts of one collection, passing over what lies between of others."""

    def __init__(self, content: Content, namespace: Namespace, limit: int) -> None:
        self._name = content.name
        self._namespace = namespace
        self._reader = DocumentReader(content, limit)

    def read(self, offset: int, length: int) -> Sequence[bytes]:
        """Give the collection's documents between an offset, at which one begins, and the end of a length.

        Raises PackageDamaged where it is not what was there.
        """
        reader, until = self._reader, offset + length
        reader.go_to(offset)
        found: list[bytes] = []
        is_wanted = True
        while reader.offset < until:
            documents = reader.run(until)
            if documents:
                found.extend(documents if is_wanted else ())
            elif reader.take_terminator() and reader.offset < until:
                where = f"{self._name} at byte {reader.offset}"
                is_wanted = Fields(reader.one(), where).namespace() == self._namespace
            elif reader.offset < until:
                raise PackageDamaged(f"{self._name} ends at byte {reader.offset}", hint=DAMAGED_HINT)
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

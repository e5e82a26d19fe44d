"""Packages of Second Brain Database: `{metadata, collections: [{collection_name, documents, indexes, metadata}]}`.

Its rollback files, `{collection: [documents]}` without checksums or indexes, are read too. A collection's checksum is
SHA-256 over `json.dumps(documents, default=str, sort_keys=True)`, and `size_bytes` the length of that text: both are
taken along while the documents pass. The checksum of a package is made over the file before it is put into it, so it
cannot be checked, and is empty in practice.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.build import DocumentBuilder
from tui_migrate.packages.json_forms.form import (
    ID_INDEX,
    Document,
    JsonForm,
    as_text,
    number_of,
    text_of,
    unknown_key,
)
from tui_migrate.packages.json_forms.guard import JsonCursor
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.types.apply import Rule
from tui_migrate.packages.walking import Fault, Step

VERSION: Final = "1.0.0"
CHECKSUM: Final = "sha256:"
MOST_DEFINED: Final = 1024 * 1024
"""Bytes of text that the indexes, or the metadata, of one collection may have."""

MOST_INDEXES: Final = 64 * 1024 * 1024
"""Bytes of the indexes of all collections, which are held until the package was read."""

_SAID: Final[Mapping[str, type[int] | type[str]]] = {"document_count": int, "size_bytes": int, "checksum": str}
"""What a collection's metadata says that is compared, and of what type it is."""


class DocumentsChecksum:
    """The checksum of a list of documents, taken one by one."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"[")
        self.documents = 0
        self.size = 2

    def add(self, document: Mapping[str, object]) -> None:
        """Take the next document as it stands in the file."""
        text = json.dumps(document, sort_keys=True).encode("ascii")
        if self.documents:
            self._hash.update(b", ")
            self.size += 2
        self._hash.update(text)
        self.size += len(text)
        self.documents += 1

    def result(self) -> str:
        """Give it as it is written down."""
        whole = self._hash.copy()
        whole.update(b"]")
        return CHECKSUM + whole.hexdigest()


@dataclass(slots=True)
class _Entry:
    """What one entry of the list of collections says, as far as it was read."""

    name: str = ""
    documents_at: int | None = None
    was_read: bool = False
    indexes: object = None
    header: Mapping[str, object] = field(default_factory=dict)


class SecondBrain(JsonForm):
    """A package or, with `is_rollback`, a rollback file."""

    form = PackageForm.SECOND_BRAIN
    is_rollback = False

    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk a package, then compare what it says of itself with what was read."""
        self._indexes: dict[str, tuple[bytes, ...]] = {}
        self._indexes_size = 0
        self._checksums: dict[str, DocumentsChecksum] = {}
        if self.is_rollback:
            message = (
                "lists of documents without metadata: the file is read as a rollback file of Second Brain Database"
            )
            hint = "any file of such lists is read so; see that it is what you mean"
            yield Fault("rollback_assumed", self.content.name, message, hint=hint, severity=Severity.NOTE)
            for name in cursor.members():
                yield from self.documents(cursor, name)
            return
        headers: dict[str, object] = {}
        own: dict[str, Mapping[str, object]] = {}
        for key in cursor.members():
            if key == "metadata":
                headers[key] = self.parsed(cursor.value())
            elif key == "collections":
                for _ in cursor.elements():
                    yield from self._collection(cursor, own)
            else:
                yield unknown_key(key)
                cursor.skip()
        header = headers.get("metadata")
        if not isinstance(header, dict):
            yield Fault("header_missing", "metadata", "the package has no metadata")
            header = {}
        yield from self.take_marker(header)
        yield from self._compare(header, own)

    def indexes(self, collection: str) -> tuple[bytes, ...]:
        """Give the indexes that the package says, with the one on `_id`, which it leaves out."""
        return (ID_INDEX, *self._indexes.get(collection, ()))

    def faults_of(self, collection: str, document: Document) -> Iterator[Fault]:
        """Take the document along for the checksum."""
        if not self.is_rollback:
            self._checksums.setdefault(collection, DocumentsChecksum()).add(document)
        yield from ()

    def _collection(self, cursor: JsonCursor, own: dict[str, Mapping[str, object]]) -> Iterator[Step]:
        entry = _Entry()
        start = cursor.offset
        for key in cursor.members():
            if key == "collection_name":
                entry.name = self._name(cursor)
            elif key == "documents" and entry.name:
                entry.was_read = True
                yield from self.documents(cursor, entry.name)
            elif key == "documents":
                entry.documents_at = self.passed_over(cursor)
            elif key == "indexes":
                entry.indexes = self.parsed(cursor.value(MOST_DEFINED))
            elif key == "metadata":
                header = self.parsed(cursor.value(MOST_DEFINED))
                entry.header = _said(header) if isinstance(header, dict) else {}
            else:
                yield unknown_key(key)
                cursor.skip()
        if not entry.name:
            cursor.fail("a collection has no collection_name", start)
        if entry.documents_at is not None:
            yield from self.documents_at(entry.documents_at, entry.name)
        elif not entry.was_read:
            cursor.fail(f"the collection {shown(entry.name)} has no documents", start)
        own[entry.name] = entry.header
        yield from self._take_indexes(entry)

    def _name(self, cursor: JsonCursor) -> str:
        piece = cursor.value()
        name = self.parsed(piece)
        if not isinstance(name, str) or not name:
            cursor.fail("collection_name is no name", piece.offset)
        return name

    def _take_indexes(self, entry: _Entry) -> Iterator[Step]:
        """Read index definitions as `listIndexes` gives them."""
        given = entry.indexes if entry.indexes is not None else []
        found: list[bytes] = []
        builder = DocumentBuilder(Rule())
        for number, one in enumerate(given if isinstance(given, list) else [given]):
            if not isinstance(one, dict) or not isinstance(one.get("key"), dict):
                message = f"index {number} of {shown(entry.name)} is no definition of an index"
                yield Fault("index_malformed", entry.name, message)
                continue
            made = builder.build(one)
            if made != ID_INDEX and one.get("name") != "_id_":
                found.append(made)
            for fault in builder.faults:
                yield Fault(fault.code, f"{entry.name}, index {number}", fault.message)
        self._indexes_size += sum(map(len, found))
        if self._indexes_size > MOST_INDEXES:
            raise PackageDamaged(
                f"{self.content.name} has more than {MOST_INDEXES:,} bytes of indexes", hint=DAMAGED_HINT
            )
        self._indexes[entry.name] = tuple(found)

    def _compare(self, header: Mapping[str, object], own: Mapping[str, Mapping[str, object]]) -> Iterator[Step]:
        self.version = version = text_of(header, "version")
        if header.get("version") is None:
            message = f"the package does not say its version; {VERSION} is known"
            yield Fault("version_missing", "metadata.version", message, hint="export it again")
        elif version.partition(".")[0] != VERSION.partition(".")[0]:
            message = f"the package has version {as_text(header.get('version'))}; {VERSION} is known"
            yield Fault("package_newer", "metadata.version", message, hint="use a newer tui-migrate")
        listed = header.get("collections")
        in_header = {
            text_of(one, "name"): one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)
        }
        for name in sorted(own.keys() | in_header.keys()):
            if name not in own:
                yield Fault("collection_missing", name, "the package's metadata names it, and it is not there")
            else:
                yield from self._compare_collection(name, {**in_header.get(name, {}), **own[name]})
        count = number_of(header, "collections_count")
        if count is not None and count != len(own):
            yield Fault("collection_count", "metadata", f"there are {len(own)} collections, not {count} as it says")
        documents = sum(one.documents for one in self._checksums.values())
        total = number_of(header, "total_documents")
        if total is not None and total != documents:
            yield Fault("document_count", "metadata", f"there are {documents:,} documents, not {total:,} as it says")
        if text_of(header, "checksum"):
            message = "the package's own checksum was made before it was put into the file, and cannot be checked"
            yield Fault("checksum_unusable", "metadata", message, hint="", severity=Severity.NOTE)

    def _compare_collection(self, name: str, header: Mapping[str, object]) -> Iterator[Step]:
        read = self._checksums.get(name, DocumentsChecksum())
        for key, kind in _SAID.items():
            if type(header.get(key, kind())) is not kind:
                yield Fault("header_malformed", name, f"its {key} is {as_text(header[key])}, which it cannot be")
        count, size = number_of(header, "document_count"), number_of(header, "size_bytes")
        if count is not None and count != read.documents:
            yield Fault("document_count", name, f"there are {read.documents:,} documents, not {count:,} as it says")
        if size is not None and size != read.size:
            yield Fault("size_differs", name, f"the documents have {read.size:,} bytes, not {size:,} as it says")
        checksum = text_of(header, "checksum")
        if not checksum:
            message = "the package has no checksum of this collection: a change within a value would not be seen"
            yield Fault("checksum_missing", name, message, hint="", severity=Severity.NOTE)
        elif checksum != read.result():
            yield Fault("checksum_differs", name, "the documents differ from their checksum in the package")


def _said(header: Mapping[str, object]) -> Mapping[str, object]:
    """Keep of a collection's metadata what is compared, and of a text no more than shows that it is another."""
    found: dict[str, object] = {}
    for name in _SAID:
        value = header.get(name)
        found[name] = value[: 2 * len(CHECKSUM) + 64] if isinstance(value, str) else value
    return {
        name: as_text(value) if isinstance(value, list | dict) else value
        for name, value in found.items()
        if value is not None
    }


class Rollback(SecondBrain):
    """A rollback file of Second Brain Database."""

    is_rollback = True

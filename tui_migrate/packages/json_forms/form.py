"""What all JSON forms have in common: a frame around lists of documents, which are read one by one.

A form says how its frame is walked and what of a document is its own; the documents become BSON by the type plan. The
documents of a list keep the offsets at which they stand, so that a block of them can be read again by itself.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tui_migrate.documents import pack
from tui_migrate.errors import PackageDamaged
from tui_migrate.findings import Severity
from tui_migrate.packages.content import Content
from tui_migrate.packages.files import shown
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.json_forms.build import DocumentBuilder, DocumentTooLarge, ValueFault
from tui_migrate.packages.json_forms.checksums import Checksums
from tui_migrate.packages.json_forms.guard import JsonCursor, Piece
from tui_migrate.packages.json_forms.values import parse_text
from tui_migrate.packages.layout import can_be_collection
from tui_migrate.packages.limits import Limit
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.package import ReadOptions
from tui_migrate.packages.types.apply import rule_of
from tui_migrate.packages.types.infer import MOST_PATHS, Inferring
from tui_migrate.packages.types.model import Inference, ValueType
from tui_migrate.packages.walking import Declared, Extent, Fault, Passed, Step
from tui_migrate.stores.base import CollectionInfo, CollectionKind

Document = dict[str, object]

EXTENT_BYTES: Final = 1024 * 1024
EXTENT_DOCUMENTS: Final = 500

MOST_FRAME: Final = 1024 * 1024
"""Bytes of a value of the frame of which there are several, all held until the file was read."""

MARKER: Final = "extended_json"
"""A key of ours in the frame: every type that JSON has not is written as Extended JSON, and a text is nothing else."""

MARKED: Final = 2
"""Its value: the version of Extended JSON."""

ID_INDEX: Final = pack(
    b"\x10v\x00\x02\x00\x00\x00"
    + b"\x03key\x00"
    + pack(b"\x10_id\x00\x01\x00\x00\x00")
    + b"\x02name\x00\x05\x00\x00\x00_id_\x00"
)
"""The index that every collection has; no JSON form writes it down."""

_MOST_NAME: Final = 255
_CONTENT_HINT: Final = "correct the value where the package comes from, or choose another type for the field"


class JsonForm(ABC):
    """A JSON file as a form that can be walked over. One walk at a time."""

    form: PackageForm
    missing_id: Severity = Severity.WARNING
    """Such a document goes to the rejects, the rest is imported."""

    def __init__(self, path: Path, content: Content, options: ReadOptions) -> None:
        self.path: Final = path
        self.content: Final = content
        self.options: Final = options
        self._inferring = Inferring()
        self._collections = 0
        self.is_extended = False
        self.version = ""
        """The application's version as the file has it, once it was walked over; empty where it tells none."""
        self.checksums: Checksums | None = None
        """Set by a form whose own exports have checksums of ours, before it is walked over."""

    def database(self) -> str:
        """No JSON form names its database."""
        return ""

    def server_version(self) -> str:
        """Nor its server."""
        return ""

    def place(self, collection: str) -> str:
        """The file itself."""
        return self.content.name

    def size(self) -> int:
        """The bytes of the file as it lies on the disk."""
        return self.path.stat().st_size

    def inference(self) -> Inference:
        """Say what the fields look like, of all documents walked over; nothing where the file keeps all types."""
        return Inference(()) if self.is_extended else self._inferring.result()

    def indexes(self, collection: str) -> tuple[bytes, ...]:
        """Give the indexes of a collection, which may stand behind its documents."""
        return (ID_INDEX,)

    def walk(self) -> Generator[Step]:
        """Read all of the file. Raises PackageDamaged where nothing more can be read."""
        self._inferring = Inferring()
        self._collections = 0
        self.is_extended = False
        cursor = JsonCursor(self.content, self.options.limits)
        try:
            yield from self.frame(cursor)
            cursor.finish()
        finally:
            cursor.close()
        yield from self._ambiguous()

    @abstractmethod
    def frame(self, cursor: JsonCursor) -> Iterator[Step]:
        """Walk what is around the documents, and `documents` of each list of them."""

    def shaped(self, collection: str, document: Document) -> Document | None:
        """Give a document as it is to be imported, or None where it is left out."""
        return document

    def faults_of(self, collection: str, document: Document) -> Iterator[Fault]:
        """Look at a document as it stands in the file, and say what is odd about it."""
        yield from ()

    def reader(self, collection: str) -> "JsonPart":
        """Read a collection that was walked over."""
        return JsonPart(self, collection)

    def builder(self, collection: str) -> DocumentBuilder:
        """Make what builds the documents of a collection by the type plan."""
        types: Mapping[str, ValueType] = self.options.types.of(collection) if self.options.types else {}
        return DocumentBuilder(rule_of(types), self.options.limits.document)

    def parsed(self, piece: Piece) -> object:
        """Read a value of the frame."""
        return parse_text(piece.text, self.content.name, piece.offset)

    def built(self, builder: DocumentBuilder, collection: str, piece: Piece) -> tuple[bytes | None, Document]:
        """Make a document of its text; None where it is left out. Raises PackageDamaged."""
        document = self.parsed(piece)
        if not isinstance(document, dict):
            raise PackageDamaged(self.at(piece.offset, "a document is wanted here"), hint=DAMAGED_HINT)
        found = self.shaped(collection, document)
        try:
            return None if found is None else builder.build(found), document
        except DocumentTooLarge as error:
            raise DocumentTooLarge(self.at(piece.offset, error.message), hint=error.hint) from error

    def take_marker(self, header: Mapping[str, object], *, is_late: bool = False) -> Iterator[Fault]:
        """See whether the file keeps all types. A form that has to know it before the documents says `is_late`."""
        if MARKER not in header:
            return
        if header[MARKER] != MARKED:
            message = f"its types are written in version {as_text(header[MARKER])} of Extended JSON; {MARKED} is known"
            yield Fault("package_newer", MARKER, message, hint="use a newer tui-migrate")
        elif is_late:
            message = f"the key {MARKER!r}, by which its documents are to be read, stands behind them"
            yield Fault("marker_late", MARKER, message, hint="put the metadata before the data")
        else:
            self.is_extended = True

    def at(self, offset: int, message: str) -> str:
        """Write a message about a place in the file."""
        return f"{self.content.name}, byte {offset}: {message}"

    def declared(self, name: str) -> Iterator[Step]:
        """Declare a collection. Its name must be one that a database takes."""
        if not can_be_collection(name):
            raise PackageDamaged(
                f"{self.content.name}: {shown(name[:60])!r} cannot be the name of a collection",
                hint="correct the name in the file",
            )
        self._collections += 1
        if self._collections > self.options.limits.entries:
            raise PackageDamaged(
                f"{self.content.name} has more than {self.options.limits.entries:,} collections",
                hint=Limit.ENTRIES.hint(self.options.limits.entries),
            )
        if self.checksums is not None:
            self.checksums.begin(name)
        yield Declared(CollectionInfo(name, CollectionKind.PLAIN, pack(b""), (ID_INDEX,)))

    def documents(self, cursor: JsonCursor, collection: str) -> Iterator[Step]:
        """Walk the list of documents that comes next."""
        yield from self.declared(collection)
        if cursor.peek() != b"[":
            cursor.fail(f"the documents of {shown(collection)} are no list")
        yield from self._extents(cursor, cursor.elements(), collection)

    def one_document(self, cursor: JsonCursor, collection: str) -> Iterator[Step]:
        """Walk the one document that comes next, which makes a collection by itself."""
        yield from self.declared(collection)
        yield from self._extents(cursor, iter((None,)), collection)

    def passed_over(self, cursor: JsonCursor) -> int:
        """Pass over what comes next and give its offset, for `documents_at`."""
        cursor.peek()
        offset = cursor.offset
        cursor.pass_over()
        return offset

    def documents_at(self, offset: int, collection: str) -> Iterator[Step]:
        """Walk a list of documents, or one document, that was passed over before all was known of its collection."""
        cursor = JsonCursor(self.content, self.options.limits, offset)
        try:
            walk = self.documents if cursor.peek() == b"[" else self.one_document
            yield from walk(cursor, collection)
        finally:
            cursor.close()

    def _extents(self, cursor: JsonCursor, elements: Iterator[None], collection: str) -> Iterator[Step]:
        builder = self.builder(collection)
        made: list[bytes] = []
        offsets: list[int] = []
        begin = end = cursor.offset
        for _ in elements:
            piece = cursor.value()
            begin, end = (begin if made else piece.offset), cursor.offset
            document, faults = self._checked(builder, collection, piece)
            yield from faults
            if document is not None:
                if self.checksums is not None:
                    self.checksums.add(collection, document)
                made.append(document)
                offsets.append(piece.offset)
            if made and (end - begin >= EXTENT_BYTES or len(made) >= EXTENT_DOCUMENTS):
                yield Extent(collection, made, offsets[0], end, offsets)
                yield Passed(cursor.passed)
                made, offsets = [], []
        if made:
            yield Extent(collection, made, offsets[0], end, offsets)

    def _checked(self, builder: DocumentBuilder, collection: str, piece: Piece) -> tuple[bytes | None, list[Fault]]:
        """Make a document and say what is wrong with it; what cannot be read at all is left out."""
        faults: list[Fault] = []
        try:
            made, document = self.built(builder, collection, piece)
        except DocumentTooLarge as error:
            return None, [Fault("document_too_large", collection, error.message, hint=error.hint)]
        except PackageDamaged as error:
            return None, [Fault("document_unreadable", collection, error.message, hint=error.hint)]
        self._inferring.take(collection, document)
        faults.extend(self.faults_of(collection, document))
        if made is None:
            return None, faults
        faults.extend(self._value_fault(collection, piece, one) for one in builder.faults)
        return made, faults

    def _value_fault(self, collection: str, piece: Piece, fault: ValueFault) -> Fault:
        return Fault(
            fault.code,
            f"{collection}.{fault.path[:_MOST_NAME]}",
            self.at(piece.offset, fault.message),
            hint=_CONTENT_HINT,
            severity=fault.severity,
        )

    def _ambiguous(self) -> Iterator[Step]:
        """Tell of what can be text as well as a decimal, and of paths that were not followed."""
        if self.is_extended:
            return
        named = {(one.collection, one.path) for one in self.options.types.fields} if self.options.types else set()
        severity = Severity.WARNING if self.options.types is None else Severity.NOTE
        for one in self._inferring.result().fields:
            if one.type is ValueType.AS_WRITTEN and (one.collection, one.path) not in named:
                yield Fault(
                    "type_ambiguous",
                    f"{one.collection}.{one.path}",
                    f"all {one.count:,} values can be texts as well as decimals, such as {', '.join(one.examples)}",
                    hint="they stay texts unless a type plan says decimal",
                    severity=severity,
                )
        if self._inferring.left_out:
            yield Fault(
                "type_paths",
                self._inferring.left_out,
                f"there are more than {MOST_PATHS:,} fields, or very long keys; not all of them were looked at",
                hint="their texts stay texts unless a type plan names them",
                severity=Severity.WARNING,
            )


class JsonPart:
    """Reads parts of one list of documents again."""

    def __init__(self, form: JsonForm, collection: str) -> None:
        self._form = form
        self._collection = collection
        self._builder = form.builder(collection)
        self._cursor: JsonCursor | None = None

    def read(self, offset: int, length: int) -> Sequence[bytes]:
        """Give the documents between an offset and the end of a length. Raises PackageDamaged."""
        if self._cursor is None:
            self._cursor = JsonCursor(self._form.content, self._form.options.limits, offset)
        cursor = self._cursor
        cursor.go_to(offset)
        documents: list[bytes] = []
        for _ in cursor.following(offset + length):
            made, _document = self._form.built(self._builder, self._collection, cursor.value())
            if made is not None:
                documents.append(made)
        return documents

    def close(self) -> None:
        """Let go of the file."""
        if self._cursor is not None:
            self._cursor.close()


def unknown_key(key: str) -> Fault:
    """Tell of a key of the frame that is passed over."""
    message = f"the key {shown(key[:60])!r} is unknown, and what it holds is left out"
    return Fault("key_unknown", shown(key[:60]), message, hint="see whether it matters", severity=Severity.WARNING)


def with_id_from(document: Document, name: str) -> Document:
    """Give a document that has no `_id` the value of another field as one; that field stays."""
    return document if "_id" in document or name not in document else {"_id": document[name], **document}


def number_of(header: Mapping[str, object], name: str) -> int | None:
    """Give a whole number of a header, or None where it has none."""
    found = header.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def text_of(header: Mapping[str, object], name: str) -> str:
    """Give a text of a header, or an empty one where it has none."""
    found = header.get(name)
    return found if isinstance(found, str) else ""


def as_text(value: object) -> str:
    """Write a value of a file as it may stand in a message."""
    return shown(json.dumps(value)[:80])

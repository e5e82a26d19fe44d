"""The manifest: what a package holds, to the last byte. Its file equals its own canonical form, checksum and all.

`Manifest.to_bytes` and `parse` are the two ways between the file and these values.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum, StrEnum
from typing import Final

from tui_migrate.errors import Refused
from tui_migrate.packages import layout
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder, FileEntry
from tui_migrate.packages.files import shown
from tui_migrate.packages.limits import MAX_MANIFEST
from tui_migrate.packages.members import EMPTY, MAX_PACKED, MAX_UNPACKED, Member
from tui_migrate.packages.part import Part, part_from
from tui_migrate.packages.strict_json import Node, ascii_text, canonical, canonical_pieces, read
from tui_migrate.stores.base import CollectionKind

__all__ = (
    "ChecksumState",
    "CollectionEntry",
    "Consistency",
    "DocumentOrder",
    "FileEntry",
    "Header",
    "Manifest",
    "Member",
    "SourceEntry",
    "parse",
    "parse_text",
    "text_of",
)

FORMAT: Final = "tui-migrate package"
FORMAT_VERSION: Final = 1
_PART: Final = "part"
BYTES_PER_VALUE: Final = 24
BYTES_PER_OBJECT: Final = 100
FREE_VALUES: Final = 256 * 1024
"""A manifest has at least so many bytes for each value and each object (a member's are 39 and 197), but for texts full
of commas and braces. What has more is none and is not read, since a value of one byte may take 200 of memory.
"""


class ChecksumState(Enum):
    """What a manifest's checksum says about it. Format 1 always has one, so that absent is damage there."""

    ABSENT = "absent"
    MATCHING = "matching"
    MISMATCHING = "mismatching"


class Consistency(StrEnum):
    """Whether a package is one moment of its source, or was read while the source could change."""

    FUZZY = "fuzzy"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """Where the documents came from; `address` holds no password, `database` names the folder within the package."""

    kind: str
    address: str
    database: str
    server_version: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a manifest says beside its collections. Times are ISO 8601 in UTC; the source was read in `interval`.

    `catalog` is the name and version of the catalog that it was made with (`xcodereviewer 2.0.0`), None without one.
    `part` says how it differs from a whole copy, None where it does not.
    """

    tool_version: str
    created_at: str
    operator: str
    description: str
    source: SourceEntry
    catalog: str | None
    consistency: Consistency
    interval: tuple[str, str]
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole manifest of format version 1."""

    header: Header
    collections: tuple[CollectionEntry, ...]

    @property
    def database(self) -> str:
        """The name of the database, and of its folder."""
        return self.header.source.database

    def entry(self, collection: str) -> CollectionEntry | None:
        """Find a collection by name."""
        return next((entry for entry in self.collections if entry.name == collection), None)

    def to_bytes(self) -> bytes:
        """Give the manifest's file."""
        return canonical(self._fields())

    def is_written_as(self, text: str) -> bool:
        """Say whether a text is the manifest's file, to the letter."""
        at = 0
        for piece in canonical_pieces(self._fields()):
            if not text.startswith(piece, at):
                return False
            at += len(piece)
        return at == len(text)

    def _fields(self) -> dict[str, object]:
        start, end = self.header.interval
        fields: dict[str, object] = {
            **asdict(self.header),
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "interval": {"from": start, "to": end},
            "collections": self.collections,
        }
        if self.header.part is None:
            del fields[_PART]
        return {**fields, "checksum": checksum_of(fields)}


def checksum_of(fields: dict[str, object]) -> str:
    """Hash a manifest's canonical form without its checksum."""
    digest = hashlib.sha256()
    for piece in canonical_pieces({name: fields[name] for name in fields if name != "checksum"}):
        digest.update(piece.encode("ascii"))
    return digest.hexdigest()


def checksum_state(fields: dict[str, object]) -> ChecksumState:
    """Compare a manifest's checksum with its other fields, letter by letter."""
    if "checksum" not in fields:
        return ChecksumState.ABSENT
    return ChecksumState.MATCHING if fields["checksum"] == checksum_of(fields) else ChecksumState.MISMATCHING


def parse(content: bytes, where: str) -> Manifest:
    """Read a manifest's file strictly. Raises PackageDamaged, and Refused for one of a newer version."""
    return parse_text(text_of(content, where), where)


def text_of(content: bytes, where: str) -> str:
    """Give the text of a manifest's file, if it can be one by its size and its marks. Raises PackageDamaged."""
    size = len(content)
    if size > MAX_MANIFEST:
        Node(None, where).fail(f"it is larger than {MAX_MANIFEST:,} bytes")
    values, objects = content.count(b","), content.count(b"{") + content.count(b"[")
    if values > size // BYTES_PER_VALUE + FREE_VALUES or objects > size // BYTES_PER_OBJECT + FREE_VALUES:
        Node(None, where).fail("it has more values than a manifest of its size")
    return ascii_text(content, where)


def parse_text(text: str, where: str) -> Manifest:
    """Read what `text_of` gives. Raises as `parse` does.

    Of each member it takes some 700 bytes of memory at once, 196 of them its text: whoever calls this rather than
    `parse` holds the file's bytes no longer.
    """
    root = read(text, where)
    fields = root.value
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        root.fail(f"it is no manifest of a {FORMAT}")
    _check_version(Node(fields.get("format_version"), where, "format_version"))
    match checksum_state(fields):
        case ChecksumState.ABSENT:
            root.fail("its checksum is missing")
        case ChecksumState.MISMATCHING:
            root.fail("its checksum does not match: it was changed after it was written")
        case ChecksumState.MATCHING:
            pass
    manifest = _manifest(root)
    if not manifest.is_written_as(text):
        root.fail("it is not written in its canonical form: it was changed after it was written")
    return manifest


def _check_version(version: Node) -> None:
    if version.number(least=1) > FORMAT_VERSION:
        raise Refused(
            f"{shown(version.file)} was made by a newer version of tui-migrate (package format {version.value})",
            hint=f"this version reads formats up to {FORMAT_VERSION}: install a newer one",
        )


def _manifest(root: Node) -> Manifest:
    names = {*Header.__dataclass_fields__, "format", "format_version", "collections", "checksum"}
    if isinstance(root.value, dict) and _PART not in root.value:
        names.discard(_PART)
    fields = root.fields(names)
    header = _header(fields)
    collections = []
    for node in fields["collections"].items():
        entry = _collection(node)
        if fault := entry.fault(header.source.database):
            node.fail(fault)
        collections.append(entry)
    _check_distinct(fields["collections"], collections)
    return Manifest(header, tuple(collections))


def _header(fields: dict[str, Node]) -> Header:
    interval = fields["interval"].fields(("from", "to"))
    source = fields["source"].fields(SourceEntry.__dataclass_fields__)
    try:
        database = layout.check_database(source["database"].text())
    except Refused as error:
        source["database"].fail(error.message)
    return Header(
        tool_version=fields["tool_version"].text(),
        created_at=fields["created_at"].moment(),
        operator=fields["operator"].text(),
        description=fields["description"].text(),
        source=SourceEntry(
            kind=source["kind"].text(),
            address=source["address"].text(),
            database=database,
            server_version=source["server_version"].text(),
        ),
        catalog=None if fields["catalog"].value is None else fields["catalog"].text(),
        consistency=fields["consistency"].word(Consistency),
        interval=(interval["from"].moment(), interval["to"].moment()),
        part=part_from(fields[_PART]) if _PART in fields else None,
    )


def _collection(node: Node) -> CollectionEntry:
    fields = node.fields(CollectionEntry.__dataclass_fields__)
    return CollectionEntry(
        name=fields["name"].text(),
        type=fields["type"].word(CollectionKind),
        documents=fields["documents"].number(),
        bytes=fields["bytes"].number(),
        order=fields["order"].word(DocumentOrder),
        sha256=fields["sha256"].digest(),
        digest=fields["digest"].digest(),
        members=tuple(map(_member, fields["members"].taken())),
        files=tuple(map(_file, fields["files"].items())),
    )


def _member(node: Node) -> Member:
    fields = node.fields(Member.__dataclass_fields__)
    return Member(
        offset=fields["offset"].number(),
        packed=fields["packed"].number(least=len(EMPTY), most=MAX_PACKED),
        unpacked=fields["unpacked"].number(least=1, most=MAX_UNPACKED),
        documents=fields["documents"].number(least=1),
        sha256=fields["sha256"].digest(),
    )


def _file(node: Node) -> FileEntry:
    fields = node.fields(FileEntry.__dataclass_fields__)
    return FileEntry(path=fields["path"].text(), size=fields["size"].number(), sha256=fields["sha256"].digest())


def _check_distinct(node: Node, collections: Sequence[CollectionEntry]) -> None:
    """No two collections may have one name, nor files that a file system without upper and lower case takes for one."""
    seen: set[str] = set()
    for entry in collections:
        for file in entry.files:
            if (folded := file.path.casefold()) in seen:
                node.fail(f"{shown(file.path)} is there twice, upper and lower case apart")
            seen.add(folded)

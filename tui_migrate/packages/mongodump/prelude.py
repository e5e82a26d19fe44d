"""The head of an archive: which tool made it of which server, and what it holds. All of it blocks.

After the magic number come a header document, one document for each collection with its metadata as text, and a
terminator (mongo-tools, common/archive/prelude.go and spec.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from tui_migrate.documents import elements
from tui_migrate.errors import MalformedDocument, PackageDamaged, Refused
from tui_migrate.packages.content import Content, read_exactly
from tui_migrate.packages.files import shown
from tui_migrate.packages.limits import Limit, Limits
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.packages.mongodump.documents import DocumentReader
from tui_migrate.packages.validity import walk

MAGIC: Final = b"\x6d\xe2\x99\x81"
VERSION: Final = "0.1"
TOOL: Final = "tui-migrate "
"""How the version of the tool begins in an archive of ours."""

_TEXT: Final = 0x02
_BOOLEAN: Final = 0x08
_INT32: Final = 0x10
_INT64: Final = 0x12
_LONGEST_NAME: Final = 1_024
_LONGEST_VERSION: Final = 100
_FORBIDDEN_IN_DATABASE: Final = frozenset('/\\. "$')
"""What no database's name has on any system (MongoDB manual, Naming Restrictions)."""


class Namespace(NamedTuple):
    """A collection of a database; the oplog has no database."""

    database: str
    collection: str

    @property
    def shown(self) -> str:
        """As it may stand in a message."""
        return shown(f"{self.database}.{self.collection}" if self.database else self.collection)


@dataclass(frozen=True, slots=True)
class Prelude:
    """The versions of server and tool, the offset of each collection's metadata, and where the blocks begin."""

    server_version: str
    tool_version: str
    collections: Mapping[Namespace, int]
    end: int

    @property
    def is_ours(self) -> bool:
        """Whether tui-migrate made the archive: its time series are measurements, where mongodump has buckets."""
        return self.tool_version.startswith(TOOL)


class Fields:
    """The fields of a document of the archive's own; names that are not asked for may be there.

    What older tools leave out (a collection's type) is not asked for.
    """

    def __init__(self, document: bytes, where: str) -> None:
        self._where = where
        self._document = document
        self._values: dict[bytes, tuple[int, bytes]] = {}
        try:
            walk(document)
            for one in elements(document):
                if one.name in self._values:
                    raise self._fail(f"the key {shown(one.name.decode(errors='replace'))} stands twice")
                self._values[one.name] = (one.kind, document[one.value : one.end])
        except MalformedDocument as error:
            raise self._fail(error.message) from error

    def _fail(self, what: str) -> PackageDamaged:
        return PackageDamaged(f"{self._where}: {what}", hint=DAMAGED_HINT)

    def text(self, name: str, longest: int) -> str:
        """Give a text of at most so many bytes. Raises PackageDamaged."""
        kind, value = self._values.get(name.encode(), (0, b""))
        if kind != _TEXT or len(value) - 5 > longest:
            raise self._fail(f"a text of at most {longest:,} bytes is wanted under {name}")
        try:
            return value[4:-1].decode()
        except UnicodeDecodeError as error:
            raise self._fail(f"what stands under {name} is not UTF-8") from error

    def boolean(self, name: str) -> bool:
        """Give true or false. Raises PackageDamaged."""
        kind, value = self._values.get(name.encode(), (0, b""))
        if kind != _BOOLEAN or value not in (b"\x00", b"\x01"):
            raise self._fail(f"true or false is wanted under {name}")
        return value == b"\x01"

    def number(self, name: str) -> int:
        """Give a whole number. Raises PackageDamaged."""
        kind, value = self._values.get(name.encode(), (0, b""))
        if kind not in (_INT32, _INT64):
            raise self._fail(f"a whole number is wanted under {name}")
        return int.from_bytes(value, "little", signed=True)

    def namespace(self) -> Namespace:
        """Give the database and the collection that it is about. Raises PackageDamaged."""
        found = Namespace(self.text("db", _LONGEST_NAME), self.text("collection", _LONGEST_NAME))
        if not found.collection or "\0" in "".join(found):
            raise self._fail("no collection has such a name")
        if _FORBIDDEN_IN_DATABASE.intersection(found.database):
            raise self._fail("no database has such a name")
        return found


def read_prelude(content: Content, limits: Limits) -> Prelude:
    """Read the head of an archive. Raises PackageDamaged, and Refused for an archive of another version."""
    reader = DocumentReader(content, limits.document)
    try:
        _read_magic(reader, content)
        where = f"{content.name} at byte {reader.offset}"
        header = Fields(reader.one(), where)
        version = header.text("version", _LONGEST_VERSION)
        if version != VERSION:
            raise Refused(
                f"{content.name} is an archive of version {shown(version)}, {VERSION} is known",
                hint="restore it with a mongorestore that knows it",
            )
        header.number("concurrent_collections")
        collections = dict(_collections(reader, content.name, limits))
        return Prelude(
            shown(header.text("server_version", _LONGEST_VERSION)),
            shown(header.text("tool_version", _LONGEST_VERSION)),
            collections,
            reader.offset,
        )
    finally:
        reader.close()


def _read_magic(reader: DocumentReader, content: Content) -> None:
    stream = content.open()
    try:
        found = read_exactly(stream, len(MAGIC))
    finally:
        stream.close()
    if found != MAGIC:
        raise PackageDamaged(f"{content.name} does not begin as an archive does", hint=DAMAGED_HINT)
    reader.go_to(len(MAGIC))


def _collections(reader: DocumentReader, name: str, limits: Limits) -> Iterator[tuple[Namespace, int]]:
    seen: set[Namespace] = set()
    while not reader.take_terminator():
        offset = reader.offset
        where = f"{name} at byte {offset}"
        fields = Fields(reader.one(), where)
        found = fields.namespace()
        fields.text("metadata", limits.document)
        fields.number("size")
        if found in seen:
            raise PackageDamaged(f"{where}: {found.shown} stands twice in the head of the archive", hint=DAMAGED_HINT)
        if len(seen) >= limits.entries:
            raise PackageDamaged(
                f"{name} names more than {limits.entries:,} collections", hint=Limit.ENTRIES.hint(limits.entries)
            )
        seen.add(found)
        yield found, offset

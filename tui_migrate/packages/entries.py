"""What a manifest says about one collection: its numbers, its members, its files, and how they tie together."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tui_migrate.errors import Refused
from tui_migrate.packages import layout
from tui_migrate.packages.digest import CollectionDigest
from tui_migrate.packages.files import shown
from tui_migrate.packages.members import EMPTY, Member
from tui_migrate.stores.base import CollectionInfo, CollectionKind


class DocumentOrder(StrEnum):
    """How the documents of a collection lie: strictly ascending by `ordering.order_key`, or as the source gave them."""

    ID = "_id"
    NATURAL = "natural"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the package: relative path with `/`, bytes, hex SHA-256 of its bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CollectionEntry:
    """A collection: `bytes` and `sha256` are of its whole uncompressed BSON stream, `digest` is `digest_of(members)`.

    `files` are the documents' file (a view has none), then the metadata's.
    """

    name: str
    type: CollectionKind
    documents: int
    bytes: int
    order: DocumentOrder
    sha256: str
    digest: str
    members: tuple[Member, ...]
    files: tuple[FileEntry, ...]

    @classmethod
    def of(
        cls,
        info: CollectionInfo,
        known: Sequence[Member],
        order: DocumentOrder,
        digest: CollectionDigest,
        files: Sequence[FileEntry],
    ) -> "CollectionEntry":
        """Say of a collection what was found when its file was read back."""
        return cls(
            name=info.name,
            type=info.kind,
            documents=digest.documents,
            bytes=digest.bytes,
            order=order,
            sha256=digest.stream,
            digest=digest_of(known),
            members=tuple(known),
            files=tuple(files),
        )

    @property
    def data(self) -> FileEntry | None:
        """The file of its documents; None for a view."""
        return None if self.type is CollectionKind.VIEW else self.files[0]

    @property
    def metadata(self) -> FileEntry:
        """The file of its options and indexes."""
        return self.files[-1]

    def fault(self, database: str) -> str:
        """Say what does not fit together within this entry; empty where all does.

        The paths must be those that the names give, so none leads out of the package or through a link.
        """
        try:
            paths = [layout.metadata_path(database, self.name)]
            if self.type is not CollectionKind.VIEW:
                paths.insert(0, layout.data_path(database, self.name))
        except Refused as error:
            return error.message
        if [file.path for file in self.files] != paths:
            return f"its files are not {' and '.join(map(shown, paths))}"
        end = 0
        for member in self.members:
            if member.offset != end:
                return f"a member should start at byte {end}, not {member.offset}"
            end = member.end
        sums = (sum(m.documents for m in self.members), sum(m.unpacked for m in self.members))
        if sums != (self.documents, self.bytes):
            return f"its members have {sums[0]} documents of {sums[1]} bytes, it says {self.documents} of {self.bytes}"
        if digest_of(self.members) != self.digest:
            return "its digest is not that of its members"
        if self.data is None:
            return "it is a view and has documents" if self.members else ""
        if self.data.size != (end or len(EMPTY)):
            return "its members do not fill its file"
        return ""


def digest_of(members: Sequence[Member]) -> str:
    """Hash the members' digests, 32 bytes each, in their order: a digest that is known without reading again."""
    digest = hashlib.sha256()
    for member in members:
        digest.update(bytes.fromhex(member.sha256))
    return digest.hexdigest()

"""What a form of package supplies to be read in two passes: a walk over all of it, and a reader of parts once known.

A walk tells what it meets in steps: a collection was declared, documents lie here, something is wrong, so far it got.
All of it blocks.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tui_migrate.findings import Severity
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.members import DAMAGED_HINT
from tui_migrate.stores.base import CollectionInfo


@dataclass(frozen=True, slots=True)
class Declared:
    """A collection or view of the package; `documents` and `size` are counted, whatever they say here."""

    info: CollectionInfo


@dataclass(frozen=True, slots=True)
class Extent:
    """Documents of one collection that lie one behind the other: a megabyte or so, or one large document.

    The first begins at `offset` of the content in which the collection lies, the last ends before `end`. Where they do
    not fill this place exactly, as in a text, `offsets` says where each begins.
    """

    collection: str
    documents: Sequence[bytes]
    offset: int
    end: int
    offsets: Sequence[int] = ()

    def places(self) -> Iterator[tuple[bytes, int, int]]:
        """Give each document with the offsets where it begins and where the next one does."""
        if self.offsets:
            yield from zip(self.documents, self.offsets, (*self.offsets[1:], self.end), strict=True)
            return
        start = self.offset
        for document in self.documents:
            yield document, start, start + len(document)
            start += len(document)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, as a finding tells it; the walk goes on behind it where it can."""

    code: str
    subject: str
    message: str
    hint: str = DAMAGED_HINT
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Passed:
    """How many bytes of the package, as it lies on the disk, have been walked over."""

    done: int


Step = Declared | Extent | Fault | Passed


class PartReader(Protocol):
    """Reads parts of one collection, usually one behind the other."""

    def read(self, offset: int, length: int) -> Sequence[bytes]:
        """Give the documents that lie between an offset and the end of a length. Raises PackageDamaged."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class WalkedForm(Protocol):
    """A form of package as `IndexedPackage` reads it. A step takes a moment only: between steps it can be cancelled."""

    @property
    def form(self) -> PackageForm:
        """Which one it is."""
        ...

    @property
    def path(self) -> Path:
        """Where the package lies."""
        ...

    @property
    def missing_id(self) -> Severity:
        """How much it matters that a document has no `_id`; an import puts such documents aside."""
        ...

    def database(self) -> str:
        """Say which database is read, empty where the form does not tell.

        Raises UsageError where there are several and none is chosen, Refused, PackageDamaged.
        """
        ...

    def server_version(self) -> str:
        """Say which server it came from, as far as was seen by now; empty where nothing was."""
        ...

    def place(self, collection: str) -> str:
        """Name the file in which a declared collection lies, for messages: offsets are offsets in it."""
        ...

    def size(self) -> int:
        """How many bytes a whole walk passes over, near enough."""
        ...

    def walk(self) -> Generator[Step]:
        """Read all of the package. Every collection is declared before its documents come.

        Raises PackageDamaged where nothing more can be read, and as `database` does.
        """
        ...

    def reader(self, collection: str) -> PartReader:
        """Read a collection that a walk has declared. Raises PackageDamaged."""
        ...

"""How much a package may claim of this machine: absolute numbers, whatever it was before it was packed.

Every limit can be changed, on the command line and in a plan, as far as the ceiling that the program itself has.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tui_migrate.documents import MAX_DEPTH

MIB: Final = 1024**2
GIB: Final = 1024**3

MANIFEST_PER_ENTRY: Final = 350
"""Bytes of a manifest for each entry. It says some 196 bytes of each batch, so that by default it names 175,000, and
reading it takes some 120 MB of memory."""

MAX_MANIFEST: Final = 256 * MIB
"""Bytes of a manifest, whatever the limits are: more than a million batches, which are terabytes of documents."""


class Limit(StrEnum):
    """The limits by name; their numbers are the fields of `Limits`."""

    UNPACKED = "unpacked"
    DOCUMENT = "document"
    TEXT = "text"
    DEPTH = "depth"
    ENTRIES = "entries"

    @property
    def option(self) -> str:
        """The option that changes it."""
        return f"--max-{self}"

    @property
    def most(self) -> int:
        """The most that it can be set to."""
        found: int = getattr(CEILING, self)
        return found

    def hint(self, number: int) -> str:
        """Say what to do about a package that passes it where it stands at a number."""
        if number >= self.most:
            return "no more than that can be read: have the package made anew with less in it"
        if self in (Limit.DEPTH, Limit.ENTRIES):
            return f"if there are meant to be so many, allow them with {self.option}"
        return f"if it is meant to be that large, allow it with {self.option}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package that is read may come to; past it, it is refused.

    Of a package of any form `unpacked` is the bytes that one file may unpack to, `document` those of one document as
    BSON, and `entries` how many files or collections there may be. Of a JSON file `text` is the bytes of one string,
    and `depth` the levels of a document; BSON may always have MAX_DEPTH of them.
    """

    unpacked: int = 4096 * GIB
    document: int = 16 * MIB + 16 * 1024
    text: int = 32 * MIB
    depth: int = 180
    entries: int = 100_000

    @property
    def manifest(self) -> int:
        """Bytes of a manifest: it names every file, and every batch of documents within it."""
        return min(self.entries * MANIFEST_PER_ENTRY, MAX_MANIFEST)


USUAL: Final = Limits()

CEILING: Final = Limits(unpacked=2**63 - 1, document=64 * MIB, text=256 * MIB, depth=MAX_DEPTH, entries=1_000_000)
"""The most that each may be set to.

A document is held whole, its JSON in up to four times as much, and goes into one member of a package, which has 64 MiB
at most. BSON deeper than MAX_DEPTH is followed nowhere in the program. Names of entries are held all at once.
"""

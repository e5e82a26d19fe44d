"""How much a package may claim of this machine: absolute numbers, whatever it was before it was packed."""

from dataclasses import dataclass
from typing import Final

GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package that is read may come to; past it, it is refused.

    `unpacked` is the bytes that one file may unpack to, `document` those of one document as BSON, `text` those of one
    string of a JSON file, `depth` the levels of a document, `entries` the files or collections of one package.
    """

    unpacked: int = 4096 * GIB
    document: int = 16 * 1024 * 1024 + 16 * 1024
    text: int = 32 * 1024 * 1024
    depth: int = 180
    entries: int = 100_000


USUAL: Final = Limits()

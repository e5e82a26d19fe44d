"""Checksums that our own exports add to the forms that have none: behind the data, in a key of their own.

`"tui_migrate": {"collections": {name: {"documents": 3, "sha256": "…"}}}`, over the documents of a collection as BSON,
one behind the other: what is compared is what is imported, whatever was changed in the text.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from tui_migrate.packages.walking import Fault

KEY: Final = "tui_migrate"
_EMPTY: Final = {"documents": 0, "sha256": hashlib.sha256().hexdigest()}
"""A collection that has no place in some forms."""


class Checksums:
    """The checksums of all collections, taken document by document."""

    def __init__(self) -> None:
        self._hashes: dict[str, hashlib._Hash] = {}
        self._counts: dict[str, int] = {}

    def begin(self, collection: str) -> None:
        """Begin a collection, which may come to have no documents."""
        if collection not in self._hashes:
            self._hashes[collection] = hashlib.sha256()
            self._counts[collection] = 0

    def add(self, collection: str, document: bytes) -> None:
        """Take the next document of a collection that was begun."""
        self._hashes[collection].update(document)
        self._counts[collection] += 1

    def result(self) -> dict[str, object]:
        """Give them as they are written down."""
        return {"collections": self._collections()}

    def _collections(self) -> dict[str, dict[str, object]]:
        return {
            name: {"documents": self._counts[name], "sha256": one.hexdigest()} for name, one in self._hashes.items()
        }

    def compare(self, given: object) -> Iterator[Fault]:
        """Tell where a file says something else than what was read; collections without documents need no checksum."""
        said = given.get("collections") if isinstance(given, Mapping) else None
        if not isinstance(said, Mapping):
            yield Fault("header_malformed", KEY, "the checksums are no checksums of collections")
            return
        read = self._collections()
        for name in sorted(said.keys() - read.keys()):
            if said[name] != _EMPTY:
                yield Fault("collection_missing", str(name), "the file has its checksum, and it is not there")
        for name, one in read.items():
            if name not in said:
                if self._counts[name]:
                    yield Fault("checksum_missing", name, "the file has checksums, and none of this collection")
            elif said[name] != one:
                yield Fault("checksum_differs", name, "the documents differ from their checksum in the file")

"""Finding the documents that a run wrote more than once, in memory that does not grow with its undo log.

A run does that where somebody else interfered between two attempts. Taking it back undoes the later writing first, so
that whoever judges the earlier one without writing has to remember what the document would be by then. That is done
for the few that are found here.

The filter is Bloom's (“Space/Time Trade-offs in Hash Coding with Allowable Errors”, 1970): it may take a document for
one that was met before, never the other way round.
"""

from collections.abc import Iterator
from typing import Final

from tui_migrate.engine.rollback_group import written_documents
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.ordering import Key

MAX_BYTES: Final = 64 * 1024 * 1024
FRAME_BYTES: Final = 48
"""Bytes of an undo log that one document takes at least."""

_BITS_EACH: Final = 12
_HASHES: Final = 4

Name = tuple[str, Key]
"""A document by its collection and the key of its `_id`."""


class Repeated:
    """Learns the documents of an undo log one by one; afterwards `in` says of which it may have more than one record.

    `size` is the log's, in bytes.
    """

    def __init__(self, size: int) -> None:
        self._filter = bytearray(max(64, min(MAX_BYTES, size // FRAME_BYTES * _BITS_EACH // 8)))
        self._found: set[int] = set()
        self.documents = 0

    def __contains__(self, name: Name) -> bool:
        return hash(name) in self._found

    def learn(self, undo: UndoReader, offsets: list[int]) -> None:
        """Learn the documents of the groups that begin at these places; `documents` counts them."""
        for offset in offsets:
            group = undo.group_at(offset)
            for key in written_documents(group):
                self.add((group.collection, key))

    def add(self, name: Name) -> None:
        """Learn one document."""
        self.documents += 1
        value = hash(name)
        is_new = False
        for place, bit in self._places(value):
            if not self._filter[place] & bit:
                self._filter[place] |= bit
                is_new = True
        if not is_new:
            self._found.add(value)

    def _places(self, value: int) -> Iterator[tuple[int, int]]:
        low, high = value & 0xFFFFFFFF, (value >> 32) & 0xFFFFFFFF | 1
        bits = len(self._filter) * 8
        for number in range(_HASHES):
            bit = (low + number * high) % bits
            yield bit >> 3, 1 << (bit & 7)

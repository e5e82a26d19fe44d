"""Documents that a target deletes by their age: one that is gone may have expired, and nobody is to blame.

MongoDB deletes a document when the date in the field of a TTL index, or the earliest date of an array there, is older
than the index's `expireAfterSeconds`; of a clustered collection with that option the field is `_id`. Anything but a
date never expires.
"""

import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tui_migrate.definitions import field, is_ttl
from tui_migrate.documents import elements
from tui_migrate.stores.base import CollectionInfo

CLOCKS_DIFFER: Final = 60.0
"""By how many seconds the server's clock may be ahead of ours."""

_DOCUMENT: Final = 0x03
_ARRAY: Final = 0x04
_DATE: Final = 0x09
_NUMBERS: Final = {0x01: "<d", 0x10: "<i", 0x12: "<q"}
_AFTER: Final = b"expireAfterSeconds"


@dataclass(frozen=True, slots=True)
class Expiry:
    """After how many seconds a document expires from the date at each path."""

    rules: tuple[tuple[tuple[bytes, ...], float], ...]

    @classmethod
    def of(cls, target: CollectionInfo) -> "Expiry":
        """Read the TTL indexes of a collection, and its own expiry where it is clustered."""
        found = [(_path(one), _seconds(one)) for one in target.indexes if is_ttl(one)]
        if field(target.options, b"clusteredIndex") is not None:
            found.append(((b"_id",), _seconds(target.options)))
        return cls(tuple((path, after) for path, after in found if path and after is not None))

    def has_passed(self, document: bytes) -> bool:
        """Say whether a document may have been deleted by now."""
        now = time.time() + CLOCKS_DIFFER
        return any(
            (dates := list(_dates(document, path))) and min(dates) / 1000 + after <= now for path, after in self.rules
        )


def expires_whole(options: bytes) -> bool:
    """Say whether a collection has an age of its own at which it deletes documents: clustered, or a time series."""
    return field(options, _AFTER) is not None


def missing(items: Iterable[tuple[bytes, bytes]], expiry: Expiry) -> set[bytes]:
    """Of documents that the target lacks, with their hashes, give the hashes of those that may have expired."""
    return {digest for digest, document in items if expiry.has_passed(document)} if expiry.rules else set()


def _path(index: bytes) -> tuple[bytes, ...]:
    key = field(index, b"key")
    names = [one.name for one in elements(index[key.value : key.end])] if key is not None else []
    return tuple(names[0].split(b".")) if len(names) == 1 else ()


def _seconds(definition: bytes) -> float | None:
    found = field(definition, _AFTER)
    form = _NUMBERS.get(found.kind) if found is not None else None
    return None if found is None or form is None else float(struct.unpack_from(form, definition, found.value)[0])


def _dates(document: bytes, path: tuple[bytes, ...]) -> Iterator[int]:
    """Give the dates at a path, in milliseconds, those of an array each."""
    for one in elements(document):
        if one.name == path[0]:
            yield from _dates_of(one.kind, document[one.value : one.end], path[1:])


def _dates_of(kind: int, value: bytes, rest: tuple[bytes, ...]) -> Iterator[int]:
    if kind == _DATE and not rest:
        yield struct.unpack("<q", value)[0]
    elif kind == _DOCUMENT and rest:
        yield from _dates(value, rest)
    elif kind == _ARRAY:
        for one in elements(value):
            if one.kind != _ARRAY:
                yield from _dates_of(one.kind, value[one.value : one.end], rest)

"""Finds ids that stand twice in a collection, however its documents lie and however many there are.

Every id leaves 16 bytes of a keyed hash and the place of its document, never itself. Equal hashes fall into the same
of several parts; past some megabytes the parts go to anonymous temporary files, and each is looked through by itself.
Two ids are the same where their `ordering.order_key` is equal: 1 and 1.0 are.
"""

import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator
from decimal import Context, Decimal
from pathlib import Path
from typing import IO, Final, NamedTuple

from tui_migrate.ordering import Key
from tui_migrate.packages.files import storing

PARTS: Final = 32
IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes held back before they are written out."""

MOST_AT_ONCE: Final = 200_000
"""Entries of a part that is looked through in memory (some 30 MB); a larger one is parted again."""

_HASH_BYTES: Final = 16
_ENTRY: Final = struct.Struct("<16sIQ")
_DEEPEST: Final = 12
"""Bytes of a hash to part by, one a level: what is still too large then is one id, over and over."""

_EXACT: Final = Context(prec=20_000, Emax=999_999, Emin=-999_999)


class Duplicate(NamedTuple):
    """A document of the collection of this number, and an earlier one that has its `_id`, by their offsets."""

    collection: int
    offset: int
    earlier: int


class _Parts:
    """Entries parted by one byte of their hash, in memory as long as they are few."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._buffers = [bytearray() for _ in range(PARTS)]
        self._files: list[IO[bytes] | None] = [None] * PARTS
        self._held = 0

    def add(self, entry: bytes) -> None:
        self._buffers[entry[self._level] % PARTS] += entry
        self._held += len(entry)
        if self._held >= IN_MEMORY:
            self._write_out()

    def _write_out(self) -> None:
        with storing(Path(tempfile.gettempdir()), "write a temporary file in"):
            for number, buffer in enumerate(self._buffers):
                file = self._files[number]
                if file is None:
                    file = self._files[number] = tempfile.TemporaryFile(prefix="tui-migrate-")  # noqa: SIM115 -- kept
                file.write(buffer)
                buffer.clear()
        self._held = 0

    def part(self, number: int) -> Iterator[bytes]:
        """Give the entries of a part in pieces of whole ones."""
        file = self._files[number]
        if file is not None:
            with storing(Path(tempfile.gettempdir()), "read a temporary file in"):
                file.seek(0)
                while piece := file.read(_ENTRY.size * 32_768):
                    yield piece
        yield bytes(self._buffers[number])

    def size(self, number: int) -> int:
        file = self._files[number]
        return len(self._buffers[number]) + (file.tell() if file is not None else 0)

    def close(self) -> None:
        for file in self._files:
            if file is not None:
                file.close()
        self._files = [None] * PARTS


class DuplicateIds:
    """Takes ids in any order, then tells which came twice. Blocks; raises StorageFailed where a disk is full."""

    def __init__(self) -> None:
        self._parts = _Parts(0)
        self._hash = hashlib.blake2b(digest_size=_HASH_BYTES, key=os.urandom(32))

    def add(self, collection: int, key: Key, offset: int) -> None:
        """Take the key of a document's `_id`, the number of its collection, and where the document lies."""
        hashed = self._hash.copy()
        hashed.update(b"%d:" % collection)
        hashed.update(key_bytes(key))
        self._parts.add(_ENTRY.pack(hashed.digest(), collection, offset))

    def find(self) -> Iterator[Duplicate | None]:
        """Give every document but the first of an `_id`; None now and then, when a while has passed without one."""
        yield from _find(self._parts, 0)

    def close(self) -> None:
        """Let go of the temporary files."""
        self._parts.close()


def _find(parts: _Parts, level: int) -> Iterator[Duplicate | None]:
    for number in range(PARTS):
        if parts.size(number) > MOST_AT_ONCE * _ENTRY.size and level < _DEEPEST:
            finer = _Parts(level + 1)
            try:
                for piece in parts.part(number):
                    for start in range(0, len(piece), _ENTRY.size):
                        finer.add(piece[start : start + _ENTRY.size])
                    yield None
                yield from _find(finer, level + 1)
            finally:
                finer.close()
        else:
            yield from _look_through(parts.part(number))


def _look_through(pieces: Iterator[bytes]) -> Iterator[Duplicate | None]:
    seen: dict[bytes, int] = {}
    for piece in pieces:
        for hashed, collection, offset in _ENTRY.iter_unpack(piece):
            earlier = seen.setdefault(hashed, offset)
            if earlier != offset:
                yield Duplicate(collection, offset, earlier)
        yield None


def key_bytes(key: Key) -> bytes:
    """Write a key so that equal keys give equal bytes, and others do not."""
    rank, value = key
    if type(value) is bytes:
        return b"%d|" % rank + value
    parts: list[bytes] = [b"%d|" % rank]
    _write(value, parts)
    return b"".join(parts)


def _write(value: object, parts: list[bytes]) -> None:
    match value:
        case bytes():
            parts.append(b"b%d:" % len(value))
            parts.append(value)
        case tuple():
            parts.append(b"(%d:" % len(value))
            for one in value:
                _write(one, parts)
        case int():
            parts.append(b"n%d;" % value if abs(value) < 10**6 else _number(Decimal(value)))
        case float():
            parts.append(b"n%d;" % int(value) if abs(value) < 10**6 and value.is_integer() else _number(Decimal(value)))
        case Decimal():
            parts.append(_number(value))
        case _:
            raise TypeError(f"{type(value).__name__} is no part of a key")


def _number(value: Decimal) -> bytes:
    """Every number has one form: that of an exact decimal without zeros at its end."""
    if not value:
        return b"n0;"
    if value.is_finite() and abs(value) < 10**6 and value == value.to_integral_value():
        return b"n%d;" % int(value)
    return b"n" + str(value.normalize(_EXACT)).encode() + b";"

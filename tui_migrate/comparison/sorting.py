"""Comparing two sides that do not come in one order: what identifies each document is sorted on disk, then paired.

Of every document two hashes and its `_id` go into a temporary SQLite database, which has no name on the disk and is
gone with the process. Documents without a key, and those of collections that are written in natural order, are told
apart by their content alone.
"""

import hashlib
import sqlite3
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Final, NamedTuple

from tui_migrate.comparison.fields import field_changes
from tui_migrate.comparison.merge import id_reason
from tui_migrate.comparison.model import Counts, DocumentDifference, Found, Kind, Rules
from tui_migrate.documents import RawId, canonical, content_hash, normalise, raw_id
from tui_migrate.errors import StorageFailed
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.duplicate_ids import key_bytes
from tui_migrate.packages.indexed import to_the_end
from tui_migrate.stores.base import Block, CollectionInfo, Source

PAGE: Final = 1_000
CACHE_KILOBYTES: Final = 16_384


class _Entry(NamedTuple):
    """A document of a side: the hash of its key, the side, the hash of its content, its raw `_id`."""

    key: bytes
    side: int
    digest: bytes
    id: bytes


class Sorter:
    """Takes both sides' documents in any order, then pairs them. Memory does not grow with them."""

    def __init__(self, rules: Rules, *, by_id: bool) -> None:
        self._rules = rules
        self._by_id = by_id
        with _storing():
            self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA temp_store=FILE")
            self._database.execute(f"PRAGMA cache_size=-{CACHE_KILOBYTES}")
            self._database.execute("PRAGMA journal_mode=OFF")
            self._database.execute("CREATE TABLE entries (key BLOB, side INTEGER, digest BLOB, id BLOB)")

    def add(self, side: int, documents: Sequence[bytes]) -> None:
        """Take documents of a side. Blocks. Raises StorageFailed, MalformedDocument."""
        entries = [self._entry(side, one) for one in documents]
        with _storing():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", entries)
            self._database.execute("COMMIT")

    def pairs(self) -> Iterator[Found]:
        """Compare, in the order of the keys' hashes; give now and then what was found since. Blocks."""
        found = Found()
        with _storing():
            cursor = self._database.execute("SELECT key, side, digest, id FROM entries ORDER BY key, side, digest")
        for _, group in groupby(map(_Entry._make, _rows(cursor)), key=itemgetter(0)):
            self._pair(group, found)
            if len(found.differences) >= PAGE or found.counts.equal >= PAGE:
                yield found
                found = Found()
        yield found

    def close(self) -> None:
        """Let go of the temporary file."""
        self._database.close()

    def _entry(self, side: int, document: bytes) -> _Entry:
        normal = normalise(document)
        identifier = raw_id(normal)
        digest = content_hash(canonical(normal) if self._rules.canonical else normal)
        key = digest
        if self._by_id and identifier is not None:
            key = hashlib.blake2b(key_bytes(order_key(identifier)), digest_size=16).digest()
        return _Entry(key, side, digest, identifier or b"")

    def _pair(self, group: Iterable[_Entry], found: Found) -> None:
        """Pair the documents of one key: first the equal ones, then what is left."""
        first: list[_Entry] = []
        second: list[_Entry] = []
        for one in group:
            (second if one.side else first).append(one)
        if len(first) == len(second) == 1 and first[0].digest == second[0].digest:
            found.counts += Counts(equal=1)
            return
        mine, theirs, equal = _less_equal(first, second)
        found.counts += Counts(equal=equal)
        for one, other in zip_longest(mine, theirs):
            found.counts += _add(one, other, found.differences)


def _less_equal(first: list[_Entry], second: list[_Entry]) -> tuple[list[_Entry], list[_Entry], int]:
    """Take out what both sides have, one for one; all lie in the order of their digests."""
    mine, theirs, equal = [], [], 0
    place = other = 0
    while place < len(first) and other < len(second):
        one, two = first[place], second[other]
        if one.digest == two.digest:
            equal, place, other = equal + 1, place + 1, other + 1
        elif one.digest < two.digest:
            mine.append(one)
            place += 1
        else:
            theirs.append(two)
            other += 1
    return [*mine, *first[place:]], [*theirs, *second[other:]], equal


def _add(one: _Entry | None, other: _Entry | None, differences: list[DocumentDifference]) -> Counts:
    hashes = (one.digest if one else b"", other.digest if other else b"")
    if one is not None and other is not None:
        reason = id_reason(RawId(one.id), RawId(other.id))
        differences.append(DocumentDifference(Kind.DIFFERENT, RawId(one.id), hashes, reason))
        return Counts(different=1)
    if one is not None:
        differences.append(DocumentDifference(Kind.ONLY_LEFT, RawId(one.id), hashes))
        return Counts(only_left=1)
    differences.append(DocumentDifference(Kind.ONLY_RIGHT, RawId(other.id if other else b""), hashes))
    return Counts(only_right=1)


def _rows(cursor: sqlite3.Cursor) -> Iterator[tuple[bytes, int, bytes, bytes]]:
    while True:
        with _storing():
            rows = cursor.fetchmany(PAGE)
        if not rows:
            return
        yield from rows


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageFailed(
            f"the documents cannot be sorted on disk: {error}", hint="make room where temporary files go (TMPDIR)"
        ) from error


async def read_into(sorter: Sorter, side: int, blocks: AsyncGenerator[Block]) -> AsyncGenerator[int]:
    """Read a side into a sorter; give how many documents each block had."""
    async with aclosing(blocks):
        async for block in blocks:
            await to_the_end(partial(sorter.add, side, block.documents))
            yield len(block.documents)


async def with_fields(
    left: Source, right: Source, info: CollectionInfo, differences: Sequence[DocumentDifference], rules: Rules
) -> list[DocumentDifference]:
    """Find out in which fields the first documents differ, by reading them once more."""
    wanted = [one for one in differences if one.kind is Kind.DIFFERENT]
    ids = [one.id for one in wanted]
    mine, theirs = await _documents(left, info, ids), await _documents(right, info, ids)
    changes = {}
    for one in wanted:
        key = order_key(one.id)
        if key in mine and key in theirs:
            changes[one.id] = field_changes(mine[key], theirs[key], order_counts=not rules.canonical)
    return [
        DocumentDifference(one.kind, one.id, one.hashes, one.reason, changes.get(one.id, ()))
        if one.kind is Kind.DIFFERENT
        else one
        for one in differences
    ]


async def _documents(source: Source, info: CollectionInfo, ids: Sequence[RawId]) -> dict[Key, bytes]:
    """Look documents up, or read through a source that cannot look up."""
    found: dict[Key, bytes] = {}
    if not ids:
        return found
    wanted = {order_key(one) for one in ids}
    if source.capabilities.lookup:
        async with aclosing(source.lookup(info.name, ids)) as documents:
            async for document in documents:
                _keep(document, wanted, found)
        return found
    async with aclosing(source.read(info.name, order=info.kind.read_order)) as blocks:
        async for block in blocks:
            for document in block.documents:
                _keep(document, wanted, found)
            if len(found) == len(wanted):
                break
    return found


def _keep(document: bytes, wanted: set[Key], found: dict[Key, bytes]) -> None:
    identifier = raw_id(document)
    if identifier is not None and (key := order_key(identifier)) in wanted:
        found.setdefault(key, normalise(document))

"""What was seen, and is held against what comes later: on disk, so that it may be larger than memory.

A database of SQLite's own for the time of the connection. It has no name on disk, so that it goes with the process
however that ends. Values are kept as the 16 bytes of `mapping.values.value_key`, but for those of references that lead
to nothing so far.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.errors import StorageFailed

_SCHEMA: Final = """
PRAGMA cache_size = -16384;
CREATE TABLE keys (of INTEGER, key BLOB, PRIMARY KEY (of, key)) WITHOUT ROWID;
CREATE TABLE rows (key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE open (
    place INTEGER PRIMARY KEY, reference INTEGER, of INTEGER, key BLOB, value BLOB, document BLOB, number INTEGER
);
"""

_ADD_OPEN: Final = """
INSERT INTO open (reference, of, key, value, document, number) SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE NOT EXISTS (SELECT 1 FROM keys WHERE of = ?2 AND key = ?3)
"""

_STILL_OPEN: Final = "NOT EXISTS (SELECT 1 FROM keys WHERE keys.of = open.of AND keys.key = open.key)"


@dataclass(frozen=True, slots=True)
class OpenReference:
    """A value of a reference that leads to nothing so far, and its key: of which document, by `_id` and by place."""

    reference: int
    leads_to: int
    key: bytes
    value: RawId
    document: RawId | None
    number: int


@dataclass(frozen=True, slots=True)
class Dangling:
    """What a reference's values that lead to nothing come to; `first` are the first: value and document."""

    references: int
    documents: int
    values: int
    first: tuple[tuple[RawId, RawId | None], ...]


class Evidence:
    """Numbered sets of values, the references that are still open, and rows of unique indexes.

    All methods block, any thread may call them, and each raises StorageFailed where the disk is full.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        with _storing():
            self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._database.executescript(_SCHEMA)

    def add(self, keys: Iterable[tuple[int, bytes]], references: Iterable[OpenReference]) -> None:
        """Add values to sets, and remember those of references that are in none of them yet."""
        given = ((one.reference, one.leads_to, one.key, one.value, one.document, one.number) for one in references)
        with self._lock, _storing():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?)", keys)
            self._database.executemany(_ADD_OPEN, given)
            self._database.execute("COMMIT")

    def repeated(self, rows: Sequence[bytes]) -> list[bool]:
        """Remember rows of unique indexes and say of each whether it was there before."""
        add = "INSERT OR IGNORE INTO rows VALUES (?)"
        with self._lock, _storing():
            self._database.execute("BEGIN")
            found = [self._database.execute(add, (row,)).rowcount == 0 for row in rows]
            self._database.execute("COMMIT")
        return found

    def index(self) -> None:
        """Make `unmet` quick, once all was read."""
        with self._lock, _storing():
            self._database.execute("CREATE INDEX IF NOT EXISTS open_key ON open (of, key)")

    def unmet(self, leads_to: int, most: int) -> Iterator[list[RawId]]:
        """Give the different values that are not in a set so far, at most so many at a time."""
        question = (
            "SELECT key, min(value) FROM open WHERE of = ? AND key > ? AND "  # noqa: S608 -- a condition of our own
            f"{_STILL_OPEN} GROUP BY key ORDER BY key LIMIT ?"
        )
        last = b""
        while True:
            with self._lock, _storing():
                rows = self._database.execute(question, (leads_to, last, most)).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [RawId(value) for _, value in rows]

    def dangling(self, reference: int, most: int) -> Dangling:
        """Say what of a reference's values is in no set, and give the first of it."""
        where = f"FROM open WHERE reference = ? AND {_STILL_OPEN}"
        counted = f"SELECT count(*), count(DISTINCT number), count(DISTINCT key) {where}"
        listed = f"SELECT value, document {where} ORDER BY place LIMIT ?"
        with self._lock, _storing():
            references, documents, values = self._database.execute(counted, (reference,)).fetchone()
            rows = self._database.execute(listed, (reference, most)).fetchall() if references else []
        first = tuple((RawId(value), RawId(one) if one is not None else None) for value, one in rows)
        return Dangling(references, documents, values, first)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._database.close()


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageFailed(
            f"cannot keep what was read in a temporary file of SQLite: {error}",
            hint="make room in /var/tmp, or name another folder in the environment variable SQLITE_TMPDIR",
        ) from error

"""Sets of keys that may be larger than memory, and what can be reached between them."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Sequence
from typing import Final

_ASKED_TOGETHER: Final = 500
"""Keys in one question, below the number of variables that SQLite takes."""

_SCHEMA: Final = """
CREATE TABLE keys (of INTEGER, key BLOB, PRIMARY KEY (of, key)) WITHOUT ROWID;
CREATE TABLE names (of INTEGER, key BLOB, document BLOB, PRIMARY KEY (of, key, document)) WITHOUT ROWID;
CREATE TABLE links (document BLOB, of INTEGER, key BLOB, PRIMARY KEY (document, of, key)) WITHOUT ROWID;
"""

_REACH: Final = """
INSERT OR IGNORE INTO keys
WITH RECURSIVE reached(of, key) AS (
    SELECT of, key FROM keys WHERE of IN (SELECT DISTINCT of FROM names)
    UNION
    SELECT links.of, links.key FROM reached
    JOIN names ON names.of = reached.of AND names.key = reached.key
    JOIN links ON links.document = names.document
)
SELECT of, key FROM reached
"""


class KeySets:
    """Numbered sets of keys in a database of SQLite's own for the time of the connection.

    It has no name on disk, so that it goes with the process however that ends; of it no more than SQLite's page cache
    is in memory. All methods block, and any thread may call them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)

    def add(self, number: int, keys: Iterable[bytes]) -> None:
        """Add keys to a set."""
        self._write("INSERT OR IGNORE INTO keys VALUES (?, ?)", ((number, key) for key in keys))

    def link(self, named: Iterable[tuple[int, bytes, bytes]], links: Iterable[tuple[bytes, int, bytes]]) -> None:
        """Say which documents a key of a set names, and to which keys of which sets documents lead on."""
        self._write("INSERT OR IGNORE INTO names VALUES (?, ?, ?)", named)
        self._write("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", links)

    def reach(self) -> None:
        """Add to every set all keys to which documents lead that keys of the sets name, and on from there."""
        with self._lock:
            self._database.execute(_REACH)

    def which(self, number: int, keys: Collection[bytes]) -> frozenset[bytes]:
        """Give those of some keys that are in a set."""
        found: set[bytes] = set()
        asked = list(keys)
        for start in range(0, len(asked), _ASKED_TOGETHER):
            some = asked[start : start + _ASKED_TOGETHER]
            marks = ",".join("?" * len(some))
            question = f"SELECT key FROM keys WHERE of = ? AND key IN ({marks})"  # noqa: S608 -- marks alone are joined
            with self._lock:
                found.update(key for (key,) in self._database.execute(question, (number, *some)))
        return frozenset(found)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._database.close()

    def _write(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        with self._lock:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

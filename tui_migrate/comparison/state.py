"""How far a comparison is and what it found, in an SQLite file that outlives the process.

The file is for the user alone (0600): it holds `_id`s, hashes, and values of the fields that differ. It is kept until
its comparison has been reported, then removed. Two processes do not work on one comparison: the file is locked.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_migrate.comparison.model import Counts, DocumentDifference, FieldChange, FieldKind, Found, Kind, Way
from tui_migrate.comparison.side import Mark
from tui_migrate.documents import RawId
from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.paths import make_private_folder

MODE: Final = 0o600
VERSION: Final = 1
NOWHERE: Final = Mark()
NOTHING: Final = Counts()

_SCHEMA: Final = """
CREATE TABLE comparison (fingerprint TEXT NOT NULL);
CREATE TABLE collections (name TEXT PRIMARY KEY, way TEXT NOT NULL, notes TEXT NOT NULL);
CREATE TABLE parts (
  collection TEXT, number INTEGER, after BLOB, until BLOB,
  left_position BLOB, left_last BLOB, right_position BLOB, right_last BLOB,
  only_left INTEGER, only_right INTEGER, different INTEGER, equal INTEGER, same_size INTEGER,
  is_done INTEGER, PRIMARY KEY (collection, number));
CREATE TABLE differences (
  collection TEXT, part INTEGER, kind TEXT, id BLOB, left_hash BLOB, right_hash BLOB, reason TEXT, fields TEXT);
CREATE INDEX by_part ON differences (collection, part);
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A range of a collection, behind `after` up to `until`, with how far it is and what was counted so far."""

    collection: str
    number: int
    after: bytes | None = None
    until: bytes | None = None
    left: Mark = NOWHERE
    right: Mark = NOWHERE
    counts: Counts = NOTHING
    is_done: bool = False


class State:
    """The file of one comparison. All of it blocks; calls from several threads wait for each other."""

    def __init__(self, path: Path | None, fingerprint: str, *, resume: bool = False) -> None:
        """Open the file at a path, or one without a name; begin anew unless it is to be resumed and can be.

        Raises Refused where another process works on it, StorageFailed.
        """
        self.path = path
        self._lock = threading.Lock()
        if path is not None:
            make_private_folder(path.parent)
            _touch(path)
        with _storing(path):
            try:
                self._open(fingerprint, resume=resume)
            except sqlite3.DatabaseError as error:
                if path is None or error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                    raise
                # What is no database, or a damaged one, is nothing that could be resumed.
                path.unlink(missing_ok=True)
                _touch(path)
                self._open(fingerprint, resume=False)

    def _open(self, fingerprint: str, *, resume: bool) -> None:
        self._database = sqlite3.connect(self.path or "", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute("BEGIN EXCLUSIVE")
            ((version,),) = self._database.execute("PRAGMA user_version").fetchall()
            self.has_earlier = version == VERSION
            self.is_resumed = resume and self.has_earlier and self._fingerprint() == fingerprint
            if not self.is_resumed:
                self._begin_anew(fingerprint)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.close()
            raise

    def parts(self, collection: str) -> tuple[Part, ...]:
        """Give the parts a collection was cut into; none where it was not begun."""
        query = "SELECT * FROM parts WHERE collection = ? ORDER BY number"
        with self._understanding():
            return tuple(map(_part, self._all(query, collection)))

    def way(self, collection: str) -> tuple[Way, tuple[str, ...]]:
        """Say how a collection that was begun is compared, and what is to be known of that."""
        with self._understanding():
            ((way, notes),) = self._all("SELECT way, notes FROM collections WHERE name = ?", collection)
            return Way(str(way)), tuple(json.loads(str(notes)))

    def begin(self, collection: str, way: Way, notes: Sequence[str], parts: Sequence[Part]) -> None:
        """Begin a collection, from nothing."""
        with self._changing():
            for table, column in (("collections", "name"), ("parts", "collection"), ("differences", "collection")):
                self._database.execute(f"DELETE FROM {table} WHERE {column} = ?", (collection,))  # noqa: S608 -- ours
            self._database.execute(
                "INSERT INTO collections VALUES (?, ?, ?)", (collection, way.value, json.dumps(list(notes)))
            )
            self._database.executemany(f"INSERT INTO parts VALUES ({_marks(14)})", map(_row, parts))  # noqa: S608 -- marks alone

    def commit(self, part: Part, found: Found) -> None:
        """Keep how far a part is, with its counts, and the differences found since it was last kept."""
        with self._changing():
            self._database.execute(f"REPLACE INTO parts VALUES ({_marks(14)})", _row(part))  # noqa: S608 -- ours
            self._database.executemany(
                f"INSERT INTO differences VALUES ({_marks(8)})",  # noqa: S608 -- ours
                [(part.collection, part.number, *_difference_row(one)) for one in found.differences],
            )

    def listed(self, part: Part) -> int:
        """Say how many differences a part has."""
        query = "SELECT count(*) FROM differences WHERE collection = ? AND part = ?"
        ((number,),) = self._all(query, part.collection, part.number)
        return int(str(number))

    def differences(self, collection: str, limit: int) -> list[DocumentDifference]:
        """Give the first differences of a collection."""
        query = (
            "SELECT kind, id, left_hash, right_hash, reason, fields FROM differences WHERE collection = ?"
            " ORDER BY part, rowid LIMIT ?"
        )
        with self._understanding():
            return list(map(_difference, self._all(query, collection, limit)))

    def add_fields(self, collection: str, first: Sequence[DocumentDifference]) -> None:
        """Keep the fields of the first differences of a collection, in their order."""
        query = "SELECT rowid FROM differences WHERE collection = ? ORDER BY part, rowid LIMIT ?"
        rows = [(_fields(one), *row) for one, row in zip(first, self._all(query, collection, len(first)), strict=True)]
        with self._changing():
            self._database.executemany("UPDATE differences SET fields = ? WHERE rowid = ?", rows)

    def close(self) -> None:
        """Let go of the file; it stays to be resumed."""
        with self._lock:
            self._database.close()

    def remove(self) -> None:
        """Remove the file: what it holds has been reported. Raises StorageFailed."""
        self.close()
        if self.path is not None:
            try:
                for name in (self.path.name, f"{self.path.name}-journal"):
                    self.path.with_name(name).unlink(missing_ok=True)
            except OSError as error:
                raise _failed(self.path, str(error.strerror)) from error

    def _all(self, query: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock, _storing(self.path):
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock, _storing(self.path):
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Raise StorageFailed for what is in its place and nevertheless nothing that was written by us."""
        try:
            yield
        except (ValueError, TypeError, KeyError) as error:
            raise StorageFailed(
                f"the state of the comparison in {self.path or 'a temporary file'} is damaged",
                hint="begin the comparison anew: that replaces it",
            ) from error

    def _fingerprint(self) -> str:
        row = self._database.execute("SELECT fingerprint FROM comparison").fetchone()
        return str(row[0]) if row else ""

    def _begin_anew(self, fingerprint: str) -> None:
        names = self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            self._database.execute(f'DROP TABLE "{name}"')
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._database.execute(statement)
        self._database.execute("INSERT INTO comparison VALUES (?)", (fingerprint,))
        self._database.execute(f"PRAGMA user_version = {VERSION}")


def _touch(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, MODE))
        path.chmod(MODE)
    except OSError as error:
        raise _failed(path, str(error.strerror)) from error


@contextmanager
def _storing(path: Path | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise Refused(
                "another process compares these two, with the same selection", hint="wait for it, or end it"
            ) from error
        raise _failed(path, str(error)) from error


def _failed(path: Path | None, reason: str) -> StorageFailed:
    where = path or "a temporary file"
    return StorageFailed(
        f"the state of the comparison cannot be kept in {where}: {reason}",
        hint="make room or make the folder writable; without --resume the comparison begins anew",
    )


def _marks(number: int) -> str:
    return ", ".join("?" * number)


def _row(part: Part) -> tuple[object, ...]:
    counts = part.counts
    return (
        *(part.collection, part.number, part.after, part.until),
        *(part.left.position, part.left.last_id, part.right.position, part.right.last_id),
        *(counts.only_left, counts.only_right, counts.different, counts.equal, counts.same_size),
        part.is_done,
    )


def _part(row: Sequence[object]) -> Part:
    name, number, after, until, *rest = row
    positions = [one if isinstance(one, bytes) else b"" for one in rest[:4]]
    numbers = [int(str(one)) for one in rest[4:]]
    return Part(
        str(name),
        int(str(number)),
        after if isinstance(after, bytes) else None,
        until if isinstance(until, bytes) else None,
        Mark(*positions[:2]),
        Mark(*positions[2:]),
        Counts(*numbers[:5]),
        bool(numbers[5]),
    )


def _difference_row(one: DocumentDifference) -> tuple[object, ...]:
    return (one.kind.value, one.id, *one.hashes, one.reason, _fields(one))


def _fields(one: DocumentDifference) -> str:
    fields = [(field.path, field.kind.value, field.left, field.right) for field in one.fields]
    return json.dumps(fields) if fields else ""


def _difference(row: Sequence[object]) -> DocumentDifference:
    kind, identifier, left, right, reason, fields = row
    blobs = [one if isinstance(one, bytes) else b"" for one in (identifier, left, right)]
    read = json.loads(str(fields)) if fields else []
    return DocumentDifference(
        Kind(str(kind)),
        RawId(blobs[0]),
        (blobs[1], blobs[2]),
        str(reason),
        tuple(FieldChange(path, FieldKind(word), mine, theirs) for path, word, mine, theirs in read),
    )

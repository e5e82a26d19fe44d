"""Opening the journal: where it may lie, how SQLite is set, and the version of its schema.

Every connection sets `wal_autocheckpoint=0`, and whoever checkpoints holds a lock file: SQLite before 3.51.3 can damage
a WAL when two connections checkpoint at once. Closing the last connection checkpoints too, so closing takes the lock.
"""

import asyncio
import fcntl
import os
import re
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiosqlite

from tui_migrate.errors import (
    JournalBusy,
    JournalError,
    JournalTooNew,
    RunNotFound,
    StorageFailed,
    TuiMigrateError,
)
from tui_migrate.journal.schema import APPLICATION_ID, STEPS, VERSION
from tui_migrate.paths import HOME_VARIABLE

BUSY_SECONDS: Final = 10.0
LOCK_POLL_SECONDS: Final = 0.02
MODE: Final = 0o600
_ROWS_AT_ONCE: Final = 64

_NETWORK_FILE_SYSTEMS: Final = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre", "gpfs")
)
_OCTAL_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_BUSY: Final = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
_DAMAGED: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
_STORAGE: Final = frozenset(
    (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    )
)


def refuse_network_file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Raise JournalError where the journal would lie on a file system that SQLite's locks do not work on.

    The form of the list is that of fstab(5): blanks within a name are octal escapes.
    """
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:  # another kernel than Linux
        return
    place = str(Path(os.path.realpath(path)).parent)
    best, kind = "", ""
    for fields in (line.split(" ") for line in lines):
        if len(fields) < 3:
            continue
        mount = _OCTAL_ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[1])
        covers = place == mount or place.startswith(mount.rstrip("/") + "/")
        if covers and len(mount) >= len(best):
            best, kind = mount, fields[2]
    if kind in _NETWORK_FILE_SYSTEMS:
        raise JournalError(
            f"the journal's folder {path.parent} is on a network file system ({kind}), where its locks do not hold",
            hint=f"name a folder on a local disk in {HOME_VARIABLE}",
        )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the tree's."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _explanation(error, path) from error


def _explanation(error: sqlite3.DatabaseError, path: Path) -> TuiMigrateError:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF  # extended codes have the plain one in the low byte
    if code in _BUSY:
        return _busy(path)
    if code in _DAMAGED:
        return JournalError(
            f"the journal {path} is damaged: {error}", hint="move it away to start a new one; keep it for recovery"
        )
    if code in _STORAGE:
        return StorageFailed(
            f"the journal {path} cannot be read or written: {error}",
            hint=f"free some space or make the folder writable, or name another in {HOME_VARIABLE}",
        )
    return JournalError(f"the journal {path} cannot be used: {error}", hint="see that nothing else has changed it")


def _busy(path: Path) -> JournalBusy:
    return JournalBusy(
        f"the journal {path} is held by another process", hint="try again; see who has it open with fuser"
    )


async def open_for_writing(path: Path) -> aiosqlite.Connection:
    """Open the journal, make it or bring it to this version. Raises JournalError, StorageFailed."""
    await asyncio.to_thread(_prepare_file, path)
    with explained(path):
        connection = await _connect(Connection.to(str(path)))
        try:
            if not await _is_current(connection, path):
                # Of two that switch a fresh file to WAL at once SQLite turns one away without letting it wait.
                async with _checkpoint_lock(path):
                    await connection.execute_fetchall("PRAGMA journal_mode=WAL")
                    await _migrate(connection, path)
            await _configure(connection)
        except BaseException:
            await close(connection, path)
            raise
    return connection


def _prepare_file(path: Path) -> None:
    """Make the file where there is none, for the user alone; SQLite gives its mode to the files beside it."""
    refuse_network_file_system(path)
    try:
        # An existing file is never opened here: closing it would let go of the locks SQLite has on it in this process.
        path.touch(mode=MODE)
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise StorageFailed(f"the journal {path} is no file", hint=f"name another folder in {HOME_VARIABLE}")
        if stat.S_IMODE(status.st_mode) != MODE:
            path.chmod(MODE)
    except OSError as error:
        raise StorageFailed(
            f"cannot make the journal {path}: {error.strerror}", hint=f"name another folder in {HOME_VARIABLE}"
        ) from error


async def open_for_reading(path: Path) -> aiosqlite.Connection:
    """Open a journal for looking at it; one of an earlier version is brought to this one first.

    Raises RunNotFound where there is none, JournalError, JournalTooNew, StorageFailed.
    """
    await asyncio.to_thread(_refuse_missing, path)
    with explained(path):
        connection = await _open_read_only(path)
        if await _checked(connection, path):
            return connection
    await close(await open_for_writing(path), path)
    with explained(path):
        return await _open_read_only(path)


def _refuse_missing(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunNotFound(f"there is no run yet: there is no journal {path}", hint="start one first") from error
    except OSError as error:
        raise StorageFailed(
            f"the journal {path} cannot be read: {error.strerror}", hint="check the permissions of its folder"
        ) from error


async def _open_read_only(path: Path) -> aiosqlite.Connection:
    address = f"file:{quote(str(path))}?mode=ro"
    return await _connect(Connection.to(address, uri=True))


class Connection(aiosqlite.Connection):
    """A connection that keeps what says that its thread has ended, which aiosqlite forgets where connecting fails."""

    stopped: asyncio.Future[Any] | None = None

    @classmethod
    def to(cls, address: str, *, uri: bool = False) -> "Connection":
        """Make one to a file, or to a URI; it is not connected yet."""
        connect = partial(sqlite3.connect, address, uri=uri, timeout=BUSY_SECONDS, isolation_level=None)
        return cls(connect, _ROWS_AT_ONCE)

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread once it has done all before."""
        self.stopped = super().stop()
        return self.stopped


async def _connect(connection: Connection) -> Connection:
    """Connect, and when cancelled meanwhile close what came of it first.

    Left alone, the connection's thread would tell an event loop that may be closed by then.
    """
    connecting = asyncio.ensure_future(_awaited(connection))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await _finished(connecting)
        if not connecting.cancelled() and connecting.exception() is None:
            await shut(connection)
        raise


async def shut(connection: aiosqlite.Connection) -> None:
    """Close a connection whole, also when cancelled meanwhile: its thread has nobody to answer to after that."""
    closing = asyncio.ensure_future(connection.close())
    try:
        await asyncio.shield(closing)
    except asyncio.CancelledError:
        await _finished(closing)
        if not closing.cancelled():
            closing.exception()  # who cancelled us does not ask for it, and nobody else is there to take it
        raise


async def _finished(task: asyncio.Future[Any]) -> None:
    """Wait for a task, however often the waiting is cancelled."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])


async def _awaited(connection: Connection) -> Connection:
    try:
        await connection
    finally:
        if connection.stopped is not None:
            await connection.stopped
    return connection


async def _checked(connection: aiosqlite.Connection, path: Path) -> bool:
    """Say whether an open journal is of this version; close it where it is not."""
    is_current = False
    try:
        is_current = await _is_current(connection, path)
    finally:
        if not is_current:
            await shut(connection)
    return is_current


async def close(connection: aiosqlite.Connection, path: Path) -> None:
    """Close a writing connection while nobody else checkpoints."""
    try:
        # Whoever holds the lock for so long has the journal open: then this close is not the last and checkpoints not.
        with suppress(JournalBusy):
            async with _checkpoint_lock(path):
                await shut(connection)
    finally:
        await shut(connection)


async def checkpoint(connection: aiosqlite.Connection, path: Path) -> None:
    """Move the WAL into the journal as far as no reader needs it. Raises JournalBusy."""
    async with _checkpoint_lock(path):
        await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")


@asynccontextmanager
async def _checkpoint_lock(path: Path) -> AsyncIterator[None]:
    """Hold the lock file. Raises JournalBusy when a process that may be stopped has it for too long, StorageFailed."""
    try:
        descriptor = os.open(path.with_name(path.name + ".checkpoint"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise StorageFailed(
            f"the journal's folder {path.parent} cannot be written: {error.strerror}", hint="make it writable"
        ) from error
    try:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BUSY_SECONDS
        while not _locked(descriptor):
            if loop.time() > deadline:
                raise _busy(path)
            await asyncio.sleep(LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _configure(connection: aiosqlite.Connection) -> None:
    settings = ["journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "foreign_keys=ON"]
    if sys.platform == "darwin":
        settings.append("fullfsync=ON")
    for setting in settings:
        await connection.execute_fetchall(f"PRAGMA {setting}")


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    await connection.execute("BEGIN IMMEDIATE")
    if not await _is_current(connection, path):
        for step in STEPS[await _number(connection, "PRAGMA user_version") :]:
            for statement in step.split(";\n"):
                if statement.strip():
                    await connection.execute(statement)
        await connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        await connection.execute(f"PRAGMA user_version={VERSION}")
    await connection.execute("COMMIT")


async def _is_current(connection: aiosqlite.Connection, path: Path) -> bool:
    """Say whether a journal is of this version. Raises JournalTooNew, and JournalError for somebody else's database."""
    found = await _number(connection, "PRAGMA user_version")
    if found and await _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise JournalError(f"{path} is no journal of tui-migrate", hint="move it away")
    if found > VERSION:
        raise JournalTooNew(
            f"the journal {path} was written by a newer version of tui-migrate (schema {found}; known: {VERSION})",
            hint=f"update tui-migrate, or name another folder in {HOME_VARIABLE}",
        )
    return found == VERSION


async def _number(connection: aiosqlite.Connection, query: str) -> int:
    rows = list(await connection.execute_fetchall(query))
    return int(rows[0][0])

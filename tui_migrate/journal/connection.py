"""Opening the journal: where it may lie, how SQLite is set, and the version of its schema.

Every connection sets `wal_autocheckpoint=0`, and whoever checkpoints holds a lock file: SQLite before 3.51.3 can damage
a WAL when two connections checkpoint at once. Closing the last connection checkpoints too, so closing takes the lock.
"""

import asyncio
import fcntl
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiosqlite

from tui_migrate.errors import JournalBusy, JournalError, JournalTooNew, StorageFailed
from tui_migrate.journal.schema import APPLICATION_ID, STEPS, VERSION
from tui_migrate.paths import HOME_VARIABLE

BUSY_SECONDS: Final = 10.0

_NETWORK_FILE_SYSTEMS: Final = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.glusterfs", "lustre", "gpfs")
)


def refuse_network_file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Raise JournalError where the journal would lie on a file system that SQLite's locks do not work on."""
    if not mounts.exists():
        return
    place = os.path.realpath(path.parent)
    best, kind = "", ""
    for line in mounts.read_text(errors="surrogateescape").splitlines():
        _, mount, file_system, *_ = line.split(" ")
        mount = mount.replace("\\040", " ")
        covers = place == mount or place.startswith(mount.rstrip("/") + "/")
        if covers and len(mount) >= len(best):
            best, kind = mount, file_system
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
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise JournalBusy(
                f"the journal {path} is held by another process", hint="try again; see who has it open with fuser"
            ) from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise StorageFailed(
                f"the journal {path} cannot be written: {error}",
                hint=f"free some space or make the folder writable, or name another in {HOME_VARIABLE}",
            ) from error
        raise JournalError(f"the journal {path} cannot be used: {error}") from error
    except sqlite3.DatabaseError as error:
        raise JournalError(
            f"the journal {path} is damaged: {error}", hint="move it away to start a new one; keep it for recovery"
        ) from error


async def open_for_writing(path: Path) -> aiosqlite.Connection:
    """Open the journal, make it or bring it to this version. Raises JournalError, StorageFailed."""
    await asyncio.to_thread(_prepare_file, path)
    with explained(path):
        connection = await aiosqlite.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            await _configure(connection)
            await _migrate(connection, path)
        except BaseException:
            await connection.close()
            raise
    return connection


def _prepare_file(path: Path) -> None:
    refuse_network_file_system(path)
    try:
        path.touch(mode=0o600)
    except OSError as error:
        raise StorageFailed(
            f"cannot make the journal {path}: {error.strerror}", hint=f"name another folder in {HOME_VARIABLE}"
        ) from error


async def open_for_reading(path: Path) -> aiosqlite.Connection:
    """Open an existing journal for looking at it. Raises JournalError, JournalTooNew."""
    with explained(path):
        connection = await aiosqlite.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None
        )
        try:
            _check_version(await _number(connection, "PRAGMA user_version"), path)
        except BaseException:
            await connection.close()
            raise
    return connection


async def close(connection: aiosqlite.Connection, path: Path) -> None:
    """Close a writing connection while nobody else checkpoints."""
    async with _checkpoint_lock(path):
        await connection.close()


async def checkpoint(connection: aiosqlite.Connection, path: Path) -> None:
    """Move the WAL into the journal as far as no reader needs it."""
    async with _checkpoint_lock(path):
        await connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")


@asynccontextmanager
async def _checkpoint_lock(path: Path) -> AsyncIterator[None]:
    descriptor = os.open(path.with_name(path.name + ".checkpoint"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def _configure(connection: aiosqlite.Connection) -> None:
    settings = ["journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "foreign_keys=ON"]
    if sys.platform == "darwin":
        settings.append("fullfsync=ON")
    for setting in settings:
        await connection.execute_fetchall(f"PRAGMA {setting}")


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    if await _number(connection, "PRAGMA user_version") == VERSION:
        return
    await connection.execute("BEGIN IMMEDIATE")
    found = await _number(connection, "PRAGMA user_version")
    _check_version(found, path)
    for step in STEPS[found:]:
        for statement in step.split(";\n"):
            if statement.strip():
                await connection.execute(statement)
    await connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    await connection.execute(f"PRAGMA user_version={VERSION}")
    await connection.execute("COMMIT")


def _check_version(found: int, path: Path) -> None:
    if found > VERSION:
        raise JournalTooNew(
            f"the journal {path} was written by a newer version of tui-migrate (schema {found}; known: {VERSION})",
            hint=f"update tui-migrate, or name another folder in {HOME_VARIABLE}",
        )


async def _number(connection: aiosqlite.Connection, query: str) -> int:
    rows = list(await connection.execute_fetchall(query))
    return int(rows[0][0])

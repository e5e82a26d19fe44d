"""The thread of a connection has ended when opening has failed, and when opening or closing was cancelled."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from tui_migrate.errors import TuiMigrateError
from tui_migrate.journal import connection
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.writer import JournalWriter

END_SECONDS = 30


async def test_no_connection_is_left_open_where_opening_fails(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database at all\n" * 500)
    for how in (JournalReader.open, JournalWriter.open):
        with pytest.raises(TuiMigrateError):
            await how(path)
    threads = [one for one in threading.enumerate() if "_connection_worker_thread" in one.name]
    for one in threads:
        await asyncio.to_thread(one.join, END_SECONDS)  # closing does not wait for the thread's last step
    assert [one.name for one in threads if one.is_alive()] == []


async def test_an_opening_that_fails_waits_for_its_thread(tmp_path: Path) -> None:
    """The thread says its last to the event loop, which may be closed once the opening is over."""
    gate = threading.Event()

    class Held(connection.Connection):
        def stop(self) -> asyncio.Future[Any] | None:
            self._tx.put_nowait((None, lambda: gate.wait(END_SECONDS)))
            return super().stop()

    opening = asyncio.ensure_future(connection._connect(Held.to(str(tmp_path))))
    done, _ = await asyncio.wait([opening], timeout=0.2)
    assert not done
    gate.set()
    with pytest.raises(sqlite3.OperationalError):
        await opening


async def test_an_opening_that_is_cancelled_waits_for_its_thread(tmp_path: Path) -> None:
    gate = threading.Event()

    def connect() -> sqlite3.Connection:
        assert gate.wait(END_SECONDS)
        return sqlite3.connect(tmp_path / "journal.db")

    before = set(threading.enumerate())
    opening = asyncio.ensure_future(connection._connect(connection.Connection(connect, 64)))
    while set(threading.enumerate()) == before:
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.sleep(0)
    assert not opening.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for one in set(threading.enumerate()) - before:
        await asyncio.to_thread(one.join, END_SECONDS)
        assert not one.is_alive()


async def test_a_closing_that_is_cancelled_twice_waits_for_its_thread(tmp_path: Path) -> None:
    gate = threading.Event()
    before = set(threading.enumerate())
    database = await aiosqlite.connect(tmp_path / "journal.db")
    (thread,) = set(threading.enumerate()) - before
    busy = asyncio.ensure_future(database._execute(gate.wait, END_SECONDS))  # type: ignore[no-untyped-call] # holds its thread
    closing = asyncio.ensure_future(connection.shut(database))
    for _ in range(2):
        await asyncio.sleep(0)
        closing.cancel()
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert await busy
    await asyncio.to_thread(thread.join, END_SECONDS)
    assert not thread.is_alive()

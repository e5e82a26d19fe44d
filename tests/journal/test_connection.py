import asyncio
import fcntl
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiosqlite
import pytest

from tests.journal.conftest import Journal, make_plan
from tui_migrate.errors import JournalBusy, JournalError, JournalTooNew, RunNotFound, StorageFailed
from tui_migrate.journal import connection
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.schema import VERSION
from tui_migrate.journal.writer import JournalWriter


async def make_journal(path: Path) -> int:
    """A journal with one run, closed."""
    writer = await JournalWriter.open(path)
    try:
        return await writer.create_run(make_plan(), "anna")
    finally:
        await writer.close()


async def count_runs(path: Path) -> int:
    reader = await JournalReader.open(path)
    try:
        return await reader.count_runs()
    finally:
        await reader.close()


async def opened(path: Path) -> None:
    await (await JournalWriter.open(path)).close()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_in(folder: Path) -> dict[str, int]:
    return {one.name: mode_of(one) for one in folder.iterdir()}


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177, 0o777], indirect=True, ids=oct)
@pytest.mark.usefixtures("umask")
async def test_all_its_files_are_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer = await JournalWriter.open(path)
    try:
        await writer.create_run(make_plan(), "anna")
        await writer.tidy()
        modes = modes_in(tmp_path)
    finally:
        await writer.close()
    assert modes.keys() == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.checkpoint"}
    assert {modes[name] for name in ("journal.db", "journal.db-wal", "journal.db-shm")} == {0o600}
    assert not modes["journal.db.checkpoint"] & 0o077


async def test_a_journal_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    path.chmod(0o664)
    await opened(path)
    assert mode_of(path) == 0o600


async def test_a_missing_journal_has_no_runs_and_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="there is no run yet"):
        await JournalReader.open(tmp_path / "journal.db")
    assert modes_in(tmp_path) == {}


async def test_an_empty_file_is_a_journal_without_runs(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    assert await count_runs(path) == 0


async def test_a_journal_nobody_has_open_is_read_without_its_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    assert not path.with_name("journal.db-wal").exists()
    assert await count_runs(path) == 1


@pytest.mark.parametrize("with_index", [True, False])
async def test_what_a_killed_worker_left_in_the_log_is_read(journal: Journal, tmp_path: Path, with_index: bool) -> None:
    await journal.create()
    left = tmp_path / "left"
    left.mkdir()
    for suffix in ("", "-wal", "-shm") if with_index else ("", "-wal"):
        shutil.copy(f"{journal.path}{suffix}", f"{left / 'journal.db'}{suffix}")
    assert (left / "journal.db-wal").stat().st_size
    assert await count_runs(left / "journal.db") == 1


@pytest.mark.rule(23, "faces do not checkpoint")
async def test_a_reader_that_closes_last_leaves_the_log_to_writers(journal: Journal, tmp_path: Path) -> None:
    await journal.create()
    left = tmp_path / "left"
    left.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{journal.path}{suffix}", f"{left / 'journal.db'}{suffix}")
    size = (left / "journal.db-wal").stat().st_size
    assert await count_runs(left / "journal.db") == 1
    assert (left / "journal.db-wal").stat().st_size == size


async def test_a_reader_cannot_write(journal: Journal) -> None:
    with pytest.raises(StorageFailed, match="readonly"):
        await journal.read._rows("DELETE FROM runs")


@pytest.mark.parametrize("how", [JournalWriter.open, JournalReader.open])
async def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(
    tmp_path: Path, how: type[JournalWriter] | type[JournalReader]
) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version={VERSION + 1}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(JournalTooNew, match=f"schema {VERSION + 1}; known: {VERSION}"):
        await how(path)  # type: ignore[call-arg, arg-type, misc] # both are the class method `open`
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version={VERSION}")
    database.close()
    with pytest.raises(JournalError, match="no journal of tui-migrate"):
        await JournalReader.open(path)


@pytest.mark.parametrize("content", [b"no database at all\n" * 500, b"SQLite format 3\0" + b"\xff" * 8_176])
async def test_garbage_is_a_damaged_journal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="damaged"):
        await JournalReader.open(path)
    with pytest.raises(JournalError, match="damaged"):
        await JournalWriter.open(path)
    assert path.read_bytes() == content


async def test_garbage_in_the_middle_is_a_damaged_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    content = path.read_bytes()
    path.write_bytes(content[:4_096] + b"\xff" * (len(content) - 4_096))
    with pytest.raises(JournalError, match="damaged") as caught:
        await count_runs(path)
    assert "move it away" in caught.value.hint


async def test_a_broken_rule_of_the_schema_is_not_called_damage(journal: Journal) -> None:
    with pytest.raises(JournalError, match="cannot be used") as caught:
        await journal.write.add_event(99, "of a run that is not there")
    assert "move it away" not in caught.value.hint


@pytest.mark.parametrize("place", ["file/journal.db", "file/state/journal.db", "/proc/journal.db", "/proc/none/j.db"])
async def test_a_folder_that_takes_no_files_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="cannot make the journal"):
        await JournalWriter.open(tmp_path / place)
    with pytest.raises(RunNotFound):
        await JournalReader.open(tmp_path / place)


async def test_a_folder_in_its_place_is_said_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.mkdir(mode=0o755)
    with pytest.raises(StorageFailed, match="is no file"):
        await JournalWriter.open(path)
    with pytest.raises(StorageFailed):
        await JournalReader.open(path)
    assert mode_of(path) == 0o755


@pytest.mark.rule(23, "refuse a network file system, name TUI_MIGRATE_HOME")
@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["/dev/a / ext4 rw 0 0", "server:/home {place} nfs4 rw 0 0"], "nfs4"),
        (["/dev/a / ext4 rw 0 0", "server:/home {above} cifs rw 0 0"], "cifs"),
        (["server:/ / nfs rw 0 0", "/dev/a {place} ext4 rw 0 0"], ""),
        (["/dev/a {place} ext4 rw 0 0", "server:/ {place} 9p rw 0 0"], "9p"),
        (["/dev/a / ext4 rw 0 0", "server:/ {place}-other nfs rw 0 0"], ""),
        (["", "nonsense", "/dev/a / ext4 rw 0 0"], ""),
    ],
)
def test_a_network_file_system_is_refused(tmp_path: Path, lines: list[str], kind: str) -> None:
    home = tmp_path / "a home"
    home.mkdir()
    mounts = tmp_path / "mounts"
    escaped = str(home).replace(" ", "\\040")
    mounts.write_text("\n".join(lines).format(place=escaped, above=tmp_path))
    if not kind:
        connection.refuse_network_file_system(home / "journal.db", mounts)
        return
    with pytest.raises(JournalError, match=rf"network file system \({kind}\)") as caught:
        connection.refuse_network_file_system(home / "journal.db", mounts)
    assert "TUI_MIGRATE_HOME" in caught.value.hint


@pytest.mark.rule(23, "before anything of the journal is made there")
async def test_no_journal_is_made_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, mounts = tmp_path / "home", tmp_path / "mounts"
    home.mkdir()
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/ {home} nfs4 rw 0 0\n")
    monkeypatch.setattr(connection.refuse_network_file_system, "__defaults__", (mounts,))
    with pytest.raises(JournalError, match="network file system"):
        await opened(home / "journal.db")
    assert list(home.iterdir()) == []


def test_without_a_list_of_mounts_nothing_is_refused(tmp_path: Path) -> None:
    connection.refuse_network_file_system(tmp_path / "journal.db", tmp_path / "none")


def test_a_link_to_a_network_file_system_is_refused(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/ {tmp_path / 'share'} nfs rw 0 0\n")
    with pytest.raises(JournalError):
        connection.refuse_network_file_system(tmp_path / "link" / "journal.db", mounts)


def test_many_that_make_the_journal_at_once_all_get_it(tmp_path: Path) -> None:
    threads, times = 6, 5
    failures: list[BaseException] = []
    runs: list[int] = []

    def make(path: Path, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            runs.append(asyncio.run(make_journal(path)))
        except BaseException as error:  # noqa: BLE001 - given to the test's own thread
            failures.append(error)

    for number in range(times):
        barrier = threading.Barrier(threads)
        path = tmp_path / f"{number}.db"
        every = [threading.Thread(target=make, args=(path, barrier)) for _ in range(threads)]
        for one in every:
            one.start()
        for one in every:
            one.join()
        assert failures == []
        assert sorted(runs) == list(range(1, threads + 1))
        runs.clear()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be a process that checkpoints."""
    with path.with_name("journal.db.checkpoint").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    with path.with_name("journal.db.checkpoint").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
async def test_a_journal_that_somebody_holds_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    writer = await JournalWriter.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalBusy, match="held by another process"):
            await writer.create_run(make_plan(), "anna")
        assert await count_runs(path) == 1
        other.execute("ROLLBACK")
        assert await writer.create_run(make_plan(), "anna") == 2
    finally:
        other.close()
        await writer.close()


@pytest.mark.rule(23, "checkpoints are serialised by a lock file")
@pytest.mark.usefixtures("impatient")
async def test_nobody_checkpoints_while_another_does_and_closing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make_journal(path)
    with locked(path):
        writer = await JournalWriter.open(path)
        try:
            await writer.create_run(make_plan(), "anna")
            with pytest.raises(JournalBusy):
                await writer.tidy()
        finally:
            await writer.close()
    assert await count_runs(path) == 2


@pytest.mark.rule(23, "closing the last connection checkpoints too, and takes the lock for that")
async def test_a_connection_that_writes_is_closed_under_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.db"
    database = await connection.open_for_writing(path)
    real, was_locked = connection.shut, []

    async def shut(one: aiosqlite.Connection) -> None:
        was_locked.append(is_locked(path))
        await real(one)

    monkeypatch.setattr(connection, "shut", shut)
    await connection.close(database, path)
    assert was_locked[0]
    assert not is_locked(path)


@pytest.mark.usefixtures("impatient")
async def test_one_makes_the_journal_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with locked(path), pytest.raises(JournalBusy):
        await opened(path)
    assert await make_journal(path) == 1


async def test_closing_leaves_the_journal_in_one_file(tmp_path: Path) -> None:
    await make_journal(tmp_path / "journal.db")
    assert modes_in(tmp_path).keys() == {"journal.db", "journal.db.checkpoint"}


async def test_tidying_moves_the_log_into_the_journal(journal: Journal) -> None:
    await journal.create()
    before = journal.path.stat().st_size
    await journal.write.tidy()
    assert journal.path.stat().st_size > before


@pytest.mark.rule(23, "WAL, synchronous=FULL, fullfsync on macOS; nobody checkpoints by himself")
@pytest.mark.parametrize(("platform", "fullfsync"), [("linux", 0), ("darwin", 1)])
async def test_the_journal_is_as_durable_as_sqlite_can_make_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, fullfsync: int
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    path = tmp_path / "journal.db"
    for _ in range(2):  # a journal that is made, and one that is there
        database = await connection.open_for_writing(path)
        try:
            names = ("journal_mode", "synchronous", "wal_autocheckpoint", "fullfsync")
            settings = [next(iter(await database.execute_fetchall(f"PRAGMA {name}")))[0] for name in names]
        finally:
            await connection.close(database, path)
        assert settings == ["wal", 2, 0, fullfsync]

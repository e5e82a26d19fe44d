import fcntl
import os
import shutil
import signal
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.worker.conftest import Hold
from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.worker import lock as locking
from tui_migrate.worker.lock import RunLock, holder, is_stopped, take_over, worker_at_work

DEADLINE = 30.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs/0001/lock"


def taken(path: Path) -> RunLock:
    lock = RunLock.acquire(path)
    assert lock is not None
    return lock


def wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_stopped(pid):
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.rule(6, "one worker a run, by flock")
def test_a_lock_is_held_by_one_and_says_by_whom(path: Path) -> None:
    assert holder(path) is None
    lock = taken(path)
    assert holder(path) == os.getpid()
    assert RunLock.acquire(path) is None
    lock.release()
    assert holder(path) is None
    assert path.read_text() == str(os.getpid())
    taken(path).release()


def test_its_file_and_folder_are_for_the_user_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        taken(path).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_shorter_pid_leaves_nothing_of_a_longer_one(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("9" * 30)
    lock = taken(path)
    assert holder(path) == os.getpid()
    lock.release()


@pytest.mark.parametrize("text", ["", "nobody", "-5"])
def test_a_holder_that_has_not_said_its_name_is_still_one(path: Path, text: str) -> None:
    lock = taken(path)
    path.write_text(text)
    assert holder(path) == 0
    assert worker_at_work(path) == 0
    lock.release()


def test_a_glance_keeps_nobody_from_the_lock(path: Path) -> None:
    taken(path).release()
    is_over = threading.Event()

    def glance() -> None:
        while not is_over.is_set():
            holder(path)

    threads = [threading.Thread(target=glance) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        for _ in range(200):
            taken(path).release()
    finally:
        is_over.set()
        for one in threads:
            one.join()


def test_a_lock_on_a_file_that_was_deleted_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(path).release()
    real = fcntl.flock
    calls: list[int] = []

    def delete_first(descriptor: int, operation: int) -> None:
        if not calls:
            shutil.rmtree(path.parent)
        calls.append(operation)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", delete_first)
    lock = taken(path)
    assert os.path.samestat(os.fstat(lock._descriptor), path.stat())
    lock.release()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed):
        RunLock.acquire(tmp_path / "file/lock")
    (tmp_path / "folder/lock").mkdir(parents=True)
    with pytest.raises(StorageFailed, match="cannot be written"):
        RunLock.acquire(tmp_path / "folder/lock")


@pytest.mark.rule(6, "held for the life of the process, not by time")
def test_a_process_that_dies_lets_go(path: Path, hold: Hold) -> None:
    process = hold(path)
    assert holder(path) == process.pid
    process.kill()
    process.wait()
    assert holder(path) is None


def test_a_running_worker_is_left_alone(path: Path, hold: Hold) -> None:
    process = hold(path)
    with pytest.raises(Refused, match=f"has a worker already .pid {process.pid}"):
        take_over(path)
    assert process.poll() is None


@pytest.mark.rule(6, "a stopped worker is ended first")
def test_a_stopped_worker_is_no_worker_and_is_ended_before_another_begins(path: Path, hold: Hold) -> None:
    process = hold(path)
    process.send_signal(signal.SIGSTOP)
    wait_until_stopped(process.pid)
    assert holder(path) == process.pid
    assert worker_at_work(path) is None
    lock = take_over(path)
    assert process.wait() == -signal.SIGKILL
    assert holder(path) == os.getpid()
    lock.release()


def test_a_stopped_process_that_only_has_the_number_is_left_alone(path: Path, hold: Hold, tmp_path: Path) -> None:
    other = hold(tmp_path / "elsewhere/lock")
    other.send_signal(signal.SIGSTOP)
    wait_until_stopped(other.pid)
    lock = taken(path)
    path.write_text(str(other.pid))
    with pytest.raises(Refused, match="has a worker already"):
        take_over(path)
    assert is_stopped(other.pid)
    lock.release()


def test_one_who_does_not_say_its_name_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "TAKE_OVER_SECONDS", 0.05)
    lock = taken(path)
    path.write_text("")
    with pytest.raises(Refused, match="does not end"):
        take_over(path)
    lock.release()


def test_a_killed_worker_is_waited_for_until_it_lets_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = taken(path)
    answers = [True, False]
    monkeypatch.setattr(locking, "is_stopped", lambda _: answers.pop(0))
    monkeypatch.setattr(locking, "_kill", lambda _: threading.Timer(0.1, lock.release).start())
    take_over(path).release()
    assert answers == [False]


def test_no_process_of_that_number_is_not_stopped() -> None:
    assert not is_stopped(2**22 + 1)
    assert not is_stopped(os.getpid())

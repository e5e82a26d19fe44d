"""A disk that is full, in the files below one folder: every place that writes is known by name, and any can fail."""

import errno
import io
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from tui_migrate.packages import files

JOURNAL = "commit journal"


@dataclass
class Disk:
    """Takes down every write below `root`, and lets the `at`th fail, counted from 1; from there on all, if it `stays`.

    A write that fails has written its first half.
    """

    root: Path
    at: int = 0
    stays: bool = False
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    synced_again: list[str] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def has(self, path: Path) -> bool:
        return path.is_relative_to(self.root)

    def is_full(self, doing: str, path: str) -> bool:
        """Take down a place, and say whether it fails."""
        name = f"{doing} {path}"
        with self._turn:
            if doing == "sync" and name in self.failed:
                self.synced_again.append(name)
            self.passed.append(name)
            fails = len(self.passed) >= self.at > 0 if self.stays else len(self.passed) == self.at
            if fails:
                self.failed.append(name)
        return fails

    def check(self, doing: str, path: Path) -> None:
        if self.has(path) and self.is_full(doing, path.relative_to(self.root).as_posix()):
            raise no_room(path)


def no_room(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


class _Raw(io.FileIO):
    """A file opened by its descriptor, whose writes go by the disk."""

    def __init__(self, descriptor: int, disk: Disk) -> None:
        super().__init__(descriptor, "r+b")
        self._disk = disk

    def write(self, data: Any) -> int:
        return _half_written(self._disk, self.fileno(), memoryview(data), super().write)


def _half_written(disk: Disk, descriptor: int, data: memoryview, write: Callable[[memoryview], int]) -> int:
    try:
        disk.check("write", path_of(descriptor))
    except OSError:
        if len(data) > 1:
            write(data[: len(data) // 2])
        raise
    return write(data)


@contextmanager
def filling(disk: Disk) -> Iterator[Disk]:
    """Let every write of this process go by a disk."""
    with pytest.MonkeyPatch.context() as patch:
        for name, replacement in _calls(disk).items():
            patch.setattr(os, name, replacement)
        patch.setattr(files, "rename_new", _checked("rename", files.rename_new, disk))
        patch.setattr(aiosqlite.Connection, "execute", _committing(aiosqlite.Connection.execute, disk))
        yield disk


def _calls(disk: Disk) -> dict[str, Callable[..., Any]]:
    real_open, real_write, real_pwrite = os.open, os.write, os.pwrite
    real_fsync, real_fdopen = os.fsync, os.fdopen

    def open_(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT and not os.path.lexists(path):
            disk.check("create", Path(path))
        return real_open(path, flags, mode, dir_fd=dir_fd)

    def write(descriptor: int, data: Any) -> int:
        return _half_written(disk, descriptor, memoryview(data), lambda part: real_write(descriptor, part))

    def pwrite(descriptor: int, data: Any, offset: int) -> int:
        return _half_written(disk, descriptor, memoryview(data), lambda part: real_pwrite(descriptor, part, offset))

    def fsync(descriptor: int) -> None:
        disk.check("sync", path_of(descriptor))
        real_fsync(descriptor)

    def fdopen(descriptor: int, mode: str = "r", buffering: int = -1, *rest: Any, **options: Any) -> Any:
        if mode == "r+b" and disk.has(path_of(descriptor)):
            raw = _Raw(descriptor, disk)
            return raw if buffering == 0 else io.BufferedRandom(raw)
        return real_fdopen(descriptor, mode, buffering, *rest, **options)

    return {
        "open": open_,
        "write": write,
        "pwrite": pwrite,
        "fsync": fsync,
        "fdopen": fdopen,
        "mkdir": _checked("mkdir", os.mkdir, disk),
        "replace": _checked("rename", os.replace, disk),
    }


def _checked(doing: str, real: Callable[..., Any], disk: Disk) -> Callable[..., Any]:
    def call(path: Any, *arguments: Any, **options: Any) -> Any:
        if doing != "mkdir" or not os.path.lexists(path):
            disk.check(doing, Path(path))
        return real(path, *arguments, **options)

    return call


def _committing(real: Callable[..., Any], disk: Disk) -> Callable[..., Any]:
    """The journal's own files are SQLite's: there it is the commit that finds no room."""

    def execute(connection: aiosqlite.Connection, query: str, *arguments: Any) -> Any:
        if query == "COMMIT" and disk.is_full(*JOURNAL.split()):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return real(connection, query, *arguments)

    return execute

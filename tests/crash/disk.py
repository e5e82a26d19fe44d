"""A recording file layer: what a power cut at some moment could have left of a folder.

It takes down every fsync of this process. A file keeps for certain what it had at its last fsync, a folder the names it
had at its own; what was written, created, renamed or removed since then may be there or not, whole, in part, or as
zeros.

What SQLite syncs cannot be seen from here: the journal's files are taken as they are, because with `synchronous=FULL` a
commit that has returned is durable, and a frame of the write-ahead log that was not committed does not count.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random

import pytest

JOURNAL = "journal.db"


class Loss(Enum):
    """How much of what was not synced is gone: of the names, of the bytes."""

    ALL = "everything"
    BYTES = "bytes"
    TAILS = "tails"
    """Of each file some bytes at the end are gone."""
    ZEROED = "zeroed"
    """A file has its length, but zeros for bytes."""
    SOME = "some"
    """Of each folder its names or not, of each file its bytes, its tail or zeros for it."""

    def of_one(self, chance: Random) -> "Loss":
        """Say what is lost of one folder or file."""
        return chance.choice((Loss.ALL, Loss.BYTES, Loss.TAILS, Loss.ZEROED)) if self is Loss.SOME else self


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file at one moment: so many of those that were collected."""

    collected: bytearray
    size: int

    def read(self) -> bytes:
        """Give them."""
        return bytes(self.collected[: self.size])


EMPTY = Content(bytearray(), 0)
Names = dict[str, int]


@dataclass(frozen=True, slots=True)
class Side:
    """Files and folders by their inode."""

    files: dict[int, Content]
    folders: dict[int, Names]

    def copy(self) -> "Side":
        """Give one that later changes leave alone."""
        return Side(dict(self.files), dict(self.folders))


@dataclass(frozen=True, slots=True)
class Still:
    """A folder at one moment: as programs see it, and what of it is durable."""

    root: int
    seen: Side
    durable: Side

    def restore(self, folder: Path, loss: Loss, chance: Random) -> None:
        """Make a folder what a power cut could have left of this one."""
        shutil.rmtree(folder, ignore_errors=True)
        self._restore(self.root, folder, loss, chance)

    def _restore(self, inode: int, folder: Path, loss: Loss, chance: Random) -> None:
        folder.mkdir(mode=0o700)
        seen, durable = self.seen.folders.get(inode), self.durable.folders.get(inode, {})
        names = dict(durable if seen is None or loss.of_one(chance) is Loss.ALL else seen)
        for name, one in (seen or {}).items():
            if name.startswith(JOURNAL):
                names[name] = one
        for name, one in names.items():
            path = folder / name
            if one in self.seen.folders or one in self.durable.folders:
                self._restore(one, path, loss, chance)
            elif not name.endswith("-shm"):
                path.touch(mode=0o600)
                path.write_bytes(self._content(one, name, loss, chance))

    def _content(self, inode: int, name: str, loss: Loss, chance: Random) -> bytes:
        durable = self.durable.files.get(inode, EMPTY).read()
        seen = self.seen.files[inode].read() if inode in self.seen.files else durable
        if name.startswith(JOURNAL):
            return seen
        loss = loss.of_one(chance)
        if loss in (Loss.ALL, Loss.BYTES):
            return durable
        if not seen.startswith(durable):
            return chance.choice((seen, durable))
        behind = len(seen) - len(durable)
        return durable + bytes(behind) if loss is Loss.ZEROED else seen[: len(durable) + chance.randint(0, behind)]


class Disk:
    """A folder whose every fsync is taken down. What is in it at first is durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collected: dict[int, bytearray] = {}
        self._durable = self._look()

    def still(self) -> Still:
        """Take down how the folder is now."""
        return Still(self._folder.stat().st_ino, self._look(), self._durable.copy())

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Take down every fsync."""
        real = os.fsync

        def fsync(descriptor: int) -> None:
            real(descriptor)
            self._synced(descriptor)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            yield

    def _synced(self, descriptor: int) -> None:
        status, path = os.fstat(descriptor), Path(f"/proc/self/fd/{descriptor}")
        if stat.S_ISDIR(status.st_mode):
            self._durable.folders[status.st_ino] = _names(path)
        else:
            self._durable.files[status.st_ino] = self._content(status.st_ino, path)

    def _look(self) -> Side:
        side = Side({}, {})
        for place, _, files in os.walk(self._folder):
            folder = Path(place)
            side.folders[folder.stat().st_ino] = _names(folder)
            for one in files:
                inode = (folder / one).stat().st_ino
                side.files[inode] = self._content(inode, folder / one)
        return side

    def _content(self, inode: int, path: Path) -> Content:
        """Read a file; what it has from before is kept only once, for most of them are appended to."""
        content = path.read_bytes()
        known = self._collected.get(inode)
        if known is None or not content.startswith(known):
            if known is not None and known.startswith(content):
                return Content(known, len(content))
            known = self._collected[inode] = bytearray()
        known += content[len(known) :]
        return Content(known, len(content))


def _names(folder: Path) -> Names:
    with os.scandir(folder) as found:
        return {one.name: one.inode() for one in found}

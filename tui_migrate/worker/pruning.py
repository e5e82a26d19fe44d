"""Pruning: which backups are old enough to go and which have to stay, and taking one away."""

import asyncio
import os
import re
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import uuid4

from tui_migrate.errors import StorageFailed
from tui_migrate.journal import backups as writing
from tui_migrate.journal.session import open_both
from tui_migrate.packages import files
from tui_migrate.paths import Home
from tui_migrate.redaction import printable
from tui_migrate.worker.backups import Backup, BackupStatus, sources_of

DAY: Final = 86_400
_UNFINISHED: Final = (BackupStatus.RUNNING, BackupStatus.INTERRUPTED)
_AWAY: Final = ".removed-"
_LEFT: Final = re.compile(r"\.[A-Za-z0-9._-]+\.(tar|age)\.removed-[0-9a-f]{32}")
"""The name of a file that is on its way out."""


class Stays(StrEnum):
    """Why a backup is not removed."""

    YOUNG = "it is not old enough"
    UNFINISHED = "its run can be gone on with"
    NEEDED = "a run needs it"
    LAST_GOOD = "it is the last good one of its source"
    LAST_WITHOUT_FINDINGS = "it is its source's last without findings"
    AMONG_KEPT = "it is among those that are always kept"


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a backup: `stays` is None for one that goes."""

    backup: Backup
    stays: Stays | None


def choose(backups: Sequence[Backup], now: float, days: int, keep_minimum: int) -> tuple[Choice, ...]:
    """Say of each backup, given newest first, whether it goes: nothing is done.

    Gone are those older than so many days, but never one that a run needs, one whose run can be gone on with, the
    newest good one of a source, the newest without findings, or one of the newest `keep_minimum` good ones of a source.
    Whole backups of a database, backups of some of its collections and those of one user are counted apart: none of
    them stands for another.
    """
    kept = _kept(backups, keep_minimum)
    return tuple(Choice(one, _stays(one, now - days * DAY, kept.get(one.name))) for one in backups)


def _stays(one: Backup, until: float, kept: Stays | None) -> Stays | None:
    if one.status in _UNFINISHED:
        return Stays.UNFINISHED
    if one.needed_by:
        return Stays.NEEDED
    return kept or (Stays.YOUNG if one.record.created_at >= until else None)


def _kept(backups: Sequence[Backup], keep_minimum: int) -> dict[str, Stays]:
    """Give the backups that stay whatever their age."""
    kept: dict[str, Stays] = {}
    sources = sources_of(backups)
    counted: dict[tuple[object, ...], int] = {}
    seen: set[tuple[object, ...]] = set()
    for one in filter(lambda one: one.is_good, backups):
        group = (sources[one.name], one.record.owner, one.record.is_whole)
        same = (*group, () if one.record.is_whole else frozenset(one.record.collections))
        counted[group] = counted.get(group, 0) + 1
        if counted[group] <= keep_minimum:
            kept[one.name] = Stays.AMONG_KEPT
        if one.status is not BackupStatus.WITH_FINDINGS and (*same, "without findings") not in seen:
            seen.add((*same, "without findings"))
            kept[one.name] = Stays.LAST_WITHOUT_FINDINGS
        if same not in seen:
            seen.add(same)
            kept[one.name] = Stays.LAST_GOOD
    return kept


async def remove(home: Home, backup: Backup) -> None:
    """Take a backup away: its file first gets another name, then its record goes, then the file.

    Whatever dies in between leaves no backup that looks like a good one. Raises StorageFailed.
    """
    path = Path(backup.record.path)
    away = await asyncio.to_thread(_rename_away, path)
    async with open_both(home.journal) as (journal, _):
        await writing.remove_backup(journal, backup.name)
    if away:
        await asyncio.to_thread(_unlink, path.parent, away)


async def sweep(backups: Iterable[Backup], home: Home) -> None:
    """Remove files that an earlier removal has renamed and then died."""
    folders = {home.backups, *(Path(one.record.path).parent for one in backups)}
    for folder in folders:
        await asyncio.to_thread(_sweep, folder)


def _sweep(folder: Path) -> None:
    with suppress(OSError, StorageFailed):  # what cannot be removed stays, for the next time
        for one in folder.iterdir():
            if _LEFT.fullmatch(one.name):
                _unlink(folder, one.name)


def _rename_away(path: Path) -> str:
    """Give the file of a backup a name that no package has, and give that; nothing where there is no such file."""
    away = f".{path.name}{_AWAY}{uuid4().hex}"
    try:
        folder = _open_folder(path.parent)
    except FileNotFoundError:
        return ""
    try:
        if not stat.S_ISREG(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
            return ""
        os.rename(path.name, away, src_dir_fd=folder, dst_dir_fd=folder)
        files.sync(folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        os.close(folder)
    return away


def _unlink(folder: Path, name: str) -> None:
    try:
        descriptor = _open_folder(folder)
    except FileNotFoundError:
        return
    try:
        if stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=descriptor)
    except OSError as error:
        raise _failed(folder / name, error) from error
    finally:
        os.close(descriptor)


def _open_folder(folder: Path) -> int:
    """Open a folder that is one, and no link to one."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _failed(folder, error) from error


def _failed(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(f"cannot remove {printable(str(path))}: {error.strerror}", hint="remove it by hand")

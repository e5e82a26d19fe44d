"""Packages that came through a pipe: kept as files in the home until no run needs them any more.

A package is read more than once: checked before anything is written, read by the run, and by the run that goes on
where one was interrupted.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tui_migrate.errors import RunNotFound
from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import Home

_PAGE: Final = 200


async def remove_unneeded(home: Home) -> None:
    """Remove every such package that neither a run needs, which has not ended, nor a command that is at work.

    What cannot be removed stays, for the next time.
    """
    found = await asyncio.to_thread(_found, home)
    if not found:
        return
    try:
        reader = await JournalReader.open(home.journal)
    except RunNotFound:  # there is no journal yet, and so no run
        needed: set[str] = set()
    else:
        try:
            needed = await _needed(reader)
        finally:
            await reader.close()
    await asyncio.to_thread(_remove, [path for path in found if path.name not in needed])


def _found(home: Home) -> list[Path]:
    try:
        return [Path(one) for one in os.scandir(home.inputs)]
    except OSError:  # there never was one
        return []


async def _needed(reader: JournalReader) -> set[str]:
    """Give the names of what runs that have not ended read: they are random, and stand for one package each."""
    needed: set[str] = set()
    offset = 0
    while runs := await reader.runs(_PAGE, offset):
        needed.update(Path(one.source).name for one in runs if not one.state.is_final)
        offset += len(runs)
    return needed


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by the command that makes a run of it
                path.unlink()
            finally:
                os.close(descriptor)

"""The journal open both ways, for whoever reads it and writes what follows from that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.writer import JournalWriter


@asynccontextmanager
async def open_both(path: Path) -> AsyncIterator[tuple[JournalWriter, JournalReader]]:
    """Open a journal that is there, and close both connections whatever happens: an open one keeps a process alive.

    Raises RunNotFound where there is no journal, JournalError, StorageFailed.
    """
    reader = await JournalReader.open(path)
    try:
        journal = await JournalWriter.open(path)
        try:
            yield journal, reader
        finally:
            await journal.close()
    finally:
        await reader.close()

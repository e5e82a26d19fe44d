"""Reading runs from the journal for a command, as they stand now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tui_migrate.cli.wording import parse_run_id
from tui_migrate.errors import RunNotFound
from tui_migrate.findings import Finding
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RunRecord, Sample
from tui_migrate.journal.states import Stage
from tui_migrate.paths import Home
from tui_migrate.reports.masking import masked_run
from tui_migrate.worker import control


@asynccontextmanager
async def journal_of(home: Home) -> AsyncIterator[JournalReader | None]:
    """Open the journal to read it; None where nothing has ever run."""
    if not await asyncio.to_thread(home.journal.exists):
        yield None
        return
    reader = await JournalReader.open(home.journal)
    try:
        yield reader
    finally:
        await reader.close()


def find_run(text: str, home: Home) -> RunRecord:
    """Give the run whose id a user wrote, as it stands now. Raises UsageError, RunNotFound."""
    return asyncio.run(read_run(home, parse_run_id(text)))


async def read_run(home: Home, run_id: int) -> RunRecord:
    """Give a run as it stands now. Raises RunNotFound."""
    async with journal_of(home) as reader:
        if reader is None:
            raise RunNotFound(f"there is no run {run_id:04d}", hint=f"nothing has been run yet in {home.state}")
        return masked_run(await control.effective(home, reader, await reader.run(run_id)))


async def read_findings(home: Home, run_id: int, most: int) -> tuple[tuple[Stage, Finding], ...]:
    """Give the findings of a run, errors first, each with the stage that found it."""
    async with journal_of(home) as reader:
        return () if reader is None else await reader.staged_findings(run_id, most)


async def read_samples(home: Home, run_id: int) -> tuple[Sample, ...]:
    """Give how far a run was at which times."""
    async with journal_of(home) as reader:
        return () if reader is None else await reader.samples(run_id)


async def read_runs(home: Home, limit: int, offset: int) -> tuple[tuple[RunRecord, ...], int]:
    """Give a page of the runs, newest first and each whole, and how many there are."""
    async with journal_of(home) as reader:
        if reader is None:
            return (), 0
        page = await reader.runs(limit, offset)
        whole = [replace(one, findings=await reader.findings(one.id)) for one in page]
        found = [masked_run(await control.effective(home, reader, one)) for one in whole]
        return tuple(found), await reader.count_runs()


async def read_retries(home: Home, run_id: int) -> tuple[int, ...]:
    """Give the runs that were made to write a run's refused documents again."""
    async with journal_of(home) as reader:
        return () if reader is None else tuple([one for one, _ in await reader.retries_of(run_id)])


async def read_later_runs(home: Home, run_id: int) -> tuple[int, ...]:
    """Give the newer runs that wrote to the same collections of the same target."""
    async with journal_of(home) as reader:
        return () if reader is None else await reader.later_runs(run_id)

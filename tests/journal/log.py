"""What the log of a run says."""

from tui_migrate.journal.reader import JournalReader
from tui_migrate.paths import Home


async def lines_of(home: Home, run_id: int) -> list[str]:
    reader = await JournalReader.open(home.journal)
    try:
        return [one.message for one in await reader.events(run_id)]
    finally:
        await reader.close()

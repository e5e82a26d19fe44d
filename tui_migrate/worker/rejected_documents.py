"""Reading what the target refused in a run: the list of the documents, and one of them whole."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_migrate.documents import RawId, raw_id, show_id
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.errors import MalformedDocument, StorageFailed
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RejectRecord
from tui_migrate.paths import Home
from tui_migrate.redaction import printable

MOST_LISTED: Final = 5_000
"""Documents that a list has; a retry takes all of them, however many there are."""
PAGE: Final = 500
LONGEST_ID: Final = 200
"""Characters of an id that are shown."""
UNREADABLE: Final = "cannot be read"


@dataclass(frozen=True, slots=True)
class RejectedDocument:
    """A document that the target did not take. `shown_id` is for people: printable and cut; `size` is in bytes.

    Of one that cannot be read the size is 0.
    """

    record: RejectRecord
    shown_id: str
    size: int


@dataclass(frozen=True, slots=True)
class RejectList:
    """The documents of a run that were refused and stayed so, collection by collection; `total` counts all of them."""

    documents: tuple[RejectedDocument, ...] = ()
    total: int = 0


async def read_rejects(home: Home, run_id: int, most: int = MOST_LISTED) -> RejectList:
    """Give the refused documents of a run, the first `most` of them.

    Raises RunNotFound, JournalError, and StorageFailed where their file is gone.
    """
    path = home.run(run_id).rejects
    reader = await JournalReader.open(home.journal)
    found: list[RejectedDocument] = []
    try:
        sizes = await reader.reject_sizes(run_id)
        if sizes and not await asyncio.to_thread(path.exists):
            raise StorageFailed(f"the refused documents of run {run_id:04d} are gone ({path})", hint="start a new run")
        file = RejectFile(path, 0)
        for name in sizes:
            after = -1
            while len(found) < most and (
                page := await reader.unresolved_rejects(run_id, name, after, min(PAGE, most - len(found)))
            ):
                found += await asyncio.to_thread(_shown, file, page)
                after = page[-1].offset
    finally:
        await reader.close()
    return RejectList(tuple(found), sum(count for count, _ in sizes.values()))


async def read_rejected_ids(home: Home, run_id: int, most: int) -> dict[str, list[RawId]]:
    """Give the ids of the refused documents of a run, at most `most`, by the target's names of their collections.

    Raises MalformedDocument for one without an id, RunNotFound, JournalError, and StorageFailed where one is damaged.
    """
    found: dict[str, list[RawId]] = {}
    for one in (await read_rejects(home, run_id, most)).documents:
        identifier = raw_id(await read_rejected(home, run_id, one.record))
        if identifier is None:
            raise MalformedDocument(
                f"a refused document of {printable(one.record.collection)} has no _id, by which it could be named",
                hint="write the documents as they were kept, or plan the whole run again",
            )
        found.setdefault(one.record.collection, []).append(identifier)
    return found


async def read_rejected(home: Home, run_id: int, record: RejectRecord) -> bytes:
    """Give one of them whole. Raises StorageFailed where it is damaged or gone."""
    return await RejectFile(home.run(run_id).rejects, 0).read(record)


def _shown(file: RejectFile, page: Sequence[RejectRecord]) -> list[RejectedDocument]:
    """Read a page of documents for their ids and sizes. Blocks."""
    return [_read(file, one) for one in page]


def _read(file: RejectFile, record: RejectRecord) -> RejectedDocument:
    """Read a document; one that is damaged says so when it is opened."""
    try:
        document = file.read_at_once(record)
        identifier = raw_id(document)
    except (StorageFailed, MalformedDocument):
        return RejectedDocument(record, UNREADABLE, 0)
    shown = printable(show_id(identifier))[:LONGEST_ID] if identifier is not None else "no _id"
    return RejectedDocument(record, shown, len(document))

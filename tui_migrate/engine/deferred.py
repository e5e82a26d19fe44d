"""Trying again, behind a collection's last batch, the documents that met a unique index on the way.

A value that was taken then may be free now: its holder was replaced later in the same collection. Chains of such
documents resolve in as many passes as the longest of them has links; what a whole pass cannot place is a reject. Only a
mirror resolves rings too, in which each holds the value of the next: it deletes what the target has under their ids.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from tui_migrate.documents import show_id
from tui_migrate.engine.deleting import delete
from tui_migrate.engine.disk_room import keep_room
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.tally import Tally
from tui_migrate.engine.write import BatchWriter
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.records import Counts, RejectRecord, RejectState
from tui_migrate.stores.lookup import Keyed, find_by_id, keyed

PAGE_BYTES: Final = 4 * 1024 * 1024
"""Documents that are tried again together; a larger one goes alone."""


async def settle_deferred(migration: Migration, writer: BatchWriter, *, again: bool, is_last: bool = True) -> None:
    """Write what can be written by now, where it may be tried `again`; if it `is_last`, make rejects of the rest."""
    while again and await _try_all(migration, writer):
        pass
    if again and migration.mirrors and await _delete_held(migration, writer):
        while await _try_all(migration, writer):
            pass
    if not is_last:
        return
    reason = ""
    async for page in _pages(migration, writer.collection):
        tally = Tally(writer.collection, counts=Counts(rejected=len(page)))
        tally.settled = [replace(one, state=RejectState.REJECTED) for one in page]
        for record, item in zip(page, await _items(migration, page), strict=True):
            tally.note_reject(show_id(item.id), record.reason)
        await writer.commit(writer.blank_checkpoint(), tally, checks_ceiling=False)
        reason = tally.last_reason
    if reason:
        # Behind the last page: nothing more is written, and what a run that stops here has refused is counted whole.
        await writer.check_ceiling(reason)


async def _delete_held(migration: Migration, writer: BatchWriter) -> int:
    """Delete what the target has under the ids of deferred documents, and say how many these were."""
    deleted = 0
    async for page in _pages(migration, writer.collection):
        items = await _items(migration, page)
        tally = Tally(writer.collection)
        await delete(migration, writer.collection, [one.id for one in items], tally)
        if tally.counts.deleted:
            deleted += tally.counts.deleted
            await writer.commit(writer.blank_checkpoint(), tally)
    return deleted


async def _try_all(migration: Migration, writer: BatchWriter) -> int:
    """Try each deferred document once and say how many are settled."""
    settled = 0
    async for page in _pages(migration, writer.collection):
        await keep_room(migration.context)
        items = await _items(migration, page)
        tally = Tally(writer.collection)
        found = await find_by_id(migration.target, writer.collection, [one.id for one in items], writer.moment_path)
        await writer.write_items(items, found, tally)
        failpoint("deferred.after_write")
        _sort_out(page, items, tally)
        if tally.settled:
            settled += len(tally.settled)
            await writer.commit(writer.blank_checkpoint(), tally)
            failpoint("deferred.after_checkpoint")
    return settled


def _sort_out(page: Sequence[RejectRecord], items: Sequence[Keyed], tally: Tally) -> None:
    """A document that is refused again is in the file of rejects already: only its record changes.

    All there was to report but that was reported when it was first tried.
    """
    tally.findings.clear()
    again = {one.digest: one for one in tally.refused}
    for record, item in zip(page, items, strict=True):
        refused = again.get(item.digest)
        if refused is None:
            tally.settled.append(replace(record, state=RejectState.RESOLVED))
        elif refused.state is RejectState.REJECTED:
            tally.settled.append(replace(record, state=refused.state, code=refused.code, reason=refused.reason))
            tally.note_reject(show_id(item.id), refused.reason)
    tally.refused.clear()


async def _pages(migration: Migration, collection: str) -> AsyncIterator[list[RejectRecord]]:
    context = migration.context
    after = -1
    while listed := await context.reader.rejects(context.run_id, collection, RejectState.DEFERRED, after):
        page: list[RejectRecord] = []
        for one in listed:
            if page and one.end - page[0].offset > PAGE_BYTES:
                yield page
                page = []
            page.append(one)
        yield page
        after = listed[-1].offset


async def _items(migration: Migration, page: Sequence[RejectRecord]) -> list[Keyed]:
    found = [keyed(await migration.rejects.read(one)) for one in page]
    return [one for one in found if one is not None]

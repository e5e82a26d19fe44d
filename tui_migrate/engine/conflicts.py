"""The queue of the policy `ask`: writing what the operator has decided, by the path that everything is written by.

A decision is about the two documents that stood in the queue. What differs from them by now, at either end, is queued
again as it is. What the target does not have any more is inserted, whatever was decided: nothing is in its way.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from tui_migrate.documents import show_id
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.tally import Tally
from tui_migrate.engine.write import BatchWriter
from tui_migrate.errors import Undecided
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, Counts, RejectState
from tui_migrate.ordering import order_key
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.stores.lookup import Keyed, find_by_id, keyed

Page = list[tuple[ConflictRecord, Keyed | None]]
"""Decided documents, each as the source has it, None where that has it no more."""

PAGE: Final = 200
"""Documents of the queue that are taken up together."""


async def settle_conflicts(migration: Migration) -> None:
    """Write what is decided. Raises Undecided while documents wait for a decision; the run can be resumed then."""
    context = migration.context
    while await context.reader.conflicts(context.run_id, DECISIONS, limit=1):
        for info in migration.planned():
            if await context.reader.conflicts(context.run_id, DECISIONS, collection=info.name, limit=1):
                await _settle(migration, info)
    counts = await context.reader.count_conflicts(context.run_id)
    if left := sum(count for (_, state), count in counts.items() if state is ConflictState.OPEN):
        are = "document waits" if left == 1 else "documents wait"
        raise Undecided(
            f"{left:,} {are} for your decision: both ends have them, and they differ",
            hint=f"tui-migrate conflicts {context.run_id} lists them",
        )


async def _settle(migration: Migration, info: CollectionInfo) -> None:
    """Write the decisions of one collection; again, while some of them make way for others on a unique index."""
    context = migration.context
    last = await context.reader.last_checkpoint(context.run_id, info.name)
    writer = BatchWriter(migration, info, last, await context.reader.undo_end(context.run_id))
    deferred = 1
    answered = 1
    while deferred and answered:
        answered, deferred = await _pass(migration, info, writer, is_last=False)
    if deferred:
        await _pass(migration, info, writer, is_last=True)
    await writer.settle_not_met()
    migration.ours.pop(info.name, None)


async def _pass(migration: Migration, info: CollectionInfo, writer: BatchWriter, *, is_last: bool) -> tuple[int, int]:
    """Write each decision once; say how many are done with and how many met a unique index."""
    answered = deferred = 0
    async with aclosing(_pages(migration, info)) as pages:
        async for page in pages:
            await migration.context.steering.gate(len(page))
            tally = Tally(info.name)
            waiting = await _write(migration, writer, page, tally, is_last=is_last)
            await writer.commit(writer.blank_checkpoint(), tally)
            failpoint("conflicts.after_checkpoint")
            answered += len(page) - waiting
            deferred += waiting
    return answered, deferred


async def _write(migration: Migration, writer: BatchWriter, page: Page, tally: Tally, *, is_last: bool) -> int:
    """Write a page of decisions into a tally, and say how many have to wait for others."""
    items = [item for _, item in page if item is not None]
    writer.answers = {order_key(record.id): record for record, _ in page}
    found = await find_by_id(migration.target, writer.collection, [one.id for one in items])
    failpoint("conflicts.after_lookup")
    await writer.write_items(items, found, tally)
    failpoint("conflicts.after_write")
    writer.answers = {}
    waiting = {one.digest for one in tally.refused if one.state is RejectState.DEFERRED}
    if is_last:
        _give_up(items, waiting, tally)
        waiting = set()
    else:
        tally.refused = [one for one in tally.refused if one.state is not RejectState.DEFERRED]
    if gone := sum(item is None for _, item in page):
        tally.note_source_moved(gone)
    again = {one.id for one in tally.queued}
    kept = {identifier for identifier, _ in tally.kept}
    for record, item in page:
        if item is None:
            tally.answered.append(replace(record, state=ConflictState.KEPT))
        elif item.id not in again and item.digest not in waiting:
            state = ConflictState.KEPT if item.id in kept else ConflictState.REPLACED
            tally.answered.append(replace(record, state=state))
    return sum(item is not None and item.digest in waiting for _, item in page)


def _give_up(items: Sequence[Keyed], waiting: set[bytes], tally: Tally) -> None:
    """Make rejects of what has met a unique index to the last."""
    reasons = {one.digest: one.reason for one in tally.refused}
    tally.refused = [replace(one, state=RejectState.REJECTED) for one in tally.refused]
    for one in items:
        if one.digest in waiting:
            tally.counts += Counts(rejected=1)
            tally.note_reject(show_id(one.id), reasons[one.digest])


async def _pages(migration: Migration, info: CollectionInfo) -> AsyncGenerator[Page]:
    """Give what is decided of a collection: by looking it up, or by reading the source where that cannot be asked."""
    context = migration.context
    if not context.source.capabilities.lookup:
        async with aclosing(_read_pages(migration, info)) as pages:
            async for page in pages:
                yield page
        return
    after = 0
    while records := await context.reader.conflicts(
        context.run_id, DECISIONS, collection=info.name, after=after, limit=PAGE
    ):
        after = records[-1].number
        mine: dict[object, Keyed] = {}
        async with aclosing(context.source.lookup(info.name, [one.id for one in records])) as documents:
            async for document in documents:
                if (item := keyed(document)) is not None:
                    mine[item.key] = item
        yield [(one, mine.get(order_key(one.id))) for one in records]


async def _read_pages(migration: Migration, info: CollectionInfo) -> AsyncGenerator[Page]:
    context = migration.context
    seen: set[int] = set()
    async with aclosing(context.source.read(info.name, limit=context.limit)) as blocks:
        async for block in blocks:
            items = {one.key: one for one in map(keyed, block.documents) if one is not None}
            records = await context.reader.conflicts_of(context.run_id, info.name, [one.id for one in items.values()])
            page: Page = [
                (one, items.get(order_key(one.id)))
                for one in records
                if one.state in DECISIONS and one.number not in seen
            ]
            seen.update(one.number for one, _ in page)
            if page:
                yield page
    after = 0
    while records := await context.reader.conflicts(
        context.run_id, DECISIONS, collection=info.name, after=after, limit=PAGE
    ):
        after = records[-1].number
        if gone := [one for one in records if one.number not in seen]:
            yield [(one, None) for one in gone]

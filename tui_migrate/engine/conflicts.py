"""The queue of the policy `ask`: writing what the operator has decided, by the path that everything is written by.

A decision is about the two documents that stood in the queue. What differs from them by now, at either end, is queued
again as it is. What the target does not have any more is inserted, whatever was decided: nothing is in its way.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from tui_migrate.documents import show_id
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.deferred import PAGE_BYTES, settle_deferred
from tui_migrate.engine.disk_room import keep_room
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.tally import ID_TYPE_DIFFERS, Tally
from tui_migrate.engine.write import BatchWriter, parts
from tui_migrate.errors import Undecided
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.progress import decided_late
from tui_migrate.journal.records import DECISIONS, ConflictRecord, ConflictState, Counts, RejectState
from tui_migrate.ordering import order_key
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.stores.lookup import Keyed, find_by_id, keyed

Page = list[tuple[ConflictRecord, Keyed | None]]
"""Decided documents, each as the source has it, None where that has it no more."""

PAGE: Final = 200
"""Documents of the queue that are taken up together, at most PAGE_BYTES of the source's or one."""


async def settle_conflicts(migration: Migration) -> None:
    """Write what is decided. Raises Undecided while documents wait for a decision; the run can be resumed then."""
    context = migration.context
    waiting = 0
    while True:
        counts = await context.reader.count_conflicts(context.run_id)
        # Nothing may come between these two: what is decided in the meantime counts as neither.
        left = _by_collection(counts, (ConflictState.OPEN,))
        decided = _by_collection(counts, DECISIONS)
        if sum(decided.values()) > waiting:
            waiting = 0
            for info in (one for one in migration.planned() if one.name in decided):
                waiting += await _settle(migration, info, is_last=info.name not in left)
        elif left:
            raise _undecided(context.run_id, sum(left.values()))
        elif not await _settle_deferred(migration):
            return


def _by_collection(
    counts: Mapping[tuple[str, ConflictState], int], states: Sequence[ConflictState]
) -> Mapping[str, int]:
    """Count what is in one of these states, without collections that have none."""
    found: Counter[str] = Counter()
    for (name, state), count in counts.items():
        if state in states:
            found[name] += count
    return found


def _undecided(run_id: int, left: int) -> Undecided:
    waits = f"{left:,} {'document waits' if left == 1 else 'documents wait'}"
    return Undecided(
        f"{waits} for your decision: both ends have them, and they differ",
        hint=f"tui-migrate conflicts {run_id} lists them",
    )


async def _settle_deferred(migration: Migration) -> bool:
    """Try again what met a unique index and was left for after the decisions; say whether that has asked anew."""
    context = migration.context
    refused = await context.reader.reject_sizes(context.run_id)
    for info in (one for one in migration.planned() if one.name in refused):
        writer = await _writer(migration, info)
        await settle_deferred(migration, writer, again=info.kind.has_keys)
        await _end(migration, writer)
    counts = await context.reader.count_conflicts(context.run_id)
    return bool(_by_collection(counts, (ConflictState.OPEN,)))


async def _writer(migration: Migration, info: CollectionInfo) -> BatchWriter:
    context = migration.context
    last = await context.reader.last_checkpoint(context.run_id, info.name)
    return BatchWriter(migration, info, last, await context.reader.undo_end(context.run_id))


async def _end(migration: Migration, writer: BatchWriter) -> None:
    await writer.settle_not_met()
    migration.ours.pop(writer.collection, None)


async def _settle(migration: Migration, info: CollectionInfo, *, is_last: bool) -> int:
    """Write the decisions of one collection; again, while some of them make way for others on a unique index.

    Say of how many others still are in the way: none if it `is_last`, for then they are rejects.
    """
    writer = await _writer(migration, info)
    deferred = answered = 1
    while deferred and answered:
        answered, deferred = await _pass(migration, info, writer, is_last=False)
    if deferred and is_last:
        _, deferred = await _pass(migration, info, writer, is_last=True)
    await _end(migration, writer)
    return deferred


async def _pass(migration: Migration, info: CollectionInfo, writer: BatchWriter, *, is_last: bool) -> tuple[int, int]:
    """Write each decision once; say how many are done with and how many met a unique index."""
    context = migration.context
    answered = deferred = 0
    async with aclosing(_pages(migration, info)) as pages:
        async for found in pages:
            await keep_room(context)
            await context.steering.gate(len(found))
            page = await _as_decided(context, found)
            tally = Tally(info.name)
            waiting = await _write(migration, writer, page, tally, is_last=is_last)
            await writer.commit(writer.blank_checkpoint(), tally)
            failpoint("conflicts.after_checkpoint")
            answered += len(page) - waiting
            deferred += waiting
    return answered, deferred


async def _as_decided(context: RunContext, page: Page) -> Page:
    """Give a page by the decisions as they are now: there was time to change them while it waited for its turn."""
    if not page:
        return page
    ids = [record.id for record, _ in page]
    now = {one.number: one for one in await context.reader.conflicts_of(context.run_id, page[0][0].collection, ids)}
    return [(now[record.number], item) for record, item in page if record.number in now]


async def _write(migration: Migration, writer: BatchWriter, page: Page, tally: Tally, *, is_last: bool) -> int:
    """Write a page of decisions into a tally, and say how many have to wait for others."""
    items = [item for _, item in page if item is not None]
    writer.answers = {order_key(record.id): record for record, _ in page}
    found = await find_by_id(migration.target, writer.collection, [one.id for one in items])
    failpoint("conflicts.after_lookup")
    for part in parts(items, found):
        await writer.write_items(part, found, tally)
    failpoint("conflicts.after_write")
    writer.answers = {}
    _forget_told(page, tally)
    waiting = {one.digest for one in tally.refused if one.state is RejectState.DEFERRED}
    if is_last:
        _give_up(items, waiting, tally)
        waiting = set()
    else:
        tally.refused = [one for one in tally.refused if one.state is not RejectState.DEFERRED]
    if gone := sum(item is None for _, item in page):
        tally.note_source_moved(gone)
    _sort_out([(record, item) for record, item in page if item is None or item.digest not in waiting], writer, tally)
    return sum(item is not None and item.digest in waiting for _, item in page)


def _forget_told(page: Page, tally: Tally) -> None:
    """Take back findings that were made when the documents were queued, and would be with each time they are tried."""
    ids = {record.id for record, _ in page}
    new = sum(one.id not in ids for one in tally.queued)
    found = [one for one in tally.findings if one.code == ID_TYPE_DIFFERS]
    tally.findings = [*(one for one in tally.findings if one.code != ID_TYPE_DIFFERS), *found[:new]]


def _sort_out(page: Page, writer: BatchWriter, tally: Tally) -> None:
    """Take down what became of the documents of a page: they are asked about once more, or done with."""
    again = {order_key(one.id): one for one in tally.queued}
    kept = {order_key(identifier) for identifier, _ in tally.kept}
    tally.queued = []
    for record, item in page:
        key = order_key(record.id)
        if key in again:
            # By now the _id may be of another number type: it is the same document of the queue.
            tally.queued.append(replace(again[key], number=record.number))
            continue
        is_kept = key in kept or (item is None and not writer.has_written(key))
        tally.answered.append((record, ConflictState.KEPT if is_kept else ConflictState.REPLACED))
        if record.state is ConflictState.KEEP and not is_kept and writer.has_written(key):
            tally.findings.append(decided_late(tally.collection))


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
        async with aclosing(_look_up(migration, info.name, records)) as pages:
            async for page in pages:
                yield page


async def _look_up(migration: Migration, name: str, records: Sequence[ConflictRecord]) -> AsyncGenerator[Page]:
    """Look up documents in the source, cut by their bytes; those that it has no more come last."""
    left = {order_key(one.id): one for one in records}
    page: Page = []
    room = PAGE_BYTES
    async with aclosing(migration.context.source.lookup(name, [one.id for one in records])) as documents:
        async for document in documents:
            item = keyed(document)
            record = left.pop(item.key, None) if item is not None else None
            if item is None or record is None:
                continue
            if page and len(item.document) > room:
                yield page
                page = []
                room = PAGE_BYTES
            page.append((record, item))
            room -= len(item.document)
    page += [(one, None) for one in left.values()]
    if page:
        yield page


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
            # Those too that may be decided by and by: the source has them.
            seen.update(one.number for one in records)
            if page:
                yield page
    after = 0
    while records := await context.reader.conflicts(
        context.run_id, DECISIONS, collection=info.name, after=after, limit=PAGE
    ):
        after = records[-1].number
        if gone := [one for one in records if one.number not in seen]:
            yield [(one, None) for one in gone]

"""Stage verify: read both ends again and compare.

A document that differs is put down to whoever moved: where the source gives the same documents as it gave before (the
digest of the batch says so), the target is wrong; where it does not, the source moved under the run.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

from tui_migrate.definitions import (
    has_fields,
    index_name,
    is_id_index,
    is_ttl,
    same_definition,
    same_index,
    split_validation,
)
from tui_migrate.documents import RawId, content_hash
from tui_migrate.engine.batch_walk import BatchWalk, WalkedBatch
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.undo_log import Intent, Outcome
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Checkpoint
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.model import Verify
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, ReadOrder, Source
from tui_migrate.stores.lookup import choose_finder, keyed


async def verify(migration: Migration) -> None:
    """Verify every collection and view of the plan as far as the plan wants it."""
    context = migration.context
    if context.plan.verify is not Verify.CONTENT:
        message = f"the content was not verified (--verify {context.plan.verify.value})"
        await context.find(Severity.WARNING, "not_verified", "run", message, "compare both ends, or run it again")
    if context.plan.verify is Verify.NONE:
        return
    names = list(migration.infos)
    there = {one.name: one for one in await migration.target.collections(names)}
    for info in (*migration.planned(), *migration.views()):
        theirs = there.get(info.name)
        if theirs is None:
            await context.find(Severity.ERROR, "collection_gone", info.name, "the target's collection has vanished")
            continue
        await _definitions(migration, info, theirs)
        if info in migration.views():
            continue
        await context.say(f"{printable(info.name)}: verifying")
        if not info.kind.has_keys:
            await _multiset(context, migration.target, info)
        elif context.plan.verify is Verify.CONTENT:
            await _content(migration, info, theirs)
        else:
            await _count(migration, info)


async def _definitions(migration: Migration, info: CollectionInfo, theirs: CollectionInfo) -> None:
    context = migration.context
    if migration.made.has_collection(info.name):
        mine_options, mine_validation = split_validation(info.options)
        their_options, their_validation = split_validation(theirs.options)
        validation_differs = has_fields(mine_validation) and not same_definition(mine_validation, their_validation)
        if validation_differs or not same_definition(mine_options, their_options):
            await context.find(Severity.ERROR, "options_wrong", info.name, "the options are not those of the source")
    by_name = {index_name(one): one for one in theirs.indexes}
    for index in info.indexes:
        if is_id_index(index) or is_ttl(index):
            continue
        found = by_name.get(index_name(index))
        subject = f"{info.name}.{index_name(index)}"
        if found is None:
            await context.find(Severity.WARNING, "index_missing", subject, "the target lacks this index")
        elif not same_index(index, found):
            await context.find(Severity.WARNING, "index_differs", subject, "the target's index is defined otherwise")


async def _count(migration: Migration, info: CollectionInfo) -> None:
    context = migration.context
    source, target = await context.source.count(info.name), await migration.target.count(info.name)
    rejected = sum(
        one.counts.rejected for one in await context.reader.collections(context.run_id) if one.name == info.name
    )
    if target < source - rejected:
        message = f"the source has {source:,} documents, the target {target:,}"
        await context.find(Severity.ERROR, "count_differs", info.name, message)


async def _multiset(context: RunContext, target: Source, info: CollectionInfo) -> None:
    mine, theirs = await _sum_of(context.source, info.name), await _sum_of(target, info.name)
    if mine != theirs:
        message = f"the source gives {mine[0]:,} documents, the target {theirs[0]:,}, and they are not the same"
        await context.find(Severity.ERROR, "content_differs", info.name, message, "somebody wrote to one of the ends")


async def _sum_of(source: Source, collection: str) -> tuple[int, int]:
    """Count documents and add up their hashes: equal for equal documents in any order."""
    count = total = 0
    async with aclosing(source.read(collection, order=ReadOrder.NATURAL)) as blocks:
        async for block in blocks:
            for document in block.documents:
                count += 1
                total = (total + int.from_bytes(content_hash(document))) % 2**128
    return count, total


async def _content(migration: Migration, info: CollectionInfo, theirs: CollectionInfo) -> None:
    context = migration.context
    finder = await choose_finder(
        migration.target, theirs, info, source_is_ordered=context.source.capabilities.ordered, limit=context.limit
    )
    walk = BatchWalk(
        context.reader.batches(context.run_id, info.name),
        is_ordered=context.source.capabilities.ordered and info.simple_order,
    )
    try:
        with UndoReader(context.folder.undo_log) as undo:
            async with aclosing(context.source.read(info.name, limit=context.limit)) as blocks:
                async for block in blocks:
                    await context.steering.gate(0)
                    items = [one for one in map(keyed, block.documents) if one is not None]
                    found = await finder.find(items)
                    async for done in walk.take(items, found):
                        await _judge(context, info.name, done, undo)
            async for done in walk.finish():
                await _judge(context, info.name, done, undo)
    finally:
        await finder.close()


@dataclass(slots=True)
class _Records:
    """What the undo log says of one batch's documents."""

    written: dict[Key, Intent] = field(default_factory=dict)
    kept: dict[Key, bytes] = field(default_factory=dict)


async def _judge(context: RunContext, collection: str, batch: WalkedBatch, undo: UndoReader) -> None:
    """Compare a batch's documents, and say of each that differs who moved."""
    records = _Records()
    if batch.checkpoint is not None and (batch.suspects or not batch.is_as_read):
        records = await asyncio.to_thread(_read_records, undo, collection, batch.checkpoint)
    for one in batch.suspects:
        if one.current is not None and records.kept.get(one.key) == one.digest:
            continue
        if await context.reader.is_rejected(context.run_id, collection, one.digest):
            continue
        intent = records.written.get(one.key)
        if batch.is_as_read or (intent is not None and one.current != intent.after):
            await _find_wrong(context, collection, is_missing=one.current is None)
        else:
            await _find_moved(context, collection)
    if not batch.is_as_read and batch.checkpoint is not None:
        vanished = [key for key in records.written if key not in batch.seen]
        if vanished or not batch.suspects:
            await _find_moved(context, collection, len(vanished) or 1)


async def _find_wrong(context: RunContext, collection: str, *, is_missing: bool) -> None:
    what = "is missing from" if is_missing else "differs in"
    message = f"a document of the source {what} the target; somebody changed the target during the run"
    await context.find(Severity.ERROR, "target_differs", collection, message, "compare both ends")


async def _find_moved(context: RunContext, collection: str, count: int = 1) -> None:
    message = "documents changed in the source while the run was reading it"
    hint = "run it again to take up the changes"
    finding = Finding(Severity.WARNING, "source_moved", collection, message, hint, count)
    await context.journal.add_findings(context.run_id, context.stage, [finding])


def _read_records(undo: UndoReader, collection: str, checkpoint: Checkpoint) -> _Records:
    records = _Records()
    for group in undo.groups(checkpoint.undo_begin, checkpoint.undo_end):
        if group.collection == collection and group.outcomes is not None:
            for intent, outcome in zip(group.intents, group.outcomes, strict=True):
                if outcome is not Outcome.NOT_WRITTEN:
                    records.written[order_key(intent.id)] = intent
    for kept in undo.kept(checkpoint.undo_begin, checkpoint.undo_end):
        records.kept[order_key(RawId(kept.id))] = kept.digest
    return records

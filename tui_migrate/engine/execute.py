"""Stage execute: read, find, write, collection after collection, in a bounded pipeline."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from tui_migrate.definitions import (
    has_fields,
    index_name,
    is_id_index,
    is_ttl,
    is_unique,
    split_validation,
)
from tui_migrate.documents import RawId
from tui_migrate.engine.deferred import settle_deferred
from tui_migrate.engine.disk_room import keep_room
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.mirror import delete_extras, make_way, remove_whole, set_validator
from tui_migrate.engine.pipeline import Budget, Channel, run_together
from tui_migrate.engine.prepare import create_unique_indexes
from tui_migrate.engine.sums import sum_written
from tui_migrate.engine.undo_log import Thing
from tui_migrate.engine.waits import Lane
from tui_migrate.engine.write import Batch, BatchWriter
from tui_migrate.errors import MalformedDocument, Refused, WriteRefused
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.journal.hindrance import Hindrance
from tui_migrate.journal.records import CollectionState
from tui_migrate.ordering import Key
from tui_migrate.plan.model import OnFailure
from tui_migrate.plan.newer import moment_path
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Block, CollectionInfo
from tui_migrate.stores.lookup import Finder, Found, Keyed, choose_finder, keyed


async def execute(migration: Migration) -> None:
    """Fill every collection of the plan that is not done, take away what a mirror is to, then create the views."""
    context = migration.context
    done = {one.name for one in await context.reader.collections(context.run_id) if one.state is CollectionState.DONE}
    for info in migration.planned():
        if info.name not in done:
            await context.progress.set_collection(info.name, CollectionState.ACTIVE)
            if migration.mirrors:
                await make_way(migration, info)
            await _fill(migration, info)
            failpoint("execute.after_documents")
            await _finish(migration, info)
            await context.progress.set_collection(info.name, CollectionState.DONE)
    for name in migration.removals():
        if name not in done:
            await context.progress.set_collection(name, CollectionState.ACTIVE)
            await remove_whole(migration, name)
            await context.progress.set_collection(name, CollectionState.DONE)
    for info in migration.views():
        if migration.mirrors and info.name not in done:
            await context.progress.set_collection(info.name, CollectionState.ACTIVE)
            await make_way(migration, info)
        if info.name not in migration.there and not migration.made.has_collection(info.name):
            await migration.make(Thing.VIEW, info.name)
            await migration.target.create_collection(info, info.options)
            failpoint("execute.after_view")
            await migration.have_made(Thing.VIEW, info.name)
        await context.progress.set_collection(info.name, CollectionState.DONE)


async def _fill(migration: Migration, info: CollectionInfo) -> None:
    context = migration.context
    last = await context.reader.last_checkpoint(context.run_id, info.name)
    if not info.kind.has_keys:
        await _empty(migration, info)
        last = await context.reader.last_checkpoint(context.run_id, info.name)
    await context.say(f"{printable(info.name)}: {'going on' if last else 'starting'}")
    finder = await choose_finder(
        migration.target,
        migration.there.get(info.name) if info.kind.has_keys else None,
        info,
        source_is_ordered=context.source.capabilities.ordered,
        after=RawId(last.last_id) if last and last.last_id else None,
        limit=context.limit,
        by=moment_path(context.plan, info.name),
    )
    writer = BatchWriter(migration, info, last, await context.reader.undo_end(context.run_id))
    if context.plan.on_failure is OnFailure.ROLLBACK or await context.reader.last_attempt_died(context.run_id):
        # A worker that died behind a reject too many has not come to say that the run has failed of it.
        await writer.check_ceiling("an attempt before this one has met them")
    passing = _Passing(migration, info, finder, writer, (last.position if last else b"") or None)
    try:
        await run_together(passing.read(), passing.find(), passing.write())
    finally:
        await finder.close()
    if migration.mirrors and info.kind.has_keys:
        # What only the target has may hold values of a unique index that deferred documents wait for.
        await delete_extras(migration, info, writer)
    # What the operator decides on may free values of a unique index that deferred documents wait for.
    is_last = not await context.reader.awaits_decision(context.run_id, info.name)
    await settle_deferred(migration, writer, again=info.kind.has_keys, is_last=is_last)
    await writer.settle_not_met()
    # All that an earlier attempt wrote of the collection is counted.
    migration.ours.pop(info.name, None)


async def _empty(migration: Migration, info: CollectionInfo) -> None:
    """A collection without keys that the run made is filled from its start by every attempt."""
    context = migration.context
    last = await context.reader.last_checkpoint(context.run_id, info.name)
    # A checkpoint without a position is of what was there before and was taken away.
    if not (last and (last.position or last.documents)) and not migration.ours.get(info.name):
        return
    key = (Thing.COLLECTION, info.name, "")
    if key not in migration.made.done:
        raise Refused(f"{printable(info.name)} was there before this run and is not written to", hint="leave it out")
    await _refuse_written_to(migration, info.name)
    await migration.target.drop_collection(info.name)
    # Its indexes went with it, and are built again.
    migration.there.pop(info.name, None)
    failpoint("execute.after_empty")
    await context.progress.restart_collection(info.name)
    migration.ours.pop(info.name, None)
    await migration.make(*key)
    options, _ = split_validation(info.options)
    uuid = await migration.target.create_collection(info, options)
    await migration.have_made(*key, uuid=uuid)
    await create_unique_indexes(migration, info)


async def _refuse_written_to(migration: Migration, name: str) -> None:
    """Raise Refused where others have written to a collection without keys that the run made and is to fill anew."""
    there = migration.there.get(name)
    made, problem = migration.made.uuids.get(name), ""
    if made and there is not None and there.uuid and there.uuid != made:
        problem = "somebody has dropped the collection that this run was filling, and made another in its place"
    elif (
        await migration.target.count(name)
        > (await asyncio.to_thread(sum_written, migration.context.folder.undo_log, name)).count
    ):
        problem = "others have put documents into the collection while this run was filling it"
    if problem:
        raise Refused(
            f"{printable(name)}: {problem}; it is not filled anew",
            hint="save what is in it, drop it and resume, or roll this run back",
        )


async def _finish(migration: Migration, info: CollectionInfo) -> None:
    """Create the indexes that wait for the documents, and set the source's validator on a collection of ours."""
    there = migration.there.get(info.name)
    is_ours = migration.made.has_collection(info.name)
    present = {index_name(one) for one in there.indexes} if there is not None else set()
    for index in info.indexes:
        if is_id_index(index) or is_ttl(index) or (is_ours and is_unique(index)) or index_name(index) in present:
            continue
        await build_index(migration, info.name, index)
    if is_ours:
        _, validation = split_validation(info.options)
        if has_fields(validation):
            await migration.target.set_validator(info.name, validation)
            failpoint("execute.after_validator")
    elif migration.mirrors:
        await set_validator(migration, info)


async def build_index(migration: Migration, collection: str, index: bytes) -> None:
    """Create one index and record that the run made it; documents that do not allow it are a finding."""
    name = index_name(index)
    await migration.make(Thing.INDEX, collection, name)
    try:
        await migration.target.create_indexes(collection, [index])
        failpoint("execute.after_index")
    except (WriteRefused, Refused) as error:
        await migration.context.find(
            Severity.WARNING, "index_not_built", f"{collection}.{name}", printable(error.message), "create it by hand"
        )
        await migration.give_up(Thing.INDEX, collection, name)
        return
    await migration.have_made(Thing.INDEX, collection, name)


class _Passing:
    """One collection on its way through the three tasks of the pipeline."""

    def __init__(
        self, migration: Migration, info: CollectionInfo, finder: Finder, writer: BatchWriter, position: bytes | None
    ) -> None:
        self.migration = migration
        self.info = info
        self.finder = finder
        self.writer = writer
        self.position = position
        self._blocks: Channel[Block] = Channel()
        self._batches: Channel[Batch] = Channel()
        self._budget = Budget()

    async def read(self) -> None:
        """Read the source and hand its blocks on."""
        context = self.migration.context
        blocks = context.source.read(
            self.info.name, after=self.position, order=self.info.kind.read_order, limit=context.limit
        )
        async with aclosing(blocks):
            while (block := await context.waits.next_of(blocks, Lane.READ, Hindrance.SOURCE)) is not None:
                await self._budget.take(_size(block))
                await self._blocks.put(block)
        await self._blocks.close()

    async def find(self) -> None:
        """Take keys and hashes, and find what the target has."""
        is_ordered = self.migration.context.source.capabilities.ordered and self.info.simple_order
        last: Key | None = None
        async for block in self._blocks:
            batch = await asyncio.to_thread(_keyed_batch, block)
            if self.info.kind.has_keys:
                last = _check_keys(batch.items, last, self.info.name, is_ordered=is_ordered)
            found: Mapping[Key, Found] = {}
            if self.info.kind.has_keys:
                with self.migration.context.waits.on(Lane.FIND, Hindrance.TARGET):
                    found = await self.finder.find(batch.items)
            await self._batches.put(batch.with_found(found))
        await self._batches.close()

    async def write(self) -> None:
        """Write the batches, as fast as the operator lets it."""
        context = self.migration.context
        async for batch in self._batches:
            await keep_room(context)
            with context.waits.on(Lane.WRITE, Hindrance.LIMIT):
                await context.steering.gate(len(batch.items))
            with context.waits.on(Lane.WRITE, Hindrance.TARGET):
                await self.writer.write(batch)
            await self._budget.give_back(batch.size)


def _size(block: Block) -> int:
    return sum(map(len, block.documents))


def _keyed_batch(block: Block) -> Batch:
    items: list[Keyed] = []
    without_id: list[bytes] = []
    for document in block.documents:
        item = keyed(document)
        if item is None:
            without_id.append(document)
        else:
            items.append(item)
    return Batch(tuple(items), tuple(without_id), block.position, _size(block), {})


def _check_keys(items: Sequence[Keyed], last: Key | None, collection: str, *, is_ordered: bool) -> Key | None:
    """Two equal ids from one source are an error: the second would overwrite the first.

    Where a collation orders them, equal ones still come one behind the other.
    """
    problem = ""
    for one in items:
        if last == one.key:
            problem = "gives the same _id twice"
        elif is_ordered and last is not None and not last < one.key:
            problem = "does not keep to the order of _id"
        last = one.key
    if not is_ordered and len({one.key for one in items}) < len(items):
        problem = "gives the same _id twice"
    if problem:
        raise MalformedDocument(
            f"the source {problem} in {printable(collection)}",
            hint="a sharded source can hold an _id on two shards; clean it up first",
        )
    return last

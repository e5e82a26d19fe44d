"""Taking a collection or view of the target away whole, so that a rollback can bring it back.

Of a collection with keys each document is deleted under a before-image. One without takes no deletes: its documents are
held in the undo log, in their order. Then what it takes to bring the collection back is made durable, and it is
dropped. A collection that was dropped and has come again was made by somebody else, and is not touched.
"""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace

from tui_migrate.definitions import same_definition
from tui_migrate.documents import RawId, content_hash, normalise, raw_id
from tui_migrate.engine import removed_specs
from tui_migrate.engine.deleting import delete
from tui_migrate.engine.disk_room import keep_room
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.rollback_made import aside_name
from tui_migrate.engine.sums import Sum, sum_of
from tui_migrate.engine.tally import Tally
from tui_migrate.engine.undo_log import Removed, Thing
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.engine.write import ROUNDS, BatchWriter
from tui_migrate.errors import Refused, Unreachable, WriteRefused
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.records import Counts
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, ReadOrder


async def clear_away(migration: Migration, theirs: CollectionInfo) -> None:
    """Take a collection or view of the target away. Raises Refused, WriteRefused, Unreachable, StorageFailed."""
    refuse_another(migration, theirs)
    await migration.context.say(f"{printable(theirs.name)}: taking away the target's {theirs.kind}")
    if theirs.kind is CollectionKind.VIEW:
        await migration.remove(removed_specs.of_collection(theirs))
        await migration.target.drop_collection(theirs.name)
        failpoint("mirror.after_drop_view")
    else:
        context = migration.context
        last = await context.reader.last_checkpoint(context.run_id, theirs.name)
        writer = BatchWriter(migration, theirs, last, await context.reader.undo_end(context.run_id))
        await (_empty if theirs.kind.has_keys else _hold)(migration, theirs, writer)
    migration.there.pop(theirs.name)


def refuse_another(migration: Migration, theirs: CollectionInfo) -> None:
    """Raise Refused for what has come under the name of a collection or view that this run has taken away."""
    removed = [migration.made.removed.get((one, theirs.name, "")) for one in (Thing.COLLECTION, Thing.VIEW)]
    if any(one is not None and _is_another(one, theirs) for one in removed):
        raise Refused(
            f"while this run was replacing {printable(theirs.name)} another {theirs.kind} has appeared under its name",
            hint="see who made it; drop it and resume, or roll this run back",
        )


def _is_another(removed: Removed, theirs: CollectionInfo) -> bool:
    """Say whether something is not what was to be taken away: views have no uuid, and are known by their definition."""
    if (removed.thing is Thing.VIEW) is not (theirs.kind is CollectionKind.VIEW):
        return True
    if removed.thing is Thing.VIEW:
        return not same_definition(removed_specs.definition(removed).options, theirs.options)
    return bool(removed.uuid) and theirs.uuid != removed.uuid


async def _empty(migration: Migration, theirs: CollectionInfo, writer: BatchWriter) -> None:
    """Delete every document, look once more where nobody writes any longer, and drop what is left: nothing."""
    target, name = migration.target, theirs.name
    aside = aside_name(name, migration.context.run_id)
    for _ in range(ROUNDS):
        await _delete_all(migration, name, writer)
        await migration.remove(removed_specs.of_collection(theirs))
        await target.rename_collection(name, aside)
        failpoint("mirror.after_rename")
        if await target.count(aside) == 0:
            await target.drop_collection(aside)
            failpoint("mirror.after_drop")
            return
        await target.rename_collection(aside, name)
    raise Unreachable(
        f"others write to {printable(name)} faster than it can be emptied",
        hint="stop the other writer, then resume the run",
    )


async def _delete_all(migration: Migration, name: str, writer: BatchWriter) -> None:
    context = migration.context
    async with aclosing(migration.target.read(name, limit=context.limit, ids_only=True)) as blocks:
        async for block in blocks:
            ids = [found for found in map(raw_id, block.documents) if found is not None]
            await delete_batch(migration, name, ids, writer)
    await writer.settle_not_met()


async def delete_batch(migration: Migration, name: str, ids: list[RawId], writer: BatchWriter) -> None:
    """Delete documents of the target and commit that. Raises WriteRefused where the target keeps one."""
    await keep_room(migration.context)
    await migration.context.steering.gate(len(ids))
    tally = Tally(name)
    refused = await delete(migration, name, ids, tally)
    await writer.commit(writer.blank_checkpoint(), tally)
    failpoint("mirror.after_checkpoint")
    if refused:
        reason = next(iter(refused.values())).reason
        raise WriteRefused(
            f"the target does not delete {len(refused)} documents of {printable(name)}: {printable(reason)}",
            hint="delete them by hand, then resume the run",
        )


async def _hold(migration: Migration, theirs: CollectionInfo, writer: BatchWriter) -> None:
    """Put every document into the undo log, see that these are what is there, and drop the collection."""
    name = theirs.name
    counted = 0
    for _ in range(ROUNDS):
        removed = migration.made.removed.get((Thing.COLLECTION, name, ""))
        if removed is None or not await _is_held(migration, removed, name):
            await _record_held(migration, theirs)
            continue
        if removed.offset >= writer.undo_committed:
            tally = Tally(name, counts=Counts(deleted=removed.held - counted))
            counted = removed.held
            await writer.commit(writer.blank_checkpoint(), tally)
        if await _drop_held(migration, theirs, removed):
            return
    raise Unreachable(
        f"others write to {printable(name)} faster than it can be recorded",
        hint="stop the other writer, then resume the run",
    )


async def _drop_held(migration: Migration, theirs: CollectionInfo, removed: Removed) -> bool:
    """Drop a collection whose documents are held, and say whether nobody was quicker.

    It is renamed aside, looked at once more and renamed back where somebody was; no server renames a time series.
    """
    target, name = migration.target, theirs.name
    if theirs.kind is CollectionKind.CAPPED:
        aside = aside_name(name, migration.context.run_id)
        await target.rename_collection(name, aside)
        if not await _is_held(migration, removed, aside):
            await target.rename_collection(aside, name)
            return False
        name = aside
    await target.drop_collection(name)
    failpoint("mirror.after_drop_whole")
    return True


async def _record_held(migration: Migration, theirs: CollectionInfo) -> None:
    undo, context = migration.undo, migration.context
    begin, held = undo.size, 0
    async with aclosing(migration.target.read(theirs.name, order=ReadOrder.NATURAL, limit=context.limit)) as blocks:
        async for block in blocks:
            await keep_room(context)
            await context.steering.gate(len(block.documents))
            await undo.hold(block.documents)
            held += len(block.documents)
    await migration.remove(replace(removed_specs.of_collection(theirs), held_begin=begin, held=held))


async def _is_held(migration: Migration, removed: Removed, name: str) -> bool:
    """Say whether the collection that has a name now is what is held of it."""
    return await asyncio.to_thread(_sum, migration, removed) == await sum_of(migration.target, name)


def _sum(migration: Migration, removed: Removed) -> Sum:
    with UndoReader(migration.context.folder.undo_log) as undo:

        def digests() -> Iterator[bytes]:
            for one in undo.held(removed):
                yield content_hash(normalise(one))

        return Sum().plus(digests())

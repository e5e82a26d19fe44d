"""Stage prepare: claim the target, open the undo log, settle what is in doubt, create what is missing."""

import asyncio
from functools import partial

from tui_migrate.definitions import is_id_index, is_ttl, is_unique, same_definition, split_validation
from tui_migrate.engine.announced_log import AnnouncedLog
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.doubt import Settled, settle
from tui_migrate.engine.earlier_writers import end_earlier_writes
from tui_migrate.engine.migration import MadeThings, Migration
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.engine.rollback_made import return_aside
from tui_migrate.engine.undo_log import MAGIC, Thing
from tui_migrate.engine.undo_reader import UndoReader, is_blank, read_index
from tui_migrate.engine.work import refuse_vanished
from tui_migrate.errors import Refused, StorageFailed
from tui_migrate.failpoints import failpoint
from tui_migrate.plan.mirror import is_mirror
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target


async def prepare(context: RunContext, target: Target) -> Migration:
    """Make everything ready for documents. May be called again by each attempt of a run."""
    names = [one.name for one in context.plan.collections]
    filled = [one for one in context.plan.collections if not one.remove]
    mirrors = is_mirror(context.plan)
    places = (await target.identity()).claims()
    await context.journal.claim(context.run_id, places, names)
    infos = {one.name: one for one in await context.source.collections([one.name for one in filled])}
    refuse_vanished(filled, infos)
    undo, made, settled = await _open_undo_log(context, target)
    try:
        if mirrors:
            await return_aside(context, target, names, context.run_id)
        migration = Migration(
            context=context,
            target=target,
            undo=undo,
            rejects=RejectFile(context.folder.rejects, await context.reader.rejects_end(context.run_id)),
            made=made,
            infos=infos,
            there={one.name: one for one in await target.collections(names)},
            ours=settled.ours,
            deleted=settled.deleted,
            mirrors=mirrors,
        )
        _refuse_appeared(migration)
        undo.announce = partial(context.journal.set_writes_begun, context.run_id)
        for info in migration.planned():
            await create(migration, info)
            await context.progress.set_totals(info.name, info.documents, info.size)
    except BaseException:
        await undo.close()
        raise
    return migration


def _refuse_appeared(migration: Migration) -> None:
    """Raise Refused for what came to be in the target since the checks, and must not be written to or taken for ours.

    A retry writes into what its first run made, and a mirror replaces what is otherwise than it should be.
    """
    if migration.mirrors:
        return
    for info in (*migration.planned(), *migration.views()):
        there = migration.there.get(info.name)
        thing = Thing.VIEW if info.kind is CollectionKind.VIEW else Thing.COLLECTION
        key = (thing, info.name, "")
        if there is None or key in migration.made.done or migration.context.plan.retry_of:
            continue
        is_other = there.kind is not info.kind
        if info.kind is CollectionKind.VIEW:
            is_other = is_other or not same_definition(info.options, there.options)
        elif not info.kind.has_keys:
            # One that the run was about to create when it died is looked into before it is taken for its own.
            is_other = is_other or key not in migration.made.begun
        if is_other:
            raise Refused(
                f"since the checks a {there.kind} {printable(info.name)} has appeared in the target; it is left alone",
                hint="see who made it; drop it and resume, or start a new run without it",
            )


async def _open_undo_log(context: RunContext, target: Target) -> tuple[AnnouncedLog, MadeThings, Settled]:
    path = context.folder.undo_log
    made = MadeThings()
    if await asyncio.to_thread(is_blank, path):
        if (await context.reader.run(context.run_id)).writes_begun:
            raise StorageFailed(
                f"the undo log {path} is gone", hint="restore the target from a backup, then start a new run"
            )
        await end_earlier_writes(context, target, (), ())
        return await AnnouncedLog.create(path), made, Settled()
    await context.say("prepare: reading the undo log of the attempts before")
    checkpoint = await context.reader.undo_end(context.run_id)
    index = await asyncio.to_thread(read_index, path, checkpoint)
    await end_earlier_writes(context, target, index.sessions, ())
    for one in index.made:
        made.add(one)
    for removed in index.removed:
        made.remove(removed)
    undo = await AnnouncedLog.reopen(path, index.end, checkpoint or len(MAGIC))
    try:
        # Mapped only now: what a mapping shows of a file that was cut meanwhile is an end of the process.
        with UndoReader(path) as reader:
            settled = await settle(context, target, undo, reader, checkpoint)
    except BaseException:
        await undo.close()
        raise
    return undo, made, settled


async def create(migration: Migration, info: CollectionInfo) -> None:
    """Create a collection that the target lacks, with its options but its validator, and its unique indexes."""
    key = (Thing.COLLECTION, info.name, "")
    there = migration.there.get(info.name)
    if there is not None and key not in migration.made.done and key in migration.made.begun:
        if await migration.target.count(info.name):
            raise Refused(
                f"the collection {printable(info.name)} appeared in the target while this run was creating it",
                hint="see who made it; then start a new run",
            )
        await migration.have_made(*key, uuid=there.uuid)
    if there is None:
        await migration.context.say(f"{printable(info.name)}: creating the collection")
        await migration.make(*key)
        options, _ = split_validation(info.options)
        uuid = await migration.target.create_collection(info, options)
        failpoint("prepare.after_create")
        await migration.have_made(*key, uuid=uuid)
    if migration.made.has_collection(info.name):
        await create_unique_indexes(migration, info)


async def create_unique_indexes(migration: Migration, info: CollectionInfo) -> None:
    """Create the unique indexes of a collection of the run's own, before any document is in it."""
    unique = [one for one in info.indexes if is_unique(one) and not is_id_index(one) and not is_ttl(one)]
    await migration.target.create_indexes(info.name, unique)
    failpoint("prepare.after_unique_indexes")

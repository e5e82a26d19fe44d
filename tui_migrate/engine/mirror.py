"""What a mirror does besides filling collections: it makes way for the source's, and deletes what the target has more.

Each step looks before it acts, so that an attempt that died is taken up, and what is taken away is in the undo log
first. What the run has made itself is never taken for the target's own.
"""

from dataclasses import replace

from tui_migrate.definitions import index_name, split_validation
from tui_migrate.engine import removed_specs
from tui_migrate.engine.clearing import clear_away, delete_batch, refuse_another
from tui_migrate.engine.extras import find_extras, may_have_extras
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.prepare import create
from tui_migrate.engine.undo_log import Removed, Thing
from tui_migrate.engine.work import refuse_vanished
from tui_migrate.engine.write import BatchWriter
from tui_migrate.errors import Refused
from tui_migrate.failpoints import failpoint
from tui_migrate.plan.mirror import has_other_validator, indexes_to_drop, is_replaced
from tui_migrate.plan.model import PlannedCollection
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind


async def make_way(migration: Migration, info: CollectionInfo) -> None:
    """Replace what the target has under the name of a collection or view of the source, or drop indexes of it."""
    theirs = migration.there.get(info.name)
    is_view = info.kind is CollectionKind.VIEW
    key = (Thing.VIEW if is_view else Thing.COLLECTION, info.name, "")
    made = migration.made
    if theirs is None or key in made.done or (key in made.begun and not is_replaced(info, theirs)):
        return
    refuse_another(migration, theirs)
    if is_replaced(info, theirs):
        await clear_away(migration, theirs)
        if not is_view:
            await create(migration, info)
    elif not is_view:
        await _drop_indexes(migration, info, theirs)


async def remove_whole(migration: Migration, name: str) -> None:
    """Take away a collection or view that the source does not have."""
    theirs = migration.there.get(name)
    if theirs is not None:
        if await migration.context.source.collections([name]):
            raise Refused(
                f"the plan takes {printable(name)} away, and the source has it by now",
                hint="plan a new run; what this one has done is taken back by its rollback",
            )
        await clear_away(migration, theirs)


async def delete_extras(migration: Migration, info: CollectionInfo, writer: BatchWriter) -> None:
    """Delete the documents of the target that the source does not have; what came to be meanwhile is among them.

    It is a walk over both ends from the start in each attempt, which meets no more what an earlier one has deleted.
    """
    theirs = migration.there.get(info.name)
    if theirs is None or not await may_have_extras(migration.context, migration.target, theirs):
        return  # A collection that this attempt made has nothing but what it wrote.
    await migration.context.say(f"{printable(info.name)}: looking for documents that only the target has")
    async for ids in find_extras(migration.context, migration.target, info, theirs):
        await _refuse_source_gone(migration, info)
        await delete_batch(migration, info.name, ids, writer)


async def _refuse_source_gone(migration: Migration, info: CollectionInfo) -> None:
    """Raise Refused where the source's collection was dropped since the run began: its documents only seem to be gone.

    It is looked at behind what was asked of it, and before anything is deleted for the answer.
    """
    found = await migration.context.source.collections([info.name])
    refuse_vanished([PlannedCollection(info.name, kind=info.kind)], {one.name: one for one in found})
    if any(one.uuid and info.uuid and one.uuid != info.uuid for one in found):
        raise Refused(
            f"{printable(info.name)} of the source was dropped and made again while the run was reading it",
            hint="resume when the source has what the target is to have",
        )


async def set_validator(migration: Migration, info: CollectionInfo) -> None:
    """Set the source's validator, level and action on a collection that was there."""
    theirs = migration.there[info.name]
    if has_other_validator(info, theirs):
        _, before = split_validation(theirs.options)
        _, after = split_validation(info.options)
        change = removed_specs.ValidatorChange(before, after)
        await migration.remove(removed_specs.of_validator(info.name, change))
        await migration.target.set_validator(info.name, after)
        failpoint("mirror.after_validator")


async def _drop_indexes(migration: Migration, info: CollectionInfo, theirs: CollectionInfo) -> None:
    dropped: set[str] = set()
    for index in indexes_to_drop(info, theirs):
        name = index_name(index)
        key = (Thing.INDEX, info.name, name)
        if key in migration.made.done or key in migration.made.begun:
            continue
        await migration.remove(Removed(Thing.INDEX, info.name, name, index))
        await migration.target.drop_index(info.name, name)
        failpoint("mirror.after_drop_index")
        dropped.add(name)
    left = tuple(one for one in theirs.indexes if index_name(one) not in dropped)
    migration.there[info.name] = replace(theirs, indexes=left)

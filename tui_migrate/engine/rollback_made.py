"""Taking away the collections that a run made, without taking what others have put into them."""

from collections.abc import Sequence

from tui_migrate.engine.context import RunContext
from tui_migrate.engine.undo_log import Made
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target


def aside_name(collection: str, run_id: int) -> str:
    """The name under which a collection waits for its last look."""
    return f"{collection}.tui_migrate_undo_{run_id:04d}"


def is_another(made: Made | None, there: CollectionInfo) -> bool:
    """Say whether a collection is not the one that the run made under its name."""
    return made is not None and bool(made.uuid and there.uuid) and made.uuid != there.uuid


async def remove_collection(
    context: RunContext, target: Target, made: Made, there: CollectionInfo, run_id: int, written: int
) -> None:
    """Drop a collection that holds nothing but what the run wrote.

    `written` is how many documents of the run are still in it: more than 0 for collections that take no deletes. It is
    renamed aside first, looked at once more, and renamed back where a stranger was quicker; no server renames a time
    series.
    """
    name = made.collection
    if is_another(made, there):
        await _keep(context, name, "it was dropped and created again by somebody else")
        return
    if await target.count(name) > written:
        await _keep(context, name, "others have put documents into it")
        return
    aside = aside_name(name, run_id)
    if there.kind in (CollectionKind.PLAIN, CollectionKind.CAPPED):
        await target.rename_collection(name, aside)
        if there.kind.has_keys:
            failpoint("rollback.after_rename")
        if await target.count(aside) > written:
            await target.rename_collection(aside, name)
            await _keep(context, name, "others have put documents into it")
            return
        await target.drop_collection(aside)
        failpoint("rollback.after_drop")
    else:
        await target.drop_collection(name)


async def return_aside(context: RunContext, target: Target, names: Sequence[str], run_id: int) -> None:
    """Finish what an attempt left that died between renaming a collection aside and dropping it."""
    asides = {aside_name(name, run_id): name for name in names}
    for found in await target.collections(list(asides)):
        if await target.count(found.name) == 0:
            await target.drop_collection(found.name)
            failpoint("rollback.after_aside")
            continue
        name = asides[found.name]
        if await target.collections([name]):
            message = f"it waits as {found.name}, because somebody has created a new one of its name"
            await context.find(Severity.WARNING, "collection_kept", name, message, "put the two together by hand")
        else:
            await target.rename_collection(found.name, name)


async def _keep(context: RunContext, name: str, reason: str) -> None:
    message = f"the run created this collection, but it is kept: {reason}"
    await context.find(Severity.WARNING, "collection_kept", name, message, "drop it by hand if nobody needs it")

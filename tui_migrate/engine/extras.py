"""Finding what only the target has: a walk over the ids of both ends, in memory that does not grow with them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from tui_migrate.definitions import is_ttl
from tui_migrate.documents import RawId
from tui_migrate.engine.context import RunContext
from tui_migrate.journal.records import RejectState
from tui_migrate.ordering import Key
from tui_migrate.stores.base import CollectionInfo, Source
from tui_migrate.stores.lookup import Finder, Found, Keyed, MergeAlong, choose_finder, keyed

PAGE_IDS: Final = 100_000
"""Ids of the target that are held against one reading of a source that neither has an order nor can be asked."""


async def may_have_extras(context: RunContext, target: Source, theirs: CollectionInfo) -> bool:
    """Say whether the target may have documents that the source does not.

    It has none where it has as many as the run has read, and none of these was put aside, or deleted by its age. Two
    readings are saved then.
    """
    name = theirs.name
    (run,) = [one for one in await context.reader.collections(context.run_id) if one.name == name]
    is_aside = run.counts.rejected or await context.reader.rejects(context.run_id, name, RejectState.DEFERRED, limit=1)
    return bool(is_aside) or any(map(is_ttl, theirs.indexes)) or await target.count(name) != run.documents_done


async def find_extras(
    context: RunContext, target: Source, mine: CollectionInfo, theirs: CollectionInfo
) -> AsyncIterator[list[RawId]]:
    """Give the ids that the target has and the source does not, not more at a time than a batch has documents.

    What is given may be deleted before more is asked for.
    """
    finder = await _finder(context, target, mine, theirs)
    page = PAGE_IDS if isinstance(finder, _ReadAgain) else 1
    waiting: list[Keyed] = []
    found: list[RawId] = []
    most = context.limit.documents
    try:
        async with aclosing(target.read(theirs.name, limit=context.limit, ids_only=True)) as blocks:
            async for block in blocks:
                await context.steering.gate(0)
                waiting.extend(one for one in map(keyed, block.documents) if one is not None)
                if len(waiting) >= page:
                    found.extend(await _absent(finder, waiting))
                    waiting = []
                while len(found) >= most:
                    yield found[:most]
                    del found[:most]
        found.extend(await _absent(finder, waiting))
    finally:
        await finder.close()
    for start in range(0, len(found), most):
        yield found[start : start + most]


async def _finder(context: RunContext, target: Source, mine: CollectionInfo, theirs: CollectionInfo) -> Finder:
    """Choose how to ask the source about ids of the target; packages are in order, but cannot be asked by id.

    Nor can a source whose ids the run changes: it has lost the order that the target has.
    """
    source = context.source
    source_is_ordered = source.capabilities.ordered and mine.simple_order
    target_is_ordered = target.capabilities.ordered and theirs.simple_order
    changes_ids = theirs.simple_order and not mine.simple_order
    if source.capabilities.lookup and not changes_ids:
        return await choose_finder(
            source,
            mine,
            theirs,
            source_is_ordered=source_is_ordered and target_is_ordered,
            limit=context.limit,
            ids_only=True,
        )
    if source_is_ordered and target_is_ordered:
        return MergeAlong(source, mine.name, None, context.limit, ids_only=True)
    return _ReadAgain(source, mine.name)


async def _absent(finder: Finder, items: Sequence[Keyed]) -> list[RawId]:
    present = await finder.find(items) if items else {}
    return [one.id for one in items if one.key not in present]


class _ReadAgain:
    """Reads the whole source once for each page of ids."""

    def __init__(self, source: Source, collection: str) -> None:
        self._source = source
        self._collection = collection

    async def find(self, wanted: Sequence[Keyed]) -> dict[Key, Found]:
        """Give those of these keys that the source has."""
        waiting = {one.key: one for one in wanted}
        found: dict[Key, Found] = {}
        async with aclosing(self._source.read(self._collection, ids_only=True)) as blocks:
            async for block in blocks:
                for one in map(keyed, block.documents):
                    if one is not None and one.key in waiting:
                        found[one.key] = Found(one.id, one.digest, len(one.document))
                        del waiting[one.key]
        return found

    async def close(self) -> None:
        """Nothing stays open between pages."""

"""Verifying a rollback: no document may still be as the run left it."""

import asyncio
from collections import Counter
from collections.abc import Callable

from tui_migrate.documents import content_hash
from tui_migrate.engine.rollback_group import written_documents
from tui_migrate.engine.undo_log import Intent
from tui_migrate.engine.undo_reader import Index, UndoReader
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Target
from tui_migrate.stores.lookup import find_by_id


async def find_left_over(
    target: Target, undo: UndoReader, index: Index, is_undone: Callable[[str], bool]
) -> Counter[str]:
    """Count, by collection that is undone, the documents that are as the run left them and not as they were before it.

    A document that the run wrote twice has two records; what it was before the run stands in the first of them.
    """
    candidates: dict[tuple[str, Key], bytes] = {}  # with the hash of what is there now
    for offset in index.groups:
        group = await asyncio.to_thread(undo.group_at, offset)
        if not is_undone(group.collection):
            continue
        written = written_documents(group)
        found = await find_by_id(target, group.collection, [one.id for one in written.values()])
        for key, intent in written.items():
            current = found.get(key)
            if current is not None and current.digest == intent.after and not _is_before(intent, current.digest):
                candidates[group.collection, key] = current.digest
    if candidates:
        await asyncio.to_thread(_drop_restored, candidates, undo, index)
    return Counter(collection for collection, _ in candidates)


def _drop_restored(candidates: dict[tuple[str, Key], bytes], undo: UndoReader, index: Index) -> None:
    seen: set[tuple[str, Key]] = set()
    for offset in index.groups:
        group = undo.group_at(offset)
        for key, intent in written_documents(group).items():
            name = (group.collection, key)
            if name in candidates and name not in seen:
                seen.add(name)
                if _is_before(intent, candidates[name]):
                    del candidates[name]


def _is_before(intent: Intent, digest: bytes) -> bool:
    return intent.before is not None and content_hash(intent.before) == digest

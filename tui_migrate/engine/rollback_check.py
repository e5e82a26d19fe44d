"""Verifying a rollback: no document may still be as the run left it."""

import asyncio
from collections import Counter
from collections.abc import Callable

from tui_migrate.engine.rollback_group import written_documents
from tui_migrate.engine.rollback_rule import Verdict, before_digest, is_as_left, judge
from tui_migrate.engine.steering import Steering
from tui_migrate.engine.undo_reader import Index, UndoReader
from tui_migrate.failpoints import failpoint
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Target
from tui_migrate.stores.lookup import find_by_id


async def find_left_over(
    target: Target,
    undo: UndoReader,
    index: Index,
    is_undone: Callable[[str, int], bool],
    steering: Steering,
    *,
    force: bool = False,
) -> Counter[str]:
    """Count, by collection, the documents that are as the run left them and not as they were before it.

    `is_undone` says of a collection and the place of a group whether its documents are undone one by one. With `force`
    all count that are not as they were before. A document that the run wrote twice has two records; what it was before
    the run stands in the first of them. Raises Steered where the operator wants the rollback to stop.
    """
    candidates: dict[tuple[str, Key], bytes | None] = {}  # with the hash of what is there now
    for offset in index.groups:
        group = await asyncio.to_thread(undo.group_at, offset)
        if not is_undone(group.collection, offset):
            continue
        await steering.gate(0)
        written = written_documents(group)
        found = await find_by_id(target, group.collection, [one.id for one in written.values()])
        for key, intent in written.items():
            current = found.get(key)
            digest = None if current is None else current.digest
            is_left = judge(intent, digest, force=force) is Verdict.FORCE
            if is_left or (is_as_left(intent, digest) and digest != before_digest(intent)):
                candidates[group.collection, key] = digest
        failpoint("rollback.after_checked")
    if candidates:
        await asyncio.to_thread(_drop_restored, candidates, undo, index)
    return Counter(collection for collection, _ in candidates)


def _drop_restored(candidates: dict[tuple[str, Key], bytes | None], undo: UndoReader, index: Index) -> None:
    seen: set[tuple[str, Key]] = set()
    for offset in index.groups:
        group = undo.group_at(offset)
        for key, intent in written_documents(group).items():
            name = (group.collection, key)
            if name in candidates and name not in seen:
                seen.add(name)
                if candidates[name] == before_digest(intent):
                    del candidates[name]

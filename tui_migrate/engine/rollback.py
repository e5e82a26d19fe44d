"""A rollback as work: a run that takes another run back.

Drop the indexes and views the run made; undo its documents from the last to the first; then take away the collections
it made, unless somebody else has put documents in. Every step looks before it acts, so that it can be repeated.
"""

import asyncio

from tui_migrate.definitions import index_name
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.failpoints import failpoint
from tui_migrate.engine.rollback_check import find_left_over
from tui_migrate.engine.rollback_group import GroupUndoer, GroupUndone
from tui_migrate.engine.rollback_made import remove_collection, return_aside
from tui_migrate.engine.undo_log import Thing
from tui_migrate.engine.undo_reader import Group, Index, UndoReader
from tui_migrate.errors import NotReversible
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Checkpoint, CollectionState
from tui_migrate.journal.states import RunState
from tui_migrate.paths import RunFolder
from tui_migrate.stores.base import CollectionInfo, Target


class Rollback:
    """Takes back the run that the plan names."""

    def __init__(self, context: RunContext, target: Target, undone: RunFolder) -> None:
        self._context = context
        self._target = target
        self._folder = undone
        self._undone_id = context.plan.rollback_of
        self._undo: UndoReader | None = None
        self._index = Index(0)
        self._there: dict[str, CollectionInfo] = {}

    async def validate(self) -> None:
        """Check that there is something to take back. Raises NotReversible."""
        context = self._context
        undone = await context.reader.run(self._undone_id)
        if undone.state.is_active:
            raise NotReversible(
                f"run {self._undone_id:04d} is {undone.state}", hint=f"tui-migrate cancel {self._undone_id} first"
            )
        if undone.rolled_back_by not in (0, context.run_id):
            raise NotReversible(
                f"run {self._undone_id:04d} has been rolled back by run {undone.rolled_back_by:04d}",
                hint=f"tui-migrate status {undone.rolled_back_by}",
            )
        await self._target.identity()
        (await asyncio.to_thread(UndoReader, self._folder.undo_log)).close()
        later = await context.reader.later_runs(self._undone_id)
        await context.journal.clear_findings(context.run_id, context.stage)
        if later:
            names = ", ".join(f"{one:04d}" for one in later)
            message = f"later runs wrote to the same collections: {names}; what they changed is spared"
            await context.find(Severity.WARNING, "later_runs", "run", message, "roll those back first")

    async def prepare(self) -> None:
        """Take over the claims of the run that is undone and read where its undo log has what."""
        await self.close()
        context = self._context
        names = [one.name for one in context.plan.collections]
        place = (await self._target.identity()).claim()
        await context.journal.claim(context.run_id, place, names, heir_of=self._undone_id)
        self._undo = await asyncio.to_thread(UndoReader, self._folder.undo_log)
        self._index = await asyncio.to_thread(self._undo.index)
        await return_aside(context, self._target, names, self._undone_id)
        self._there = {one.name: one for one in await self._target.collections(names)}
        await context.journal.set_writes_begun(context.run_id)

    async def execute(self) -> None:
        """Undo, in the order that lets each step succeed."""
        await self._drop_indexes()
        failpoint("rollback.after_indexes")
        await self._drop_views()
        await self._undo_documents()
        failpoint("rollback.after_documents")
        await self._remove_collections()
        for one in self._context.plan.collections:
            await self._context.progress.set_collection(one.name, CollectionState.DONE)

    async def verify(self) -> None:
        """Look at every document of the undo log once more."""
        context = self._context
        await context.journal.clear_findings(context.run_id, context.stage)
        for collection, count in (await find_left_over(self._target, self._opened(), self._index)).items():
            message = "documents still are as the run left them"
            finding = Finding(Severity.ERROR, "not_rolled_back", collection, message, "roll back again", count)
            await context.journal.add_findings(context.run_id, context.stage, [finding])

    async def commit(self) -> None:
        """Mark the run that was undone."""
        context = self._context
        undone = await context.reader.run(self._undone_id)
        if undone.rolled_back_by == 0:
            await context.journal.set_rolled_back_by(self._undone_id, context.run_id)
        if undone.state not in (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS):
            worst = await context.reader.worst_finding(context.run_id)
            clean = worst in (None, Severity.NOTE)
            await context.journal.transition(
                self._undone_id, RunState.ROLLED_BACK if clean else RunState.ROLLED_BACK_WITH_FINDINGS
            )

    async def abandon(self) -> None:
        """What was undone stays undone; the rollback can be started again."""

    async def close(self) -> None:
        """Close the undo log."""
        if self._undo is not None:
            self._undo.close()
            self._undo = None

    async def _drop_indexes(self) -> None:
        for made in self._index.made:
            there = self._there.get(made.collection)
            if made.thing is not Thing.INDEX or there is None or self._is_made(made.collection):
                continue
            if made.name in map(index_name, there.indexes):
                await self._target.drop_index(made.collection, made.name)

    async def _drop_views(self) -> None:
        for name in {made.collection for made in self._index.made if made.thing is Thing.VIEW}:
            if name in self._there:
                await self._target.drop_collection(name)

    async def _undo_documents(self) -> None:
        context = self._context
        undoer = GroupUndoer(context, self._target)
        first = await context.reader.last_batch_number(context.run_id) + 1
        total = len(self._index.groups)
        is_repeated = context.attempt > 1
        clashed = 0
        for number in range(first, total):
            group = await self._group(total - 1 - number)
            if not self._is_drop_only(group.collection):
                await context.steering.gate(len(group.intents))
                done = await undoer.undo(group, counts_done=is_repeated)
                clashed += done.clashed
                await self._commit_group(group, number, done)
            is_repeated = False
        if first >= total > 0:
            clashed = total
        while clashed and (left := await self._undo_clashed(undoer)):
            if left >= clashed:
                break
            clashed = left

    async def _undo_clashed(self, undoer: GroupUndoer) -> int:
        """Go through the log again for what met a unique index; gives how many documents still do.

        What is left at the end is found by the verification.
        """
        clashed = 0
        for place in range(len(self._index.groups) - 1, -1, -1):
            group = await self._group(place)
            if not self._is_drop_only(group.collection):
                await self._context.steering.gate(len(group.intents))
                done = await undoer.undo(group, is_again=True)
                clashed += done.clashed
                await self._context.progress.add_counts(group.collection, done.counts)
        return clashed

    async def _commit_group(self, group: Group, number: int, done: GroupUndone) -> None:
        failpoint("rollback.before_checkpoint")
        checkpoint = Checkpoint(group.collection, number, b"", b"", len(group.intents), done.size, b"", done.counts)
        await self._context.progress.commit_batch(checkpoint)
        failpoint("rollback.after_checkpoint")

    async def _remove_collections(self) -> None:
        for made in {one.collection: one for one in self._index.made if one.thing is Thing.COLLECTION}.values():
            there = self._there.get(made.collection)
            if there is not None:
                written = await self._written_to(made.collection) if not there.kind.has_keys else 0
                await remove_collection(self._context, self._target, made, there, self._undone_id, written)

    async def _written_to(self, collection: str) -> int:
        undo, offsets = self._opened(), self._index.groups

        def count() -> int:
            groups = map(undo.group_at, offsets)
            return sum(len(one.intents) for one in groups if one.collection == collection)

        return await asyncio.to_thread(count)

    async def _group(self, place: int) -> Group:
        return await asyncio.to_thread(self._opened().group_at, self._index.groups[place])

    def _is_made(self, collection: str) -> bool:
        return any(one.thing is Thing.COLLECTION and one.collection == collection for one in self._index.made)

    def _is_drop_only(self, collection: str) -> bool:
        """Capped and time-series collections take no deletes: they go whole or stay."""
        there = self._there.get(collection)
        return there is None or not there.kind.has_keys

    def _opened(self) -> UndoReader:
        if self._undo is None:
            raise RuntimeError("prepare comes first")
        return self._undo

"""A rollback as work: a run that takes another run back.

Drop the indexes and views the run made; undo its documents from the last to the first; then take away the collections
it made, unless somebody else has put documents in. Where the run was a mirror, bring back the collections that it took
away, then their documents, indexes and validators, and views last. Every step looks before it acts, so that it can be
repeated.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Collection, Sequence

from tui_migrate.definitions import enforces_validator, index_name
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.earlier_writers import end_earlier_writes
from tui_migrate.engine.rollback_check import find_left_over
from tui_migrate.engine.rollback_group import GroupUndoer, GroupUndone
from tui_migrate.engine.rollback_made import remove_collection, return_aside
from tui_migrate.engine.rollback_removed import Return
from tui_migrate.engine.rollback_rule import is_undone_singly
from tui_migrate.engine.undo_log import Made, Thing
from tui_migrate.engine.undo_reader import Group, Index, UndoReader, read_index
from tui_migrate.errors import NotReversible
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Checkpoint, CollectionState
from tui_migrate.journal.states import RunState
from tui_migrate.paths import RunFolder
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target


class Rollback:
    """Takes back the run that the plan names."""

    def __init__(self, context: RunContext, target: Target, undone: RunFolder) -> None:
        self._context = context
        self._target = target
        self._folder = undone
        self._undone_id = context.plan.rollback_of
        self._undo: UndoReader | None = None
        self._index = Index(0)
        self._things: dict[tuple[Thing, str, str], Made] = {}
        self._there: dict[str, CollectionInfo] = {}
        self._return: Return | None = None

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
        await self._read_index()
        later = await context.reader.later_runs(self._undone_id)
        await context.journal.clear_findings(context.run_id, context.stage)
        if later:
            names = ", ".join(f"{one:04d}" for one in later)
            fate = "taken too" if context.plan.force else "kept"
            message = f"later runs wrote to the same collections: {names}; what they changed is {fate}"
            await context.find(Severity.WARNING, "later_runs", "run", message, "roll those back first")

    async def prepare(self) -> None:
        """Take over the claims of the run that is undone and read where its undo log has what."""
        await self.close()
        context = self._context
        await context.say(f"prepare: reading the undo log of run {self._undone_id:04d}")
        names = [one.name for one in context.plan.collections]
        places = (await self._target.identity()).claims()
        await context.journal.claim(context.run_id, places, names, heir_of=self._undone_id)
        self._index = await self._read_index()
        await end_earlier_writes(context, self._target, self._index.sessions, (self._folder.writers,))
        self._things = self._index.things()
        self._undo = await asyncio.to_thread(UndoReader, self._folder.undo_log)
        for name in names:
            # Where the run died, or wrote a document twice, its log has more than its counters.
            await context.progress.set_totals(name, self._index.written[name], 0)
        await return_aside(context, self._target, names, self._undone_id)
        self._return = Return(context, self._target, self._undo, self._index)
        await self._return.find_begun()
        await self._look()
        await context.journal.set_writes_begun(context.run_id)

    async def execute(self) -> None:
        """Undo, in the order that lets each step succeed."""
        if self._index.removed:
            await self._returned().set_validators(self._there)
            await self._look()
        await self._drop_indexes()
        failpoint("rollback.after_indexes")
        await self._drop_views()
        await self._find_gone()
        late = await asyncio.to_thread(self._groups_of_removed)
        first = [offset for offset in reversed(self._index.groups) if offset not in late]
        await self._undo_documents(first, 0)
        failpoint("rollback.after_documents")
        await self._remove_collections()
        if self._index.removed:
            await self._bring_back(sorted(late, reverse=True), len(first))
        for one in self._context.plan.collections:
            await self._context.progress.set_collection(one.name, CollectionState.DONE)

    async def verify(self) -> None:
        """Look at every document of the undo log once more."""
        context = self._context
        await context.journal.clear_findings(context.run_id, context.stage)
        await context.say(f"looking once more at each document that run {self._undone_id:04d} wrote")
        left = await find_left_over(
            self._target, self._opened(), self._index, self._is_undone, context.steering, force=context.plan.force
        )
        for collection, count in left.items():
            message = "documents still are as the run left them, or as others did"
            finding = Finding(Severity.ERROR, "not_rolled_back", collection, message, "put them right by hand", count)
            await context.journal.add_findings(context.run_id, context.stage, [finding])
        if self._index.removed:
            await self._look()
            await self._returned().find_missing(self._there)

    async def commit(self) -> None:
        """Make the indexes again that delete by age, and mark the run that was undone."""
        context = self._context
        await self._returned().finish(self._there, last=True)
        undone = await context.reader.run(self._undone_id)
        if undone.rolled_back_by == 0:
            await context.journal.set_rolled_back_by(self._undone_id, context.run_id)
            failpoint("rollback.after_named")
        if undone.state not in (RunState.ROLLED_BACK, RunState.ROLLED_BACK_WITH_FINDINGS):
            worst = await context.reader.worst_finding(context.run_id)
            clean = worst in (None, Severity.NOTE)
            await context.journal.transition(
                self._undone_id, RunState.ROLLED_BACK if clean else RunState.ROLLED_BACK_WITH_FINDINGS
            )
            failpoint("rollback.after_marked")

    async def abandon(self) -> None:
        """What was undone stays undone; the rollback can be started again."""

    async def close(self) -> None:
        """Close the undo log."""
        if self._undo is not None:
            self._undo.close()
            self._undo = None

    async def _say(self, collection: str, what: str) -> None:
        """Add a line about a collection to the log of the rollback."""
        await self._context.say(printable(f"{collection}: {what}"))

    async def _read_index(self) -> Index:
        committed = await self._context.reader.undo_end(self._undone_id)
        return await asyncio.to_thread(read_index, self._folder.undo_log, committed)

    async def _drop_indexes(self) -> None:
        for made in self._made(Thing.INDEX):
            there = self._there.get(made.collection)
            if there is None or self._made_collection(made.collection) is not None:
                continue
            found = next((one for one in there.indexes if index_name(one) == made.name), None)
            if found is not None and not self._returned().is_as_was(made.collection, found):
                await self._say(made.collection, f"dropping the index {made.name}")
                await self._target.drop_index(made.collection, made.name)
                failpoint("rollback.after_index")

    async def _drop_views(self) -> None:
        for made in self._made(Thing.VIEW):
            there = self._there.get(made.collection)
            is_returned = made.collection in self._returned().begun
            if there is not None and there.kind is CollectionKind.VIEW and not is_returned:
                await self._say(made.collection, "dropping the view")
                await self._target.drop_collection(made.collection)
                failpoint("rollback.after_view")

    async def _bring_back(self, late: Sequence[int], number: int) -> None:
        """Bring back what the run took away; the groups at `late` are undone then, numbered from `number` on."""
        returned = self._returned()
        await self._look()
        await returned.make_collections(self._there)
        await self._look()
        await self._undo_documents(late, number)
        failpoint("rollback.after_late_documents")
        await returned.finish(self._there)
        await returned.make_views(self._there)

    async def _undo_documents(self, offsets: Sequence[int], begin: int) -> None:
        """Undo groups of the log in this order; the first of them has the number `begin`."""
        context = self._context
        report = self._report_forced if context.plan.force else None
        validated = {name for name, one in self._there.items() if enforces_validator(one.options)}
        undoer = GroupUndoer(self._target, report, validated=validated)
        first = await context.reader.last_batch_number(context.run_id) + 1
        is_repeated = context.attempt > 1
        clashed = 0
        told_of = ""
        for number in range(max(first, begin), begin + len(offsets)):
            group = await self._group(offsets[number - begin])
            done = GroupUndone()
            if self._is_undone(group.collection, group.offset):
                if group.collection != told_of:
                    told_of = group.collection
                    await self._say(told_of, f"{'going on taking' if is_repeated else 'taking'} documents back")
                await context.steering.gate(len(group.intents))
                done = await undoer.undo(group, counts_done=is_repeated)
                clashed += done.clashed
            await self._commit_group(group, number, done)
            is_repeated = False
        # Of the clashes that an earlier attempt met nothing is known.
        left = sys.maxsize if first > begin else clashed
        while left and (still := await self._undo_clashed(undoer, offsets)) < left:
            left = still

    async def _undo_clashed(self, undoer: GroupUndoer, offsets: Sequence[int]) -> int:
        """Go through groups again for what met a unique index; gives how many documents still do.

        What is left at the end is found by the verification.
        """
        clashed = 0
        for offset in offsets:
            group = await self._group(offset)
            if self._is_undone(group.collection, offset):
                await self._context.steering.gate(len(group.intents))
                done = await undoer.undo(group, is_again=True)
                clashed += done.clashed
                await self._context.progress.add_counts(group.collection, done.counts)
        return clashed

    async def _report_forced(self, found: Sequence[Finding]) -> None:
        """Report what others have changed and the operator wants back, once each, whatever dies behind it."""
        await self._context.journal.add_findings(self._context.run_id, self._context.stage, found, once=True)

    async def _commit_group(self, group: Group, number: int, done: GroupUndone) -> None:
        failpoint("rollback.before_checkpoint")
        checkpoint = Checkpoint(group.collection, number, b"", b"", group.written, done.size, b"", done.counts)
        await self._context.progress.commit_batch(checkpoint, stage=self._context.stage, findings=done.findings)
        failpoint("rollback.after_checkpoint")

    async def _find_gone(self) -> None:
        """Report collections that were there before the run and are gone: nothing can be put back into them."""
        names = [one.name for one in self._context.plan.collections]
        away = self._returned().whole
        missing = [one for one in names if one not in self._there and self._made_collection(one) is None]
        missing = [one for one in missing if one not in away]
        for name in await asyncio.to_thread(self._written_to, missing):
            message = "somebody has dropped this collection after the run; what the run replaced in it is not put back"
            await self._context.find(Severity.WARNING, "collection_gone", name, message, "restore it from a backup")

    async def _remove_collections(self) -> None:
        for made in self._made(Thing.COLLECTION):
            there = self._there.get(made.collection)
            if there is not None and made.collection not in self._returned().begun:
                written = await asyncio.to_thread(self._written_to, () if there.kind.has_keys else (made.collection,))
                await self._say(made.collection, "dropping the collection, unless others have put documents into it")
                await remove_collection(
                    self._context, self._target, made, there, self._undone_id, written[made.collection]
                )

    def _written_to(self, collections: Collection[str]) -> Counter[str]:
        """Count the documents that were written to collections, of those made more than once since the last time."""
        written: Counter[str] = Counter()
        for offset in self._index.groups if collections else ():
            group = self._opened().group_at(offset)
            if group.collection in collections and offset > self._index.begins.get(group.collection, 0):
                written[group.collection] += group.written
        return +written

    async def _group(self, offset: int) -> Group:
        return await asyncio.to_thread(self._opened().group_at, offset)

    async def _look(self) -> None:
        """List what the target has of the collections of the run."""
        names = [one.name for one in self._context.plan.collections]
        self._there = {one.name: one for one in await self._target.collections(names)}

    def _groups_of_removed(self) -> set[int]:
        """Give the places of groups of collections that were to be taken away whole: undone when these are back."""
        removed = self._returned().whole
        if not removed:
            return set()
        named = ((offset, self._opened().collection_at(offset)) for offset in self._index.groups)
        return {offset for offset, name in named if name in removed and offset < removed[name].offset}

    def _made(self, thing: Thing) -> list[Made]:
        return [one for one in self._things.values() if one.thing is thing]

    def _made_collection(self, name: str) -> Made | None:
        return self._things.get((Thing.COLLECTION, name, ""))

    def _is_undone(self, collection: str, offset: int) -> bool:
        """Say whether the documents of a group are undone one by one."""
        there = self._there.get(collection)
        removed = self._returned().whole.get(collection)
        if removed is not None and offset < removed.offset:
            return there is not None and there.kind.has_keys and self._returned().is_back(there)
        return is_undone_singly(self._made_collection(collection), there)

    def _returned(self) -> Return:
        if self._return is None:
            raise RuntimeError("prepare comes first")
        return self._return

    def _opened(self) -> UndoReader:
        if self._undo is None:
            raise RuntimeError("prepare comes first")
        return self._undo

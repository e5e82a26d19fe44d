"""Bringing back what a mirror took away of its target: collections, views, indexes and validators.

A collection is made again with its recorded options once what the run made under its name is gone; documents follow,
then its indexes and its validator, and indexes that delete by age last of all. That the rollback has begun to make it
stands in its journal, as the collection's state, before it does: what lies there afterwards is the rollback's own.
"""

import asyncio
from typing import Final

from tui_migrate.definitions import (
    has_fields,
    index_name,
    is_id_index,
    is_ttl,
    same_definition,
    same_index,
    split_validation,
)
from tui_migrate.documents import content_hash, normalise
from tui_migrate.engine import removed_specs
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.half_filled import blocks, is_half_filled
from tui_migrate.engine.sums import Sum, sum_of
from tui_migrate.engine.undo_log import Removed, Thing
from tui_migrate.engine.undo_reader import Index, UndoReader
from tui_migrate.errors import Refused, WriteRefused
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import CollectionState, Counts
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target
from tui_migrate.stores.options import kind_of

NOT_RECREATED: Final = "not_recreated"


class Return:
    """What one run took away, on its way back. `begun` are the names that the rollback has begun to make again."""

    def __init__(self, context: RunContext, target: Target, undo: UndoReader, index: Index) -> None:
        self._context = context
        self._target = target
        self._undo = undo
        self.whole = index.taken_away(Thing.COLLECTION, Thing.VIEW)
        self._indexes: dict[tuple[str, str], Removed] = {}
        self._validators: dict[str, Removed] = {}
        for one in index.removed:
            # What was taken away first is what was there before the run.
            if one.thing is Thing.INDEX:
                self._indexes.setdefault((one.collection, one.name), one)
            elif one.thing is Thing.VALIDATOR:
                self._validators.setdefault(one.collection, one)
        self.begun: set[str] = set()

    async def find_begun(self) -> None:
        """Read from the journal what an earlier attempt has begun to make again."""
        run = await self._context.reader.run(self._context.run_id)
        refused = {one.subject for one in run.findings if one.code == NOT_RECREATED}
        collections = await self._context.reader.collections(self._context.run_id)
        waiting = {one.name for one in collections if one.state is CollectionState.WAITING}
        self.begun = {one for one in self.whole if one not in waiting and printable(one) not in refused}

    def is_back(self, there: CollectionInfo | None) -> bool:
        """Say whether a collection is the one that was to be taken away: it never was, or it was made again."""
        if there is None:
            return False
        removed = self.whole.get(there.name)
        if removed is None:
            return False
        return there.name in self.begun or (bool(removed.uuid) and removed.uuid == there.uuid)

    def is_as_was(self, collection: str, index: bytes) -> bool:
        """Say whether an index is as it was before the run took it away."""
        removed = self._indexes.get((collection, index_name(index)))
        return removed is not None and same_index(removed.spec, index)

    async def set_validators(self, there: dict[str, CollectionInfo]) -> None:
        """Set validators back that still are as the run set them; where the operator forces it, any."""
        for name, removed in self._validators.items():
            if name not in there or name in self.whole:
                continue
            change = removed_specs.validator_change(removed)
            _, now = split_validation(there[name].options)
            if same_definition(now, change.before):
                continue
            if not same_definition(now, change.after):
                message = "somebody changed its validator after the run had set it"
                fate = "force takes it back all the same" if self._context.plan.force else "it is left as it is"
                await self._find(Severity.WARNING, "validator_changed", name, f"{message}; {fate}", "compare it")
                if not self._context.plan.force:
                    continue
            await self._target.set_validator(name, change.before)
            failpoint("rollback.after_validator")

    async def make_collections(self, there: dict[str, CollectionInfo]) -> None:
        """Make collections again where the run had dropped them, with the documents that were held of them."""
        for name, removed in self.whole.items():
            if removed.thing is Thing.COLLECTION:
                await self._make(removed, there.get(name))

    async def make_views(self, there: dict[str, CollectionInfo]) -> None:
        """Make views again where the run had dropped them."""
        for name, removed in self.whole.items():
            now = there.get(name)
            if removed.thing is Thing.VIEW and not _is_same(removed, now):
                if now is not None:
                    await self._refuse(name, "somebody has put something else under its name")
                else:
                    await self._create(removed)
                    failpoint("rollback.after_restored_view")

    async def finish(self, there: dict[str, CollectionInfo], *, last: bool = False) -> None:
        """Make indexes again, and set validators of collections that were made again; the `last` delete by age."""
        for name, removed in self.whole.items():
            if removed.thing is Thing.COLLECTION and self.is_back(there.get(name)):
                found = removed_specs.definition(removed)
                for index in found.indexes:
                    await self._make_index(there[name], index, last=last)
                _, validation = split_validation(found.options)
                _, now = split_validation(there[name].options)
                if not last and has_fields(validation) and not same_definition(validation, now):
                    await self._target.set_validator(name, validation)
                    failpoint("rollback.after_restored_validator")
        for (name, _), removed in self._indexes.items():
            if name not in self.whole and name in there:
                await self._make_index(there[name], removed.spec, last=last)

    async def find_missing(self, there: dict[str, CollectionInfo]) -> None:
        """Report what is not back as it was."""
        for name, removed in self.whole.items():
            if not await self._is_restored(removed, there.get(name)):
                await self._missing(name, "it was taken away by the run and is not back as it was")
        for (name, _), removed in self._indexes.items():
            is_due = name not in self.whole and name in there and not is_ttl(removed.spec)
            if is_due and not any(same_index(removed.spec, one) for one in there[name].indexes):
                await self._missing(f"{name}.{removed.name}", "the run dropped this index, and it is not back")

    async def _is_restored(self, removed: Removed, now: CollectionInfo | None) -> bool:
        if not _is_same(removed, now, with_validator=True) or now is None:
            return False
        for index in removed_specs.definition(removed).indexes:
            if not is_ttl(index) and not any(same_index(index, one) for one in now.indexes):
                return False
        return now.kind.has_keys or now.kind is CollectionKind.VIEW or await self._holds_all(removed)

    async def _make(self, removed: Removed, now: CollectionInfo | None) -> None:
        name = removed.collection
        if now is not None and not self.is_back(now):
            if removed.uuid or removed.thing is not Thing.COLLECTION or not _is_same(removed, now):
                await self._refuse(name, "there is another collection under its name now")
            return
        if now is not None and (now.kind.has_keys or await self._holds_all(removed)):
            return
        if now is not None:
            # An attempt died that was filling it.
            if not await is_half_filled(self._target, name, lambda: self._undo.held(removed)):
                await self._refuse(name, "others have put documents into it while it was being brought back")
                return
            await self._target.drop_collection(name)
            failpoint("rollback.after_restored_drop")
        if await self._create(removed):
            await self._fill(removed)

    async def _create(self, removed: Removed) -> bool:
        """Make a collection or view again, without its validator, and say whether the target took it."""
        name, options = removed.collection, removed_specs.definition(removed).options
        if removed.thing is Thing.COLLECTION:
            options, _ = split_validation(options)
        held = 0 if name in self.begun else removed.held
        await self._context.progress.set_collection(name, CollectionState.ACTIVE, Counts(restored=held))
        try:
            await self._target.create_collection(CollectionInfo(name, kind_of(options), options), options)
        except (Refused, WriteRefused) as error:
            await self._refuse(name, error.message)
            return False
        self.begun.add(name)
        failpoint("rollback.after_recreate")
        return True

    async def _fill(self, removed: Removed) -> None:
        waiting = blocks(self._undo.held(removed))
        while block := await asyncio.to_thread(next, waiting, ()):
            await self._context.steering.gate(len(block))
            refused = await self._target.insert(removed.collection, block)
            failpoint("rollback.after_held")
            for one in refused:
                message = f"a document could not be put back: {printable(one.reason)}"
                await self._find(Severity.ERROR, "not_restored", removed.collection, message, "see its undo log")

    async def _holds_all(self, removed: Removed) -> bool:
        return await asyncio.to_thread(self._sum, removed) == await sum_of(self._target, removed.collection)

    def _sum(self, removed: Removed) -> Sum:
        return Sum().plus(content_hash(normalise(one)) for one in self._undo.held(removed))

    async def _make_index(self, there: CollectionInfo, index: bytes, *, last: bool) -> None:
        name = index_name(index)
        found = next((one for one in there.indexes if index_name(one) == name), None)
        if is_id_index(index) or is_ttl(index) is not last or (found is not None and same_index(index, found)):
            return
        subject = f"{there.name}.{name}"
        hint = "create it by hand"
        if found is not None:
            message = "the run dropped this index, and somebody has made another of its name; it is left as it is"
            await self._find(Severity.WARNING, "index_not_restored", subject, message, hint)
            return
        try:
            await self._target.create_indexes(there.name, [index])
            failpoint("rollback.after_restored_index")
        except (Refused, WriteRefused) as error:
            await self._find(Severity.WARNING, "index_not_restored", subject, printable(error.message), hint)

    async def _refuse(self, name: str, why: str) -> None:
        self.begun.discard(name)
        message = f"the run took this away, and it cannot be brought back: {printable(why)}"
        await self._find(Severity.ERROR, NOT_RECREATED, name, message, "what it was stands in the undo log")

    async def _missing(self, subject: str, message: str) -> None:
        await self._find(Severity.ERROR, "not_rolled_back", subject, message, "put it right by hand")

    async def _find(self, severity: Severity, code: str, subject: str, message: str, hint: str) -> None:
        finding = Finding(severity, code, printable(subject), message, hint)
        await self._context.journal.add_findings(self._context.run_id, self._context.stage, [finding], once=True)


def _is_same(removed: Removed, now: CollectionInfo | None, *, with_validator: bool = False) -> bool:
    """Say whether a collection or view is defined as the one that was taken away."""
    if now is None:
        return False
    mine, theirs = removed_specs.definition(removed).options, now.options
    if removed.thing is Thing.COLLECTION and not with_validator:
        mine, theirs = split_validation(mine)[0], split_validation(theirs)[0]
    return kind_of(mine) is now.kind and same_definition(mine, theirs)

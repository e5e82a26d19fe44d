"""Writing a batch: decide, record, write, settle, checkpoint. The heart of the promises."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from tui_migrate.definitions import enforces_validator
from tui_migrate.documents import RawId, content_hash, has_empty_timestamp, normalise, raw_id
from tui_migrate.engine.deleting import delete
from tui_migrate.engine.doubt import Ours
from tui_migrate.engine.migration import PART_BYTES, Migration
from tui_migrate.engine.tally import Tally
from tui_migrate.engine.undo_log import Intent, Operation, Outcome
from tui_migrate.engine.waits import Lane
from tui_migrate.errors import ConflictFound, Unreachable, WriteRefused
from tui_migrate.failpoints import failpoint
from tui_migrate.journal.hindrance import Hindrance
from tui_migrate.journal.records import Checkpoint, ConflictRecord, ConflictState, Counts
from tui_migrate.ordering import Key, order_key
from tui_migrate.plan.decision import Decision, as_stored, decide, is_equal, is_other_id_type
from tui_migrate.plan.model import Policy
from tui_migrate.plan.newer import moment_path
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Change, CollectionInfo, Refusal
from tui_migrate.stores.lookup import Found, Keyed, describe, find_by_id

ROUNDS: Final = 10
"""How often a document that others keep changing is decided anew."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that were read together, and what the target has of them. `without_id` cannot be written at all."""

    items: tuple[Keyed, ...]
    without_id: tuple[bytes, ...]
    position: bytes
    size: int
    found: Mapping[Key, Found]

    def with_found(self, found: Mapping[Key, Found]) -> "Batch":
        """Add what the target has."""
        return replace(self, found=found)

    def digest(self) -> bytes:
        """Hash the hashes of the documents, in their order."""
        digest = hashlib.blake2b(digest_size=16)
        for one in self.items:
            digest.update(one.digest)
        return digest.digest()


class BatchWriter:
    """Writes the batches of one collection."""

    def __init__(
        self, migration: Migration, info: CollectionInfo, last: Checkpoint | None, undo_committed: int
    ) -> None:
        self._migration = migration
        self._context = migration.context
        self._target = migration.target
        self.collection = info.name
        self._has_keys = info.kind.has_keys
        self._number = last.number + 1 if last else 0
        self._position = last.position if last else b""
        self._last_id = last.last_id if last else b""
        self._ours: Mapping[Key, Ours] = migration.ours.get(info.name, {})
        self._not_met = {key for key, one in self._ours.items() if one.was_found}
        self._mirrors = migration.mirrors
        self.moment_path = moment_path(migration.context.plan, info.name)
        there = migration.there.get(info.name)
        # What the source has need not meet a validator that is its own, or that the mirror is to replace.
        self._bypasses = self._mirrors and there is not None and enforces_validator(there.options)
        self.undo_committed = undo_committed
        self.answers: Mapping[Key, ConflictRecord] = {}
        """What the operator has decided about documents that are being written."""

    async def write(self, batch: Batch) -> None:
        """Write a batch and commit it. Raises ConflictFound, WriteRefused, Unreachable, StorageFailed."""
        tally = Tally(self.collection)
        for document in batch.without_id:
            tally.refuse_without_id(document)
        for part in parts(batch.items, batch.found):
            await self.write_items(part, batch.found, tally)
        if batch.items:
            self._last_id = batch.items[-1].id
        self._position = batch.position
        checkpoint = Checkpoint(
            collection=self.collection,
            number=self._number,
            position=batch.position,
            last_id=self._last_id,
            documents=len(batch.items) + len(batch.without_id),
            size=batch.size,
            digest=batch.digest(),
            counts=Counts(),
        )
        await self.commit(checkpoint, tally)

    async def commit(self, checkpoint: Checkpoint, tally: Tally, *, checks_ceiling: bool = True) -> None:
        """Make the undo log and the rejects durable, then the checkpoint with the counts of the tally.

        What an earlier attempt deleted and could not count any more is counted with it. Raises WriteRefused where it
        `checks_ceiling` and more was refused than the plan allows.
        """
        tally.deleted(self._migration.deleted.pop(self.collection, 0))
        with self._context.waits.on(Lane.WRITE, Hindrance.DISK):
            await self._commit(checkpoint, tally)
        if checks_ceiling and tally.counts.rejected:
            await self.check_ceiling(tally.last_reason)

    async def _commit(self, checkpoint: Checkpoint, tally: Tally) -> None:
        refused = await self._migration.rejects.append(tally.refused)
        failpoint("batch.after_rejects")
        if tally.kept:
            await self._migration.undo.keep(tally.kept)
        await self._migration.undo.sync()
        end = self._migration.undo.size
        failpoint("batch.before_checkpoint")
        await self._context.progress.commit_batch(
            replace(checkpoint, counts=tally.counts, undo_begin=self.undo_committed, undo_end=end),
            refused=refused,
            settled=tally.settled,
            stage=self._context.stage,
            findings=tally.findings,
            queued=tally.queued,
            answered=tally.answered,
        )
        failpoint("batch.after_checkpoint")
        self.undo_committed = end
        self._number += 1

    def blank_checkpoint(self) -> Checkpoint:
        """A checkpoint that moves the source's position no further."""
        return Checkpoint(self.collection, self._number, self._position, self._last_id, 0, 0, b"", Counts())

    async def settle_not_met(self) -> None:
        """Count what an earlier attempt wrote of documents that the source does not give any more, or deleted."""
        tally = Tally(self.collection)
        if self._not_met:
            for key in self._not_met:
                tally.wrote(self._ours[key].operation, is_assumed=self._ours[key].is_assumed)
            tally.note_source_moved(len(self._not_met))
            self._not_met.clear()
        if tally.counts != Counts() or self._migration.deleted[self.collection]:
            await self.commit(self.blank_checkpoint(), tally)

    async def write_items(self, items: Sequence[Keyed], found: Mapping[Key, Found], tally: Tally) -> None:
        """Write documents, deciding anew about those that somebody else changes meanwhile."""
        waiting, there = list(items), found
        self._not_met.difference_update(one.key for one in items)
        for _ in range(ROUNDS):
            inserts: list[Keyed] = []
            changes: list[Keyed] = []
            retyped: list[Keyed] = []
            asked: list[Keyed] = []
            for item in waiting:
                found_now = there.get(item.key)
                match self._decide(item, found_now, tally):
                    case Decision.INSERT:
                        inserts.append(item)
                    case Decision.QUEUE:
                        asked.append(item)
                    case Decision.REPLACE:
                        (retyped if self._mirrors and is_other_id_type(item, found_now) else changes).append(item)
            inserts.extend(await self._make_way(retyped, tally))
            again = [*await self._insert(inserts, tally), *await self._change(changes, tally)]
            again += await self._queue(asked, tally)
            if not again:
                return
            waiting = again
            there = await find_by_id(self._target, self.collection, [one.id for one in again], self.moment_path)
        raise Unreachable(
            f"others change {len(waiting)} documents of {printable(self.collection)} faster than they can be read",
            hint="stop the other writer, then resume the run",
        )

    async def _make_way(self, items: Sequence[Keyed], tally: Tally) -> list[Keyed]:
        """Delete documents that have the keys of these in another type of number: a replace would keep their `_id`."""
        if not items:
            return []
        refused = await delete(self._migration, self.collection, [one.id for one in items], tally)
        for one in items:
            if one.key in refused:
                tally.refuse(one, refused[one.key])
        return [one for one in items if one.key not in refused]

    def _decide(self, item: Keyed, current: Found | None, tally: Tally) -> Decision:
        """Decide about a document and count it, unless it is to be written."""
        if is_other_id_type(item, current) and not self._mirrors:
            tally.note_id_type(item)
        own = self._ours.get(item.key)
        if own is not None and current is not None and current.digest == own.after:
            if is_equal(item, current, exactly=self._mirrors):
                tally.wrote(own.operation, is_assumed=own.is_assumed)
                if not own.was_found:
                    tally.note_late()
                return Decision.UNCHANGED
            return Decision.REPLACE
        decision = decide(self._context.plan.policy, item, current, exactly=self._mirrors, by=self.moment_path)
        if decision is Decision.QUEUE and current is not None:
            decision = self._answer(item, current)
        if decision is Decision.UNCHANGED:
            tally.unchanged()
        elif decision.keeps:
            tally.skip(item)
            if decision is not Decision.SKIP:
                tally.note_kept(is_tied=decision is Decision.TIED)
            elif self._context.plan.retry_of and self._context.plan.policy is Policy.SKIP:
                tally.note_came_meanwhile()
        elif decision is Decision.REFUSE:
            raise ConflictFound(
                f"a document of {printable(self.collection)} differs in the target, and the policy is fail",
                hint=f"it appeared after the preflight check; tui-migrate rollback {self._context.run_id} --confirm"
                " takes back what was written",
            )
        return decision

    def _answer(self, item: Keyed, current: Found) -> Decision:
        """Say what the operator has decided about these very documents; what he has not seen is queued."""
        answer = self.answers.get(item.key)
        if answer is None or (answer.ours, answer.theirs) != (item.digest, current.digest):
            return Decision.QUEUE
        return Decision.REPLACE if answer.state is ConflictState.REPLACE else Decision.SKIP

    def has_written(self, key: Key) -> bool:
        """Say whether an earlier attempt wrote a document, and no checkpoint counted it."""
        own = self._ours.get(key)
        return own is not None and own.was_found

    async def _queue(self, items: Sequence[Keyed], tally: Tally) -> list[Keyed]:
        """Queue documents for the operator, by what the target has now; give those to decide about anew."""
        waiting = {one.key: one for one in items}
        again: list[Keyed] = []
        async with aclosing(self._target.lookup(self.collection, [one.id for one in items])) as documents:
            async for document in documents:
                found = describe(document)
                item = waiting.pop(order_key(found.id), None)
                if item is None:
                    continue
                decision = self._decide(item, found, tally)
                if decision is Decision.QUEUE:
                    tally.queue(item, found, normalise(document))
                elif decision.writes:
                    again.append(item)
        return [*again, *waiting.values()]

    async def _insert(self, items: Sequence[Keyed], tally: Tally) -> list[Keyed]:
        """Insert documents and give those whose `_id` has been taken meanwhile."""
        if not items:
            return []
        undo, target = self._migration.undo, self._target
        self._note_timestamps(items, tally)
        intents = [Intent(Operation.INSERT, one.id, one.digest) for one in items]
        with self._context.waits.on(Lane.WRITE, Hindrance.DISK):
            await undo.record(self.collection, self._context.attempt, target.session, intents)
        refusals = {one.index: one for one in await self._send(items)}
        failpoint("batch.after_insert")
        await undo.settle(
            [Outcome.NOT_WRITTEN if place in refusals else Outcome.WRITTEN for place in range(len(items))]
        )
        again: list[Keyed] = []
        for place, item in enumerate(items):
            refusal = refusals.get(place)
            if refusal is None:
                tally.wrote(Operation.INSERT)
            elif refusal.is_id_taken and self._has_keys:
                again.append(item)
            else:
                tally.refuse(item, refusal)
        return again

    async def _send(self, items: Sequence[Keyed]) -> tuple[Refusal, ...]:
        documents = [one.document for one in items]
        return await self._target.insert(self.collection, documents, bypass_validation=self._bypasses)

    async def _change(self, items: Sequence[Keyed], tally: Tally) -> list[Keyed]:
        """Replace documents that still are what was seen; give those that are gone, or for the operator to see anew."""
        if not items:
            return []
        attempt = _Replacing(self, items)
        result = await self._target.change(
            self.collection, [one.id for one in items], attempt.decide, bypass_validation=self._bypasses
        )
        failpoint("batch.after_replace")
        await attempt.settle(frozenset(result.changed))
        for key, refusal in result.refused.items():
            tally.refuse(attempt.items[key], refusal)
        self._note_timestamps([attempt.items[key] for key in result.changed], tally)
        for key in result.changed:
            own = self._ours.get(key)
            tally.wrote(own.operation if own is not None and own.was_found else Operation.REPLACE)
        for key, item in attempt.items.items():
            if key in result.changed or key in result.refused or key in attempt.gone:
                continue
            if self._decide(item, self._described(result.current.get(key), item), tally) is Decision.QUEUE:
                attempt.gone.add(key)
        return [attempt.items[key] for key in attempt.gone]

    def _note_timestamps(self, items: Sequence[Keyed], tally: Tally) -> None:
        """Report what a server that fills empty timestamps stores otherwise than it was sent."""
        if not self._target.capabilities.keeps_empty_timestamps:
            tally.note_timestamps([one for one in items if has_empty_timestamp(one.document)])

    async def check_ceiling(self, reason: str) -> None:
        """Raise WriteRefused, giving a `reason`, where more documents were rejected than the plan allows."""
        context = self._context
        rejected = sum(one.counts.rejected for one in await context.reader.collections(context.run_id))
        if rejected > context.plan.max_rejects:
            name = printable(self.collection)
            raise WriteRefused(
                f"the target refuses documents of {name} ({rejected} so far): {reason}",
                hint=f"they are kept in {context.folder.rejects}; raise --max-rejects for a new run,"
                " or resume this one, which stops again at the next",
            )

    async def record_changes(self, intents: Sequence[Intent]) -> None:
        """Make the undo record of some replaces durable."""
        with self._context.waits.on(Lane.WRITE, Hindrance.DISK):
            await self._migration.undo.record(self.collection, self._context.attempt, self._target.session, intents)

    async def settle_changes(self, outcomes: Sequence[Outcome]) -> None:
        """Record what became of them."""
        await self._migration.undo.settle(outcomes)

    def wants_replace(self, item: Keyed, current: bytes) -> bool:
        """Say whether a document is to be replaced, without counting it. Raises ConflictFound."""
        return self._decide(item, self._described(current, item), Tally(self.collection)) is Decision.REPLACE

    def _described(self, document: bytes | None, like: Keyed) -> Found | None:
        return None if document is None else describe(document, like, self.moment_path)

    @property
    def keeps_before_images(self) -> bool:
        """Whether the plan wants to be able to roll back."""
        return self._context.plan.undo


class _Replacing:
    """The replaces of one batch on their way: what was decided last, and what is recorded but not settled."""

    def __init__(self, writer: BatchWriter, items: Sequence[Keyed]) -> None:
        self._writer = writer
        self.items = {one.key: one for one in items}
        self.gone: set[Key] = set()
        self._open: list[Key] = []

    async def decide(self, ids: Sequence[RawId], current: Mapping[Key, bytes]) -> list[Change]:
        """Record and say what to replace, given what the target holds now."""
        asked = dict.fromkeys(map(order_key, ids))
        await self.settle(frozenset(self._open) - asked.keys())
        changes: list[Change] = []
        intents: list[Intent] = []
        for key in asked:
            item, seen = self.items[key], current.get(key)
            self.gone.discard(key)
            if seen is None:
                self.gone.add(key)
            elif self._writer.wants_replace(item, seen):
                after = as_stored(item.document, raw_id(seen))
                before = seen if self._writer.keeps_before_images else None
                changes.append(Change(item.id, seen, after))
                intents.append(Intent(Operation.REPLACE, item.id, content_hash(after), before))
                self._open.append(key)
        if intents:
            await self._writer.record_changes(intents)
        return changes

    async def settle(self, written: frozenset[Key]) -> None:
        """Record for the INTENTs that are open which of them took effect."""
        if self._open:
            await self._writer.settle_changes(
                [Outcome.WRITTEN if key in written else Outcome.NOT_WRITTEN for key in self._open]
            )
        self._open = []


def parts(items: Sequence[Keyed], found: Mapping[Key, Found]) -> list[list[Keyed]]:
    """Cut documents by their bytes and those of what was found for them."""
    cut: list[list[Keyed]] = []
    room = 0
    for one in items:
        there = found.get(one.key)
        size = len(one.document) + (there.size if there is not None else 0)
        if not cut or size > room:
            cut.append([])
            room = PART_BYTES
        cut[-1].append(one)
        room -= size
    return cut

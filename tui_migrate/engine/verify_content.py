"""Comparing the documents of a collection at both ends, chunk by chunk, in memory that does not grow with them.

What is found is kept with a mark of how far the comparison is, so that another attempt goes on from there.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from tui_migrate.documents import RawId
from tui_migrate.engine.batch_walk import BatchWalk, Suspect, WalkedBatch
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.expiry import Expiry, expires_whole, missing
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.sums import sum_of, sum_written
from tui_migrate.engine.undo_log import Intent
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal.records import Checkpoint, RejectState, VerifiedMark
from tui_migrate.ordering import Key, order_key
from tui_migrate.stores.base import CollectionInfo
from tui_migrate.stores.lookup import choose_finder, keyed

MARK_SECONDS: Final = 1.0
"""How much work an attempt that dies may cost the next one."""


class Verdicts:
    """What the verification of one collection has found since its last mark. The two are committed together."""

    def __init__(self, context: RunContext, collection: str) -> None:
        self._context = context
        self.collection = collection
        self._found: dict[tuple[str, str], Finding] = {}
        self._marked_at = asyncio.get_running_loop().time()
        self.expiring: set[bytes] = set()
        """The hashes of documents that the target lacks and that may have expired there, until they are judged."""

    def add(self, severity: Severity, code: str, subject: str, message: str, hint: str = "", count: int = 1) -> None:
        """Take down a finding; one of a code and subject that is there already adds to its count."""
        one = Finding(severity, code, subject, message, hint, count)
        before = self._found.get((code, subject))
        self._found[code, subject] = one if before is None else replace(before, count=before.count + count)

    def target_differs(self, what: str, count: int = 1) -> None:
        """Report documents that the run wrote or found right, and that are not so any more."""
        message = f"{what}; somebody changed the target during the run"
        self.add(Severity.ERROR, "target_differs", self.collection, message, "compare both ends", count)

    def expired(self, count: int = 1) -> None:
        """Report documents that the target has deleted by their age, as it is told to."""
        message = "documents past their expiry are not in the target: it has an index that deletes by age"
        self.add(Severity.WARNING, "expired", self.collection, message, "they are gone from there for good", count)

    def source_moved(self, count: int = 1) -> None:
        """Report documents of which the source gives something else than it gave at first."""
        message = "documents changed in the source while the run was reading it"
        self.add(
            Severity.WARNING, "source_moved", self.collection, message, "run it again to take up the changes", count
        )

    def end_untold(self, count: int = 1) -> None:
        """Report documents that differ, of which no record of the run says what they were."""
        message = (
            "documents differ between the ends, and which end changed since cannot be told, because the run wrote"
            " nothing of them: it had found them equal, or the target refused them"
        )
        self.add(Severity.ERROR, "end_untold", self.collection, message, "run it again, or compare both ends", count)

    async def reach(self, done: Checkpoint) -> None:
        """Say that a batch is verified: now and then a mark is made of it."""
        now = asyncio.get_running_loop().time()
        if now - self._marked_at >= MARK_SECONDS:
            self._marked_at = now
            await self._commit(VerifiedMark(done.number, done.position, done.last_id))

    async def finish(self) -> None:
        """Say that all of the collection is verified."""
        await self._commit(VerifiedMark(is_done=True))

    async def begin(self) -> None:
        """Commit what was found of the collection's definition, before its documents are looked at."""
        await self._commit(VerifiedMark())

    async def _commit(self, mark: VerifiedMark) -> None:
        await self._context.progress.commit_verified(self.collection, mark, tuple(self._found.values()))
        self._found.clear()


async def compare_documents(
    migration: Migration, info: CollectionInfo, theirs: CollectionInfo, mark: VerifiedMark, verdicts: Verdicts
) -> None:
    """Compare every document behind a mark with what the target has, and say of each that differs who moved."""
    context = migration.context
    finder = await choose_finder(
        migration.target,
        theirs,
        info,
        source_is_ordered=context.source.capabilities.ordered,
        after=RawId(mark.last_id) if mark.last_id else None,
        limit=context.limit,
    )
    walk = BatchWalk(
        context.reader.batches(context.run_id, info.name, after=mark.number),
        is_ordered=context.source.capabilities.ordered and info.simple_order,
        last_id=mark.last_id,
        exactly=migration.mirrors,
    )
    expiry = Expiry.of(theirs)
    try:
        with UndoReader(context.folder.undo_log) as undo:
            blocks = context.source.read(info.name, after=mark.position or None, limit=context.limit)
            async with aclosing(blocks):
                async for block in blocks:
                    await context.steering.gate(0)
                    async with context.lanes.holding(sum(map(len, block.documents))):
                        items = [one for one in map(keyed, block.documents) if one is not None]
                        found = await finder.find(items)
                        lacked = ((one.digest, one.document) for one in items if one.key not in found)
                        verdicts.expiring |= missing(lacked, expiry)
                        async for done in walk.take(items, found):
                            await _judge(context, done, undo, verdicts)
                            failpoint("verify.after_batch")
            async for done in walk.finish():
                await _judge(context, done, undo, verdicts)
    finally:
        await finder.close()


@dataclass(slots=True)
class _Records:
    """What the undo log says of one batch's documents."""

    written: dict[Key, Intent] = field(default_factory=dict)
    kept: dict[Key, bytes] = field(default_factory=dict)


class _Blame(Enum):
    """Which end a document that differs has changed at."""

    SOURCE = auto()
    TARGET = auto()
    UNTOLD = auto()


async def _judge(context: RunContext, batch: WalkedBatch, undo: UndoReader, verdicts: Verdicts) -> None:
    """Compare a batch's documents, and say of each that differs who moved."""
    records = _Records()
    if batch.checkpoint is not None and (batch.suspects or not batch.is_as_read):
        records = await asyncio.to_thread(_read_records, undo, verdicts.collection, batch.checkpoint)
    moved = 0
    for one in batch.suspects:
        if one.current is not None and records.kept.get(one.key) == one.digest:
            continue
        if await _is_meant(context, verdicts.collection, one):
            continue
        if one.digest in verdicts.expiring:
            verdicts.expiring.discard(one.digest)
            verdicts.expired()
            continue
        match _blame(one, batch, records):
            case _Blame.SOURCE:
                moved += 1
            case _Blame.TARGET:
                what = "is missing from" if one.current is None else "differs in"
                verdicts.target_differs(f"a document of the source {what} the target")
            case _Blame.UNTOLD:
                verdicts.end_untold()
    if not batch.is_as_read and batch.checkpoint is not None:
        vanished = sum(key not in batch.seen for key in records.written)
        # Something did move. What was deleted and has no record leaves no other trace.
        moved = max(1, moved + vanished)
    if moved:
        verdicts.source_moved(moved)
    if batch.checkpoint is not None:
        await verdicts.reach(batch.checkpoint)


async def _is_meant(context: RunContext, collection: str, one: Suspect) -> bool:
    """Say whether a document is not in the target because that refused it, or the operator decided against it."""
    if await context.reader.is_rejected(context.run_id, collection, one.digest):
        return True
    return one.current is not None and await context.reader.is_kept(context.run_id, collection, one.id, one.digest)


def _blame(one: Suspect, batch: WalkedBatch, records: _Records) -> _Blame:
    """Say which end a document that differs has changed at, by what the run recorded of it."""
    if batch.checkpoint is None:
        return _Blame.SOURCE
    if batch.is_as_read:
        return _Blame.TARGET
    if (intent := records.written.get(one.key)) is not None:
        return _Blame.SOURCE if one.current == intent.after else _Blame.TARGET
    if (kept := records.kept.get(one.key)) is not None:
        return _Blame.SOURCE if kept != one.digest else _Blame.TARGET
    # Where every document of the batch has a record, one without is new in the source.
    recorded = len(records.written.keys() | records.kept.keys())
    return _Blame.SOURCE if recorded >= batch.checkpoint.documents else _Blame.UNTOLD


def _read_records(undo: UndoReader, collection: str, checkpoint: Checkpoint) -> _Records:
    records = _Records()
    for group in undo.groups(checkpoint.undo_begin, checkpoint.undo_end):
        if group.collection == collection and group.outcomes is not None:
            for intent, outcome in zip(group.intents, group.outcomes, strict=True):
                if outcome.is_written:
                    records.written[order_key(intent.id)] = intent
    for kept in undo.kept(checkpoint.undo_begin, checkpoint.undo_end):
        records.kept[order_key(RawId(kept.id))] = kept.digest
    return records


async def compare_sums(migration: Migration, info: CollectionInfo, verdicts: Verdicts) -> None:
    """Compare what a collection without keys holds at both ends with what the run wrote, in whatever order it lies."""
    context = migration.context
    written = await asyncio.to_thread(sum_written, context.folder.undo_log, info.name)
    given = written
    after = -1
    while page := await context.reader.rejects(context.run_id, info.name, RejectState.REJECTED, after):
        given = given.plus(one.digest for one in page)
        after = page[-1].offset
    mine, theirs = await sum_of(context.source, info.name), await sum_of(migration.target, info.name)
    if theirs.count < written.count and expires_whole(info.options):
        verdicts.expired(written.count - theirs.count)
    elif theirs != written:
        verdicts.target_differs(
            f"the run wrote {written.count:,} documents, the target has {theirs.count:,}, not the same"
        )
    if mine != given:
        verdicts.source_moved()

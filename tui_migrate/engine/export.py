"""An export as work: a source into a package of whatever form, batch by batch."""

import asyncio
import hashlib
from contextlib import aclosing
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tui_migrate import __version__
from tui_migrate.documents import content_hash, normalise, raw_id
from tui_migrate.engine.batch_walk import BatchWalk, WalkedBatch
from tui_migrate.engine.context import RunContext
from tui_migrate.engine.pipeline import Budget, Channel, run_together
from tui_migrate.engine.verify_content import Verdicts
from tui_migrate.engine.waits import Lane
from tui_migrate.engine.work import refuse_errors, refuse_vanished
from tui_migrate.errors import CredentialsMissing
from tui_migrate.failpoints import failpoint
from tui_migrate.findings import Severity
from tui_migrate.journal.hindrance import Hindrance
from tui_migrate.journal.records import Checkpoint, CollectionState, Counts, MemberRecord, VerifiedMark
from tui_migrate.mapping.model import Scope
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder
from tui_migrate.packages.manifest import Consistency, Header, SourceEntry
from tui_migrate.packages.members import Member
from tui_migrate.packages.part import Part, PartFilter, PartRename
from tui_migrate.packages.writer import discard_partial
from tui_migrate.packages.writing import Writer, Writing, create_writer, is_written, reopen_writer
from tui_migrate.plan import preflight
from tui_migrate.plan.catalog_rules import catalog_of
from tui_migrate.plan.model import PackageEnd, StoreEnd, Verify
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Block, CollectionInfo, CollectionKind
from tui_migrate.stores.lookup import keyed

NOT_BEGUN: Final = VerifiedMark()


class Export:
    """Documents from a source into a package."""

    def __init__(
        self,
        context: RunContext,
        created_at: float,
        operator: str,
        passphrase: str | None = None,
        pipe: int | None = None,
    ) -> None:
        plan = context.plan
        if not isinstance(plan.target, PackageEnd) or not isinstance(plan.source, StoreEnd):
            raise TypeError("an export goes from a database to a package")
        self._context = context
        self._target = plan.target
        self._source_end = plan.source
        self._passphrase = passphrase
        self._pipe = pipe
        self._created_at = created_at
        self._operator = operator
        self._writer: Writer | None = None
        self._infos: list[CollectionInfo] = []
        self._entries: list[CollectionEntry] = []

    async def validate(self) -> None:
        """Run the preflight checks."""
        await refuse_errors(self._context, await preflight.check(self._context.plan, self._context.source, None))

    async def prepare(self) -> None:
        """Begin the package, or take up what an earlier attempt has left of it, where its form allows that."""
        await self.close()
        context, plan = self._context, self._context.plan
        there = {one.name: one for one in await context.source.collections([one.name for one in plan.collections])}
        refuse_vanished(plan.collections, there)
        self._infos = [there[one.name] for one in plan.collections]
        record = await context.reader.run(context.run_id)
        writing = self._writing()
        if record.writes_begun and await is_written(writing, await self._all_members()):
            return
        if record.writes_begun and writing.is_resumable:
            self._writer = await reopen_writer(writing, await self._finished_members())
        else:
            self._writer = await create_writer(writing)
            if record.writes_begun:
                await self._begin_again()
        failpoint("export.after_create")
        await context.journal.set_writes_begun(context.run_id)

    async def execute(self) -> None:
        """Write every collection that is not done."""
        context, writer = self._context, self._writer
        if writer is None:
            return
        done = {one.name: one.state for one in await context.reader.collections(context.run_id)}
        for info in self._infos:
            await writer.write_metadata(info)
        for info in self._infos:
            if info.kind is not CollectionKind.VIEW and done[info.name] is not CollectionState.DONE:
                await context.progress.set_collection(info.name, CollectionState.ACTIVE)
                await context.progress.set_totals(info.name, info.documents, info.size)
                await self._write_collection(writer, info)
            await context.progress.set_collection(info.name, CollectionState.DONE)

    async def verify(self) -> None:
        """Read the package back against its members, and the source again against what it gave."""
        context, writer = self._context, self._writer
        if writer is None:
            return
        marks = await context.reader.verified(context.run_id)
        if not marks:
            await context.journal.clear_findings(context.run_id, context.stage)
        self._entries = []
        for info in self._infos:
            await context.say(f"{printable(info.name)}: reading the package back")
            order = DocumentOrder.ID if info.kind.has_keys and info.simple_order else DocumentOrder.NATURAL
            if entry := await writer.entry(info, await self._members(info.name), order):
                self._entries.append(entry)
        await context.settle_lanes()
        if context.plan.verify is Verify.CONTENT:
            left = [one for one in self._infos if one.kind.has_keys and not marks.get(one.name, NOT_BEGUN).is_done]

            async def find_moved(info: CollectionInfo) -> None:
                await self._find_moved(info, marks.get(info.name, NOT_BEGUN))

            await context.lanes.each(left, find_moved)
        else:
            message = f"the source was not read again (--verify {context.plan.verify.value})"
            await context.find(Severity.WARNING, "not_verified", "run", message, "changes meanwhile went unseen")

    async def commit(self) -> None:
        """Finish the package and give it its name."""
        if self._writer is None:
            return
        failpoint("export.before_seal")
        await self._writer.seal(self._header(), self._entries)
        failpoint("export.after_seal")
        self._writer = None

    async def abandon(self) -> None:
        """Take the unfinished package away, also where it was let go of before: the run may have been paused."""
        await self.close()
        if not self._target.is_pipe:
            await discard_partial(Path(self._target.path), self._context.run_id)

    async def close(self) -> None:
        """Close the open file, or the pipe."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None

    def _writing(self) -> Writing:
        context, target = self._context, self._target
        if target.with_passphrase and not self._passphrase:
            raise CredentialsMissing(
                f"there is no passphrase for {printable(target.label)}",
                hint=f"resume the run with TUI_MIGRATE_PASSPHRASE set, or on a terminal: resume {context.run_id}",
            )
        # A pipe is written to once: whoever reads it cannot be told to begin again.
        pipe, self._pipe = self._pipe, None
        return Writing(
            path=None if target.is_pipe else Path(target.path),
            form=target.form,
            run_id=context.run_id,
            database=self._source_end.database,
            moment=self._created_at,
            mark=context.folder.package_digest,
            server_version=context.source.capabilities.server_version,
            recipients=target.recipients,
            passphrase=self._passphrase if target.with_passphrase else None,
            descriptor=pipe,
        )

    async def _begin_again(self) -> None:
        """Forget what was written into a package that cannot be gone on with."""
        context = self._context
        await context.say(f"a package of the form {self._target.form.value} cannot be gone on with: it is begun again")
        for one in context.plan.collections:
            await context.progress.restart_collection(one.name)

    async def _write_collection(self, writer: Writer, info: CollectionInfo) -> None:
        context = self._context
        last = await context.reader.last_checkpoint(context.run_id, info.name)
        if last is not None and not info.kind.has_keys:
            await context.progress.restart_collection(info.name)
            last = None
        await context.say(f"{printable(info.name)}: {'going on' if last else 'starting'}")
        await writer.open_collection(info.name, await self._members(info.name))
        blocks: Channel[Block] = Channel()
        budget = Budget()

        async def read() -> None:
            position = last.position if last else None
            reading = context.source.read(info.name, after=position, order=info.kind.read_order, limit=context.limit)
            async with aclosing(reading):
                while (block := await context.waits.next_of(reading, Lane.READ, Hindrance.SOURCE)) is not None:
                    await budget.take(sum(map(len, block.documents)))
                    await blocks.put(block)
            await blocks.close()

        async def write() -> None:
            number = last.number + 1 if last else 0
            async for block in blocks:
                with context.waits.on(Lane.WRITE, Hindrance.LIMIT):
                    await context.steering.gate(len(block.documents))
                with context.waits.on(Lane.WRITE, Hindrance.TARGET):
                    member = await writer.append(block.documents)
                failpoint("export.after_append")
                checkpoint = await asyncio.to_thread(_checkpoint, info.name, number, block)
                record = MemberRecord(*astuple(member)) if member else None
                with context.waits.on(Lane.WRITE, Hindrance.DISK):
                    await context.progress.commit_batch(checkpoint, member=record)
                failpoint("export.after_checkpoint")
                await budget.give_back(checkpoint.size)
                number += 1

        await run_together(read(), write())
        await writer.close_collection()

    async def _find_moved(self, info: CollectionInfo, mark: VerifiedMark) -> None:
        """Read a collection of the source again from behind a mark, and report the batches that it gives otherwise."""
        context = self._context
        verdicts = Verdicts(context, info.name)
        checkpoints = context.reader.batches(context.run_id, info.name, after=mark.number)
        walk = BatchWalk(checkpoints, is_ordered=info.simple_order, last_id=mark.last_id)
        reading = context.source.read(info.name, after=mark.position or None, limit=context.limit)
        async with aclosing(reading) as blocks:
            async for block in blocks:
                await context.steering.gate(0)
                async with context.lanes.holding(sum(map(len, block.documents))):
                    items = [one for one in map(keyed, block.documents) if one is not None]
                    async for batch in walk.take(items, None):
                        await _judge(batch, verdicts)
        async for batch in walk.finish():
            await _judge(batch, verdicts)
        await verdicts.finish()

    async def _members(self, collection: str) -> list[Member]:
        members = await self._context.reader.members(self._context.run_id, collection)
        return [Member(*astuple(one)) for one in members]

    async def _all_members(self) -> dict[str, list[Member]]:
        return {one.name: await self._members(one.name) for one in self._context.plan.collections}

    async def _finished_members(self) -> dict[str, list[Member]]:
        """Those of the collections that are done, in the plan's order, in which they were written."""
        done = {one.name: one.state for one in await self._context.reader.collections(self._context.run_id)}
        names = [one.name for one in self._infos if one.kind is not CollectionKind.VIEW]
        return {name: await self._members(name) for name in names if done[name] is CollectionState.DONE}

    def _header(self) -> Header:
        context = self._context
        catalog = catalog_of(context.plan)
        return Header(
            tool_version=__version__,
            created_at=_iso(self._created_at),
            operator=self._operator,
            description=context.plan.description,
            source=SourceEntry(
                kind="mongodb",
                address=self._source_end.label,
                database=self._source_end.database,
                server_version=context.source.capabilities.server_version,
            ),
            catalog=catalog.label if catalog else None,
            consistency=Consistency.FUZZY,
            # A clock may have been set back meanwhile.
            interval=(_iso(self._created_at), _iso(max(self._created_at, context.journal.clock()))),
            part=_part(context.plan.scope),
        )


async def _judge(batch: WalkedBatch, verdicts: Verdicts) -> None:
    if not batch.is_as_read:
        message = "documents changed in the source while the run was reading it"
        hint = "the package holds each as it was when it was read; export again to take up the changes"
        verdicts.add(Severity.WARNING, "source_moved", verdicts.collection, message, hint)
    if batch.checkpoint is not None:
        await verdicts.reach(batch.checkpoint)


def _checkpoint(collection: str, number: int, block: Block) -> Checkpoint:
    digest = hashlib.blake2b(digest_size=16)
    for document in block.documents:
        digest.update(content_hash(normalise(document)))
    return Checkpoint(
        collection=collection,
        number=number,
        position=block.position,
        last_id=raw_id(block.documents[-1]) or b"",
        documents=len(block.documents),
        size=sum(map(len, block.documents)),
        digest=digest.digest(),
        counts=Counts(inserted=len(block.documents)),
    )


def _part(scope: Scope) -> Part | None:
    """Say in the manifest what is not a whole copy of the source."""
    if scope.is_whole:
        return None
    return Part(
        filters=tuple(PartFilter(one.collection, one.query) for one in scope.filters),
        owner=scope.owner,
        redacted=scope.redact,
        renames=tuple(PartRename(one.source, one.target) for one in scope.renames),
    )


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

"""One run that is killed, and what has to be true afterwards: by comparison with a run left alone."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crash.evidence import (
    Package,
    Rejects,
    by_key,
    comparable,
    intents_of,
    noted,
    of_record,
    read_package,
    taken_from,
)
from tests.crash.lots import Calm, Lot, Twist
from tests.crash.passing import DIES_GIVEN_UP
from tests.crash.world import BATCH, KEPT, NEVER_TAKEN, decided_documents
from tests.engine.scene import Ended, Snapshot, same
from tests.engine.servers import Pair
from tests.engine.worlds import World, truth
from tui_migrate.definitions import index_name
from tui_migrate.documents import content_hash
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.errors import NotReversible
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ROLL_BACK, ConflictRecord, ConflictState, RejectState, RunRecord, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.ordering import Key
from tui_migrate.packages.check import check
from tui_migrate.plan.model import OnFailure, PackageEnd, PlannedCollection, RunKind
from tui_migrate.worker import control, launch

if TYPE_CHECKING:
    from tests.crash.arena import Arena


@dataclass(frozen=True)
class Fight:
    """One run between a filled source and a target that was as `before`."""

    arena: "Arena"
    lot: Lot
    pair: Pair
    world: World
    package: Path
    before: Snapshot

    async def create(self) -> int:
        kind, policy = self.lot.kind, self.lot.policy
        if kind is RunKind.EXPORT:
            return await self.pair.export(self.package, batch=BATCH, parallel=self.lanes)
        if self.lot.twist is Twist.RETRY:
            return await launch.create_retry(self.pair.home, 1)
        source = PackageEnd(str(self.arena.package(policy))) if kind is RunKind.IMPORT else None
        plan = await self.pair.plan(policy, source=source, kind=kind, batch=BATCH, max_rejects=self.world.max_rejects)
        if self.lot.twist is Twist.TAKEN_BACK:
            plan = replace(plan, on_failure=OnFailure.ROLLBACK)
        if self.lot.twist is Twist.MIRROR:
            lost = tuple(PlannedCollection(one, remove=True) for one in ("lost", "lost view"))
            plan = replace(plan, mirror=True, collections=(*plan.collections, *lost))
        run_id = await launch.create_run(self.pair.home, replace(plan, parallel=self.lanes))
        if self.lot.twist is Twist.DECIDED:
            await self.decide((await self.pair.work(run_id)).record)
        if self.lot.twist is Twist.GIVEN_UP:
            await self.kill(run_id, DIES_GIVEN_UP, run_id)
            await self.give_up(run_id)
        return run_id

    @property
    def lanes(self) -> int:
        """How many collections are verified at once."""
        return 3 if self.lot.twist is Twist.ABREAST else 1

    async def give_up(self, run_id: int) -> None:
        """Ask for what a worker has not lived to hear: that the run be cancelled, and rolled back then."""
        journal = await JournalWriter.open(self.pair.home.journal)
        try:
            state = (await self.pair.record(run_id)).state
            await journal.file_control(run_id, Wish.CANCEL, ROLL_BACK, "anna@bastion", state)
        finally:
            await journal.close()

    async def decide(self, record: RunRecord) -> None:
        """Decide about all that a run has asked: of one document the target's is kept, the others are replaced."""
        assert record.failure is not None
        assert (record.state, record.failure.code, record.undecided) == (RunState.INTERRUPTED, "undecided", 3)
        for one in await self.queue(record.id):
            decision = ConflictState.KEEP if one.id == KEPT else ConflictState.REPLACE
            assert await control.decide(self.pair.home, record.id, decision, seen=one) == 1

    async def work_out(self, run_id: int) -> Ended:
        """Work a run to its end, deciding about what it asks."""
        ended = await self.pair.work(run_id)
        if self.lot.twist is Twist.ASKING:
            await self.decide(ended.record)
            ended = await self.pair.work(run_id)
        return ended

    async def left_alone(self) -> Calm:
        passed: list[str] = []
        run_id = await self.create()
        loop = asyncio.get_running_loop()
        start = loop.time()
        with noted(passed):
            ended = await self.pair.work(run_id)
        seconds = loop.time() - start
        if self.lot.twist is Twist.ASKING:
            ended = await self.work_out(run_id)
        after = await self.pair.look()
        rejects = await self.rejects(run_id)
        calm = Calm(tuple(passed), comparable(ended), after, self.read_package(), seconds, rejects)
        calm = replace(calm, queue=await self.queue(run_id))
        if self.lot.twist.takes_back:
            back = comparable(await self.taken_back(run_id))
            return replace(calm, comparable=comparable(of_record(ended.record)), back=back)
        assert ended.record.state.is_final, ended
        self.check_undo_log(run_id, after)
        if self.lot.kind is RunKind.EXPORT:
            return calm
        self.check_truth(after, rejects)
        return await self.rolled_back(run_id, calm)

    def check_truth(self, after: Snapshot, rejects: Rejects) -> None:
        """See by the table of the policies, without the engine, that what a calm run left is right."""
        if self.lot.twist is Twist.MIRROR:
            for name, held in self.world.source.items():
                assert sorted(held.documents) == list(after[name][2])
            assert after.keys() == {*self.world.source, "bystander"}
            assert after["bystander"] == self.before["bystander"]
            return
        if self.lot.twist is Twist.RETRY:
            assert {one for _, one, _ in rejects} == {self.world.source["things"].documents[-1], NEVER_TAKEN}
            for name in ("chain", "things"):
                left = {*self.world.source[name].documents} - {one for _, one, _ in rejects}
                assert left <= {*after[name][2]}
            return
        if self.lot.twist.asks:
            assert {one for _, one, _ in rejects} == {NEVER_TAKEN}
            for name in ("capped", "chain", "new", "things"):
                assert decided_documents(name, self.world) == list(after[name][2])
            return
        for name in ("capped", "new", "things"):
            there = self.before[name][2] if name in self.before else ()
            wanted = truth(self.lot.policy, self.world.source[name].documents, there).documents
            assert sorted(wanted) == list(after[name][2])

    async def rolled_back(self, run_id: int, calm: Calm) -> Calm:
        """Take a run back without any disturbance, and add to `calm` how that went."""
        passed: list[str] = []
        with noted(passed):
            undone = await self.pair.roll_back(run_id)
        assert (undone.exit_code, undone.record.findings) == (0, ())
        assert self.is_as_before(await self.pair.look())
        return replace(calm, passed_back=tuple(passed), back=comparable(undone))

    async def rolled_back_calmly(self, died: str, calm: Calm) -> Calm:
        """Take back a run whose worker died somewhere; only what its rollback came by is not the calm run's."""
        run_id = await self.create()
        await self.kill(run_id, died, run_id)
        return await self.rolled_back(run_id, calm)

    async def taken_back(self, run_id: int) -> Ended:
        """See that a run was taken back once, as its plan or its operator wants it; give how its rollback ended."""
        record = await self.pair.record(run_id)
        assert record.state is RunState.ROLLED_BACK
        if self.lot.twist is Twist.GIVEN_UP:
            assert record.failure is None
        else:
            assert record.failure is not None
            assert record.failure.code == "write_refused"
        assert await self.rollbacks_of(run_id) == (record.rolled_back_by,)
        assert self.is_as_before(await self.pair.look())
        rollback = await self.pair.record(record.rolled_back_by)
        assert (rollback.state, rollback.findings) == (RunState.COMPLETED, ())
        return of_record(rollback)

    async def kill(self, worked: int, failpoint: str, run_id: int) -> None:
        """Let the worker of `run_id`, or of the rollback that undoes it, die at a failpoint."""
        assert await self.arena.workers.work(self.pair.home, worked, failpoint) == -signal.SIGKILL
        await self.check_dead(run_id)

    async def check_dead(self, run_id: int) -> None:
        """Check what has to be true at any moment: no change without its INTENT, no package that is not whole."""
        if self.lot.kind is RunKind.EXPORT:
            assert not self.package.exists() or await check(self.package) == ()
        else:
            self.check_every_change_has_its_intent(run_id, await self.pair.look())

    async def resume(self, run_id: int) -> None:
        """Take the run up again; it ends as one that was left alone."""
        calm = await self.arena.learn(self.lot)
        record = await self.pair.record(run_id)
        ended = of_record(record) if record.state.is_final else await self.work_out(run_id)
        assert ended.record.failure is None
        assert await self.queue(run_id) == calm.queue
        assert comparable(ended) == calm.comparable
        after = await self.pair.look()
        assert same(after, calm.after)
        assert await self.rejects(run_id) == calm.rejects
        assert self.read_package() == calm.package
        assert not list(self.package.parent.glob(".package.partial*"))
        if self.lot.kind is RunKind.EXPORT:
            assert await check(self.package) == ()
        for name in calm.after.keys() - {"view"}:
            assert await self.pair.target.count(name) == len(calm.after[name][2])
        self.check_undo_log(run_id, after)

    async def roll_back(self, run_id: int) -> None:
        """Take the run back instead; the target is as it was before it, indexes and options included."""
        if self.lot.kind is not RunKind.EXPORT and (await self.pair.record(run_id)).writes_begun:
            undone = await self.pair.roll_back(run_id)
            assert (undone.exit_code, undone.record.findings) == (0, ())
        else:
            with pytest.raises(NotReversible):
                await launch.create_rollback(self.pair.home, run_id)
            await self._give_up(run_id)
        assert self.is_as_before(await self.pair.look())

    async def _give_up(self, run_id: int) -> None:
        """What has nothing to be taken back is cancelled; of an export nothing is left, or a package that is whole."""
        if not (await self.pair.record(run_id)).state.is_final:
            await control.ask(self.pair.home, run_id, Wish.CANCEL)
        assert not list(self.package.parent.glob(".package.partial*"))
        assert not self.package.exists() or await check(self.package) == ()

    async def resume_taking_back(self, run_id: int) -> None:
        """Take up a run that is to be taken back when it fails, or its rollback where that had begun.

        Of one that an operator gave up it is always the run itself: its worker knows what is left to do.
        """
        calm = await self.arena.learn(self.lot)
        recorded = await self.rollbacks_of(run_id)
        if self.lot.twist is Twist.GIVEN_UP:
            if not recorded or not (await self.pair.record(recorded[-1])).state.is_final:
                assert (await self.pair.work(run_id)).exit_code == 130
        elif not recorded:
            assert (await self.pair.work(run_id)).exit_code == 1
        elif not (await self.pair.record(recorded[-1])).state.is_final:
            assert (await self.pair.work(recorded[-1])).exit_code == 0
        assert comparable(await self.taken_back(run_id)) == calm.back
        assert comparable(of_record(await self.pair.record(run_id))) == calm.comparable

    async def resume_rollback(self, run_id: int, rollback: int, died: str = "") -> None:
        calm = await self.arena.learn(self.lot, died)
        record = await self.pair.record(rollback)
        undone = of_record(record) if record.state.is_final else await self.pair.work(rollback)
        assert comparable(undone) == calm.back
        assert self.is_as_before(await self.pair.look())
        assert (await self.pair.record(run_id)).state.value == "rolled_back"

    async def rollbacks_of(self, run_id: int) -> tuple[int, ...]:
        reader = await JournalReader.open(self.pair.home.journal)
        try:
            return await reader.rollbacks_of(run_id)
        finally:
            await reader.close()

    async def queue(self, run_id: int) -> tuple[ConflictRecord, ...]:
        reader = await JournalReader.open(self.pair.home.journal)
        try:
            return await reader.conflicts(run_id)
        finally:
            await reader.close()

    async def rejects(self, run_id: int) -> Rejects:
        file = RejectFile(self.pair.home.run(run_id).rejects, 0)
        reader = await JournalReader.open(self.pair.home.journal)
        try:
            found = []
            for name in self.world.source:
                for one in await reader.rejects(run_id, name, RejectState.REJECTED):
                    found.append((name, await file.read(one), one.code))
            return found
        finally:
            await reader.close()

    def read_package(self) -> Package | None:
        return read_package(self.package) if self.package.exists() else None

    def is_as_before(self, now: Snapshot) -> bool:
        """Say whether the target is as it was; what sets a validator back may say its level, which is the default."""
        return same(now, self.before) if self.lot.twist is Twist.MIRROR else now == self.before

    def check_every_change_has_its_intent(self, run_id: int, now: Snapshot) -> None:
        if self.lot.twist is Twist.MIRROR:
            self.check_nothing_is_lost(run_id, now)
            return
        intents = intents_of(self.pair.home.run(run_id))
        for name, key, before, after in self.changes(now):
            found = [one for one, _ in intents.get((name, key), ()) if one.after == content_hash(after)]
            assert found, f"{name} {key!r} was changed without an INTENT"
            assert found[-1].before == before

    def check_undo_log(self, run_id: int, after: Snapshot) -> None:
        """Each document that the run changed was written once, and no other was written."""
        if self.lot.kind is RunKind.EXPORT or self.lot.twist is Twist.MIRROR:
            return
        written: Counter[tuple[str, Key]] = Counter()
        for name, records in intents_of(self.pair.home.run(run_id)).items():
            assert all(outcome is not None for _, outcome in records), f"{name} is still in doubt"
            written[name] = sum(outcome is not None and outcome.is_written for _, outcome in records)
        self.check_every_change_has_its_intent(run_id, after)
        assert +written == Counter((name, key) for name, key, _, _ in self.changes(after))

    def check_nothing_is_lost(self, run_id: int, now: Snapshot) -> None:
        """Each document that was there and is not now stands in the undo log, and so does what was dropped."""
        kept, taken_away = taken_from(self.pair.home.run(run_id))
        for name, (_, indexes, documents) in self.before.items():
            there = now.get(name, (b"", (), ()))
            for one in documents:
                assert one in there[2] or (name, one) in kept, f"a document of {name} is lost"
            for one in indexes:
                assert one in there[1] or (name, index_name(one)) in taken_away or (name, "") in taken_away
            assert name in now or (name, "") in taken_away or self.is_aside(name, now)

    def is_aside(self, name: str, now: Snapshot) -> bool:
        """Say whether a collection waits under another name to be dropped."""
        return any(one.startswith(f"{name}.tui_migrate_undo") for one in now)

    def changes(self, now: Snapshot) -> Iterator[tuple[str, Key, bytes | None, bytes]]:
        """Give each document that is not as it was: its collection, its key, what was there and what is there now."""
        for name, (_, _, documents) in now.items():
            before = by_key(self.before[name][2]) if name in self.before else {}
            for key, document in by_key(documents).items():
                if before.get(key) != document:
                    yield name, key, before.get(key), document

"""Killing runs between real servers, and what has to be true afterwards: by comparison with runs left alone."""

import asyncio
import json
import shutil
import signal
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.crash.workers import Workers
from tests.crash.world import BATCH, crash_world
from tests.engine.scene import FAST_DISK, Ended, Runs, Snapshot, same
from tests.engine.servers import Pair
from tests.engine.worlds import World, truth
from tui_migrate import failpoints
from tui_migrate.documents import content_hash, raw_id
from tui_migrate.engine.undo_log import Intent, Outcome
from tui_migrate.engine.undo_reader import UndoReader, is_blank
from tui_migrate.errors import NotReversible
from tui_migrate.journal.records import Wish
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.check import check
from tui_migrate.packages.layout import MANIFEST
from tui_migrate.paths import Home, RunFolder
from tui_migrate.plan.model import PackageEnd, Policy, RunKind, StoreEnd
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.worker import control, launch

OF_THE_MOMENT = ("created_at", "interval", "checksum")
"""What of a manifest names the run's own time; the checksum is over these too."""

Package = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Lot:
    """A kind of run and its policy, which an export has none of."""

    kind: RunKind
    policy: Policy = Policy.OVERWRITE


@dataclass(frozen=True, slots=True)
class Calm:
    """A run that was left alone: the failpoints it and its rollback came by, how both ended, and what it left."""

    passed: tuple[str, ...]
    comparable: object
    after: Snapshot
    package: Package | None
    seconds: float
    passed_back: tuple[str, ...] = ()
    back: object = None


@dataclass(frozen=True)
class Arena:
    """Sources that are filled once, and what has been learned of runs that were left alone."""

    workers: Workers
    urls: tuple[str, str]
    folder: Path
    name: str
    calm: dict[Lot, Calm] = field(default_factory=dict)

    def source(self, policy: Policy) -> StoreEnd:
        name = f"{self.name}_{policy.value}"
        return StoreEnd(name, url=f"{self.urls[0]}/{name}")

    def package(self, policy: Policy) -> Path:
        return self.folder / f"package-{policy.value}"

    async def fill(self) -> None:
        """Fill the sources, and export each into a package."""
        for policy in (Policy.FAIL, Policy.SKIP, Policy.OVERWRITE):
            end, world = self.source(policy), crash_world(policy)
            store = MongoStore(end.url, end.database)
            try:
                await replace(world, target={}).put_into(store, store)
            finally:
                await store.close()
            runs = Runs(Home.find(self.folder / "home"), end, end)
            ended = await runs.work(await runs.export(self.package(policy), batch=BATCH))
            assert ended.exit_code == 0, ended

    async def empty(self) -> None:
        """Drop the sources."""
        for policy in (Policy.FAIL, Policy.SKIP, Policy.OVERWRITE):
            end = self.source(policy)
            await drop_all(MongoStore(end.url, end.database))

    @asynccontextmanager
    async def fight(self, lot: Lot) -> AsyncIterator["Fight"]:
        """A fresh home and a fresh target for one run."""
        number = uuid.uuid4().hex[:8]
        folder = self.folder / number
        end = StoreEnd(f"{self.name}_{number}", url=f"{self.urls[1]}/{self.name}_{number}")
        source_end = self.source(lot.policy)
        source, target = (MongoStore(one.url, one.database) for one in (source_end, end))
        pair = Pair(Home.find(folder), source_end, end, source, target)
        world = crash_world(lot.policy)
        try:
            await replace(world, source={}).put_into(source, target)
            yield Fight(self, lot, pair, world, folder / "package", await pair.look())
        finally:
            await source.close()
            await drop_all(target)
            shutil.rmtree(folder)

    async def learn(self, lot: Lot) -> Calm:
        """Give how a run of a lot goes that is left alone, and its rollback."""
        if lot not in self.calm:
            async with self.fight(lot) as fight:
                self.calm[lot] = await fight.left_alone()
        return self.calm[lot]


async def drop_all(store: MongoStore) -> None:
    try:
        for one in await store.collections():
            await store.drop_collection(one.name)
    finally:
        await store.close()


@contextmanager
def arena(workers: Workers, urls: tuple[str, str]) -> Iterator[Arena]:
    folder = Path(tempfile.mkdtemp(prefix="tui-migrate-test-", dir=FAST_DISK if FAST_DISK.is_dir() else None))
    made = Arena(workers, urls, folder, f"crash_{uuid.uuid4().hex[:8]}")
    try:
        asyncio.run(made.fill())
        yield made
    finally:
        asyncio.run(made.empty())
        shutil.rmtree(folder)


@contextmanager
def noted(passed: list[str]) -> Iterator[None]:
    """Take down the failpoints that this process comes by."""
    real = failpoints.failpoint
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("tui_migrate.") and getattr(module, "failpoint", None) is real:
                patch.setattr(module, "failpoint", passed.append)
        yield


@dataclass(frozen=True)
class Fight:
    """One run between a filled source and a target that was as `before`."""

    arena: Arena
    lot: Lot
    pair: Pair
    world: World
    package: Path
    before: Snapshot

    async def create(self) -> int:
        kind, policy = self.lot.kind, self.lot.policy
        if kind is RunKind.EXPORT:
            return await self.pair.export(self.package, batch=BATCH)
        source = PackageEnd(str(self.arena.package(policy))) if kind is RunKind.IMPORT else None
        plan = await self.pair.plan(policy, source=source, kind=kind, batch=BATCH, max_rejects=self.world.max_rejects)
        return await launch.create_run(self.pair.home, plan)

    async def left_alone(self) -> Calm:
        passed: list[str] = []
        run_id = await self.create()
        loop = asyncio.get_running_loop()
        start = loop.time()
        with noted(passed):
            ended = await self.pair.work(run_id)
        seconds = loop.time() - start
        assert ended.record.state.is_final, ended
        after = await self.pair.look()
        calm = Calm(tuple(passed), comparable(ended), after, self.read_package(), seconds)
        self.check_undo_log(run_id, after)
        if self.lot.kind is RunKind.EXPORT:
            return calm
        for name in ("capped", "new", "things"):
            there = self.before[name][2] if name in self.before else ()
            assert sorted(truth(self.lot.policy, self.world.source[name].documents, there).documents) == list(
                after[name][2]
            )
        passed_back: list[str] = []
        with noted(passed_back):
            undone = await self.pair.roll_back(run_id)
        assert (undone.exit_code, undone.record.findings) == (0, ())
        assert await self.pair.look() == self.before
        return replace(calm, passed_back=tuple(passed_back), back=comparable(undone))

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
        if record.state.is_final:
            ended = Ended(record.state.exit_code, record)
        else:
            ended = await self.pair.work(run_id)
        assert ended.record.failure is None
        assert comparable(ended) == calm.comparable
        after = await self.pair.look()
        assert same(after, calm.after)
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
        assert await self.pair.look() == self.before

    async def _give_up(self, run_id: int) -> None:
        """What has nothing to be taken back is cancelled; of an export nothing is left, or a package that is whole."""
        if not (await self.pair.record(run_id)).state.is_final:
            await control.ask(self.pair.home, run_id, Wish.CANCEL)
        assert not list(self.package.parent.glob(".package.partial*"))
        assert not self.package.exists() or await check(self.package) == ()

    async def resume_rollback(self, run_id: int, rollback: int) -> None:
        calm = await self.arena.learn(self.lot)
        record = await self.pair.record(rollback)
        if record.state.is_final:
            undone = Ended(record.state.exit_code, record)
        else:
            undone = await self.pair.work(rollback)
        assert comparable(undone) == calm.back
        assert await self.pair.look() == self.before
        assert (await self.pair.record(run_id)).state.value == "rolled_back"

    def read_package(self) -> Package | None:
        return read_package(self.package) if self.package.exists() else None

    def check_every_change_has_its_intent(self, run_id: int, now: Snapshot) -> None:
        intents = intents_of(self.pair.home.run(run_id))
        for name, key, before, after in self.changes(now):
            found = [one for one, _ in intents.get((name, key), ()) if one.after == content_hash(after)]
            assert found, f"{name} {key!r} was changed without an INTENT"
            assert found[-1].before == before

    def check_undo_log(self, run_id: int, after: Snapshot) -> None:
        """Each document that the run changed was written once, and no other was written."""
        if self.lot.kind is RunKind.EXPORT:
            return
        written: Counter[tuple[str, Key]] = Counter()
        for name, records in intents_of(self.pair.home.run(run_id)).items():
            assert all(outcome is not None for _, outcome in records), f"{name} is still in doubt"
            written[name] = sum(outcome is not Outcome.NOT_WRITTEN for _, outcome in records)
        self.check_every_change_has_its_intent(run_id, after)
        assert +written == Counter((name, key) for name, key, _, _ in self.changes(after))

    def changes(self, now: Snapshot) -> Iterator[tuple[str, Key, bytes | None, bytes]]:
        """Give each document that is not as it was: its collection, its key, what was there and what is there now."""
        for name, (_, _, documents) in now.items():
            before = by_key(self.before[name][2]) if name in self.before else {}
            for key, document in by_key(documents).items():
                if before.get(key) != document:
                    yield name, key, before.get(key), document


def read_package(path: Path) -> Package:
    """Every file by its place in the package, the manifest without what names the run's own time."""
    files = {one.relative_to(path).as_posix(): one for one in path.rglob("*") if one.is_file()}
    read: dict[str, object] = {name: one.read_bytes() for name, one in files.items()}
    manifest = json.loads(files[MANIFEST].read_bytes())
    read[MANIFEST] = {name: value for name, value in manifest.items() if name not in OF_THE_MOMENT}
    return read


def by_key(documents: Sequence[bytes]) -> dict[Key, bytes]:
    found: dict[Key, bytes] = {}
    for one in documents:
        identifier = raw_id(one)
        assert identifier is not None
        found[order_key(identifier)] = one
    assert len(found) == len(documents), "a document is there twice"
    return found


Records = dict[tuple[str, Key], list[tuple[Intent, Outcome | None]]]


def intents_of(folder: RunFolder) -> Records:
    """Read what an undo log says of each document, without what went with a collection that was emptied."""
    found: Records = {}
    if is_blank(folder.undo_log):
        return found
    with UndoReader(folder.undo_log) as undo:
        index = undo.index()
        for offset in index.groups:
            group = undo.group_at(offset)
            if offset > index.begins.get(group.collection, 0):
                outcomes = group.outcomes or (None,) * len(group.intents)
                for intent, outcome in zip(group.intents, outcomes, strict=True):
                    found.setdefault((group.collection, order_key(intent.id)), []).append((intent, outcome))
    return found


def comparable(ended: Ended) -> object:
    """What a user sees of a run, less what can only be told of one that was broken off."""
    record = ended.record
    counted = [(one.name, one.state, replace(one.counts, assumed_ours=0)) for one in record.collections]
    found = {(one.code, one.subject, one.severity, one.count) for one in record.findings if one.code != "assumed_ours"}
    return ended.exit_code, record.state, counted, found

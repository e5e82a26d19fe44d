"""A home, a source and a target in memory, and runs between them, worked in this very process."""

import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.journal.log import lines_of
from tests.suites.store_cases import everything
from tui_migrate.definitions import same_definition
from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.engine import drive
from tui_migrate.findings import Finding
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts, RunRecord
from tui_migrate.paths import Home
from tui_migrate.plan import ends
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.forecast import Forecast, forecast
from tui_migrate.plan.model import End, PackageEnd, Plan, Policy, RunKind, StoreEnd, Verify
from tui_migrate.stores.base import CollectionInfo, CollectionKind, ReadOrder, Source, Target
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.options import kind_of
from tui_migrate.worker import launch, main

Snapshot = Mapping[str, tuple[bytes, tuple[bytes, ...], tuple[bytes, ...]]]
"""What is in a database: by collection its options, its indexes and its documents, each as a set."""

FAST_DISK = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended or stopped: what the process said, and what the journal has."""

    exit_code: int
    record: RunRecord

    @property
    def counts(self) -> Counts:
        return self.record.counts

    @property
    def codes(self) -> set[str]:
        return {one.code for one in self.record.findings}

    def finding(self, code: str) -> Finding:
        (found,) = [one for one in self.record.findings if one.code == code]
        return found


@dataclass
class Runs:
    """A home for runs between two databases, which are worked in this very process."""

    home: Home
    source_end: StoreEnd
    target_end: StoreEnd

    async def plan(
        self,
        policy: Policy = Policy.OVERWRITE,
        *,
        source: End | None = None,
        target: End | None = None,
        kind: RunKind = RunKind.COPY,
        batch: int = 3,
        size: int = 4 * 1024 * 1024,
        max_rejects: int = 0,
        verify: Verify = Verify.CONTENT,
        undo: bool = True,
    ) -> Plan:
        source, target = source or self.source_end, target or self.target_end
        request = PlanRequest(
            kind,
            source,
            target,
            policy=policy,
            batch_documents=batch,
            batch_bytes=size,
            max_rejects=max_rejects,
            verify=verify,
            undo=undo,
            newer_by="n" if policy is Policy.NEWER else "",
        )
        opened = ends.open_source(source, self.home, {})
        try:
            return await build_plan(request, opened)
        finally:
            await opened.close()

    async def export(self, path: Path, *, batch: int = 3, verify: Verify = Verify.CONTENT, parallel: int = 1) -> int:
        plan = await self.plan(target=PackageEnd(str(path)), kind=RunKind.EXPORT, batch=batch, verify=verify)
        return await launch.create_run(self.home, replace(plan, parallel=parallel))

    async def bring_in(self, package: Path) -> Ended:
        """Import a package to where none of its documents is."""
        plan = await self.plan(Policy.FAIL, source=PackageEnd(str(package)), kind=RunKind.IMPORT)
        return await self.run(plan)

    async def forecast(self, plan: Plan, *, exact: bool = True) -> Forecast:
        source, target = (ends.open_source(one, self.home, {}) for one in (plan.source, plan.target))
        try:
            return await forecast(plan, source, target, exact=exact)
        finally:
            await source.close()
            await target.close()

    async def copy(self, policy: Policy = Policy.OVERWRITE, *, batch: int = 3, max_rejects: int = 0) -> Ended:
        return await self.run(await self.plan(policy, batch=batch, max_rejects=max_rejects))

    async def run(self, plan: Plan) -> Ended:
        return await self.work(await launch.create_run(self.home, plan))

    async def work(self, run_id: int) -> Ended:
        exit_code = await main.work(self.home, run_id, {})
        return Ended(exit_code, await self.record(run_id))

    async def roll_back(self, run_id: int, *, force: bool = False) -> Ended:
        return await self.work(await launch.create_rollback(self.home, run_id, force=force))

    async def retry(self, run_id: int, max_rejects: int | None = None) -> Ended:
        return await self.work(await launch.create_retry(self.home, run_id, max_rejects))

    async def log(self, run_id: int) -> list[str]:
        return await lines_of(self.home, run_id)

    async def record(self, run_id: int) -> RunRecord:
        reader = await JournalReader.open(self.home.journal)
        try:
            return await reader.run(run_id)
        finally:
            await reader.close()


@dataclass
class Scene(Runs):
    """Two databases in memory that live as long as the test."""

    @property
    def source(self) -> MemoryStore:
        return MemoryStore.at(self.source_end.url, self.source_end.database)

    @property
    def target(self) -> MemoryStore:
        return MemoryStore.at(self.target_end.url, self.target_end.database)

    def forget(self) -> None:
        for store in (self.source, self.target):
            MemoryStore._servers.pop(store._server, None)


@contextmanager
def new_scene() -> Iterator[Scene]:
    """A scene whose home lies where an fsync costs nothing, and where no run waits before it tries again."""
    folder = Path(tempfile.mkdtemp(prefix="tui-migrate-test-", dir=FAST_DISK if FAST_DISK.is_dir() else None))
    source, target = (StoreEnd("db", url=f"memory://{uuid.uuid4().hex}/") for _ in range(2))
    scene = Scene(Home.find(folder), source, target)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(drive, "FIRST_WAIT", 0.0)
            yield scene
    finally:
        scene.forget()
        shutil.rmtree(folder)


async def snapshot(store: Source) -> Snapshot:
    """Take down a database. Renaming or making a collection again is a difference in nothing but its uuid."""
    return {
        one.name: (
            one.options,
            tuple(sorted(one.indexes)),
            () if one.kind is CollectionKind.VIEW else tuple(sorted(await documents(store, one.name))),
        )
        for one in await store.collections()
    }


def same(before: Snapshot, after: Snapshot) -> bool:
    """Say whether two databases are equal; a validator's level may be said or left to the default."""
    return before.keys() == after.keys() and all(
        same_definition(mine[0], theirs[0]) and mine[1:] == theirs[1:]
        for mine, theirs in ((before[name], after[name]) for name in before)
    )


def differences(found: Snapshot, wanted: Snapshot) -> list[str]:
    """Name what is not as it should be, so that a failure that is seldom tells all it knows."""
    told = [f"{name} is missing" for name in wanted.keys() - found.keys()]
    told += [f"{name} is too much" for name in found.keys() - wanted.keys()]
    for name in sorted(found.keys() & wanted.keys()):
        mine, theirs = found[name], wanted[name]
        if not same_definition(mine[0], theirs[0]):
            told.append(f"{name} has the options {mine[0]!r}, not {theirs[0]!r}")
        for what, there, due in (("index", mine[1], theirs[1]), ("document", mine[2], theirs[2])):
            told += [f"{name} lacks the {what} {one!r}" for one in due if one not in there]
            told += [f"{name} has the {what} {one!r}" for one in there if one not in due]
            if len(there) != len(due) or (sorted(there) == sorted(due) and there != due):
                told.append(f"{name} has {len(there)} of {what}, not {len(due)}, or in another order")
    return told


async def documents(store: Source, name: str = "things") -> list[bytes]:
    return await everything(store, name, order=ReadOrder.NATURAL)


async def create(store: Target, name: str, *, options: bytes = pack(b""), indexes: Iterable[bytes] = ()) -> None:
    await store.create_collection(CollectionInfo(name, kind_of(options), options), options)
    await store.create_indexes(name, list(indexes))


async def put(store: Target, *some: bytes, name: str = "things") -> None:
    assert await store.insert(name, some) == ()


def id_last(identifier: RawId, **fields: RawId) -> bytes:
    """A document as a careless program writes it: `_id` behind the other fields."""
    rest = b"".join(id_field(name.encode(), value) for name, value in fields.items())
    return pack(rest + id_field(b"_id", identifier))

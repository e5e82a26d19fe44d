"""Where runs are killed: sources on a real server that are filled once, and a fresh target for each run."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.fight import Fight
from tests.crash.lots import Calm, Lot, Twist
from tests.crash.workers import Workers
from tests.crash.world import (
    BATCH,
    RETRIED,
    crash_world,
    relax,
)
from tests.engine.scene import FAST_DISK, Runs
from tests.engine.servers import Pair
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy, StoreEnd
from tui_migrate.stores.mongodb import MongoStore


@dataclass(frozen=True)
class Arena:
    """Sources that are filled once, and what has been learned of runs that were left alone."""

    workers: Workers
    urls: tuple[str, str]
    folder: Path
    name: str
    calm: dict[tuple[Lot, str], Calm] = field(default_factory=dict)

    def source(self, policy: Policy) -> StoreEnd:
        policy = Policy.OVERWRITE if policy is Policy.ASK else policy  # whose source is the same
        name = f"{self.name}_{policy.value}"
        return StoreEnd(name, url=f"{self.urls[0]}/{name}")

    def package(self, policy: Policy) -> Path:
        policy = Policy.OVERWRITE if policy is Policy.ASK else policy
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
    async def fight(self, lot: Lot) -> AsyncIterator[Fight]:
        """A fresh home and a fresh target for one run."""
        number = uuid.uuid4().hex[:8]
        folder = self.folder / number
        end = StoreEnd(f"{self.name}_{number}", url=f"{self.urls[1]}/{self.name}_{number}")
        source_end = self.source(lot.policy)
        source, target = (MongoStore(one.url, one.database) for one in (source_end, end))
        pair = Pair(Home.find(folder), source_end, end, source, target)
        world = lot.world()
        try:
            await replace(world, source={}).put_into(source, target)
            if lot.twist is Twist.RETRY:
                first = await pair.run(await pair.plan(lot.policy, batch=BATCH, max_rejects=world.max_rejects))
                assert (first.exit_code, first.counts.rejected) == (3, RETRIED)
                await relax(target)
            yield Fight(self, lot, pair, world, folder / "package", await pair.look())
        finally:
            await source.close()
            await drop_all(target)
            shutil.rmtree(folder)

    async def learn(self, lot: Lot, died: str = "") -> Calm:
        """Give how a run of a lot goes that is left alone, and its rollback; or that of a run that `died` somewhere."""
        if (lot, died) not in self.calm:
            async with self.fight(lot) as fight:
                if died:
                    calm = await fight.rolled_back_calmly(died, await self.learn(lot))
                else:
                    calm = await fight.left_alone()
            self.calm[lot, died] = calm
        return self.calm[lot, died]


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
        try:
            asyncio.run(made.empty())
        finally:
            shutil.rmtree(folder)

"""A small world of every kind of thing, put into two databases of real servers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import EXTERNAL, EXTERNAL_SECOND
from tests.engine.scene import Runs, Snapshot, snapshot
from tests.engine.worlds import Held, World, truth
from tests.suites.documents import EMPTY, as_value, doc, index, options
from tests.suites.ids import OF_EVERY_TYPE, double, int32, int64, text
from tui_migrate.documents import RawId, pack
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy, StoreEnd
from tui_migrate.stores.mongodb import MongoStore

VIEW = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))
NEEDS_N = options(validator=as_value(pack(b"\x03n\x00" + pack(b"\x08$exists\x00\x01"))))
YEARS = RawId(b"\x10" + (10 * 365 * 86_400).to_bytes(4, "little"))


def expiring(name: str) -> bytes:
    """An index that deletes by age."""
    plain = index(name)[4:-1]
    return pack(plain + b"\x10expireAfterSeconds\x00" + YEARS[1:])


def half_full(policy: Policy) -> World:
    """A target that has half of the source's documents: some equal, some different, some of another number type."""
    things = [doc(one, n=int32(place)) for place, one in enumerate(OF_EVERY_TYPE)]
    held = [one if place % 4 else doc(OF_EVERY_TYPE[place], n=text(f"old {place}")) for place, one in enumerate(things)]
    there = [one for place, one in enumerate(held) if place % 2 == 0 and OF_EVERY_TYPE[place][0] != 0x10]
    numbers = [doc(int32(one), n=int32(one)) for one in range(100, 130)]
    others = [doc(double(100.0), n=int32(100)), doc(int64(101), n=text("old")), doc(int32(999))]
    return World(
        source={
            "things": Held(NEEDS_N, (index("n", unique=True), expiring("at")), tuple(things)),
            "numbers": Held(EMPTY, (index("n"),), tuple(numbers)),
            "new": Held(NEEDS_N, (index("n", unique=True), index("m"), expiring("at")), tuple(numbers)),
            "view": Held(VIEW, (), ()),
        },
        target={
            "things": Held(EMPTY, (), tuple(there)),
            "numbers": Held(EMPTY, (index("z"),), tuple(others)),
            "bystander": Held(NEEDS_N, (index("n"),), (numbers[0],)),
        },
        policy=policy,
        batch=10,
    )


def left_by(world: World, before: Snapshot, source: Snapshot) -> Snapshot:
    """What a run has to leave in the target: the truth table's documents, and what it creates."""
    result = dict(before)
    for name, (made, indexes, documents) in source.items():
        there = before.get(name)
        if there is None:
            result[name] = (made, indexes, documents)
        elif name in world.source:
            after = truth(world.policy, documents, there[2]).documents
            result[name] = (there[0], tuple(sorted({*there[1], *indexes})), tuple(sorted(after)))
    return result


@pytest.fixture(scope="session")
def mongodb_pair(request: pytest.FixtureRequest, mongodb_url: str) -> tuple[str, str]:
    """Servers for a source and a target whose databases have names of their own.

    One serves for both where TUI_MIGRATE_TEST_MONGODB names one and nothing names a second.
    """
    if os.environ.get(EXTERNAL) and not os.environ.get(EXTERNAL_SECOND):
        return mongodb_url, mongodb_url
    return mongodb_url, request.getfixturevalue("mongodb_second_url")


@dataclass
class Pair(Runs):
    """Two databases of real servers."""

    source: MongoStore
    target: MongoStore

    async def look(self) -> Snapshot:
        return await snapshot(self.target)

    async def connect_anew(self) -> None:
        """Look through connections that were made after a server came back, not through those it died with."""
        await self.source.close()
        await self.target.close()
        self.source, self.target = _stores(self.source_end, self.target_end)


def _stores(*ends: StoreEnd) -> tuple[MongoStore, ...]:
    return tuple(MongoStore(one.url, one.database) for one in ends)


@asynccontextmanager
async def pair(folder: Path, urls: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    names = f"{database}_s", f"{database}_t"
    first, second = (StoreEnd(name, url=f"{url}/{name}") for name, url in zip(names, urls, strict=True))
    source, target = _stores(first, second)
    ends = Pair(Home.find(folder), first, second, source, target)
    try:
        yield ends
    finally:
        for store in (ends.source, ends.target):
            for one in await store.collections():
                await store.drop_collection(one.name)
            await store.close()

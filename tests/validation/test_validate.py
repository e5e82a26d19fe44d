"""Reading: stopped at once, told of as it goes, and never more in memory than a little."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from bson import encode

from tests.process_memory import resident
from tests.suites.documents import EMPTY
from tests.validation.scene import World, catalog, memory, put
from tui_migrate.errors import StorageFailed
from tui_migrate.stores.base import Block, BlockLimit, CollectionInfo, CollectionKind, ReadOrder
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.validation.evidence import Evidence
from tui_migrate.validation.rules import Wanted, rules_of
from tui_migrate.validation.validate import validate

ABOUT = catalog("{orders: {references: [{field: user, to: users}], required: [user]}, users: {}}")
MANY = 200_000
MOST_HELD = 40
"""MB, of which the evidence has 16 for its pages; the documents alone come to 50."""


class Stopped(Exception):
    """Somebody wants it to end."""


class Endless(MemoryStore):
    """Gives documents that it makes as it goes: two collections of half as many each."""

    async def read(
        self,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        for start in range(0, MANY // 2, 1_000):
            places = range(start, start + 1_000)
            yield Block([encode({"_id": one, "user": one + 10, "name": "x" * 200}) for one in places], b"")


async def test_whoever_reads_is_told_and_may_stop_it() -> None:
    with memory() as store:
        world: World = {"orders": [{"_id": one, "user": 1} for one in range(1_500)], "users": [{"_id": 1}]}
        await put(store, world)
        rules = rules_of(ABOUT, await store.collections())
        told: list[tuple[int, int]] = []

        async def pace(done: int, total: int) -> None:
            told.append((done, total))
            if len(told) == 3:
                raise Stopped

        async with aclosing(validate(store, rules, pace=pace)) as found:
            with pytest.raises(Stopped):
                _ = [one async for one in found]
    assert told == [(1, 1_501), (1_001, 1_501), (1_501, 1_501)]


async def test_it_can_be_cancelled_at_any_block() -> None:
    with memory() as store:
        await put(store, {"users": [{"_id": 1}]})
        rules = rules_of(ABOUT, await store.collections())
        reached = asyncio.Event()

        async def pace(done: int, total: int) -> None:
            reached.set()
            await asyncio.Event().wait()

        async def work() -> None:
            async with aclosing(validate(store, rules, pace=pace)) as found:
                _ = [one async for one in found]

        task = asyncio.create_task(work())
        await asyncio.wait_for(reached.wait(), 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_a_full_disk_is_said() -> None:
    evidence = Evidence()
    try:
        evidence._database.execute("PRAGMA max_page_count = 10")
        with pytest.raises(StorageFailed, match="temporary file") as failed:
            evidence.add([(0, place.to_bytes(16)) for place in range(10_000)], ())
        assert "SQLITE_TMPDIR" in failed.value.hint
    finally:
        evidence.close()


async def test_collections_that_nothing_is_asked_of_are_not_read() -> None:
    with memory() as store:
        await put(store, {"orders": [{"_id": 1, "user": 1}], "users": [{"_id": 1}], "others": [{"_id": 1}]})
        rules = rules_of(ABOUT, await store.collections(), Wanted(references_alone=True))
    assert [(one.info.name, one.wants_ids_alone) for one in rules] == [("users", True), ("orders", False)]


@pytest.mark.slow
async def test_memory_does_not_grow_with_the_documents() -> None:
    store = Endless("endless", "db")
    infos = [CollectionInfo(name, CollectionKind.PLAIN, EMPTY, documents=MANY // 2) for name in ("orders", "users")]
    begun, before, held = time.process_time(), resident("VmRSS"), [0]

    async def pace(done: int, total: int) -> None:
        held[0] = max(held[0], resident("VmRSS"))

    async with aclosing(validate(store, rules_of(ABOUT, infos), pace=pace)) as found:
        issues = [one async for one in found]
    MemoryStore._servers.pop("endless")
    assert [(one.finding.code, one.finding.count) for one in issues] == [("dangling_reference", 10)]
    assert held[0] - before < MOST_HELD, held[0] - before
    assert time.process_time() - begun < 60

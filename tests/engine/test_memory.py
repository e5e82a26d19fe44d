"""Memory is bounded: what a stage holds does not grow with the number of documents, nor with a target's large ones."""

import gc
import tracemalloc
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager

import pytest

from tests.engine import strangers
from tests.engine.scene import Scene, create, put
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.verify import verify
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Block, BlockLimit, ReadOrder
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

SIZE = 8_000
BATCH = 20
FEW = 100
MANY = 500


@contextmanager
def as_from_a_network() -> Iterator[None]:
    """Let every reading of a store allocate the documents it gives, as a server's answers would."""
    read, lookup = MemoryStore.read, MemoryStore.lookup

    async def read_copies(
        store: MemoryStore,
        collection: str,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
        ids_only: bool = False,
    ) -> AsyncGenerator[Block]:
        async with aclosing(read(store, collection, after=after, order=order, limit=limit, ids_only=ids_only)) as some:
            async for block in some:
                yield Block([bytes(bytearray(one)) for one in block.documents], block.position)

    async def lookup_copies(store: MemoryStore, collection: str, ids: Sequence[RawId]) -> AsyncGenerator[bytes]:
        async with aclosing(lookup(store, collection, ids)) as some:
            async for one in some:
                yield bytes(bytearray(one))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "read", read_copies)
        patch.setattr(MemoryStore, "lookup", lookup_copies)
        yield


class Peak:
    """The most that was allocated at once since the beginning, in bytes."""

    value = 0


@contextmanager
def measured() -> Iterator[Peak]:
    peak = Peak()
    gc.collect()
    tracemalloc.start()
    try:
        with as_from_a_network():
            yield peak
        peak.value = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def some(count: int, first: int = 0, size: int = SIZE) -> list[bytes]:
    return [doc(int32(one), n=text("x" * size)) for one in range(first, first + count)]


@contextmanager
def measured_verify(peaks: list[int], before: strangers.Deed | None = None) -> Iterator[None]:
    async def verify_measured(migration: Migration) -> None:
        if before is not None:
            await before()
        with measured() as peak:
            await verify(migration)
        peaks.append(peak.value)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui_migrate.engine.transfer.verify", verify_measured)
        yield


async def test_verifying_holds_no_more_for_more_documents(scene: Scene) -> None:
    peaks: list[int] = []
    for count in (FEW, MANY):
        await put(scene.source, *some(count))
        with measured_verify(peaks):
            assert (await scene.copy(batch=BATCH)).exit_code == 0
        for store in (scene.source, scene.target):
            await store.drop_collection("things")
    assert peaks[1] - peaks[0] < (MANY - FEW) * SIZE / 4


@pytest.mark.parametrize("policy", [Policy.SKIP, Policy.OVERWRITE])
async def test_verifying_holds_no_more_where_every_document_differs(scene: Scene, policy: Policy) -> None:
    peaks: list[int] = []
    for count in (FEW, MANY):
        await put(scene.source, *some(count))
        await put(scene.target, *some(count, size=SIZE // 2))

        async def change(count: int = count) -> None:
            await strangers.overwrite(scene.target, *some(count, size=SIZE // 3))

        with measured_verify(peaks, change):
            await scene.copy(policy, batch=BATCH)
        for store in (scene.source, scene.target):
            await store.drop_collection("things")
    assert peaks[1] - peaks[0] < (MANY - FEW) * SIZE / 4


async def test_verifying_holds_no_more_for_a_source_that_has_grown(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    peaks: list[int] = []
    monkeypatch.setattr("tui_migrate.engine.batch_walk.MOST_BEHIND", BATCH)
    for count in (FEW, MANY):
        await put(scene.source, *some(1))

        async def grow(count: int = count) -> None:
            await put(scene.source, *some(count, first=1))

        with measured_verify(peaks, grow):
            ended = await scene.copy(batch=BATCH)
        assert ended.codes == {"source_moved"}
        for store in (scene.source, scene.target):
            await store.drop_collection("things")
    assert peaks[1] - peaks[0] < (MANY - FEW) * SIZE / 4


async def test_rolling_back_holds_no_more_for_more_documents(scene: Scene) -> None:
    peaks: list[int] = []
    for count in (FEW, MANY):
        await put(scene.source, *some(count))
        await create(scene.target, "things")
        run = await scene.copy(batch=BATCH)
        rollback = await launch.create_rollback(scene.home, run.record.id)
        with measured() as peak:
            assert (await scene.work(rollback)).exit_code == 0
        peaks.append(peak.value)
        for store in (scene.source, scene.target):
            await store.drop_collection("things")
    assert peaks[1] - peaks[0] < (MANY - FEW) * SIZE / 4


@pytest.mark.rule(11, "lookups stream")
@pytest.mark.parametrize("count", [1, 2_000])
async def test_a_target_s_large_documents_are_never_held_together(scene: Scene, count: int) -> None:
    """Small documents of the source, a batch of them all: asked for by id where the target is much larger."""
    large = 500_000
    await put(scene.source, *some(60, size=1))
    await put(scene.target, *some(60, size=large), *some(count, first=1_000, size=1))
    with measured() as peak:
        ended = await scene.copy(Policy.SKIP, batch=100)
    assert ended.counts.skipped == 60
    assert peak.value < 60 * large / 3


@pytest.mark.rule(11, "batches are cut by source plus before-images")
async def test_before_images_are_written_in_parts(scene: Scene) -> None:
    large = 500_000
    await put(scene.source, *some(60, size=1))
    await put(scene.target, *some(60, size=large))
    with measured() as peak:
        ended = await scene.copy(Policy.OVERWRITE, batch=100)
    assert ended.counts.replaced == 60
    assert peak.value < 60 * large

"""A server leaves out what does not match a query, in whatever order and from behind any document."""

from collections.abc import AsyncGenerator, Iterator

import pytest
from bson import decode, encode

from tests.mapping.catalogs import WORKSHOP
from tests.suites.store_cases import NAME, everything, fill
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.mapping.source import MappedSource
from tui_migrate.stores.base import Block, BlockLimit, ReadOrder
from tui_migrate.stores.mongodb import MongoStore, reading
from tui_migrate.stores.readonly import ReadOnly

WHERE = encode({"n": {"$gte": 5}})


async def ids(blocks: AsyncGenerator[Block]) -> list[object]:
    return [decode(one)["_id"] async for block in blocks for one in block.documents]


@pytest.fixture
async def filled(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> MongoStore:
    monkeypatch.setattr(reading, "BATCH_DOCUMENTS", 5)
    documents = [encode({"_id": one, "n": one % 10}) for one in range(40)]
    await fill(store, *documents, encode({"_id": "a", "n": 7}), encode({"_id": "b", "n": 1}))
    return store


WANTED = [one for one in range(40) if one % 10 >= 5] + ["a"]


@pytest.mark.parametrize("order", ReadOrder)
async def test_what_matches_is_given_and_nothing_else(filled: MongoStore, order: ReadOrder) -> None:
    assert await ids(filled.search(NAME, WHERE, order=order)) == WANTED
    assert await ids(ReadOnly(filled).search(NAME, WHERE, order=order)) == WANTED


async def test_reading_goes_on_behind_any_block(filled: MongoStore) -> None:
    limit = BlockLimit(3, 1 << 20)
    blocks = [one async for one in filled.search(NAME, WHERE, limit=limit)]
    for place, block in enumerate(blocks):
        rest = [decode(one)["_id"] for later in blocks[place + 1 :] for one in later.documents]
        assert await ids(filled.search(NAME, WHERE, after=block.position, limit=limit)) == rest


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many documents come over the line, block by block."""
    counts: list[int] = []
    cut = reading.blocks

    def counted(documents: Iterator[bytes], limit: BlockLimit) -> Iterator[Block]:
        for block in cut(documents, limit):
            counts.append(len(block.documents))
            yield block

    monkeypatch.setattr(reading, "blocks", counted)
    return counts


async def test_a_filter_goes_to_the_server(filled: MongoStore, sent: list[int]) -> None:
    source = MappedSource(ReadOnly(filled), Scope(filters=(Filter(NAME, '{"n": {"$gte": 5}}'),)), None, [NAME])
    assert [decode(one)["_id"] for one in await everything(source)] == WANTED
    assert sum(sent) == len(WANTED)


async def test_so_does_the_owner_and_a_few_parents(store: MongoStore, sent: list[int]) -> None:
    await store.insert("projects", [encode({"_id": one, "user_id": one % 10}) for one in range(50)])
    await store.insert("tasks", [encode({"_id": one, "project": {"id": one}}) for one in range(50)])
    scope = Scope(owner='{"$numberInt": "3"}')
    source = MappedSource(ReadOnly(store), scope, WORKSHOP, ["projects", "tasks"])
    assert [decode(one)["_id"] for one in await everything(source, "tasks")] == [3, 13, 23, 33, 43]
    assert sum(sent) == 10
    await source.close()

"""Runs from and into what no server at hand can be."""

import uuid
from pathlib import Path

import pytest
from bson import Int64

from tests.engine.scene import Runs, put, snapshot
from tests.stub.server import Document, StubServer, cursor
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.journal.states import RunState
from tui_migrate.paths import Home
from tui_migrate.plan.model import Policy, StoreEnd
from tui_migrate.stores.memory import MemoryStore


@pytest.fixture
def runs(stub: StubServer, tmp_path: Path) -> Runs:
    """From the stub into memory."""
    source = StoreEnd("shop", url=stub.url.replace("/?", "/shop?"))
    return Runs(Home.find(tmp_path), source, StoreEnd("db", url=f"memory://{uuid.uuid4().hex}/"))


def target(runs: Runs) -> MemoryStore:
    return MemoryStore.at(runs.target_end.url, runs.target_end.database)


def holding(stub: StubServer, *documents: Document, options: Document | None = None) -> None:
    stub.answers["listCollections"] = lambda _: cursor(
        {"name": "things", "type": "collection", "options": options or {}}
    )
    stub.answers["listIndexes"] = lambda _: cursor({"v": 2, "key": {"_id": 1}, "name": "_id_"})
    stub.answers["collStats"] = lambda _: {"count": len(documents), "size": Int64(99), "ok": 1.0}
    stub.answers["find"] = lambda command: cursor(*documents) if command["find"] == "things" else cursor()


@pytest.mark.rule(13, "from a sharded source two equal ids are an error, never a second overwrite")
@pytest.mark.parametrize("twin", [{"_id": 1, "n": 2}, {"_id": 1.0, "n": 2}, {"_id": Int64(1), "n": 2}])
@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("options", [{}, {"collation": {"locale": "de"}}], ids=["by id", "by a collation"])
async def test_two_equal_ids_of_a_source_end_the_run(
    stub: StubServer, runs: Runs, twin: Document, batch: int, options: Document
) -> None:
    stub.is_sharded = True
    holding(stub, {"_id": 1, "n": 1}, twin, options=options)
    await put(target(runs), doc(int32(1), n=int32(0)))
    ended = await runs.run(await runs.plan(Policy.OVERWRITE, batch=batch))
    assert ended.record.state is RunState.FAILED
    assert ended.record.failure is not None
    assert "same _id twice" in ended.record.failure.message
    assert ended.counts.replaced <= 1
    assert (await snapshot(target(runs)))["things"][2] != (doc(int32(1), n=int32(2)),)


@pytest.mark.rule(8, "where a collation orders the ids otherwise, they are looked up, not merged")
async def test_ids_in_the_order_of_a_collation_are_looked_up(stub: StubServer, runs: Runs) -> None:
    holding(stub, {"_id": "b"}, {"_id": "B"}, {"_id": "a"}, options={"collation": {"locale": "de"}})
    ended = await runs.run(await runs.plan(Policy.FAIL, batch=2))
    assert ended.exit_code == 0, ended.record
    assert ended.counts.inserted == 3
    again = await runs.run(await runs.plan(Policy.OVERWRITE, batch=2))
    assert "collation" in again.codes

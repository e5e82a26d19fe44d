from dataclasses import replace

import pytest
from bson import encode
from bson.raw_bson import RawBSONDocument

from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tests.suites.store_cases import NAME, everything
from tui_migrate.errors import Unreachable
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.client import Deployment
from tui_migrate.stores.mongodb.failures import DUPLICATE_KEY, FAILED_VALIDATION
from tui_migrate.stores.mongodb.writing import messages

SMALL = Deployment(
    version="8.0.0",
    hosts=frozenset(),
    is_sharded=False,
    has_transactions=True,
    max_document=16 * 1024 * 1024,
    max_message=16 * 1024 + 700,
    max_batch=3,
    keeps_empty_timestamps=True,
)


def test_messages_keep_to_the_server_s_limits() -> None:
    documents = [doc(int32(one), n=text("x" * 300)) for one in range(7)]
    by_size = [(start, len(part)) for start, part in messages(documents, SMALL)]
    assert by_size == [(0, 2), (2, 2), (4, 2), (6, 1)]
    tiny = [doc(int32(one)) for one in range(7)]
    assert [(start, len(part)) for start, part in messages(tiny, SMALL)] == [(0, 3), (3, 3), (6, 1)]
    assert [len(part) for _, part in messages(documents, replace(SMALL, max_message=1))] == [1] * 7
    assert not list(messages([], SMALL))


async def test_refusals_name_their_place_across_messages(store: MongoStore) -> None:
    await store.identity()
    store._link._deployment = SMALL
    documents = [doc(int32(one % 5), n=text("x" * 300)) for one in range(9)]
    refused = await store.insert(NAME, documents)
    assert [one.index for one in refused] == [5, 6, 7, 8]
    assert await everything(store) == documents[:5]


@pytest.mark.slow
async def test_more_than_one_message_holds_goes_out_in_several(store: MongoStore) -> None:
    size = 7_000_000
    assert await store.insert(NAME, [doc(int32(one), n=text("x" * size)) for one in range(3)]) == ()
    assert await store.count(NAME) == 3


@pytest.mark.parametrize("code", [16500, 462, 11602, 189, 50, 365])
async def test_a_document_that_a_server_left_out_by_chance_is_no_reject(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """As Cosmos DB does where a batch is throttled: some are in, some have an error of their own."""
    await answering(store, monkeypatch, code)
    with pytest.raises(Unreachable, match=f"part of the insert into things only: no.*code {code}"):
        await store.insert(NAME, [doc(int32(one)) for one in range(3)])


@pytest.mark.parametrize("code", [DUPLICATE_KEY, FAILED_VALIDATION, 2])
async def test_a_document_that_a_server_refuses_is_one(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    await answering(store, monkeypatch, code)
    assert [one.code for one in await store.insert(NAME, [doc(int32(one)) for one in range(3)])] == [code]


async def answering(store: MongoStore, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Let the server answer that it left out the second document."""

    async def command(*arguments: object, **options: object) -> dict[str, object]:
        return {"ok": 1.0, "n": 2, "writeErrors": [RawBSONDocument(encode({"index": 1, "code": code, "errmsg": "no"}))]}

    await store.identity()
    monkeypatch.setattr(store._link.database, "command", command)

from dataclasses import replace

from tests.suites.ids import int32, text
from tests.suites.store_cases import NAME, doc, everything
from tui_migrate.stores.mongodb import MongoStore
from tui_migrate.stores.mongodb.client import Deployment
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

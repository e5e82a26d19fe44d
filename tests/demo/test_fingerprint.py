import uuid
from collections.abc import Sequence

import bson
import pytest

from tui_migrate.demo.fingerprint import Fingerprint, take
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.stores.memory import MemoryStore

DOCUMENTS = [bson.encode({"_id": number, "value": float(number)}) for number in range(50)]
INDEX = bson.encode({"v": 2, "key": {"value": 1}, "name": "value"})
OPTIONS = bson.encode({"validator": {"value": {"$exists": True}}, "validationLevel": "strict"})


async def fingerprint(
    documents: Sequence[bytes] = DOCUMENTS, indexes: Sequence[bytes] = (INDEX,), options: bytes = OPTIONS
) -> dict[str, Fingerprint]:
    store = MemoryStore(str(uuid.uuid4()), "shop")
    await store.create_collection(CollectionInfo("things", CollectionKind.PLAIN, options), options)
    await store.create_indexes("things", indexes)
    assert not await store.insert("things", documents)
    return await take(store)


async def test_the_order_of_documents_and_of_options_does_not_count() -> None:
    reordered = bson.encode({"validationLevel": "strict", "validator": {"value": {"$exists": True}}})
    assert await fingerprint() == await fingerprint(DOCUMENTS[::-1], options=reordered)


@pytest.mark.parametrize(
    "documents",
    [
        DOCUMENTS[1:],
        [*DOCUMENTS, bson.encode({"_id": -1, "value": 0.0})],
        [*DOCUMENTS[1:], bson.encode({"_id": 0, "value": -0.0})],
        [*DOCUMENTS[1:], bson.encode({"_id": 0, "value": 0})],
    ],
    ids=["one fewer", "one more", "minus zero", "another type"],
)
async def test_every_byte_of_a_document_counts(documents: Sequence[bytes]) -> None:
    assert await fingerprint() != await fingerprint(documents)


async def test_indexes_and_options_count() -> None:
    assert await fingerprint() != await fingerprint(indexes=())
    assert await fingerprint() != await fingerprint(options=bson.encode({}))

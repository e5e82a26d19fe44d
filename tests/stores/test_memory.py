import uuid

import pytest

from tests.suites.change_cases import ChangeCases, to
from tests.suites.documents import EMPTY, doc, index, options
from tests.suites.ids import int32, text
from tests.suites.store_cases import Place, StoreCases, create, everything, fill
from tui_migrate.documents import pack
from tui_migrate.errors import Refused
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.registry import Locator, open_target


class TestMemoryStore(StoreCases, ChangeCases):
    @pytest.fixture
    def place(self) -> Place:
        url = f"memory:{uuid.uuid4().hex}"
        return Place(open_target(Locator(url, "shop")), open_target(Locator(url, "shop")))


async def test_another_name_or_database_is_another_place() -> None:
    name = uuid.uuid4().hex
    first = MemoryStore.at(f"memory:{name}", "shop")
    await fill(first, doc(int32(1)))
    for other in (MemoryStore.at(f"memory:{name}2", "shop"), MemoryStore.at(f"memory:{name}", "shop2")):
        assert await everything(other) == []
        assert not (await first.identity()).is_same_place(await other.identity())


async def test_the_forms_of_a_url_name_the_same_place() -> None:
    name = uuid.uuid4().hex
    await fill(MemoryStore.at(f"memory:{name}", "shop"), doc(int32(1)))
    assert await everything(MemoryStore.at(f"memory://{name}/shop", "shop")) == [doc(int32(1))]


async def test_what_it_cannot_keep_to_is_refused() -> None:
    store = MemoryStore.at(f"memory:{uuid.uuid4().hex}", "shop")
    partial = index("n", unique=True)[4:-1] + b"\x03partialFilterExpression\x00" + EMPTY
    with pytest.raises(Refused, match="partial"):
        await store.create_indexes("things", [pack(partial)])
    await create(store, "seen", options(viewOn=text("a")))
    with pytest.raises(Refused, match="view"):
        await everything(store, "seen")


async def test_a_unique_index_follows_replaces_and_deletes() -> None:
    store = MemoryStore.at(f"memory:{uuid.uuid4().hex}", "shop")
    await store.create_indexes("things", [index("n", unique=True)])
    await fill(store, doc(int32(1), n=int32(1)))
    await store.change("things", [int32(1)], to({int32(1): None}))
    await fill(store, doc(int32(2), n=int32(1)))
    assert len(await store.insert("things", [doc(int32(3), n=int32(1))])) == 1

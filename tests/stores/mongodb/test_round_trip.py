"""How far away the server is, as the driver's monitors have measured it."""

from tui_migrate.mapping.model import Scope
from tui_migrate.mapping.source import MappedSource
from tui_migrate.stores.base import Distant
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.mongodb import MongoStore


async def test_a_server_that_was_asked_has_a_round_trip(store: MongoStore) -> None:
    before = store.round_trip
    assert before is None
    await store.identity()
    source: object = store
    assert isinstance(source, Distant)
    found = source.round_trip
    assert found is not None
    assert 0 < found < 10
    assert MappedSource(store, Scope(), None, ()).round_trip is not None


def test_what_lies_in_memory_is_not_distant() -> None:
    assert not isinstance(MemoryStore("server", "db"), Distant)

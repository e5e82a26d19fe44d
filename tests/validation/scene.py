"""A source of Python values for tests of validation, and what is found in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from uuid import uuid4

from bson import encode

from tests.mapping.bson_values import Fields
from tui_migrate.catalogs.loader import from_text
from tui_migrate.catalogs.model import Catalog
from tui_migrate.stores.base import Source
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.validation.model import Issue
from tui_migrate.validation.rules import Wanted, rules_of
from tui_migrate.validation.validate import validate

World = Mapping[str, Sequence[Fields]]
WHOLE = Wanted()


def catalog(collections: str) -> Catalog:
    """A catalog of the collections that YAML's flow form names."""
    return from_text(f"name: shop\ntitle: A shop\ncollections: {collections}\n", "shop.yaml")


@contextmanager
def memory() -> Iterator[MemoryStore]:
    """An empty database in memory."""
    store = MemoryStore(uuid4().hex, "db")
    yield store
    MemoryStore._servers.pop(store._server)


async def put(store: MemoryStore, world: World) -> None:
    for name, documents in world.items():
        assert await store.insert(name, [encode(one) for one in documents]) == ()


async def issues(
    source: Source, about: Catalog, wanted: Wanted = WHOLE, elsewhere: Source | None = None
) -> list[Issue]:
    """Validate all that a source has."""
    rules = rules_of(about, await source.collections(), wanted)
    async with aclosing(validate(source, rules, elsewhere=elsewhere)) as found:
        return [one async for one in found]


async def found_in(world: World, about: Catalog, wanted: Wanted = WHOLE, elsewhere: World | None = None) -> list[Issue]:
    """Validate these documents; a reference may also lead to one elsewhere."""
    with memory() as store, memory() as other:
        await put(store, world)
        await put(other, elsewhere or {})
        return await issues(store, about, wanted, other if elsewhere is not None else None)


async def codes(world: World, about: Catalog, wanted: Wanted = WHOLE) -> set[tuple[str, str]]:
    """The code and subject of each finding."""
    return {(one.finding.code, one.finding.subject) for one in await found_in(world, about, wanted)}

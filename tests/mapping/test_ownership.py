import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any

import pytest
from bson import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from tests.mapping.bson_values import Fields, raw
from tests.mapping.catalogs import WORKSHOP
from tests.suites.store_cases import everything
from tui_migrate.mapping.extended_json import write_value
from tui_migrate.mapping.matching import compile_query
from tui_migrate.mapping.model import Filter, Scope
from tui_migrate.mapping.ownership import MOST_ASKED, owned_collections, shared_collections
from tui_migrate.mapping.source import MappedSource
from tui_migrate.stores.base import Block, BlockLimit, ReadOrder
from tui_migrate.stores.memory import MemoryStore

World = Mapping[str, list[Fields]]


class Choosing(MemoryStore):
    """A server that leaves out what does not match, and takes no longer a query than may be sent."""

    async def search(
        self,
        collection: str,
        where: bytes,
        *,
        after: bytes | None = None,
        order: ReadOrder = ReadOrder.BY_ID,
        limit: BlockLimit = BlockLimit(),
    ) -> AsyncGenerator[Block]:
        listed = (one.get("$in", ()) for one in decode(where).values() if isinstance(one, dict))
        assert all(len(one) <= MOST_ASKED for one in listed)
        matches = compile_query(where, "the query")
        async with aclosing(self.read(collection, after=after, order=order, limit=limit)) as blocks:
            async for block in blocks:
                yield Block([one for one in block.documents if matches(one)], block.position)


NAMES = ("users", "projects", "tasks", "comments", "colours", "palettes", "logs")
COLOURS = st.sampled_from(("red", "blue", "green", "grey"))
USERS = st.integers(0, 2)


def numbered(fields: st.SearchStrategy[Fields], most: int) -> st.SearchStrategy[list[Fields]]:
    return st.lists(fields, max_size=most).map(lambda found: [{"_id": place, **one} for place, one in enumerate(found)])


WORLDS: st.SearchStrategy[World] = st.fixed_dictionaries(
    {
        "users": st.just([{"_id": one} for one in range(3)]),
        "projects": numbered(st.fixed_dictionaries({"user_id": USERS | st.none(), "colour": COLOURS}), 4),
        "tasks": numbered(
            st.fixed_dictionaries(
                {
                    "project": st.fixed_dictionaries(
                        {"id": st.integers(0, 5) | st.lists(st.integers(0, 5), max_size=2)}
                    ),
                    "steps": st.lists(
                        st.fixed_dictionaries({"colours": COLOURS | st.lists(COLOURS, max_size=2)}), max_size=2
                    ),
                }
            ),
            4,
        ),
        "comments": numbered(st.fixed_dictionaries({"task": st.integers(0, 4).map(float)}), 4),
        "colours": numbered(
            st.fixed_dictionaries({"name": COLOURS, "like": COLOURS | st.none(), "palette": st.integers(0, 2)}), 4
        ),
        "palettes": st.just([{"_id": one} for one in range(3)]),
        "logs": st.just([{"_id": 1}]),
    }
)


async def put(world: World) -> MemoryStore:
    store = Choosing(uuid.uuid4().hex, "db")
    for name, documents in world.items():
        assert await store.insert(name, [encode(one) for one in documents]) == ()
    return store


async def owned(world: World, scope: Scope, names: Iterable[str] = NAMES) -> dict[str, list[Fields]]:
    """What a scope leaves of some collections."""
    store = await put(world)
    source = MappedSource(store, scope, WORKSHOP, list(names))
    try:
        await source.collections()
        return {name: [decode(one) for one in await everything(source, name)] for name in names}
    finally:
        await source.close()
        MemoryStore._servers.pop(store._server, None)


def of(owner: object, *filters: Filter) -> Scope:
    return Scope(owner=write_value(raw(owner)), filters=filters)


def listed(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]


def expected(world: World, owner: int) -> dict[str, list[Fields]]:
    """The same, worked out over and over until nothing changes, without a line of the mapping."""
    found: dict[str, list[Fields]] = {"logs": [], "users": [one for one in world["users"] if one["_id"] == owner]}
    found["projects"] = [one for one in world["projects"] if one["user_id"] == owner]
    projects = {one["_id"] for one in found["projects"]}
    found["tasks"] = [one for one in world["tasks"] if projects & set(listed(one["project"]["id"]))]
    tasks = {one["_id"] for one in found["tasks"]}
    found["comments"] = [one for one in world["comments"] if one["task"] in tasks]
    names = {one["colour"] for one in found["projects"]}
    names |= {name for one in found["tasks"] for step in one["steps"] for name in listed(step["colours"])}
    while more := {one["like"] for one in world["colours"] if one["name"] in names} - names - {None}:
        names |= more
    found["colours"] = [one for one in world["colours"] if one["name"] in names]
    palettes = {one["palette"] for one in found["colours"]}
    found["palettes"] = [one for one in world["palettes"] if one["_id"] in palettes]
    return found


@given(WORLDS, USERS)
def test_one_users_documents_and_what_they_refer_to_and_nothing_else(world: World, owner: int) -> None:
    assert asyncio.run(owned(world, of(owner))) == expected(world, owner)


def test_which_collections_are_whose() -> None:
    assert owned_collections(WORKSHOP, NAMES) == ["users", "projects", "tasks", "comments"]
    assert sorted(shared_collections(WORKSHOP, NAMES)) == ["colours", "palettes"]
    assert shared_collections(WORKSHOP, ["users", "projects", "palettes"]) == []


WORLD: World = {
    "users": [{"_id": 1}, {"_id": 2}],
    "projects": [{"_id": 1, "user_id": 1, "colour": "red"}, {"_id": 2, "user_id": 2, "colour": "blue"}],
    "tasks": [{"_id": 1, "project": {"id": 1}, "steps": []}, {"_id": 2, "project": {"id": 2}, "steps": []}],
    "comments": [],
    "colours": [
        {"_id": 1, "name": "red", "like": "green", "palette": 1},
        {"_id": 2, "name": "blue", "palette": 2},
        {"_id": 3, "name": "green", "palette": 0},
    ],
    "palettes": [{"_id": one} for one in range(3)],
    "logs": [{"_id": 1}],
}


async def test_what_a_filter_leaves_out_leads_to_nothing() -> None:
    found = await owned(WORLD, of(1, Filter("projects", '{"_id": 99}')))
    assert found["projects"] == []
    assert found["tasks"] == [WORLD["tasks"][0]]  # whose project it is has not changed
    assert found["colours"] == []
    found = await owned(WORLD, of(1, Filter("colours", '{"name": {"$ne": "red"}}')))
    assert (found["colours"], found["palettes"]) == ([], [])


async def test_parents_count_though_they_are_not_meant_themselves() -> None:
    assert await owned(WORLD, of(1), ["tasks"]) == {"tasks": [WORLD["tasks"][0]]}


async def test_an_id_of_another_type_is_another_user() -> None:
    assert (await owned(WORLD, of("1")))["projects"] == []
    assert (await owned(WORLD, of(1.0)))["projects"] == [WORLD["projects"][0]]


@pytest.mark.slow
async def test_more_parents_than_are_asked_for_at_once() -> None:
    count = MOST_ASKED + 10
    world = {
        **WORLD,
        "projects": [{"_id": one, "user_id": one % 2, "colour": ""} for one in range(2 * count)],
        "tasks": [{"_id": one, "project": {"id": one}, "steps": []} for one in range(2 * count)],
    }
    found = await owned(world, of(1))
    assert [one["_id"] for one in found["tasks"]] == list(range(1, 2 * count, 2))

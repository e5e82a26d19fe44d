import uuid
from collections.abc import AsyncIterator

import pytest
from bson import decode, encode

from tests.engine.scene import create
from tests.mapping.bson_values import raw
from tests.mapping.catalogs import WORKSHOP, changed
from tests.suites.documents import as_value, index, options
from tests.suites.ids import text
from tests.suites.store_cases import everything
from tui_migrate.documents import RawId, pack
from tui_migrate.errors import Refused, UsageError
from tui_migrate.mapping.extended_json import write_value
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.mapping.source import MappedSource, mapped
from tui_migrate.packages.package import Package
from tui_migrate.stores.base import BlockLimit
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.stores.permissions import Action
from tui_migrate.stores.probe import probe_of

NAMES = ("users", "projects", "logs", "grown")
EVEN = Filter("logs", '{"even": true}')


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    store = MemoryStore(uuid.uuid4().hex, "db")
    await create(store, "users")
    await create(store, "logs", indexes=[index("n")])
    await create(store, "grown", options=options(viewOn=text("users"), pipeline=as_value(pack(b""), 0x04)))
    await store.insert("users", [encode({"_id": one, "mail": f"m{one}"}) for one in range(3)])
    await store.insert("projects", [encode({"_id": one, "user_id": one % 3}) for one in range(6)])
    await store.insert("logs", [encode({"_id": one, "even": one % 2 == 0}) for one in range(100)])
    yield store
    MemoryStore._servers.pop(store._server, None)


def seen(store: MemoryStore, names: tuple[str, ...] = NAMES, **scope: object) -> MappedSource:
    return MappedSource(store, Scope(**scope), WORKSHOP, names)  # type: ignore[arg-type] # each test names its own


async def ids(source: MappedSource, name: str) -> list[object]:
    return [decode(one)["_id"] for one in await everything(source, name)]


async def test_a_scope_of_everything_is_the_source_itself(store: MemoryStore) -> None:
    assert mapped(store, Scope(), None, NAMES) is store
    assert not isinstance(mapped(store, Scope(filters=(EVEN,)), None, NAMES), Package)


async def test_renamed_collections_answer_to_their_new_names_alone(store: MemoryStore) -> None:
    source = seen(store, renames=(Rename("users", "people"), Rename("logs", "users")))
    infos = {one.name: one for one in await source.collections()}
    assert list(infos) == ["grown", "people", "projects", "users"]
    assert infos["people"].documents == 3
    assert decode(infos["grown"].options)["viewOn"] == "people"
    assert [one.name for one in await source.collections(["users", "logs"])] == ["users"]
    assert await source.count("people") == 3
    assert await source.count("logs") == 0
    assert await everything(source, "logs") == []
    assert len(await everything(source, "users")) == 100
    assert [one async for one in source.lookup("people", [raw(1)])] == [encode({"_id": 1, "mail": "m1"})]
    assert [one async for one in source.lookup("logs", [raw(1)])] == []
    assert set(await source.permissions(Action.BYPASS_VALIDATION, ["people", "logs"])) == {"people"}


async def test_only_a_view_that_is_meant_has_to_be_rewritten(store: MemoryStore) -> None:
    renames = (Rename("logs", "users"), Rename("users", "logs"))
    assert (
        decode({one.name: one for one in await seen(store, renames=renames).collections()}["grown"].options)["viewOn"]
        == "logs"
    )
    taken = (Rename("logs", "users"),)
    with pytest.raises(Refused, match="another collection"):
        await seen(store, renames=taken).collections()
    infos = await seen(store, ("logs",), renames=taken).collections()
    assert [one.name for one in infos] == ["grown", "projects", "users"]


async def test_a_filter_leaves_documents_out_in_every_way_of_asking(store: MemoryStore) -> None:
    source = seen(store, filters=(EVEN,))
    assert await ids(source, "logs") == list(range(0, 100, 2))
    assert await source.count("logs") == 50
    assert [one async for one in source.lookup("logs", [raw(1), raw(2)])] == [encode({"_id": 2, "even": True})]
    assert await ids(source, "users") == [0, 1, 2]


async def test_blocks_are_full_and_reading_goes_on_behind_any_of_them(store: MemoryStore) -> None:
    source = seen(store, filters=(EVEN,))
    limit = BlockLimit(7, 1 << 20)
    blocks = [one async for one in source.read("logs", limit=limit)]
    found = [decode(one)["_id"] for block in blocks for one in block.documents]
    assert found == list(range(0, 100, 2))
    assert all(3 < len(one.documents) <= 7 for one in blocks[:-1])
    for place, block in enumerate(blocks):
        rest = [one async for one in source.read("logs", after=block.position, limit=limit)]
        behind = [one for later in blocks[place + 1 :] for one in later.documents]
        assert [one for later in rest for one in later.documents] == behind


async def test_nothing_left_is_no_block(store: MemoryStore) -> None:
    source = seen(store, filters=(Filter("logs", '{"even": 5}'),))
    assert [one async for one in source.read("logs")] == []


async def test_what_is_redacted_keeps_its_order_unless_it_is_the_id(store: MemoryStore) -> None:
    source = seen(store, redact=True, redaction_key="ab" * 16)
    (users,) = await source.collections(["users"])
    assert users.simple_order
    assert [decode(one)["mail"] for one in await everything(source, "users")] == ["***"] * 3


async def test_one_owner_for_another(store: MemoryStore) -> None:
    source = seen(store, ("users", "projects"), owner=write_value(raw(1)), owner_to=write_value(raw(9)))
    infos = {one.name: one for one in await source.collections(["users", "projects"])}
    assert not infos["users"].simple_order
    assert infos["projects"].simple_order
    assert [decode(one) for one in await everything(source, "users")] == [{"_id": 9, "mail": "m1"}]
    assert [decode(one) for one in await everything(source, "projects")] == [
        {"_id": 1, "user_id": 9},
        {"_id": 4, "user_id": 9},
    ]
    assert [decode(one)["_id"] async for one in source.lookup("users", [raw(9), raw(2)])] == [9]
    assert await source.count("users") == 1
    await source.close()


async def test_ids_that_are_hashed_cannot_be_asked_for(store: MemoryStore) -> None:
    hashing = changed(
        "  projects:\n    owner: user_id\n",
        "  projects:\n    owner: user_id\n    sensitive: [{field: user_id, redaction: hash}]\n",
    )
    source = MappedSource(store, Scope(redact=True, redaction_key="ab" * 16), hashing, NAMES)
    (users,) = await source.collections(["users"])
    assert not users.simple_order
    with pytest.raises(Refused, match="by id"):
        [one async for one in source.lookup("users", [RawId(raw(1))])]


@pytest.mark.parametrize(
    "scope",
    [Scope(redact=True, redaction_key="ab" * 16), Scope(owner='"a"', owner_to='"b"')],
)
async def test_what_needs_a_catalog_says_so(store: MemoryStore, scope: Scope) -> None:
    with pytest.raises(UsageError, match="catalog"):
        MappedSource(store, scope, None, NAMES)


async def test_closing_twice_is_no_error(store: MemoryStore) -> None:
    source = seen(store, owner=write_value(raw(1)))
    await ids(source, "projects")
    await source.close()
    await source.close()


async def test_a_source_is_probed_about_what_is_meant_of_it(store: MemoryStore) -> None:
    probe = probe_of(seen(store, filters=(EVEN,), renames=(Rename("logs", "lines"), Rename("users", "people"))))
    assert probe is not None
    assert (await probe.pulse()).seconds == 0
    rows = [[raw(6)], [raw(7)]]
    assert [decode(one)["_id"] async for one in probe.equal("lines", ["_id"], rows)] == [6]
    assert [one async for one in probe.equal("logs", ["_id"], rows)] == []
    assert {decode(one)["_id"] async for one in probe.sample("people", 9)} == {0, 1, 2}
    with pytest.raises(Refused, match="at random"):
        _ = [one async for one in probe.sample("lines", 9)]


async def test_what_is_changed_on_its_way_is_sampled_as_it_becomes_and_not_searched(store: MemoryStore) -> None:
    probe = probe_of(seen(store, redact=True, redaction_key="ab" * 16))
    assert probe is not None
    assert {decode(one)["mail"] async for one in probe.sample("users", 2)} == {"***"}
    with pytest.raises(Refused, match="changed on their way"):
        _ = [one async for one in probe.failing("users", pack(b""), 9)]
    assert len([one async for one in probe.equal("logs", ["_id"], [[raw(7)]])]) == 1


async def test_too_many_that_fail_and_are_not_meant_are_not_taken_for_none(store: MemoryStore) -> None:
    probe = probe_of(seen(store, ("users", "projects"), owner=write_value(raw(1))))
    assert probe is not None
    without = encode({"colour": {"$exists": True}})
    assert [decode(one)["_id"] async for one in probe.failing("projects", without, 9)] == [1, 4]
    with pytest.raises(Refused, match="not all of these are meant"):
        _ = [one async for one in probe.failing("projects", without, 4)]

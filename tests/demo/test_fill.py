import asyncio

import pytest

from tests.demo.processes import demo_process
from tui_migrate.definitions import is_id_index, same_definition, same_index
from tui_migrate.demo import access
from tui_migrate.demo.fill import fill, sample_there
from tui_migrate.demo.place import SERVERS, DemoPlace
from tui_migrate.demo.record import ServersRecord
from tui_migrate.demo.sample import definitions
from tui_migrate.demo.sample.documents import TARGET_COLLECTIONS, source_documents, target_documents
from tui_migrate.demo.sample.identity import COLLECTIONS
from tui_migrate.demo.sample.sizes import Sizes
from tui_migrate.stores.base import CollectionKind
from tui_migrate.stores.registry import Locator, open_source, open_target

pytestmark = pytest.mark.slow

DOCUMENTS = 500


async def assert_filled(servers: ServersRecord) -> None:
    generate = {"source": source_documents, "target": target_documents}
    names = {"source": set(definitions.source_names()), "target": set(TARGET_COLLECTIONS)}
    for server in SERVERS:
        store = open_source(Locator(servers.url(server), definitions.DATABASE))
        try:
            there = {one.name: one for one in await store.collections()}
            assert set(there) == names[server]
            for name in there.keys() & set(COLLECTIONS):
                expected = sorted(generate[server](name, Sizes.of(DOCUMENTS)))
                found = [one async for block in store.read(name) for one in block.documents]
                assert sorted(found) == expected, (server, name)
                assert same_definition(there[name].options, definitions.options(name))
                made = sorted(one for one in there[name].indexes if not is_id_index(one))
                wanted = sorted(definitions.indexes(name, in_target=server == "target"))
                assert len(made) == len(wanted)
                assert all(any(same_index(one, other) for other in wanted) for one in made)
            if server == "source":
                assert there[definitions.VIEW].kind is CollectionKind.VIEW
        finally:
            await store.close()


async def test_both_servers_hold_the_generated_bytes(place: DemoPlace) -> None:
    async with access.servers(place) as servers:
        await fill(place, servers, DOCUMENTS)
        assert sample_there(place) == DOCUMENTS
        await assert_filled(servers)


async def test_an_unfinished_sample_is_made_anew_and_a_finished_one_is_kept(place: DemoPlace) -> None:
    async with access.servers(place) as servers:
        await fill(place, servers, DOCUMENTS * 2)
        await fill(place, servers, DOCUMENTS)
        assert sample_there(place) == DOCUMENTS * 2
        place.sample_file.unlink()
        await fill(place, servers, DOCUMENTS)
        await assert_filled(servers)


async def test_two_demos_fill_once(place: DemoPlace) -> None:
    async with access.servers(place) as servers:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(fill(place, servers, DOCUMENTS))
        await assert_filled(servers)


async def test_the_data_outlive_the_servers(place: DemoPlace) -> None:
    async with access.servers(place) as servers:
        await fill(place, servers, DOCUMENTS)
    await access.end_unless_needed(place)
    with demo_process(place):
        async with access.servers(place) as servers:
            await assert_filled(servers)


async def test_a_wiped_demo_has_no_sample(place: DemoPlace) -> None:
    async with access.servers(place) as servers:
        await fill(place, servers, DOCUMENTS)
        store = open_target(Locator(servers.url("target"), definitions.DATABASE))
        await store.drop_collection("users")
        await store.close()
    await access.wipe(place)
    assert sample_there(place) == 0
    async with access.servers(place) as servers:
        await fill(place, servers, DOCUMENTS)
        await assert_filled(servers)

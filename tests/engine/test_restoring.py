"""A backup brings back what was there when it was made, byte for byte, whatever was done to it since."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from tests.engine.mirrors import fill, mirrored_worlds
from tests.engine.scene import Runs, Scene, differences, new_scene, same, snapshot
from tests.engine.servers import Pair, half_full, pair
from tests.engine.worlds import World
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import make_private_folder
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.plan.restoring import mirroring
from tui_migrate.stores.base import Source
from tui_migrate.worker import backups
from tui_migrate.worker.backups import BackedUp

pytestmark = pytest.mark.slow


async def back_up(scene: Runs, source: Source) -> PackageEnd:
    """Make a backup of the source."""
    make_private_folder(scene.home.backups)
    package = PackageEnd(str(scene.home.backups / "first.tar"), PackageForm.TAR)
    plan = await scene.plan(target=package, kind=RunKind.EXPORT)
    of = BackedUp(await source.identity(), tuple(one.name for one in await source.collections()))
    assert (await scene.work(await backups.create_backup(scene.home, "first", plan, of))).exit_code == 0
    assert (await backups.find_backup(scene.home, "first")).record.is_whole
    return package


@given(world=mirrored_worlds())
@settings(max_examples=30)
def test_whatever_was_done_since_a_restore_undoes_and_its_rollback_does_again(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await fill(world, scene)
        package, then, damaged = (
            await back_up(scene, scene.source),
            await snapshot(scene.source),
            await snapshot(scene.target),
        )
        plan = await scene.plan(Policy.OVERWRITE, source=package, kind=RunKind.IMPORT, max_rejects=100)
        ended = await scene.run(mirroring(plan, await scene.target.collections()))
        assert (ended.exit_code, ended.record.failure) == (0, None), ended.record.findings
        restored = await snapshot(scene.target)
        assert same(restored, then), differences(restored, then)
        if ended.record.writes_begun:
            assert (await scene.roll_back(ended.record.id)).exit_code == 0
        assert same(await snapshot(scene.target), damaged)

    with new_scene() as scene:
        asyncio.run(prove(scene))


@st.composite
def deeds(draw: st.DrawFn) -> tuple[str, str, int]:
    """Something that somebody does to a database: to which collection, what, and to which of its documents."""
    what = ("delete", "change", "insert", "unset", "drop", "index", "unindex", "rename", "empty", "validator", "new")
    return draw(st.sampled_from(("things", "numbers", "new"))), draw(st.sampled_from(what)), draw(st.integers(0, 25))


def do(client: MongoClient[dict[str, object]], database: str, deed: tuple[str, str, int]) -> None:
    """Do it, as far as there is something to do it to."""
    name, what, number = deed
    place = client[database][name]
    if name not in client[database].list_collection_names():
        return
    some = place.find_one({}, {"_id": 1}, skip=number)
    one = {"_id": some["_id"]} if some is not None else {"_id": "none"}
    match what:
        case "delete":
            place.delete_one(one)
        case "change":
            place.update_one(one, {"$set": {"n": f"changed {number}"}}, bypass_document_validation=True)
        case "unset":
            place.update_one(one, {"$unset": {"n": 1}, "$set": {"m": 1.0}}, bypass_document_validation=True)
        case "insert":
            place.replace_one({"_id": f"extra {number}"}, {"n": f"extra {number}"}, upsert=True)
        case "drop":
            place.drop()
        case "index":
            place.create_index([("p", -1)])
        case "unindex":
            place.drop_indexes()
        case "rename":
            place.rename(f"moved_{number}_{name}")
        case "empty":
            place.delete_many({})
        case "validator":
            client[database].command({"collMod": name, "validator": {"p": {"$exists": False}}})
        case _:
            client[database][f"stray_{number}"].insert_one({"_id": number})


@given(done=st.lists(deeds(), min_size=1, max_size=8))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_server_is_what_it_was_after_arbitrary_damage(
    done: list[tuple[str, str, int]],
    mongodb_pair: tuple[str, str],
    database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async def prove(ends: Pair) -> None:
        await half_full(Policy.OVERWRITE).put_into(ends.source, ends.target)
        then = await snapshot(ends.source)
        package = await back_up(ends, ends.source)
        with MongoClient[dict[str, object]](ends.source_end.url) as client:
            for deed in done:
                do(client, ends.source_end.database, deed)
        damaged = await snapshot(ends.source)
        plan = await ends.plan(
            Policy.OVERWRITE, source=package, target=ends.source_end, kind=RunKind.IMPORT, batch=10, max_rejects=100
        )
        ended = await ends.run(mirroring(plan, await ends.source.collections()))
        assert (ended.exit_code, ended.record.failure) == (0, None), ended.record.findings
        restored = await snapshot(ends.source)
        assert same(restored, then), differences(restored, then)
        if ended.record.writes_begun:
            assert (await ends.roll_back(ended.record.id)).exit_code == 0
            back = await snapshot(ends.source)
            assert same(back, damaged), differences(back, damaged)

    async def with_servers() -> None:
        async with pair(tmp_path_factory.mktemp("home"), mongodb_pair, database) as ends:
            await prove(ends)

    asyncio.run(with_servers())

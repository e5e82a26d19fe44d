"""A mirror, between any ends and for a process that dies anywhere: it makes them equal, and can be taken back."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.crashing import Trap, trapped
from tests.engine.dying import comparable, place_of, work_until
from tests.engine.mirrors import fill, is_mirrored, mirror_plan, mirrored_worlds
from tests.engine.scene import Scene, documents, new_scene, same, snapshot
from tests.engine.worlds import World
from tui_migrate.journal.states import RunState
from tui_migrate.stores.base import CollectionKind
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

places = st.integers(0, 999)


async def orders(scene: Scene) -> dict[str, list[bytes]]:
    """The order in which documents lie where it is part of them."""
    there = await scene.target.collections()
    return {one.name: await documents(scene.target, one.name) for one in there if one.kind is CollectionKind.CAPPED}


@given(world=mirrored_worlds())
@settings(max_examples=35)
def test_a_mirror_makes_the_target_equal_and_a_rollback_brings_everything_back(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await fill(world, scene)
        before, lay = await snapshot(scene.target), await orders(scene)
        ended = await scene.run(await mirror_plan(scene, scene.target, batch=world.batch))
        assert (ended.exit_code, ended.record.failure) == (0, None), ended.record.findings
        assert await is_mirrored(scene)
        if ended.record.writes_begun:
            undone = await scene.roll_back(ended.record.id)
            assert (undone.exit_code, undone.record.findings) == (0, ())
            assert (await scene.record(ended.record.id)).state is RunState.ROLLED_BACK
        assert same(await snapshot(scene.target), before)
        assert await orders(scene) == lay

    with new_scene() as scene:
        asyncio.run(prove(scene))


@given(world=mirrored_worlds())
@settings(max_examples=25)
def test_a_package_brings_a_database_back_from_any_damage_and_a_rollback_the_damage(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await fill(world, scene)
        package = scene.home.state / "package"
        assert (await scene.work(await scene.export(package, batch=world.batch))).exit_code == 0
        damaged = await snapshot(scene.target)
        plan = await mirror_plan(scene, scene.target, batch=world.batch, package=str(package))
        ended = await scene.run(plan)
        assert (ended.exit_code, ended.record.failure) == (0, None), ended.record.findings
        assert await is_mirrored(scene)
        if ended.record.writes_begun:
            assert (await scene.roll_back(ended.record.id)).exit_code == 0
        assert same(await snapshot(scene.target), damaged)

    with new_scene() as scene:
        asyncio.run(prove(scene))


@given(world=mirrored_worlds(), crashes=st.lists(places, min_size=1, max_size=3))
@settings(max_examples=35)
def test_a_mirror_that_dies_anywhere_and_is_resumed_ends_like_one_that_was_left_alone(
    world: World, crashes: list[int]
) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await fill(world, calm)
        await fill(world, scene)
        before = await snapshot(scene.target)
        with trapped(Trap()) as counter:
            undisturbed = await calm.run(await mirror_plan(calm, calm.target, batch=world.batch))
        run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target, batch=world.batch))
        for one in crashes:
            await work_until(scene, run_id, place_of(one, counter))
        if not (await scene.record(run_id)).state.is_final:
            await scene.work(run_id)
        assert await is_mirrored(scene)
        assert comparable(await scene.record(run_id)) == comparable(undisturbed.record)
        if undisturbed.record.writes_begun:
            assert (await scene.roll_back(run_id)).exit_code == 0
        assert same(await snapshot(scene.target), before)

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))


@given(world=mirrored_worlds(), crash=places, crashes=st.lists(places, max_size=3))
@settings(max_examples=35)
def test_a_mirror_that_dies_anywhere_can_be_rolled_back_even_if_the_rollback_dies_too(
    world: World, crash: int, crashes: list[int]
) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await fill(world, calm)
        await fill(world, scene)
        before, lay = await snapshot(scene.target), await orders(scene)
        with trapped(Trap()) as counter:
            undisturbed = await calm.run(await mirror_plan(calm, calm.target, batch=world.batch))
        run_id = await launch.create_run(scene.home, await mirror_plan(scene, scene.target, batch=world.batch))
        await work_until(scene, run_id, place_of(crash, counter))
        if not (await scene.record(run_id)).writes_begun:
            assert same(await snapshot(scene.target), before)
            return
        with trapped(Trap()) as counter:
            await calm.roll_back(undisturbed.record.id)
        rollback = await launch.create_rollback(scene.home, run_id)
        for one in crashes:
            await work_until(scene, rollback, place_of(one, counter))
        if not (await scene.record(rollback)).state.is_final:
            await scene.work(rollback)
        ended = await scene.record(rollback)
        assert (ended.state, ended.findings) == (RunState.COMPLETED, ())
        assert same(await snapshot(scene.target), before)
        assert await orders(scene) == lay
        assert (await scene.record(run_id)).state is RunState.ROLLED_BACK

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))

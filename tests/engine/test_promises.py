"""The promises, for any source, any target and any policy; and for a process that dies at any place."""

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.crashing import Trap, trapped
from tests.engine.dying import comparable, place_of, work_until
from tests.engine.scene import Ended, Scene, new_scene, snapshot
from tests.engine.worlds import World, expected, merged, worlds
from tui_migrate.errors import Unreachable
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

places = st.integers(0, 999)
"""Where to die, in thousandths of the places that an undisturbed run comes by."""


@given(world=worlds())
def test_a_run_does_what_the_truth_table_says_and_a_rollback_takes_it_back(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await world.fill(scene)
        before = await snapshot(scene.target)
        truth = expected(world)
        plan = await world.plan(scene)
        forecast = await scene.forecast(plan)
        for one in forecast.collections:
            told = Counts(one.insert, one.replace, one.unchanged, one.skip)
            assert (told, one.refuse) == (truth[one.name].counts, truth[one.name].refused)
            assert one.exists == (one.name in world.target)
        ended = await scene.run(plan)
        if any(one.refused for one in truth.values()):
            assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
            assert await snapshot(scene.target) == before
            return
        assert ended.record.state in (RunState.COMPLETED, RunState.COMPLETED_WITH_FINDINGS)
        assert ended.codes <= {"id_type_differs", "options_differ"}
        assert {one.name: one.counts for one in ended.record.collections if one.name in truth} == {
            name: one.counts for name, one in truth.items()
        }
        after = await snapshot(scene.target)
        wanted = merged(world)
        assert {name: (one[0], one[2]) for name, one in after.items()} == {
            name: (one[0], one[2]) for name, one in wanted.items()
        }
        if not ended.record.writes_begun:
            assert after == before
            return
        undone = await scene.roll_back(ended.record.id)
        assert (undone.exit_code, undone.record.state) == (0, RunState.COMPLETED)
        assert await snapshot(scene.target) == before
        assert undone.counts == Counts(deleted=ended.counts.inserted, restored=ended.counts.replaced)
        assert (await scene.record(ended.record.id)).state is RunState.ROLLED_BACK

    with new_scene() as scene:
        asyncio.run(prove(scene))


@given(world=worlds(odd=True), crashes=st.lists(places, min_size=1, max_size=3))
def test_a_run_that_dies_anywhere_and_is_resumed_ends_like_one_that_was_left_alone(
    world: World, crashes: list[int]
) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await world.fill(calm)
        await world.fill(scene)
        with trapped(Trap()) as counter:
            undisturbed = await world.run(calm)
        if undisturbed.record.state.is_final:
            assert _accounted(undisturbed) == {name: len(one.documents) for name, one in world.source.items()}
        ended = await _run_with_crashes(world, scene, [place_of(one, counter) for one in crashes])
        assert await snapshot(scene.target) == await snapshot(calm.target)
        assert _comparable(ended) == _comparable(undisturbed)
        assert ended.counts.assumed_ours <= ended.counts.inserted

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))


@pytest.mark.rule(20, "byte for byte, whatever dies")
@given(world=worlds(odd=True), crash=places, crashes=st.lists(places, max_size=2))
def test_a_run_that_dies_anywhere_can_be_rolled_back_even_if_the_rollback_dies_too(
    world: World, crash: int, crashes: list[int]
) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await world.fill(calm)
        await world.fill(scene)
        before = await snapshot(scene.target)
        with trapped(Trap()) as counter:
            undisturbed = await world.run(calm)
        run_id = await launch.create_run(scene.home, await world.plan(scene))
        await work_until(scene, run_id, place_of(crash, counter))
        if not (await scene.record(run_id)).writes_begun:
            assert await snapshot(scene.target) == before
            return
        with trapped(Trap()) as counter:
            await calm.roll_back(undisturbed.record.id)
        rollback = await launch.create_rollback(scene.home, run_id)
        for one in crashes:
            await work_until(scene, rollback, place_of(one, counter))
        if not (await scene.record(rollback)).state.is_final:
            await scene.work(rollback)
        assert await snapshot(scene.target) == before
        ended = await scene.record(rollback)
        assert (ended.state, ended.findings) == (RunState.COMPLETED, ())
        assert (await scene.record(run_id)).state is RunState.ROLLED_BACK

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))


@pytest.mark.rule(4, "after any network error in a living worker")
@given(world=worlds(odd=True), faults=st.lists(places, min_size=1, max_size=3))
def test_a_connection_that_is_lost_at_any_write_changes_nothing_but_the_time(world: World, faults: list[int]) -> None:
    async def prove(calm: Scene, scene: Scene) -> None:
        await world.fill(calm)
        await world.fill(scene)
        with trapped(Trap(), within=False) as counter:
            undisturbed = await world.run(calm)
        plan = await world.plan(scene)
        with ExitStack() as lost:
            for one in faults:
                lost.enter_context(trapped(Trap(place_of(one, counter), error=Unreachable), within=False))
            ended = await scene.run(plan)
        assert await snapshot(scene.target) == await snapshot(calm.target)
        assert _comparable(ended) == _comparable(undisturbed)
        assert ended.record.attempt == 1

    with new_scene() as calm, new_scene() as scene:
        asyncio.run(prove(calm, scene))


def _accounted(ended: Ended) -> dict[str, int]:
    """Of how many documents of each collection it is said what became of them."""
    found = {one.name: one.counts for one in ended.record.collections}
    return {
        name: one.inserted + one.replaced + one.unchanged + one.skipped + one.rejected for name, one in found.items()
    }


async def _run_with_crashes(world: World, scene: Scene, crashes: list[int]) -> Ended:
    plan = await world.plan(scene)
    run_id = await launch.create_run(scene.home, plan)
    for one in crashes:
        await work_until(scene, run_id, one)
    record = await scene.record(run_id)
    if record.state.is_final or record.state is RunState.FAILED:
        return Ended(record.failure.exit_code if record.failure else record.state.exit_code, record)
    return await scene.work(run_id)


def _comparable(ended: Ended) -> object:
    return ended.exit_code, comparable(ended.record)

"""What the screens say beforehand of a plan from Compare and of a restore, held against what the engine then does.

A document whose `_id` is of another numeric type is one that is replaced in one count and deleted and added in another:
both are compared with what is gone and what has come.
"""

import asyncio

import pytest
from hypothesis import given, settings

from tests.engine.mirrors import fill, mirrored_worlds
from tests.engine.scene import Scene, new_scene
from tests.engine.worlds import Held, World
from tests.suites.documents import EMPTY, as_value, doc, options
from tests.suites.ids import int32, text
from tui_migrate.comparison.compare import compare
from tui_migrate.comparison.model import Comparison, Request
from tui_migrate.comparison.state import State
from tui_migrate.journal.records import Counts
from tui_migrate.plan import ends
from tui_migrate.plan.build import build_plan
from tui_migrate.plan.equalising import equalising_plan
from tui_migrate.plan.forecast import CollectionForecast
from tui_migrate.plan.model import Policy
from tui_migrate.plan.restoring import mirroring, total
from tui_migrate.ui.compare_counts import count_of_collections
from tui_migrate.ui.comparing import Asked, Compared
from tui_migrate.ui.consequences import Count, count
from tui_migrate.ui.draft import Draft, equalising, to_request
from tui_migrate.ui.look import LookState, Opening
from tui_migrate.ui.policy_words import sentence
from tui_migrate.worker.restoring import restore_changes

THINGS = Held(EMPTY, (), tuple(doc(int32(one)) for one in range(3)))
VIEW = Held(options(viewOn=text("things"), pipeline=as_value(bytes((5, 0, 0, 0, 0)), 0x04)), (), ())
HIDDEN = World({"others": VIEW}, {"others": THINGS}, Policy.OVERWRITE, 2)
"""The source has a view where the target has a collection: all of its documents go."""


async def compared(scene: Scene) -> Compared:
    state = State(None, "")
    try:
        found = await compare(scene.source, scene.target, Request(), state)
    finally:
        state.close()
    asked, there = Asked(scene.source_end, scene.target_end), tuple(await scene.source.collections())
    return Compared(asked, LookState.DONE, 0.0, comparison=found, there=there)


def drafted(scene: Scene, known: Compared) -> Draft | None:
    plan = equalising_plan(scene.source_end, scene.target_end, known.comparison or Comparison(()), known.there)
    return None if plan is None else equalising(plan)


async def promised(scene: Scene, known: Compared, draft: Draft) -> Count:
    """What Compare knows already, or else what New migration counts."""
    chosen = [one for one in (known.comparison or Comparison(())).collections if one.name in draft.marks]
    if (found := count_of_collections(known, draft, chosen)) is not None:
        return found
    told: list[Count] = []
    await count(to_request(draft), Opening(scene.home, {}, lambda: 0.0), told.append, exact=True)
    assert told[-1].fault is None
    return told[-1]


async def run(scene: Scene, draft: Draft) -> Counts:
    source = ends.open_source(scene.source_end, scene.home, {})
    try:
        plan = await build_plan(to_request(draft), source)
    finally:
        await source.close()
    ended = await scene.run(plan)
    assert ended.record.failure is None, ended.record.findings
    return ended.counts


def come_gone_same(counts: Counts) -> tuple[int, int, int]:
    return counts.inserted + counts.replaced, counts.deleted + counts.replaced, counts.unchanged


def forecast_of(one: CollectionForecast) -> tuple[int, int, int]:
    return one.insert + one.replace, one.delete + one.replace, one.unchanged


@pytest.mark.slow
@given(world=mirrored_worlds())
@settings(max_examples=25, derandomize=True, deadline=None)
def test_a_plan_of_what_differs_does_what_was_said(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await fill(world, scene)
        known = await compared(scene)
        if (draft := drafted(scene, known)) is not None:
            said = forecast_of((await promised(scene, known, draft)).total)
            assert said == come_gone_same(await run(scene, draft))

    with new_scene() as scene:
        asyncio.run(prove(scene))


@pytest.mark.slow
@given(world=mirrored_worlds())
@settings(max_examples=25, derandomize=True, deadline=None)
def test_a_restore_changes_what_was_said(world: World) -> None:
    async def prove(scene: Scene) -> None:
        await fill(world, scene)
        plan = mirroring(await scene.plan(Policy.OVERWRITE, max_rejects=100), await scene.target.collections())
        said = total(await restore_changes(plan, scene.source, scene.target))
        ended = await scene.run(plan)
        assert ended.record.failure is None, ended.record.findings
        found = said.added + said.replaced, said.deleted + said.replaced, said.unchanged
        assert found == come_gone_same(ended.counts)

    with new_scene() as scene:
        asyncio.run(prove(scene))


def test_documents_that_make_way_for_a_view_are_told() -> None:
    async def prove(scene: Scene) -> None:
        await fill(HIDDEN, scene)
        known = await compared(scene)
        draft = drafted(scene, known)
        assert draft is not None
        found = await promised(scene, known, draft)
        assert "DELETE 3 documents in db" in sentence(draft, found, 0)
        plan = mirroring(await scene.plan(Policy.OVERWRITE), await scene.target.collections())
        assert total(await restore_changes(plan, scene.source, scene.target)).deleted == 3
        assert (await run(scene, draft)).deleted == 3

    with new_scene() as scene:
        asyncio.run(prove(scene))

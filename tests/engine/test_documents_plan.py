"""A plan of single documents, as a comparison makes it, writes those and no others, whatever their `_id` is."""

import pytest

from tests.engine.scene import Scene, documents, put, snapshot
from tests.suites.documents import doc
from tests.suites.ids import OF_EVERY_TYPE, int32
from tui_migrate.documents import RawId
from tui_migrate.errors import UsageError
from tui_migrate.journal.records import Counts
from tui_migrate.plan import ends
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.equalising import documents_plan
from tui_migrate.plan.model import PackageEnd, Plan, RunKind
from tui_migrate.worker import launch

NEW = [doc(one, n=int32(2)) for one in OF_EVERY_TYPE]


async def plan_of(scene: Scene, *ids: RawId) -> Plan:
    """Plan as the app does: what is chosen is asked for, and settled against the source."""
    (info,) = await scene.source.collections()
    chosen = documents_plan(scene.source_end, scene.target_end, info, ids)
    source = ends.open_source(scene.source_end, scene.home, {})
    try:
        names = tuple(one.name for one in chosen.collections)
        request = PlanRequest(
            RunKind.COPY, chosen.source, chosen.target, names=names, policy=chosen.policy, scope=chosen.scope
        )
        return await build_plan(request, source)
    finally:
        await source.close()


@pytest.mark.parametrize("place", range(len(OF_EVERY_TYPE)), ids=lambda one: OF_EVERY_TYPE[one][:9].hex())
async def test_one_document_is_replaced_and_comes_back(scene: Scene, place: int) -> None:
    await put(scene.source, *NEW)
    old = [doc(one, n=int32(1)) for one in OF_EVERY_TYPE]
    await put(scene.target, *old)
    before = await snapshot(scene.target)
    run_id = await launch.create_run(scene.home, await plan_of(scene, OF_EVERY_TYPE[place]))
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(replaced=1))
    assert set(await documents(scene.target, "things")) == {*old[:place], NEW[place], *old[place + 1 :]}
    assert (await scene.roll_back(run_id)).exit_code == 0
    assert await snapshot(scene.target) == before


async def test_what_the_target_lacks_is_added(scene: Scene) -> None:
    await put(scene.source, *NEW)
    await put(scene.target, doc(int32(9_999)))
    ended = await scene.run(await plan_of(scene, OF_EVERY_TYPE[0], OF_EVERY_TYPE[-1]))
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=2))


async def test_a_package_is_never_changed(scene: Scene) -> None:
    await put(scene.source, *NEW)
    (info,) = await scene.source.collections()
    with pytest.raises(UsageError, match="package"):
        documents_plan(scene.source_end, PackageEnd("/x"), info, [int32(1)])

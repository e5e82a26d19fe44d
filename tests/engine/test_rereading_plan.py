"""A plan that reads again what the target refused takes those documents as the source has them now, and no others."""

from dataclasses import replace

import pytest

from tests.engine import strangers
from tests.engine.scene import Scene, create, documents, put
from tests.suites.documents import EMPTY, MUST_HAVE_N, doc
from tests.suites.ids import int32, text
from tui_migrate.journal.records import Counts
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.plan.model import PackageEnd, Plan
from tui_migrate.plan.rereading import MOST_READ_AGAIN, rereading_plan, what_blocks_rereading
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.worker.rejected_documents import read_rejected_ids

SCOPE = Scope(renames=(Rename("things", "items"),), filters=(Filter("things", '{"left": {"$exists": false}}'),))


async def refused(scene: Scene) -> Plan:
    """Run once: 2 and 4 lack what the target asks for; 5 is meant by nobody. Then 2 is mended, and the rest changes."""
    await put(scene.source, *(doc(int32(one), n=text("old")) for one in (1, 3)), doc(int32(5), left=int32(1)))
    await put(scene.source, doc(int32(2)), doc(int32(4)))
    await create(scene.target, "items", options=MUST_HAVE_N)
    plan = await scene.plan(max_rejects=5)
    ended = await scene.run(replace(plan, collections=(replace(plan.collections[0], name="items"),), scope=SCOPE))
    assert ended.counts == Counts(inserted=2, rejected=2)
    await strangers.overwrite(scene.source, *(doc(int32(one), n=text("new")) for one in (1, 2)))
    ids = await read_rejected_ids(scene.home, 1, 10)
    return rereading_plan(from_yaml((await scene.record(1)).plan, "plan"), 1, ids)


async def test_what_was_mended_is_written_and_the_rest_is_refused_again(scene: Scene) -> None:
    ended = await scene.run(await refused(scene))
    assert (ended.exit_code, ended.counts) == (3, Counts(inserted=1, rejected=1))
    assert set(await documents(scene.target, "items")) == {
        doc(int32(1), n=text("old")),
        doc(int32(2), n=text("new")),
        doc(int32(3), n=text("old")),
    }


async def test_the_filter_of_the_run_goes_on_to_hold(scene: Scene) -> None:
    plan = await refused(scene)
    await strangers.overwrite(scene.source, doc(int32(2), n=text("new"), left=int32(1)))
    await scene.target.set_validator("items", EMPTY)
    assert (await scene.run(plan)).counts == Counts(inserted=1)


async def test_nothing_is_deleted_that_the_run_would_have_deleted(scene: Scene) -> None:
    plan = await refused(scene)
    again = rereading_plan(replace(plan, mirror=True, retry_of=7), 1, {"items": [int32(2)]})
    assert (again.mirror, again.retry_of) == (False, 0)
    assert again.scope.renames == SCOPE.renames


@pytest.mark.parametrize(
    ("changes", "documents", "why"),
    [
        ({"source": PackageEnd("/x")}, 1, "a package"),
        ({"scope": Scope(owner_to='"x"')}, 1, "another owner"),
        ({}, MOST_READ_AGAIN + 1, "more than"),
        ({}, MOST_READ_AGAIN, ""),
    ],
)
async def test_where_they_cannot_be_named_that_is_said(
    scene: Scene, changes: dict[str, object], documents: int, why: str
) -> None:
    await put(scene.source, doc(int32(1)))
    plan = replace(await scene.plan(), **changes)  # type: ignore[arg-type] # each is of its own type
    found = what_blocks_rereading(plan, documents)
    assert why in found
    assert bool(found) == bool(why)

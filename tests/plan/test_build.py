import pytest

from tests.engine.scene import Scene, create, put
from tests.suites.documents import EMPTY, as_value, doc, options
from tests.suites.ids import int32, text
from tui_migrate.errors import NotAuthorised, Refused, UsageError
from tui_migrate.plan.build import PlanRequest, build_plan
from tui_migrate.plan.model import Plan, Policy, RunKind, Verify

VIEW = options(viewOn=text("b"), pipeline=as_value(EMPTY, 0x04))


async def plan(scene: Scene, *names: str, exclude: tuple[str, ...] = ()) -> Plan:
    request = PlanRequest(RunKind.COPY, scene.source_end, scene.target_end, names=names, exclude=exclude)
    return await build_plan(request, scene.source)


@pytest.fixture
async def filled(scene: Scene) -> Scene:
    for name in ("b", "c", "d"):
        await create(scene.source, name)
    await create(scene.source, "a view", options=VIEW)
    await put(scene.source, doc(int32(1)), doc(int32(2)), name="b")
    return scene


@pytest.mark.rule(15, "after all collections")
async def test_everything_is_planned_where_nothing_is_named_and_views_come_last(filled: Scene) -> None:
    made = await plan(filled)
    assert [one.name for one in made.collections] == ["b", "c", "d", "a view"]
    assert (made.collections[0].documents, made.collections[0].size) == (2, 2 * len(doc(int32(1))))


async def test_names_and_exclusions_choose(filled: Scene) -> None:
    assert [one.name for one in (await plan(filled, "d", "a view", "b", "d")).collections] == ["b", "d", "a view"]
    assert [one.name for one in (await plan(filled, exclude=("b", "a view"))).collections] == ["c", "d"]
    assert [one.name for one in (await plan(filled, "b", "c", exclude=("b",))).collections] == ["c"]


async def test_a_plan_keeps_what_was_asked_for(filled: Scene) -> None:
    request = PlanRequest(
        RunKind.COPY,
        filled.source_end,
        filled.target_end,
        policy=Policy.SKIP,
        undo=False,
        verify=Verify.COUNT,
        max_rejects=7,
        batch_documents=11,
        batch_bytes=4_096,
        description="why",
    )
    made = await build_plan(request, filled.source)
    assert (made.kind, made.source, made.target) == (RunKind.COPY, filled.source_end, filled.target_end)
    assert (made.policy, made.undo, made.verify, made.max_rejects) == (Policy.SKIP, False, Verify.COUNT, 7)
    assert (made.batch_documents, made.batch_bytes, made.description) == (11, 4_096, "why")
    assert made.rollback_of == 0


@pytest.mark.parametrize(("names", "exclude"), [(("x",), ()), ((), ("x",)), (("b", "B"), ()), (("b\x1b[2J",), ())])
async def test_a_name_that_is_not_there_is_a_usage_error(
    filled: Scene, names: tuple[str, ...], exclude: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match="no collection") as caught:
        await plan(filled, *names, exclude=exclude)
    assert "\x1b" not in caught.value.message
    assert caught.value.hint


async def test_an_empty_selection_is_a_usage_error(filled: Scene) -> None:
    with pytest.raises(UsageError, match="left to copy"):
        await plan(filled, "b", exclude=("b",))


async def test_a_database_that_is_not_there_is_a_usage_error(scene: Scene) -> None:
    with pytest.raises(UsageError, match="has no database db"):
        await plan(scene)


async def test_of_an_empty_database_nothing_is_claimed_where_the_server_does_not_tell(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told_nothing(_: object) -> tuple[str, ...]:
        raise NotAuthorised("not allowed to list the databases", hint="ask for the right")

    monkeypatch.setattr(type(scene.source), "databases", told_nothing)
    with pytest.raises(UsageError, match="left to copy"):
        await plan(scene)


@pytest.mark.rule(14, "system.* and Queryable Encryption refused by name")
@pytest.mark.parametrize("name", ["system.users", "system.buckets.x", "enxcol_.users.esc"])
async def test_what_belongs_to_the_server_is_refused_by_name(filled: Scene, name: str) -> None:
    with pytest.raises(Refused, match=r"system|enxcol"):
        await plan(filled, name)

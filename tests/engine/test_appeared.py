"""What comes to be in the target between the checks and the writing."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.scene import Scene, create, put, same, snapshot
from tests.suites.documents import EMPTY, as_value, doc, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.errors import NotReversible
from tui_migrate.journal.states import RunState
from tui_migrate.plan import preflight
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.readonly import ReadOnly

CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))
SERIES = options(timeseries=as_value(options(timeField=text("at"))))
VIEW = options(viewOn=text("others"), pipeline=as_value(EMPTY, 0x04))
OTHER_VIEW = options(viewOn=text("elsewhere"), pipeline=as_value(EMPTY, 0x04))


@contextmanager
def behind_the_checks(deed: Callable[[], Awaitable[object]]) -> Iterator[None]:
    real = preflight.check

    async def check(*values: Any, **named: Any) -> Any:
        found = await real(*values, **named)
        await deed()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preflight, "check", check)
        yield


@pytest.mark.rule(12, "capped and time-series collections only into one that the run creates")
@pytest.mark.rule(15, "a name clash is refused")
@pytest.mark.rule(16, "what was there before is left alone")
@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(CAPPED, CAPPED), (SERIES, SERIES), (CAPPED, EMPTY), (EMPTY, CAPPED), (VIEW, OTHER_VIEW), (VIEW, EMPTY)],
)
async def test_what_appears_under_a_name_of_the_plan_is_refused_and_left_alone(
    scene: Scene, mine: bytes, theirs: bytes
) -> None:
    await create(scene.source, "things", options=mine)
    if mine is not VIEW:
        await put(scene.source, doc(int32(1)))
    await create(scene.target, "bystander")

    async def appear() -> None:
        await create(scene.target, "things", options=theirs)

    with behind_the_checks(appear):
        ended = await scene.copy(Policy.OVERWRITE)
    assert ended.record.state is RunState.FAILED
    assert ended.record.failure is not None
    assert "has appeared in the target" in ended.record.failure.message
    there = await snapshot(scene.target)
    assert there.keys() == {"things", "bystander"}
    assert there["things"][0] == theirs
    assert there["things"][2] == ()
    assert not ended.record.writes_begun


@pytest.mark.rule(15, "the same view that is there is no clash")
async def test_an_equal_view_that_appears_is_taken_for_what_it_is_and_stays(scene: Scene) -> None:
    await create(scene.source, "things", options=VIEW)

    async def appear() -> None:
        await create(scene.target, "things", options=VIEW)

    with behind_the_checks(appear):
        ended = await scene.copy(Policy.OVERWRITE)
    assert ended.exit_code in (0, 3)
    assert not ended.record.writes_begun
    with pytest.raises(NotReversible, match="has written nothing"):
        await scene.roll_back(ended.record.id)
    assert same(await snapshot(scene.target), await snapshot(scene.source))


@pytest.mark.rule(15, "views: definition only")
@pytest.mark.parametrize("kind", [RunKind.COPY, RunKind.EXPORT])
async def test_what_was_planned_as_a_view_is_not_taken_as_a_collection(
    scene: Scene, tmp_path: Path, kind: RunKind
) -> None:
    await create(scene.source, "others")
    await create(scene.source, "things", options=VIEW)
    package = PackageEnd(str(tmp_path / "package"))
    plan = await scene.plan(target=package if kind is RunKind.EXPORT else None, kind=kind)
    await scene.source.drop_collection("things")
    await create(scene.source, "things")
    ended = await scene.run(plan)
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert ended.record.failure is not None
    assert (
        "things of the source was a view when the run was planned, and is a collection" in ended.record.failure.message
    )
    assert await snapshot(scene.target) == {}
    assert not (tmp_path / "package").exists()


async def test_the_checks_of_a_run_are_given_its_target_to_look_at_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(scene.source, doc(int32(1)))
    plan, real = await scene.plan(), preflight.check
    given: list[object] = []

    async def check(*values: Any, **named: Any) -> Any:
        given.append(values[2])
        return await real(*values, **named)

    monkeypatch.setattr(preflight, "check", check)
    assert (await scene.run(plan)).exit_code == 0
    assert [type(one) for one in given] == [ReadOnly]

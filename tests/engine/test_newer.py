"""The policy `newer`, from the plan to the verification and the way back."""

from dataclasses import replace

import pytest

from tests.engine import strangers
from tests.engine.scene import Scene, create, documents, put
from tests.suites.documents import doc
from tests.suites.ids import int32, text
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Plan, Policy

CATALOG = "name: shop\ntitle: The shop\ncollections:\n  things: {timestamp: at}\n"


def one(identifier: int, words: str, at: int | str | None = None) -> bytes:
    fields = {} if at is None else {"at": int32(at) if isinstance(at, int) else text(at)}
    return doc(int32(identifier), n=text(words), **fields)


async def plan(scene: Scene, *, batch: int = 2) -> Plan:
    return replace(await scene.plan(Policy.NEWER, batch=batch), newer_by="at")


async def fill(scene: Scene, *there: bytes) -> None:
    await create(scene.target, "things")
    await put(scene.target, *there)


async def test_what_is_later_in_the_source_replaces_and_the_rest_stays(scene: Scene) -> None:
    mine = [one(1, "mine", 5), one(2, "mine", 5), one(3, "mine", 5), one(4, "same", 5), one(5, "mine", 5)]
    theirs = [one(1, "theirs", 4), one(2, "theirs", 6), one(3, "theirs", 5), one(4, "same", 5)]
    await put(scene.source, *mine)
    await fill(scene, *theirs)
    planned = await plan(scene)
    ended = await scene.run(planned)
    assert ended.counts == Counts(inserted=1, replaced=1, unchanged=1, skipped=2)
    assert set(await documents(scene.target)) == {mine[0], theirs[1], theirs[2], mine[3], mine[4]}
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes & {"newer_tied", "newer_untold", "target_differs", "end_untold"} == {"newer_tied"}
    assert ended.finding("newer_tied").count == 1
    await scene.roll_back(ended.record.id)
    assert set(await documents(scene.target)) == set(theirs)


async def test_older_documents_of_the_source_are_no_finding(scene: Scene) -> None:
    await put(scene.source, one(1, "mine", 5))
    await fill(scene, one(1, "theirs", 6))
    ended = await scene.run(await plan(scene))
    assert (ended.record.state, ended.counts) == (RunState.COMPLETED, Counts(skipped=1))


@pytest.mark.parametrize(
    ("mine", "theirs"), [(None, 5), (5, None), (None, None), (5, "2024-01-01"), ("soon", "2024-01-01")]
)
async def test_what_says_no_moment_that_compares_is_left_and_told_of(
    scene: Scene, mine: int | str | None, theirs: int | str | None
) -> None:
    await put(scene.source, one(1, "mine", mine))
    await fill(scene, one(1, "theirs", theirs))
    ended = await scene.run(await plan(scene))
    assert ended.counts == Counts(skipped=1)
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.finding("newer_untold").count == 1
    assert await documents(scene.target) == [one(1, "theirs", theirs)]


async def test_the_catalog_names_the_field_unless_the_plan_does(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), at=int32(5), other=int32(1)))
    await fill(scene, doc(int32(1), at=int32(4), other=int32(2)))
    planned = replace(await scene.plan(Policy.NEWER), catalog=CATALOG, newer_by="")
    assert (await scene.forecast(planned)).total.replace == 1
    assert (await scene.forecast(replace(planned, newer_by="other"))).total.skip == 1
    assert (await scene.run(planned)).counts == Counts(replaced=1)


async def test_without_a_field_nothing_is_written(scene: Scene) -> None:
    await put(scene.source, one(1, "mine", 5))
    await fill(scene, one(1, "theirs", 4))
    ended = await scene.run(replace(await scene.plan(Policy.NEWER), newer_by=""))
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert "newer_without_field" in ended.codes
    assert await documents(scene.target) == [one(1, "theirs", 4)]


@pytest.mark.parametrize(("at", "counts"), [(4, Counts(replaced=1)), (6, Counts(skipped=1))])
async def test_a_document_that_appears_before_the_insert_is_compared_too(scene: Scene, at: int, counts: Counts) -> None:
    await put(scene.source, one(1, "mine", 5))
    await fill(scene)
    with strangers.before_insert(lambda: put(scene.target, one(1, "theirs", at))):
        assert (await scene.run(await plan(scene))).counts == counts


async def test_the_dry_run_tells_what_the_run_then_does(scene: Scene) -> None:
    await put(scene.source, *(one(number, "mine", 5) for number in range(6)))
    await fill(scene, one(0, "mine", 5), one(1, "theirs", 4), one(2, "theirs", 6), one(3, "x", 5), one(4, "x"))
    planned = await plan(scene, batch=4)
    total = (await scene.forecast(planned)).total
    counts = (await scene.run(planned)).counts
    assert (total.insert, total.replace, total.unchanged, total.skip) == (1, 1, 1, 3)
    assert counts == Counts(inserted=1, replaced=1, unchanged=1, skipped=3)

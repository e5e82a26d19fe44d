"""Writing again, by a run of its own, what the target refused in another."""

from dataclasses import replace

import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, put, snapshot
from tests.engine.test_rejects import BAD, GOOD, fill_with_bad, rejected
from tests.suites.documents import EMPTY, MUST_HAVE_N, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import RawId
from tui_migrate.engine.reject_source import RejectSource
from tui_migrate.errors import Refused
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import Counts, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy, RunKind, Verify
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.stores.base import BlockLimit
from tui_migrate.worker import control, launch
from tui_migrate.worker.rejected_documents import read_rejects

CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))


async def with_rejects(scene: Scene, policy: Policy = Policy.OVERWRITE, *, batch: int = 2) -> Ended:
    """A run that has ended with three refused documents."""
    await fill_with_bad(scene)
    ended = await scene.run(await scene.plan(policy, batch=batch, max_rejects=3))
    assert (ended.exit_code, ended.counts.rejected) == (3, 3)
    return ended


async def test_each_refused_document_is_shown_with_its_reason(scene: Scene) -> None:
    ended = await with_rejects(scene)
    shown = {one.subject: one.message for one in ended.record.findings if one.code == "rejected"}
    assert set(shown) == {"things _id 2", "things _id 5", "things _id 6"}
    assert all("validator" in one for one in shown.values())
    assert "tui-migrate retry 1" in ended.finding("rejects").hint


async def test_a_retry_is_reckoned_by_the_sizes_of_the_documents(scene: Scene) -> None:
    await with_rejects(scene)
    size = sum(map(len, BAD))
    listed = await read_rejects(scene.home, 1)
    assert [one.size for one in listed.documents] == list(map(len, BAD))
    (planned,) = (await scene.record(await launch.create_retry(scene.home, 1))).collections
    assert (planned.documents_total, planned.bytes_total) == (3, size)
    (done,) = (await scene.work(2)).record.collections
    assert (done.bytes_total, done.bytes_done) == (size, size)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("verify", Verify)
async def test_what_was_refused_is_written_when_the_target_takes_it(
    scene: Scene, policy: Policy, verify: Verify
) -> None:
    await fill_with_bad(scene)
    await scene.run(await scene.plan(policy, batch=2, max_rejects=3, verify=verify))
    await scene.target.set_validator("things", EMPTY)
    retry = await scene.retry(1)
    assert (retry.exit_code, retry.codes) == ((0, set()) if verify is Verify.CONTENT else (3, {"not_verified"}))
    assert (retry.counts, retry.record.kind) == (Counts(inserted=3), RunKind.COPY)
    assert set(await documents(scene.target)) == {*GOOD, *BAD}
    assert (retry.record.retry_of, retry.record.source) == (1, scene.source_end.label)
    assert retry.record.description == "writes again what the target refused in run 0001"
    assert from_yaml(retry.record.plan, "plan").policy is policy
    assert (await scene.record(1)).state is RunState.COMPLETED_WITH_FINDINGS


async def test_what_is_refused_again_is_a_reject_of_the_retry_and_can_be_retried(scene: Scene) -> None:
    await with_rejects(scene)
    second = await scene.retry(1)
    assert (second.exit_code, second.counts) == (3, Counts(rejected=3))
    assert await rejected(scene, 2) == BAD
    await scene.target.set_validator("things", EMPTY)
    third = await scene.retry(2)
    assert (third.exit_code, third.counts, third.record.retry_of) == (0, Counts(inserted=3), 2)


async def test_a_retry_that_keeps_what_came_to_be_there_meanwhile_is_not_green(scene: Scene) -> None:
    await with_rejects(scene, Policy.SKIP)
    await scene.target.set_validator("things", EMPTY)
    await put(scene.target, doc(int32(2), n=int32(7)), doc(int32(5), n=int32(8)))
    retry = await scene.retry(1)
    assert (retry.record.state, retry.counts) == (RunState.COMPLETED_WITH_FINDINGS, Counts(inserted=1, skipped=2))
    found = retry.finding("came_meanwhile")
    assert (found.subject, found.count) == ("things", 2)


async def test_refused_documents_are_read_in_blocks_of_a_size_and_on_from_any_of_them(scene: Scene) -> None:
    await with_rejects(scene)
    reader = await JournalReader.open(scene.home.journal)
    source = RejectSource(1, scene.home.run(1), reader)
    size = 2 * max(map(len, BAD))
    found = [one async for one in source.read("things", limit=BlockLimit(size=size))]
    behind = [one async for one in source.read("things", after=found[0].position, limit=BlockLimit(size=1))]
    await reader.close()
    assert [list(one.documents) for one in found] == [BAD[:2], BAD[2:]]
    assert [list(one.documents) for one in behind] == [BAD[2:]]


async def test_a_retry_has_a_ceiling_of_its_own(scene: Scene) -> None:
    await with_rejects(scene)
    retry = await scene.retry(1, max_rejects=0)
    assert (retry.exit_code, retry.record.state, retry.counts.rejected) == (1, RunState.FAILED, 2)
    assert retry.record.failure is not None
    assert retry.record.failure.code == "write_refused"


@pytest.mark.parametrize("place", ["batch.after_insert", "batch.before_checkpoint", "batch.after_checkpoint"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_retry_that_dies_is_resumed_and_rolled_back(scene: Scene, place: str, times: int) -> None:
    await with_rejects(scene)
    await scene.target.set_validator("things", EMPTY)
    before = await snapshot(scene.target)
    retry_id = await launch.create_retry(scene.home, 1)
    with trapped(Trap(name=place, times=times)), pytest.raises(Crash):
        await scene.work(retry_id)
    ended = await scene.work(retry_id)
    assert (ended.exit_code, ended.counts.inserted) == (0, 3)
    assert set(await documents(scene.target)) == {*GOOD, *BAD}
    assert (await scene.roll_back(retry_id)).exit_code == 0
    assert await snapshot(scene.target) == before


async def test_a_retry_keeps_to_the_policy(scene: Scene) -> None:
    await with_rejects(scene, Policy.FAIL)
    await scene.target.set_validator("things", EMPTY)
    await put(scene.target, doc(int32(5), n=text("somebody else")))
    refused = await scene.retry(1)
    assert refused.record.failure is not None
    assert (refused.exit_code, refused.record.failure.code) == (4, "refused")
    assert (await snapshot(scene.target))["things"][2] == tuple(sorted([*GOOD, doc(int32(5), n=text("somebody else"))]))


async def test_a_document_that_stays_behind_for_a_unique_value_is_retried_when_that_is_free(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), n=int32(7)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    await put(scene.target, doc(int32(9), n=int32(7)))
    first = await scene.copy(max_rejects=1)
    assert first.finding("rejected").subject == "things _id 1"
    await scene.target.drop_index("things", "n_1")
    assert (await scene.retry(1)).counts == Counts(inserted=1)


async def test_documents_that_were_put_off_when_a_run_was_cancelled_are_retried(scene: Scene) -> None:
    await put(scene.source, *(doc(int32(one), n=int32(7)) for one in range(4)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    with trapped(Trap(name="batch.after_checkpoint", times=2)), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=2))
    await control.ask(scene.home, 1, Wish.CANCEL)
    await scene.target.drop_index("things", "n_1")
    retry = await scene.retry(1)
    assert (retry.exit_code, retry.counts.inserted) == (0, 3)


async def test_two_collections_are_retried_and_no_more_than_those(scene: Scene) -> None:
    for name in ("apples", "things"):
        await put(scene.source, *GOOD, *BAD, name=name)
        await create(scene.target, name, options=MUST_HAVE_N)
    await put(scene.source, *GOOD, name="fine")
    await scene.copy(max_rejects=6)
    for name in ("apples", "things"):
        await scene.target.set_validator(name, EMPTY)
    retry = await scene.retry(1)
    assert [(one.name, one.counts) for one in retry.record.collections] == [
        (name, Counts(inserted=3)) for name in ("apples", "things")
    ]


async def test_a_collection_that_is_gone_is_not_made_again_without_its_options(scene: Scene) -> None:
    await with_rejects(scene)
    await scene.target.drop_collection("things")
    retry = await scene.retry(1)
    assert (retry.exit_code, retry.codes) == (4, {"collection_gone"})
    assert await snapshot(scene.target) == {}


async def test_what_cannot_be_retried_says_why(scene: Scene) -> None:
    async def refused(run_id: int) -> str:
        with pytest.raises(Refused) as said:
            await launch.create_retry(scene.home, run_id)
        assert said.value.hint
        return said.value.message

    await fill_with_bad(scene)
    await scene.copy(batch=2)
    assert await refused(1) == "run 0001 has not ended (failed)"
    await control.ask(scene.home, 1, Wish.CANCEL)
    scene.home.run(1).rejects.rename(scene.home.run(1).rejects.with_suffix(".away"))
    assert "are gone" in await refused(1)
    scene.home.run(1).rejects.with_suffix(".away").rename(scene.home.run(1).rejects)
    await scene.roll_back(1)
    assert await refused(1) == "run 0001 has been rolled back"
    await scene.target.set_validator("things", EMPTY)
    await scene.copy()
    assert await refused(3) == "the target has refused no documents of run 0003"


async def test_a_run_whose_documents_a_retry_still_needs_is_not_deleted(scene: Scene) -> None:
    await with_rejects(scene)
    retry_id = await launch.create_retry(scene.home, 1)
    with pytest.raises(Refused, match="still needs its documents"):
        await control.delete(scene.home, 1)
    async with open_both(scene.home.journal) as (journal, reader):
        assert await reader.retries_of(1) == ((retry_id, RunState.PLANNED),)
        await journal.transition(retry_id, RunState.CANCELLED)
    await control.delete(scene.home, 1)


async def test_a_retry_of_a_failed_plan_keeps_what_else_the_plan_says(scene: Scene) -> None:
    await fill_with_bad(scene)
    plan = replace(await scene.plan(max_rejects=3, undo=False, batch=2), timeout=60)
    await scene.run(plan)
    made = from_yaml((await scene.retry(1)).record.plan, "plan")
    assert (made.undo, made.batch_documents, made.timeout, made.max_rejects) == (False, 2, 60, 3)

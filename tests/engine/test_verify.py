from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, put
from tests.suites.documents import EMPTY, MUST_HAVE_N, doc, index, options
from tests.suites.ids import double, int32, text
from tui_migrate.documents import RawId
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy, Verify
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(1, 8))
CHANGED = doc(int32(4), n=text("changed"))
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))


async def add(store: MemoryStore) -> None:
    await put(store, doc(int32(100)))


async def insert_between(store: MemoryStore) -> None:
    await put(store, doc(double(3.5)))


async def change(store: MemoryStore) -> None:
    await strangers.overwrite(store, CHANGED)


async def delete(store: MemoryStore) -> None:
    await strangers.remove(store, CHANGED)


async def empty(store: MemoryStore) -> None:
    await strangers.remove(store, *DOCUMENTS)


@pytest.mark.rule(21, "what moved is source_moved, completed_with_findings")
@pytest.mark.parametrize("deed", [add, insert_between, change, delete, empty])
async def test_a_source_that_moves_during_the_run_is_told_of(
    scene: Scene, deed: Callable[[MemoryStore], Awaitable[None]]
) -> None:
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: deed(scene.source)):
        ended = await scene.copy()
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert ended.codes == {"source_moved"}
    found = ended.finding("source_moved")
    assert (found.severity, found.count) == (Severity.WARNING, 7 if deed is empty else 1)
    assert set(await documents(scene.target)) == set(DOCUMENTS)


@pytest.mark.rule(21, "every document is equal in the target")
@pytest.mark.parametrize("deed", [change, delete, empty])
async def test_a_target_that_others_change_during_the_run_is_told_of(
    scene: Scene, deed: Callable[[MemoryStore], Awaitable[None]]
) -> None:
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: deed(scene.target)):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"target_differs"})
    found = ended.finding("target_differs")
    assert (found.severity, found.count) == (Severity.ERROR, 7 if deed is empty else 1)


async def test_what_others_add_to_the_target_is_no_concern_of_the_run(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: insert_between(scene.target)):
        assert (await scene.copy()).exit_code == 0


async def test_each_document_that_moved_in_one_batch_is_counted(scene: Scene) -> None:
    async def several() -> None:
        await strangers.overwrite(scene.source, CHANGED)
        await strangers.remove(scene.source, DOCUMENTS[0], DOCUMENTS[1])

    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(several):
        ended = await scene.copy(batch=10)
    assert ended.finding("source_moved").count == 3


@pytest.mark.parametrize("batch", [2, 10])
async def test_each_that_moved_is_blamed_for_itself(scene: Scene, batch: int) -> None:
    async def both() -> None:
        await strangers.overwrite(scene.source, CHANGED)
        await strangers.overwrite(scene.target, doc(int32(1), n=text("stranger")))

    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(both):
        ended = await scene.copy(batch=batch)
    assert ended.codes == {"source_moved", "target_differs"}
    assert {ended.finding(one).count for one in ended.codes} == {1}


async def delete_unchanged(store: MemoryStore) -> None:
    await strangers.remove(store, DOCUMENTS[1])


@pytest.mark.rule(21, "what moved is source_moved, completed_with_findings")
async def test_a_source_that_moved_is_told_of_though_a_document_of_the_batch_was_kept(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, doc(int32(1), n=text("theirs")), *DOCUMENTS[1:])
    with strangers.before_verify(lambda: delete_unchanged(scene.source)):
        ended = await scene.copy(Policy.SKIP, batch=10)
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert (ended.codes, ended.finding("source_moved").count) == ({"source_moved"}, 1)


@pytest.mark.rule(21, "what moved is source_moved, completed_with_findings")
async def test_a_source_that_moved_is_told_of_though_a_document_of_the_batch_was_refused(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS, doc(int32(99)))
    await create(scene.target, "things", options=MUST_HAVE_N)
    await put(scene.target, *DOCUMENTS)
    with strangers.before_verify(lambda: delete_unchanged(scene.source)):
        ended = await scene.copy(batch=10, max_rejects=1)
    assert ended.exit_code == 3
    assert ended.codes == {"source_moved", "rejects", "rejected", "options_differ", "validator_rejects"}
    assert ended.finding("source_moved").count == 1


async def both_ends(scene: Scene, *there: bytes, in_target: Callable[[MemoryStore], Awaitable[None]]) -> Ended:
    """Copy while document 4 changes in the source, which the run wrote, and something happens in the target."""

    async def meddle() -> None:
        await change(scene.source)
        await in_target(scene.target)

    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, *there)
    with strangers.before_verify(meddle):
        return await scene.copy(batch=10)


async def change_unchanged(store: MemoryStore) -> None:
    await strangers.overwrite(store, doc(int32(2), n=text("stranger")))


@pytest.mark.parametrize("deed", [delete_unchanged, change_unchanged])
async def test_of_what_the_run_found_equal_it_is_not_said_which_end_changed_where_the_source_moved(
    scene: Scene, deed: Callable[[MemoryStore], Awaitable[None]]
) -> None:
    ended = await both_ends(scene, DOCUMENTS[1], in_target=deed)
    assert (ended.exit_code, ended.codes) == (3, {"source_moved", "end_untold"})
    assert (ended.finding("source_moved").count, ended.finding("end_untold").count) == (1, 1)
    assert ended.finding("end_untold").severity is Severity.ERROR


async def test_what_is_new_in_the_source_is_known_for_that_where_every_other_of_its_batch_has_a_record(
    scene: Scene,
) -> None:
    async def meddle() -> None:
        await insert_between(scene.source)
        await strangers.overwrite(scene.target, CHANGED)

    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(meddle):
        ended = await scene.copy(batch=10)
    assert {one.code: one.count for one in ended.record.findings} == {"source_moved": 1, "target_differs": 1}


@pytest.mark.parametrize("end", ["source", "target"])
async def test_what_the_run_kept_is_blamed_on_the_end_that_changed_it(scene: Scene, end: str) -> None:
    async def meddle() -> None:
        await change(scene.source)
        await strangers.remove(scene.target, DOCUMENTS[0])
        if end == "source":
            await strangers.overwrite(scene.source, doc(int32(1), n=text("new")))

    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, doc(int32(1), n=text("theirs")))
    with strangers.before_verify(meddle):
        ended = await scene.copy(Policy.SKIP, batch=10)
    due = {"source_moved": 2} if end == "source" else {"source_moved": 1, "target_differs": 1}
    assert {one.code: one.count for one in ended.record.findings} == due


async def test_where_the_target_is_to_blame_too_a_source_that_moved_without_a_trace_is_told_of(scene: Scene) -> None:
    async def meddle() -> None:
        await delete_unchanged(scene.source)
        await strangers.overwrite(scene.target, CHANGED)

    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, DOCUMENTS[1])
    with strangers.before_verify(meddle):
        ended = await scene.copy(batch=10)
    assert {one.code: one.count for one in ended.record.findings} == {"source_moved": 1, "target_differs": 1}


@pytest.mark.rule(8, "verified by lookups")
async def test_the_same_is_told_where_the_order_of_the_ids_is_not_that_of_their_bytes(scene: Scene) -> None:
    german = options(collation=RawId(b"\x03" + options(locale=text("de"))))
    for deed in (add, change, delete):
        await create(scene.source, "things", options=german)
        await put(scene.source, *DOCUMENTS)
        with strangers.before_verify(partial(deed, scene.source)):
            ended = await scene.copy(batch=2)
        assert ended.codes == {"source_moved"}
        await scene.source.drop_collection("things")
        await scene.target.drop_collection("things")


async def test_a_document_written_in_doubt_that_the_source_does_not_have_any_more_is_counted_and_told_of(
    scene: Scene,
) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    await put(scene.target, doc(int32(5), n=int32(0)))
    run_id = await launch.create_run(scene.home, await scene.plan(batch=10))
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    await strangers.remove(scene.source, doc(int32(2)), doc(int32(5)))
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.codes) == (3, {"source_moved"})
    assert ended.counts == Counts(inserted=6, replaced=1)
    assert ended.finding("source_moved").count == 2
    await scene.roll_back(run_id)
    assert await documents(scene.target) == [doc(int32(5), n=int32(0))]


async def test_a_source_that_was_emptied_while_the_run_lay_broken_off_is_told_of(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await launch.create_run(scene.home, await scene.plan(batch=10))
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    await empty(scene.source)
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.codes, ended.counts.inserted) == (3, {"source_moved"}, 7)


@pytest.mark.rule(4, "not with the source read again")
@pytest.mark.parametrize("policy", Policy)
async def test_a_document_in_doubt_that_changed_in_the_source_is_written_anew_and_counted_once(
    scene: Scene, policy: Policy
) -> None:
    await put(scene.source, *DOCUMENTS)
    await create(scene.target, "things")
    run_id = await launch.create_run(scene.home, await scene.plan(policy, batch=10))
    with trapped(Trap(name="batch.before_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    await strangers.overwrite(scene.source, CHANGED)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=7))
    assert CHANGED in await documents(scene.target)
    undone = await scene.roll_back(run_id)
    assert undone.exit_code == 0
    assert await documents(scene.target) == []


async def test_an_index_that_is_gone_or_another_is_told_of(scene: Scene) -> None:
    async def meddle() -> None:
        await scene.target.drop_index("things", "n_1")
        await scene.target.drop_index("things", "o_1")
        await scene.target.create_indexes("things", [index("o", unique=True)])

    await create(scene.source, "things", indexes=[index("n"), index("o")])
    with strangers.before_verify(meddle):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"index_missing", "index_differs"})
    assert (ended.finding("index_missing").subject, ended.finding("index_differs").subject) == (
        "things.n_1",
        "things.o_1",
    )


async def test_a_validator_that_is_gone_is_told_of(scene: Scene) -> None:
    await create(scene.source, "things", options=MUST_HAVE_N)
    with strangers.before_verify(lambda: scene.target.set_validator("things", EMPTY)):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"options_wrong"})


async def test_a_collection_that_is_gone_is_told_of(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: scene.target.drop_collection("things")):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"collection_gone"})


@pytest.mark.rule(12, "verified as a multiset")
async def test_capped_collections_are_compared_whatever_their_order(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *reversed(DOCUMENTS))
    assert (await scene.copy()).exit_code == 0
    assert await documents(scene.target) == list(reversed(DOCUMENTS))
    await scene.target.drop_collection("things")
    with strangers.before_verify(lambda: add(scene.target)):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"target_differs"})


@pytest.mark.parametrize("verify", [Verify.COUNT, Verify.NONE])
async def test_a_run_that_was_not_verified_is_not_completed(scene: Scene, verify: Verify) -> None:
    await put(scene.source, *DOCUMENTS)
    ended = await scene.run(await scene.plan(verify=verify))
    assert (ended.exit_code, ended.record.state) == (3, RunState.COMPLETED_WITH_FINDINGS)
    assert ended.codes == {"not_verified"}


async def test_counting_finds_what_is_missing(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: delete(scene.target)):
        ended = await scene.run(await scene.plan(verify=Verify.COUNT))
    assert ended.codes == {"not_verified", "target_differs"}


async def test_a_finding_of_a_batch_survives_a_crash_behind_its_checkpoint(scene: Scene) -> None:
    await put(scene.source, doc(int32(1)))
    await create(scene.target, "things")
    await put(scene.target, doc(double(1.0)))
    run_id = await launch.create_run(scene.home, await scene.plan())
    with trapped(Trap(name="batch.after_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.codes) == (3, {"id_type_differs"})
    assert ended.finding("id_type_differs").count == 1

"""A verification that is broken off goes on behind what is verified, and tells of everything once."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Scene, create, documents, put
from tests.engine.test_verify import CAPPED, CHANGED
from tests.suites.documents import EMPTY, MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.engine import verify_content
from tui_migrate.engine.export import Export
from tui_migrate.findings import Finding
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import VerifiedMark
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Verify
from tui_migrate.stores.base import Block
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

COUNT = 20
DOCUMENTS = tuple(doc(int32(one), n=int32(one)) for one in range(COUNT))
VIEW = options(viewOn=text("things"), pipeline=as_value(EMPTY, 0x04))
OTHER_VIEW = options(viewOn=text("others"), pipeline=as_value(EMPTY, 0x04))


@pytest.fixture(autouse=True)
def _marks_after_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_content, "MARK_SECONDS", 0.0)


async def broken_off(scene: Scene, times: int, verify: Verify = Verify.CONTENT) -> int:
    """Let a run die in its verification, when it is through with so many batches of two documents."""
    run_id = await launch.create_run(scene.home, await scene.plan(batch=2, verify=verify))
    with trapped(Trap(name="verify.after_batch", times=times)), pytest.raises(Crash):
        await scene.work(run_id)
    assert (await scene.record(run_id)).state is RunState.VERIFYING
    return run_id


async def reading(scene: Scene, run_id: int) -> tuple[Ended, dict[str, int]]:
    """Work a run and count the documents that each end is asked for."""
    given = {"source": 0, "target": 0}
    real = MemoryStore.read

    async def read(store: MemoryStore, *arguments: object, **named: object) -> AsyncGenerator[Block]:
        end = "source" if store._server == scene.source._server else "target"
        blocks: AsyncIterator[Block] = real(store, *arguments, **named)  # type: ignore[arg-type] # handed on as they are
        async for block in blocks:
            given[end] += len(block.documents)
            yield block

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "read", read)
        return await scene.work(run_id), given


@pytest.mark.parametrize("times", [1, 4, 10])
async def test_only_what_lies_behind_the_last_mark_is_read_again(scene: Scene, times: int) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await broken_off(scene, times)
    ended, given = await reading(scene, run_id)
    assert (ended.exit_code, ended.codes) == (0, set())
    assert given == {"source": COUNT - 2 * times, "target": COUNT - 2 * times}


async def test_a_collection_that_is_verified_is_not_read_again(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    await put(scene.source, *DOCUMENTS, name="zebras")
    run_id = await broken_off(scene, times=COUNT // 2 + 1)
    ended, given = await reading(scene, run_id)
    assert ended.exit_code == 0
    assert given["source"] == COUNT - 2


@pytest.mark.parametrize("times", range(1, 11))
async def test_what_was_found_before_is_neither_lost_nor_told_twice(scene: Scene, times: int) -> None:
    async def meddle() -> None:
        await strangers.overwrite(scene.target, doc(int32(1), n=text("x")), doc(int32(12), n=text("x")))
        await strangers.overwrite(scene.source, doc(int32(3), n=text("y")), doc(int32(15), n=text("y")))
        await strangers.remove(scene.target, doc(int32(19)))
        await scene.target.drop_index("things", "n_1")

    await create(scene.source, "things", indexes=[index("n")])
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(meddle):
        run_id = await broken_off(scene, times)
    ended = await scene.work(run_id)
    assert {one.code: one.count for one in ended.record.findings} == {
        "target_differs": 3,
        "source_moved": 2,
        "index_missing": 1,
    }


async def test_a_stranger_who_comes_while_the_run_lies_broken_off_shows_behind_the_mark(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await broken_off(scene, times=5)
    await strangers.overwrite(scene.target, doc(int32(15), n=text("x")))
    await put(scene.source, doc(int32(99)))
    ended = await scene.work(run_id)
    assert {one.code: one.count for one in ended.record.findings} == {"target_differs": 1, "source_moved": 1}


async def test_documents_that_met_a_unique_index_do_not_confuse_what_goes_on(scene: Scene) -> None:
    """Behind the last batch of such a collection stand checkpoints that move the source no further."""
    await create(scene.source, "things", indexes=[index("n", unique=True)])
    await put(scene.source, doc(int32(1), n=int32(2)), doc(int32(2), n=int32(3)), doc(int32(3), n=int32(9)))
    await create(scene.target, "things", indexes=[index("n", unique=True)])
    await put(scene.target, doc(int32(2), n=int32(2)), doc(int32(3), n=int32(3)))
    run_id = await broken_off(scene, times=1)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.codes) == (0, set())


async def test_marks_are_not_made_for_every_batch(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_content, "MARK_SECONDS", 1_000.0)
    await put(scene.source, *DOCUMENTS)
    run_id = await broken_off(scene, times=4)
    ended, given = await reading(scene, run_id)
    assert (ended.exit_code, given["source"]) == (0, COUNT)


async def test_no_batch_is_compared_twice(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    with trapped(Trap(name="verify.after_batch", times=6)) as trap, pytest.raises(Crash):
        await scene.run(await scene.plan(batch=2))
    before = trap.passed.count("verify.after_batch")
    with trapped(Trap()) as trap:
        await scene.work(1)
    assert before + trap.passed.count("verify.after_batch") == COUNT // 2


@pytest.mark.parametrize("verify", [Verify.COUNT, Verify.CONTENT])
async def test_a_view_that_somebody_makes_otherwise_meanwhile_is_told_of(scene: Scene, verify: Verify) -> None:
    async def meddle() -> None:
        await scene.target.drop_collection("view")
        await create(scene.target, "view", options=OTHER_VIEW)

    await put(scene.source, *DOCUMENTS)
    await create(scene.source, "view", options=VIEW)
    for there in (False, True):
        if there:
            await scene.target.drop_collection("view")
            await create(scene.target, "view", options=VIEW)
        with strangers.before_verify(meddle):
            ended = await scene.run(await scene.plan(verify=verify))
        assert ended.finding("options_wrong").subject == "view"


async def test_counting_tells_a_source_that_moved_from_a_target_that_is_wrong(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    plan = await scene.plan(verify=Verify.COUNT)
    with strangers.before_verify(lambda: put(scene.source, doc(int32(50)), doc(int32(51)))):
        ended = await scene.run(plan)
    assert ended.codes == {"not_verified", "source_moved"}
    assert ended.finding("source_moved").count == 2
    with strangers.before_verify(lambda: strangers.remove(scene.target, CHANGED)):
        ended = await scene.run(plan)
    assert ended.codes == {"not_verified", "target_differs"}


async def test_counting_does_not_miss_what_was_refused(scene: Scene) -> None:
    await put(scene.source, doc(int32(1), n=int32(1)), doc(int32(2)))
    await create(scene.target, "things", options=MUST_HAVE_N)
    ended = await scene.run(await scene.plan(verify=Verify.COUNT, max_rejects=1))
    assert ended.codes == {"not_verified", "rejects", "rejected", "options_differ", "validator_rejects"}


async def test_collections_without_keys_tell_a_source_that_moved_from_a_target_that_is_wrong(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *DOCUMENTS)
    with strangers.before_verify(lambda: put(scene.source, doc(int32(50)))):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"source_moved"})
    await scene.target.drop_collection("things")
    with strangers.before_verify(lambda: put(scene.target, doc(int32(60)))):
        ended = await scene.copy()
    assert (ended.exit_code, ended.codes) == (3, {"target_differs"})


async def test_a_collection_without_keys_that_was_filled_twice_is_right(scene: Scene) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *DOCUMENTS)
    with trapped(Trap(name="batch.after_checkpoint", times=3)), pytest.raises(Crash):
        await scene.run(await scene.plan(batch=2))
    ended = await scene.work(1)
    assert (ended.exit_code, ended.codes) == (0, set())
    assert set(await documents(scene.target)) == set(DOCUMENTS)


@pytest.mark.parametrize("times", [1, 5, 10])
async def test_the_verification_of_an_export_goes_on_too(scene: Scene, tmp_path: Path, times: int) -> None:
    async def move() -> None:
        await strangers.overwrite(scene.source, doc(int32(1), n=text("y")), doc(int32(15), n=text("y")))

    real = Progress.commit_verified
    left = times

    async def commit_and_die(progress: Progress, name: str, mark: VerifiedMark, found: Sequence[Finding]) -> None:
        nonlocal left
        await real(progress, name, mark, found)
        left -= 1
        if left == 0:
            raise Crash

    await put(scene.source, *DOCUMENTS)
    run_id = await scene.export(tmp_path / "package", batch=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "commit_verified", commit_and_die)
        with meddling_before_reading_back(move), pytest.raises(Crash):
            await scene.work(run_id)
    ended, given = await reading(scene, run_id)
    assert given["source"] == COUNT - 2 * times
    assert {one.code: one.count for one in ended.record.findings} == {"source_moved": 2}


@contextmanager
def meddling_before_reading_back(deed: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Let somebody act when an export has written everything and before it reads the source again."""
    real = Export.verify

    async def verify(work: Export) -> None:
        await deed()
        await real(work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Export, "verify", verify)
        yield

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine import strangers
from tests.engine.crashing import Crash, Trap, trapped, work_through
from tests.engine.scene import Scene, create, documents, new_scene, put, same, snapshot
from tests.engine.worlds import World, worlds
from tests.suites.documents import MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import OF_EVERY_TYPE, int32
from tui_migrate.documents import RawId, pack
from tui_migrate.journal.records import Counts
from tui_migrate.journal.states import RunState
from tui_migrate.packages.check import check
from tui_migrate.packages.layout import MANIFEST
from tui_migrate.packages.manifest import Consistency, parse
from tui_migrate.packages.reader import PackageSource
from tui_migrate.plan.model import Verify

DOCUMENTS = [doc(int32(one), n=int32(one)) for one in range(1, 8)]
CAPPED = options(capped=RawId(b"\x08\x01"), size=int32(65_536))


@pytest.mark.slow
@given(world=worlds(), crashes=st.lists(st.integers(1, 25), max_size=2))
@settings(max_examples=30)
def test_what_is_exported_and_imported_is_what_was_there_wherever_the_export_dies(
    world: World, crashes: list[int]
) -> None:
    async def prove(scene: Scene, folder: Path) -> None:
        await world.fill(scene)
        for name in world.target:
            await scene.target.drop_collection(name)
        package = folder / "package"
        run_id = await scene.export(package, batch=world.batch)
        record = await work_through(scene, run_id, crashes)
        assert (record.state, record.findings) == (RunState.COMPLETED, ())
        assert record.counts == Counts(inserted=sum(len(one.documents) for one in world.source.values()))
        assert await check(package) == ()
        assert [one.name for one in folder.iterdir()] == ["package"]  # noqa: ASYNC240 -- nothing else is running
        assert (await scene.bring_in(package)).exit_code == 0
        assert same(await snapshot(scene.source), await snapshot(scene.target))

    with new_scene() as scene, TemporaryDirectory() as name:
        asyncio.run(prove(scene, Path(name)))


async def test_documents_of_every_id_go_through_a_package_byte_for_byte(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *(doc(one, n=int32(1)) for one in OF_EVERY_TYPE))
    assert (await scene.work(await scene.export(tmp_path / "package"))).exit_code == 0
    assert (await scene.bring_in(tmp_path / "package")).exit_code == 0
    assert set(await documents(scene.target)) == {doc(one, n=int32(1)) for one in OF_EVERY_TYPE}


@pytest.mark.rule(12, "resume from empty")
@pytest.mark.parametrize("place", ["export.after_append", "export.after_checkpoint"])
async def test_capped_collections_are_exported_from_their_start_after_a_crash(
    scene: Scene, tmp_path: Path, place: str
) -> None:
    await create(scene.source, "things", options=CAPPED)
    await put(scene.source, *reversed(DOCUMENTS))
    run_id = await scene.export(tmp_path / "package")
    with trapped(Trap(name=place, times=2)), pytest.raises(Crash):
        await scene.work(run_id)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=7))
    assert await documents(PackageSource(tmp_path / "package")) == list(reversed(DOCUMENTS))


@pytest.mark.rule(21, "exports too")
async def test_a_source_that_moves_during_the_export_is_told_of_even_if_the_export_dies_after_that(
    scene: Scene, tmp_path: Path
) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await scene.export(tmp_path / "package")
    with trapped(Trap(name="export.after_checkpoint", times=3)), pytest.raises(Crash):
        await scene.work(run_id)
    await strangers.overwrite(scene.source, doc(int32(2)))
    with trapped(Trap(name="export.after_seal")), pytest.raises(Crash):
        await scene.work(run_id)
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.codes) == (3, {"source_moved"})
    assert ended.finding("source_moved").count == 1
    assert DOCUMENTS[1] in await documents(PackageSource(tmp_path / "package"))


async def test_a_collection_that_vanishes_is_not_left_out_in_silence(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    await put(scene.source, *DOCUMENTS, name="others")
    run_id = await scene.export(tmp_path / "package")
    with trapped(Trap(name="export.after_create")), pytest.raises(Crash):
        await scene.work(run_id)
    await scene.source.drop_collection("others")
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert ended.record.failure is not None
    assert "others" in ended.record.failure.message
    assert not (tmp_path / "package").exists()
    await put(scene.source, *DOCUMENTS, name="others")
    assert (await scene.work(run_id)).exit_code == 0


async def test_an_export_that_was_not_read_again_is_not_completed(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    ended = await scene.work(await scene.export(tmp_path / "package", verify=Verify.NONE))
    assert (ended.exit_code, ended.codes) == (3, {"not_verified"})


@pytest.mark.rule(15, "definition only")
async def test_views_and_definitions_go_through_a_package(scene: Scene, tmp_path: Path) -> None:
    view = options(viewOn=RawId(b"\x02\x07\x00\x00\x00things\x00"), pipeline=as_value(pack(b""), 0x04))
    await create(scene.source, "things", options=MUST_HAVE_N, indexes=[index("n", unique=True), index("m")])
    await create(scene.source, "empty")
    await create(scene.source, "a view", options=view)
    assert (await scene.work(await scene.export(tmp_path / "package"))).exit_code == 0
    assert (await scene.bring_in(tmp_path / "package")).exit_code == 0
    assert same(await snapshot(scene.source), await snapshot(scene.target))


@pytest.mark.rule(21, "the manifest says consistency and the interval")
async def test_a_package_says_that_its_source_could_move_and_from_when_to_when(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, doc(int32(1)))
    begun = datetime.now(UTC).replace(microsecond=0)
    assert (await scene.work(await scene.export(tmp_path / "package"))).exit_code == 0
    ended = datetime.now(UTC)
    header = parse((tmp_path / "package" / MANIFEST).read_bytes(), "here").header
    first, last = map(datetime.fromisoformat, header.interval)
    assert header.consistency is Consistency.FUZZY
    assert begun <= first <= last <= ended

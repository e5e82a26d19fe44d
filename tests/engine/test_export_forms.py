"""Exports into one file: a tar goes on where it was broken off, an archive is begun again, and both end the same."""

import asyncio
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.crashing import Crash, Trap, trapped, work_through
from tests.engine.scene import Scene, new_scene, put, same, snapshot
from tests.engine.worlds import World, worlds
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.engine.steering import Steered
from tui_migrate.errors import Refused
from tui_migrate.journal.records import Counts, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.packages.check import check
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.model import PIPE, PackageEnd, RunKind
from tui_migrate.worker import control, launch, main

DOCUMENTS = [doc(int32(one), n=int32(one)) for one in range(1, 8)]
FAR_AWAY = 4_000_000_000.0
"""A time behind every clock: a run that was made then has read its source in that very second."""

ONE_FILE = (PackageForm.TAR, PackageForm.ARCHIVE)


async def export(scene: Scene, path: Path | str, form: PackageForm, *, batch: int = 3) -> int:
    plan = await scene.plan(target=PackageEnd(str(path), form), kind=RunKind.EXPORT, batch=batch)
    run_id = await launch.create_run(scene.home, plan)
    with closing(sqlite3.connect(scene.home.journal)) as journal, journal:
        journal.execute("UPDATE runs SET created_at = ? WHERE id = ?", (FAR_AWAY, run_id))
    return run_id


def names_in(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def made(path: Path) -> tuple[int, int]:
    """Which file it is and when it was written last; when it was read changes by looking."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


async def errors_in(package: Path) -> list[str]:
    return [one.message for one in await RecognisedPackage(package).check() if one.severity.value == "error"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ONE_FILE)
@given(world=worlds(), crashes=st.lists(st.integers(1, 25), max_size=3))
@settings(max_examples=20)
def test_wherever_it_dies_it_ends_as_one_that_was_left_alone(
    form: PackageForm, world: World, crashes: list[int]
) -> None:
    async def prove(scene: Scene, folder: Path) -> None:
        await world.fill(scene)
        for name in world.target:
            await scene.target.drop_collection(name)
        assert (await scene.work(await export(scene, folder / "calm", form, batch=world.batch))).exit_code == 0
        run_id = await export(scene, folder / "package", form, batch=world.batch)
        record = await work_through(scene, run_id, crashes)
        assert (record.state, record.findings) == (RunState.COMPLETED, ())
        assert record.counts == Counts(inserted=sum(len(one.documents) for one in world.source.values()))
        assert sorted(names_in(folder)) == ["calm", "package"]
        assert (folder / "package").read_bytes() == (folder / "calm").read_bytes()
        assert await errors_in(folder / "package") == []
        assert (await scene.bring_in(folder / "package")).exit_code == 0
        assert same(await snapshot(scene.source), await snapshot(scene.target))

    with new_scene() as scene, TemporaryDirectory() as name:
        asyncio.run(prove(scene, Path(name)))


@pytest.mark.parametrize("form", ONE_FILE)
@pytest.mark.parametrize("place", ["package.after_rename", "export.after_seal"])
async def test_a_run_that_dies_when_its_package_has_its_name_knows_it_again(
    scene: Scene, tmp_path: Path, form: PackageForm, place: str
) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, tmp_path / "package", form)
    with trapped(Trap(name=place)), pytest.raises(Crash):
        await scene.work(run_id)
    before = made(tmp_path / "package")
    assert (await scene.work(run_id)).exit_code == 0
    assert made(tmp_path / "package") == before


async def test_a_stranger_in_the_place_of_an_archive_is_not_taken_for_it(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, tmp_path / "package", PackageForm.ARCHIVE)
    with trapped(Trap(name="package.after_rename")), pytest.raises(Crash):
        await scene.work(run_id)
    (tmp_path / "package").write_bytes(b"mine")
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.record.state) == (4, RunState.FAILED)
    assert (tmp_path / "package").read_bytes() == b"mine"


async def test_an_archive_that_is_begun_again_says_so_and_reads_everything_again(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, tmp_path / "package", PackageForm.ARCHIVE)
    with trapped(Trap(name="export.before_seal")), pytest.raises(Crash):
        await scene.work(run_id)
    await put(scene.source, doc(int32(8)))
    ended = await scene.work(run_id)
    assert (ended.exit_code, ended.counts) == (0, Counts(inserted=8))
    with closing(sqlite3.connect(scene.home.journal)) as journal:
        said = [row[0] for row in journal.execute("SELECT message FROM events WHERE run_id = ?", (run_id,))]
    assert any("begun again" in one for one in said)


@pytest.mark.parametrize("form", ONE_FILE)
async def test_a_cancelled_one_leaves_nothing(scene: Scene, tmp_path: Path, form: PackageForm) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, tmp_path / "package", form)
    with trapped(Trap(name="export.after_checkpoint")), pytest.raises(Crash):
        await scene.work(run_id)
    assert len(names_in(tmp_path)) == 1
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert names_in(tmp_path) == []


async def test_into_a_pipe_goes_what_goes_into_a_file(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    assert (await scene.work(await export(scene, tmp_path / "package", PackageForm.ARCHIVE))).exit_code == 0
    run_id = await export(scene, PIPE, PackageForm.ARCHIVE)
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        content = asyncio.create_task(asyncio.to_thread(file.read))
        assert await main.work(scene.home, run_id, {}, writing) == 0
        assert await content == (tmp_path / "package").read_bytes()
    assert (await scene.record(run_id)).state is RunState.COMPLETED


async def test_a_pipe_whose_reader_has_gone_ends_the_run_which_is_not_taken_up(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, PIPE, PackageForm.ARCHIVE)
    reading, writing = os.pipe()
    os.close(reading)
    assert await main.work(scene.home, run_id, {}, writing) == 1
    failure = (await scene.record(run_id)).failure
    assert failure is not None
    assert failure.code == "storage_failed"
    assert "closed by the command that reads it" in failure.message
    with pytest.raises(Refused, match="cannot be resumed"):
        await launch.start(scene.home, run_id, {})
    await control.ask(scene.home, run_id, Wish.CANCEL)
    assert (await scene.record(run_id)).state is RunState.CANCELLED


@pytest.mark.parametrize("place", ["export.after_append", "export.before_seal"])
async def test_what_a_dead_worker_has_sent_into_a_pipe_is_no_whole_package(
    scene: Scene, tmp_path: Path, place: str
) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, PIPE, PackageForm.ARCHIVE)
    with (tmp_path / "package").open("wb") as file, trapped(Trap(name=place)), pytest.raises(Crash):
        await main.work(scene.home, run_id, {}, os.dup(file.fileno()))
    with pytest.raises(Refused):
        await RecognisedPackage(tmp_path / "package").collections()


async def test_a_tar_is_a_package_like_any_other(scene: Scene, tmp_path: Path) -> None:
    await put(scene.source, *DOCUMENTS)
    plan = await scene.plan(target=PackageEnd(str(tmp_path / "x.tar"), PackageForm.TAR), kind=RunKind.EXPORT)
    assert (await scene.run(replace(plan, description="nightly"))).exit_code == 0
    assert await check(tmp_path / "x.tar") == ()


async def test_an_export_into_a_pipe_is_not_paused_and_one_that_is_stopped_is_over(scene: Scene) -> None:
    await put(scene.source, *DOCUMENTS)
    run_id = await export(scene, PIPE, PackageForm.ARCHIVE)
    with pytest.raises(Refused, match="cannot be paused"):
        await control.ask(scene.home, run_id, Wish.PAUSE)
    reading, writing = os.pipe()
    with trapped(Trap(name="export.after_append", error=lambda _: Steered(Wish.STOP))):
        assert await main.work(scene.home, run_id, {}, writing) == 130
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert (await scene.record(run_id)).state is RunState.CANCELLED

"""Imports of dumps through the engine: into memory, into a real server, and on after the process died."""

import gzip
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import bson
import pytest

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Ended, Runs, Scene, Snapshot, new_scene, same, snapshot
from tests.engine.servers import Pair, mongodb_pair, pair
from tests.packages.mongodump import writers
from tests.packages.mongodump.reading import package
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind

__all__ = ("mongodb_pair",)

SAMPLES = Path(__file__).parents[2] / "data" / "mongodump"


@pytest.fixture
def scene() -> Iterator[Scene]:
    with new_scene() as made:
        yield made


@pytest.fixture
async def ends(tmp_path: Path, mongodb_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, mongodb_pair, database) as made:
        yield made


async def plan_of(runs: Runs, path: Path, database: str = "shop", *, batch: int = 1_000) -> Plan:
    return await runs.plan(
        Policy.OVERWRITE, source=PackageEnd(str(path), database=database), kind=RunKind.IMPORT, batch=batch
    )


async def imported(runs: Runs, path: Path, database: str = "shop") -> Ended:
    return await runs.run(await plan_of(runs, path, database))


async def wanted(path: Path, database: str = "shop") -> Snapshot:
    return await snapshot(package(path, database))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "gzip", "archive.bin", "archive.gz"])
async def test_a_dump_is_imported_whole_and_taken_back(scene: Scene, name: str) -> None:
    ended = await imported(scene, SAMPLES / name)
    assert (ended.exit_code, ended.record.failure) == (0, None)
    assert ended.codes <= {"checksums_absent"}
    assert ended.counts.inserted == 379
    assert same(await snapshot(scene.target), await wanted(SAMPLES / "plain"))
    undone = await scene.roll_back(ended.record.id)
    assert undone.exit_code == 0
    assert await snapshot(scene.target) == {}


async def test_a_damaged_dump_is_refused_before_anything_is_written(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes((SAMPLES / "archive.gz").read_bytes())
    plan = await plan_of(scene, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    ended = await scene.run(plan)
    assert ended.exit_code == 4
    assert await snapshot(scene.target) == {}


def shuffled_archive(path: Path) -> list[bytes]:
    """A packed archive whose documents do not lie in the order of their ids."""
    documents = [bson.encode({"_id": number * 7 % 40, "text": "x" * 50}) for number in range(40)]
    path.write_bytes(gzip.compress(writers.archive({"shop": {"users": documents, "orders": documents[:9]}}, turn=4)))
    return documents


@pytest.mark.slow
@pytest.mark.parametrize("place", ["before insert", "half an insert", "after insert", "batch.before_checkpoint"])
@pytest.mark.parametrize("times", [1, 4, 9])
async def test_an_import_that_died_goes_on_from_its_position(
    scene: Scene, tmp_path: Path, place: str, times: int
) -> None:
    path = tmp_path / "dump"
    documents = shuffled_archive(path)
    plan = await plan_of(scene, path, "", batch=4)
    with trapped(Trap(name=place, times=times)), pytest.raises(Crash):
        await scene.run(plan)
    ended = await scene.work(1)
    assert (ended.exit_code, ended.record.failure) == (0, None)
    assert same(await snapshot(scene.target), await wanted(path, ""))
    assert (await snapshot(scene.target))["users"][2] == tuple(sorted(documents))
    undone = await scene.roll_back(1)
    assert undone.exit_code == 0
    assert await snapshot(scene.target) == {}


async def test_an_import_does_not_go_on_with_another_package(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    documents = shuffled_archive(path)
    plan = await plan_of(scene, path, "", batch=4)
    with trapped(Trap(name="before insert", times=6)), pytest.raises(Crash):
        await scene.run(plan)
    before = await snapshot(scene.target)
    changed = [bson.encode({"_id": number, "text": "y" * 50}) for number in range(len(documents))]
    path.write_bytes(gzip.compress(writers.archive({"shop": {"users": changed, "orders": changed[:9]}}, turn=4)))
    ended = await scene.work(1)
    assert ended.exit_code != 0
    assert await snapshot(scene.target) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gzip", "archive.gz"])
async def test_a_dump_is_imported_into_a_real_server(ends: Pair, name: str) -> None:
    ended = await imported(ends, SAMPLES / name)
    assert (ended.exit_code, ended.record.failure) == (0, None)
    found, due = dict(await snapshot(ends.target)), dict(await wanted(SAMPLES / name))
    assert found.keys() == due.keys()
    for one in due:
        assert found[one][2] == due[one][2], one
    undone = await ends.roll_back(ended.record.id)
    assert undone.exit_code == 0
    assert await snapshot(ends.target) == {}

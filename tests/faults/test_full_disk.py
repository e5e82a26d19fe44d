"""A disk that is full at any place that writes: the run fails as that, and goes on when there is room."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.engine.scene import Ended, Scene, Snapshot, create, new_scene, put, same, snapshot
from tests.faults.disk import JOURNAL, Disk, filling
from tests.suites.documents import MUST_HAVE_N, as_value, doc, index, options
from tests.suites.ids import int32, text
from tui_migrate.documents import pack
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.errors import StorageFailed
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RejectState
from tui_migrate.journal.states import RunState
from tui_migrate.packages.check import check
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

Begin = Callable[[Scene, Path], Awaitable[int]]

MUST_HAVE_M = options(validator=as_value(pack(b"\x03m\x00" + pack(b"\x08$exists\x00\x01"))))


async def fill(scene: Scene) -> None:
    """Documents to insert, to replace and to put aside, and a collection to create."""
    await create(scene.target, "things", options=MUST_HAVE_N)
    await put(scene.target, *(doc(int32(one), n=text("old")) for one in range(0, 8, 2)))
    await put(scene.source, *(doc(int32(one), n=int32(one)) for one in range(8)), doc(int32(99)))
    await create(scene.source, "new", indexes=[index("n", unique=True), index("m")])
    await put(scene.source, *(doc(int32(one), n=int32(one)) for one in range(7)), name="new")


async def copy(scene: Scene, output: Path) -> int:
    return await launch.create_run(scene.home, await scene.plan(Policy.OVERWRITE, batch=3, max_rejects=5))


async def export(scene: Scene, output: Path) -> int:
    return await scene.export(output, batch=3)


async def import_(scene: Scene, output: Path) -> int:
    package = output.with_name("given")
    assert (await scene.work(await scene.export(package, batch=3))).exit_code == 0
    source = PackageEnd(str(package))
    plan = await scene.plan(Policy.OVERWRITE, source=source, kind=RunKind.IMPORT, batch=3, max_rejects=5)
    return await launch.create_run(scene.home, plan)


async def retry(scene: Scene, output: Path) -> int:
    """Of what was refused the target takes some by now, one in the place of another, and some not."""
    await scene.source.drop_collection("things")
    await put(scene.source, *(doc(int32(one), m=int32(one)) for one in (2, 90, 91)), doc(int32(99)))
    first = await scene.work(await copy(scene, output))
    assert first.counts.rejected == 4
    await scene.target.set_validator("things", MUST_HAVE_M)
    return await launch.create_retry(scene.home, first.record.id)


async def roll_back(scene: Scene, output: Path) -> int:
    undone = await scene.work(await copy(scene, output))
    return await launch.create_rollback(scene.home, undone.record.id)


KINDS: dict[str, Begin] = {
    "copy": copy,
    "export": export,
    "import": import_,
    "retry": retry,
    "rollback": roll_back,
}
TRANSFERS = ("copy", "import", "retry")

TRANSFER_SITES = {
    "create runs/undo.log",
    "write runs/undo.log",
    "sync runs/undo.log",
    "create runs/rejects.log",
    "write runs/rejects.log",
    "sync runs/rejects.log",
    "create runs/lock",
    "write runs/lock",
    "sync runs",
    JOURNAL,
}

SITES = {
    **dict.fromkeys(TRANSFERS, TRANSFER_SITES),
    "export": {
        "mkdir out/.package.partial",
        "mkdir out/.package.partial/db",
        "create out/.package.partial/db/things.bson.gz",
        "write out/.package.partial/db/things.bson.gz",
        "sync out/.package.partial/db/things.bson.gz",
        "create out/.package.partial/db/things.metadata.json.gz.new",
        "write out/.package.partial/db/things.metadata.json.gz.new",
        "sync out/.package.partial/db/things.metadata.json.gz.new",
        "rename out/.package.partial/db/things.metadata.json.gz.new",
        "create out/.package.partial/manifest.json.new",
        "write out/.package.partial/manifest.json.new",
        "sync out/.package.partial/manifest.json.new",
        "rename out/.package.partial/manifest.json.new",
        "rename out/.package.partial",
        "sync out",
        JOURNAL,
    },
    "rollback": {"write runs/lock", JOURNAL},
}
"""Places that must be among those that are found."""


def site(place: str) -> str:
    """The name of a place, without the number of its run."""
    return re.sub(r"partial-\d+", "partial", re.sub(r"state/runs/\d+", "runs", place))


@dataclass(frozen=True, slots=True)
class Calm:
    """A run on a disk that has room: all places it came by, and what it left."""

    places: list[str]
    target: Snapshot
    ended: Ended


@contextmanager
def staged() -> Iterator[tuple[Scene, Path]]:
    """A scene, and the folder of everything that it writes."""
    with new_scene() as scene:
        root = scene.home.state.parent
        (root / "out").mkdir()
        yield scene, root


async def undisturbed(kind: str) -> Calm:
    with staged() as (scene, root):
        await fill(scene)
        run_id = await KINDS[kind](scene, root / "out" / "package")
        with filling(Disk(root)) as disk:
            ended = await scene.work(run_id)
        assert ended.record.state.is_final
        return Calm(disk.passed, await snapshot(scene.target), ended)


def chosen(places: Sequence[str]) -> list[int]:
    """The numbers of the first, the middle and the last time that each place is come by."""
    numbers: dict[str, list[int]] = {}
    for number, place in enumerate(places, 1):
        numbers.setdefault(site(place), []).append(number)
    return sorted({one[at] for one in numbers.values() for at in (0, len(one) // 2, -1)})


async def prove_failure(kind: str, at: int, calm: Calm, *, stays: bool) -> None:
    """Let one place fail, or all from there on; see how the run ends, and that it goes on when there is room."""
    with staged() as (scene, root):
        await fill(scene)
        output = root / "out" / "package"
        run_id = await KINDS[kind](scene, output)
        with filling(Disk(root, at, stays)) as disk:
            failure = await failed(scene, run_id, disk)
        if not disk.failed:  # the heart beat less often this time
            return
        assert failure is not None, disk.failed
        assert failure.hint
        assert disk.synced_again == []
        if kind == "export" and disk.failed[0] not in (JOURNAL, "sync out"):
            assert not output.exists(), disk.failed
        await prove_end(kind, scene, output, await scene.work(run_id), calm)


async def failed(scene: Scene, run_id: int, disk: Disk) -> StorageFailed | None:
    """Work a run that has to fail; what it says, in the journal or, where that had no room, to its log."""
    try:
        ended = await scene.work(run_id)
    except StorageFailed as error:
        assert not (await scene.record(run_id)).state.is_final
        return error
    if not disk.failed:
        return None
    assert not ended.record.state.is_final, disk.failed
    assert (ended.exit_code, ended.record.state) == (1, RunState.FAILED)
    told = ended.record.failure
    assert told is not None
    assert told.code == "storage_failed", (disk.failed, told)
    return StorageFailed(told.message, hint=told.hint)


async def prove_end(kind: str, scene: Scene, output: Path, ended: Ended, calm: Calm) -> None:
    assert ended.record.failure is None
    assert (ended.exit_code, ended.record.state) == (calm.ended.exit_code, calm.ended.record.state)
    assert same(await snapshot(scene.target), calm.target)
    assert replace(ended.counts, assumed_ours=0) == replace(calm.ended.counts, assumed_ours=0)
    if kind == "export":
        assert await check(output) == ()
        assert [one.name for one in output.parent.iterdir()] == ["package"]
    if kind in TRANSFERS:
        assert await kept(scene, ended.record.id) == [doc(int32(99))]
        assert (await scene.roll_back(ended.record.id)).exit_code == 0


async def kept(scene: Scene, run_id: int) -> list[bytes]:
    """The documents that were put aside."""
    reader = await JournalReader.open(scene.home.journal)
    try:
        records = await reader.rejects(run_id, "things", RejectState.REJECTED)
    finally:
        await reader.close()
    file = RejectFile(scene.home.run(run_id).rejects, 0)
    return [await file.read(one) for one in records]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_disk_at_every_place_that_writes(kind: str) -> None:
    calm = await undisturbed(kind)
    assert set(map(site, calm.places)) >= SITES[kind]
    for at in chosen(calm.places):
        await prove_failure(kind, at, calm, stays=False)


@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=pytest.mark.crash_full if one in ("import", "retry") else ()) for one in KINDS]
)
async def test_a_disk_that_stays_full_from_every_place_on(kind: str) -> None:
    calm = await undisturbed(kind)
    for at in chosen(calm.places):
        await prove_failure(kind, at, calm, stays=True)


@pytest.mark.crash_full
@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_full_disk_whenever_anything_is_written(kind: str, stays: bool) -> None:
    calm = await undisturbed(kind)
    for at in range(1, len(calm.places) + 1):
        await prove_failure(kind, at, calm, stays=stays)

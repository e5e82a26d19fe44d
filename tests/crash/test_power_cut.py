"""The power fails at any moment of a run: what was not fsynced is gone, torn or zeroed, names that were not synced too.

What a power cut can cost: the batch on its way, which is settled by the undo log and read again; the last lines of the
worker's own log file; the certainty that a document found equal was our insert and nobody else's (`assumed_ours`); of
an unfinished package the members behind the last checkpoint, which are written again.

What it cannot cost: an INTENT of which the write has reached the target; a record of what the run has made there; a
checkpoint, a counter or a finding that was committed; a refused document that is counted; a byte of a package that a
checkpoint counts. A package has its name only when all of it, the manifest last, is durable.

That rests on three words that are taken here: a disk that does not lie about fsync, SQLite with `synchronous=FULL`, and
a target that acknowledges a write only when a majority has it in its journal.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.crash.disk import Disk, Loss, Still
from tests.crash.evidence import by_key, comparable, intents_of, read_package
from tests.crash.passing import POLICIES
from tests.crash.world import BATCH, crash_world
from tests.engine.crashing import Trap, trapped
from tests.engine.scene import Ended, Scene, Snapshot, new_scene, snapshot
from tests.noting import noted
from tui_migrate.documents import content_hash
from tui_migrate.engine.rejects import RejectFile
from tui_migrate.engine.rollback_made import aside_name
from tui_migrate.engine.undo_log import MAGIC
from tui_migrate.engine.undo_reader import is_blank
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import RejectState
from tui_migrate.packages.check import check
from tui_migrate.packages.forms import PackageForm
from tui_migrate.paths import replace_private_file
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import launch

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="asks /proc for files")]


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything that is there at one moment: the disk, and the target, which is another machine."""

    name: str
    disk: Still
    target: dict[str, Any]


class Recorder(Trap):
    """Takes down the moment at each failpoint and around each write to the target."""

    def __init__(self, scene: Scene, disk: Disk) -> None:
        super().__init__()
        self._server = scene.target._server
        self._disk = disk
        self.moments: list[Moment] = []

    def is_due(self, name: str) -> bool:
        self.moments.append(Moment(name, self._disk.still(), copy.deepcopy(MemoryStore._servers[self._server])))
        return False


@contextmanager
def recorded(scene: Scene) -> Iterator[list[Moment]]:
    disk = Disk(scene.home.state.parent)
    recorder = Recorder(scene, disk)
    with disk.recording(), trapped(recorder):
        yield recorder.moments


@dataclass(frozen=True)
class Play:
    """A run that was recorded, and how it ended."""

    scene: Scene
    policy: Policy
    before: Snapshot
    moments: Sequence[Moment]
    run_id: int
    ended: Ended
    after: Snapshot

    @property
    def folder(self) -> Path:
        return self.scene.home.state.parent

    async def cut(self, moment: Moment, loss: Loss, chance: Random) -> None:
        """Let the power fail."""
        moment.disk.restore(self.folder, loss, chance)
        MemoryStore._servers[self.scene.target._server] = copy.deepcopy(moment.target)
        if self.ended.record.kind is not RunKind.EXPORT and self.folder.joinpath("state/journal.db").exists():
            await self.check_intents()
            await self.check_rejects()

    async def check_intents(self) -> None:
        intents = intents_of(self.scene.home.run(self.run_id))
        for found_as, (_, _, documents) in (await snapshot(self.scene.target)).items():
            name = found_as.removesuffix(aside_name("", self.run_id))  # a rollback may have it aside, to look once more
            before = by_key(self.before[name][2]) if name in self.before else {}
            for key, document in by_key(documents).items():
                if before.get(key) != document:
                    found = [one for one, _ in intents[name, key] if one.after == content_hash(document)]
                    assert found[-1].before == before.get(key)

    async def check_rejects(self) -> None:
        """Each refused document of which the journal knows can be read."""
        reader = await JournalReader.open(self.scene.home.journal)
        try:
            for collection in self.before:
                for state in RejectState:
                    for one in await reader.rejects(self.run_id, collection, state, -1):
                        document = await RejectFile(self.scene.home.run(self.run_id).rejects, one.end).read(one)
                        assert content_hash(document) == one.digest
        finally:
            await reader.close()

    async def resumed(self, run_id: int) -> Ended:
        record = await self.scene.record(run_id)
        return Ended(record.state.exit_code, record) if record.state.is_final else await self.scene.work(run_id)


async def played(scene: Scene, policy: Policy) -> Play:
    """Record a copy."""
    world = crash_world(policy)
    await world.put_into(scene.source, scene.target)
    before = await snapshot(scene.target)
    plan = await scene.plan(policy, batch=BATCH, max_rejects=world.max_rejects)
    with recorded(scene) as moments:
        run_id = await launch.create_run(scene.home, plan)
        ended = await scene.work(run_id)
    assert ended.record.state.is_final
    return Play(scene, policy, before, moments, run_id, ended, await snapshot(scene.target))


def some(moments: Sequence[Moment]) -> Iterator[tuple[Moment, Loss]]:
    """One moment of each name, the losses in turn."""
    by_name: dict[str, list[Moment]] = {}
    for one in moments:
        by_name.setdefault(one.name, []).append(one)
    losses = list(Loss)
    for place, same in enumerate(by_name.values()):
        yield same[len(same) // 2], losses[place % len(losses)]


def every(moments: Sequence[Moment]) -> Iterator[tuple[Moment, Loss]]:
    for moment in moments:
        for loss in Loss:
            yield moment, loss


CHOICES = [
    pytest.param(some, id="some"),
    pytest.param(every, id="every", marks=[pytest.mark.crash_full, pytest.mark.timeout(1_800)]),
]


@pytest.mark.rule(3, "INTENT, fsync, write: no write reaches the target before its INTENT is durable")
@pytest.mark.rule(23, "the undo log is the authority: any number of batches may be in doubt")
@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_copy_whose_power_fails_is_resumed_or_taken_back(policy: Policy, choice: Any) -> None:
    with new_scene() as scene:
        play = await played(scene, policy)
        chance = Random(0)
        for place, (moment, loss) in enumerate(choice(play.moments)):
            with noted(f"the power failed at {moment.name} (moment {place}), {loss.value} lost"):
                await play.cut(moment, loss, chance)
                if chance.random() < 0.5:
                    ended = await play.resumed(play.run_id)
                    assert comparable(ended) == comparable(play.ended)
                    assert await snapshot(scene.target) == play.after
                elif (await scene.record(play.run_id)).writes_begun:
                    undone = await scene.roll_back(play.run_id)
                    assert (undone.exit_code, undone.record.findings) == (0, ())
                    assert await snapshot(scene.target) == play.before
                else:
                    assert await snapshot(scene.target) == play.before


@pytest.mark.parametrize("choice", CHOICES)
async def test_a_rollback_whose_power_fails_is_resumed(choice: Any) -> None:
    with new_scene() as scene:
        play = await played(scene, Policy.OVERWRITE)
        with recorded(scene) as moments:
            rollback = await launch.create_rollback(scene.home, play.run_id)
            undone = await scene.work(rollback)
        chance = Random(0)
        for moment, loss in choice(moments):
            with noted(f"the power failed at {moment.name}, {loss.value} lost"):
                await play.cut(moment, loss, chance)
                assert comparable(await play.resumed(rollback)) == comparable(undone)
                assert await snapshot(scene.target) == play.before


@pytest.mark.rule(24, "fsync before a checkpoint, cut back to it on resume")
@pytest.mark.parametrize("form", [PackageForm.NATIVE, PackageForm.TAR])
@pytest.mark.parametrize("choice", CHOICES)
async def test_an_export_whose_power_fails_is_resumed_to_the_same_package(choice: Any, form: PackageForm) -> None:
    with new_scene() as scene:
        await replace(crash_world(Policy.OVERWRITE), target={}).put_into(scene.source, scene.target)
        package = scene.home.state.parent / "packages" / "package"
        package.parent.mkdir(parents=True)
        before = await snapshot(scene.target)
        with recorded(scene) as moments:
            target = PackageEnd(str(package), form)
            run_id = await launch.create_run(
                scene.home, await scene.plan(target=target, kind=RunKind.EXPORT, batch=BATCH)
            )
            ended = await scene.work(run_id)
        assert ended.exit_code == 0
        play = Play(scene, Policy.OVERWRITE, before, moments, run_id, ended, before)
        wanted = read_package(package)
        chance = Random(0)
        for moment, loss in choice(moments):
            with noted(f"the power failed at {moment.name}, {loss.value} lost"):
                await play.cut(moment, loss, chance)
                assert not package.exists() or await check(package) == ()
                assert comparable(await play.resumed(run_id)) == comparable(ended)
                assert await check(package) == ()
                assert read_package(package) == wanted
                assert [one.name for one in package.parent.iterdir()] == [package.name]


def test_a_private_file_is_there_whole_and_where_it_was_put(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    disk = Disk(tmp_path / "disk")
    path = tmp_path / "disk" / "deep" / "down" / "connections.yaml"
    stills: list[Still] = []
    with disk.recording():
        for text in ("old", "new"):
            replace_private_file(path, text)
            stills.append(disk.still())
    for still, text in zip(stills, ("old", "new"), strict=True):
        for loss in Loss:
            still.restore(tmp_path / "disk", loss, Random(0))
            assert path.read_text() == text


def test_an_undo_log_that_got_its_length_but_not_its_bytes_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "undo.log"
    path.write_bytes(bytes(len(MAGIC)))
    assert is_blank(path)
    path.write_bytes(bytes(len(MAGIC)) + b"\x01")
    assert not is_blank(path)

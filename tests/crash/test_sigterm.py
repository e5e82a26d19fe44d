"""SIGTERM in every kind of run and in each stage that takes time: ends behind its batch, and goes on from there."""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.evidence import Package, comparable, read_package
from tests.crash.world import crash_world
from tests.engine.crashing import Trap, trapped
from tests.engine.scene import Ended, Scene, Snapshot, new_scene, same, snapshot
from tui_migrate.engine import verify_content
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.plan.model import Policy, RunKind
from tui_migrate.worker import launch

Begin = Callable[[Scene, Path], Awaitable[int]]


class Terminated(Trap):
    """Sends this process SIGTERM when it comes by a failpoint for the `times`th time."""

    def __call__(self, name: str) -> None:
        if self.is_due(name):
            signal.raise_signal(signal.SIGTERM)

    @property
    def behind(self) -> int:
        """How often the failpoint was come by after the signal."""
        return self.passed.count(self.name) - self.times


async def copy(scene: Scene, output: Path) -> int:
    return await launch.create_run(scene.home, await scene.plan(Policy.OVERWRITE, batch=1, max_rejects=5))


async def export(scene: Scene, output: Path) -> int:
    return await scene.export(output, batch=1)


async def roll_back(scene: Scene, output: Path) -> int:
    ended = await scene.work(await copy(scene, output))
    return await launch.create_rollback(scene.home, ended.record.id)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left behind it."""

    ended: Ended
    target: Snapshot
    package: Package | None


async def left_by(scene: Scene, ended: Ended, output: Path) -> Left:
    is_export = ended.record.kind is RunKind.EXPORT
    return Left(ended, await snapshot(scene.target), read_package(output) if is_export else None)


async def left_alone(begin: Begin) -> Left:
    with new_scene() as scene:
        await crash_world(Policy.OVERWRITE).fill(scene)
        output = scene.home.state.parent / "package"
        return await left_by(scene, await scene.work(await begin(scene, output)), output)


def without_uuids(package: Package | None) -> dict[str, object]:
    """The documents' files, and the names of the others: each scene's collections have uuids of their own."""
    files = package or {}
    return {name: one if name.endswith(".bson.gz") else "" for name, one in files.items()}


@pytest.mark.parametrize(
    ("begin", "failpoint", "stage"),
    [
        (copy, "batch.after_checkpoint:3", Stage.EXECUTE),
        (copy, "verify.after_batch:3", Stage.VERIFY),
        (copy, "verify.after_definitions:2", Stage.VERIFY),
        (export, "export.after_checkpoint:3", Stage.EXECUTE),
        (export, "journal.after_verified:4", Stage.VERIFY),
        (roll_back, "rollback.after_index:1", Stage.EXECUTE),
        (roll_back, "rollback.after_checkpoint:3", Stage.EXECUTE),
        (roll_back, "rollback.after_checked:3", Stage.VERIFY),
    ],
)
async def test_a_run_that_is_told_to_end_ends_behind_its_batch_and_goes_on_as_if_it_had_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: Begin, failpoint: str, stage: Stage
) -> None:
    monkeypatch.setattr(verify_content, "MARK_SECONDS", 0.0)
    calm = await left_alone(begin)
    name, _, times = failpoint.partition(":")
    with new_scene() as scene:
        await crash_world(Policy.OVERWRITE).fill(scene)
        output = tmp_path / "package"
        run_id = await begin(scene, output)
        trap = Terminated(name=name, times=int(times))
        with trapped(trap):
            ended = await scene.work(run_id)
        assert (ended.exit_code, ended.record.state, ended.record.stage) == (5, RunState.INTERRUPTED, stage)
        assert ended.record.failure is not None
        assert (ended.record.failure.code, ended.record.failure.hint) == ("stopped", f"tui-migrate resume {run_id}")
        assert 0 <= trap.behind <= 1, trap.passed
        left = await left_by(scene, await scene.work(run_id), output)
    assert comparable(left.ended) == comparable(calm.ended)
    assert same(left.target, calm.target)
    assert without_uuids(left.package) == without_uuids(calm.package)

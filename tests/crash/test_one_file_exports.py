"""Exports into one file, killed with SIGKILL wherever they come by: resumed, the file is the same to the last byte."""

import asyncio
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.arena import Arena
from tests.crash.evidence import noted
from tests.crash.fight import Fight
from tests.crash.passing import ALWAYS, EXPORT, FORWARDS
from tests.crash.world import BATCH
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Wish
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.recognised import RecognisedPackage
from tui_migrate.plan.model import PackageEnd, RunKind
from tui_migrate.worker import control, launch

pytestmark = pytest.mark.slow

FAR_AWAY = 4_000_000_000.0
"""A time behind every clock: a run that was made then has read its source in that very second."""

BOTH = (
    "export.after_create",
    "package.before_sync",
    "package.after_sync",
    "export.after_append",
    "export.after_checkpoint",
    "export.before_seal",
    "package.after_rename",
    "export.after_seal",
)
COME_BY = {
    PackageForm.TAR: (
        *BOTH,
        "package.after_folders",
        "package.after_cut",
        "package.before_manifest",
        "package.after_manifest",
    ),
    PackageForm.ARCHIVE: (*BOTH, "file.before_sync", "file.before_rename", "file.after_rename"),
}
FORMS = tuple(COME_BY)
CASES = [
    (form, failpoint, at)
    for form, failpoints in COME_BY.items()
    for failpoint in failpoints
    for at in ("first", "middle", "last")
]
SAMPLE = [
    (form, failpoint, ("first", "middle", "last")[place % 3]) for place, (form, failpoint, _) in enumerate(CASES[::3])
]


async def export(fight: Fight, form: PackageForm, path: Path) -> int:
    target = PackageEnd(str(path), form)
    run_id = await launch.create_run(
        fight.pair.home, await fight.pair.plan(target=target, kind=RunKind.EXPORT, batch=BATCH)
    )
    with closing(sqlite3.connect(fight.pair.home.journal)) as journal, journal:
        journal.execute("UPDATE runs SET created_at = ? WHERE id = ?", (FAR_AWAY, run_id))
    return run_id


async def left_alone(fight: Fight, form: PackageForm) -> tuple[Counter[str], bytes]:
    """Give how often a run that is left alone comes by each failpoint, and what it makes."""
    passed: list[str] = []
    path = fight.package.with_name("calm")
    run_id = await export(fight, form, path)
    with noted(passed):
        assert (await fight.pair.work(run_id)).exit_code == 0
    assert await errors_in(path) == []
    return Counter(passed), path.read_bytes()


async def errors_in(path: Path) -> list[str]:
    return [one.message for one in await RecognisedPackage(path).check() if one.severity is Severity.ERROR]


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


@pytest.mark.parametrize("form", FORMS)
async def test_it_comes_by_the_failpoints_that_it_is_said_to(crash_arena: Arena, form: PackageForm) -> None:
    async with crash_arena.fight(EXPORT) as fight:
        passed, _ = await left_alone(fight, form)
    assert passed.keys() - {*ALWAYS, *FORWARDS} == set(COME_BY[form])


@pytest.mark.parametrize(("form", "failpoint", "at"), SAMPLE)
async def test_a_killed_worker_costs_nothing(crash_arena: Arena, form: PackageForm, failpoint: str, at: str) -> None:
    await play(crash_arena, form, failpoint, at)


@pytest.mark.crash_full
@pytest.mark.parametrize(("form", "failpoint", "at"), CASES)
async def test_a_worker_killed_anywhere_costs_nothing(
    crash_arena: Arena, form: PackageForm, failpoint: str, at: str
) -> None:
    await play(crash_arena, form, failpoint, at)


async def play(arena: Arena, form: PackageForm, failpoint: str, at: str) -> None:
    async with arena.fight(EXPORT) as fight:
        passed, whole = await left_alone(fight, form)
        count = passed[failpoint]
        times = {"first": 1, "middle": (count + 1) // 2, "last": count}[at]
        run_id = await export(fight, form, fight.package)
        died = await arena.workers.work(fight.pair.home, run_id, f"{failpoint}:{times}")
        assert died == -signal.SIGKILL
        assert not fight.package.exists() or fight.package.read_bytes() == whole
        ended = await fight.pair.work(run_id)
        assert (ended.exit_code, ended.record.findings) == (0, ())
        assert fight.package.read_bytes() == whole
        assert names_in(fight.package.parent) >= {"calm", fight.package.name}
        assert not list(await asyncio.to_thread(fight.package.parent.glob, ".*partial*"))


@pytest.mark.parametrize("form", FORMS)
async def test_one_that_is_given_up_instead_leaves_nothing(crash_arena: Arena, form: PackageForm) -> None:
    async with crash_arena.fight(EXPORT) as fight:
        run_id = await export(fight, form, fight.package)
        await crash_arena.workers.work(fight.pair.home, run_id, "export.after_checkpoint:2")
        assert any("partial" in one for one in names_in(fight.package.parent))
        await control.ask(fight.pair.home, run_id, Wish.CANCEL)
        assert not any(one.startswith((".", fight.package.name)) for one in names_in(fight.package.parent))

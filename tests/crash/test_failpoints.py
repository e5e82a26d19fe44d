"""Workers killed with SIGKILL at every failpoint: resumed, or rolled back instead, it is as if nothing had been.

The sample runs always; `-m crash_full` runs the whole matrix of failpoints, kinds, policies and endings.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

import tui_migrate
from tests.crash.arena import Arena
from tests.crash.cases import FEW, Case, Ending, all_cases, sample
from tests.crash.fight import Fight
from tests.crash.lots import Lot, Twist
from tests.crash.passing import (
    EXPORT,
    LOTS,
    ROLLBACK_TAKEN_UP,
    TAKEN_UP,
    TWISTED,
    come_by,
    comes_by_back,
    places_to_die,
)
from tests.crash.workers import ROOT, SECONDS
from tui_migrate import failpoints
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

LEAST = 25
NO_RUN = frozenset(("compare.after_mark", "journal.before_decision", "journal.after_decision"))
"""Those of commands that make no run, whose own tests kill them there."""

OF_DECISIONS = frozenset(("conflicts.after_lookup", "conflicts.after_write", "conflicts.after_checkpoint"))
"""Those of a run that goes on once an operator has decided: what always runs kills it there in tests of its own."""


def test_every_failpoint_of_the_program_is_tried() -> None:
    package = Path(tui_migrate.__file__).parent
    found = {name for file in package.rglob("*.py") for name in re.findall(r'failpoint\("([^"]+)"\)', file.read_text())}
    assert found - NO_RUN == {one.failpoint for one in all_cases()}
    assert found - NO_RUN - OF_DECISIONS == {one.failpoint for one in sample()}
    assert len(found) >= LEAST


def test_the_sample_has_every_kind_policy_and_ending() -> None:
    counted = Counter((one.lot, one.ending) for one in sample())
    some = (Twist.ASKING, Twist.DECIDED, Twist.ABREAST)
    assert counted.keys() >= {(one.lot, one.ending) for one in all_cases() if one.lot.twist not in some}
    assert set(sample()) >= FEW


@pytest.mark.parametrize("lot", [*LOTS, *TWISTED], ids=str)
async def test_a_run_comes_by_the_failpoints_that_it_is_said_to(crash_arena: Arena, lot: Lot) -> None:
    calm = await crash_arena.learn(lot)
    assert set(calm.passed) == set(come_by(lot))
    assert set(calm.passed_back) == set(comes_by_back(lot))
    taken_up = {one for one in (*TAKEN_UP, *ROLLBACK_TAKEN_UP) if one not in come_by(lot)}
    assert not (set(calm.passed) | set(calm.passed_back)) & taken_up


@pytest.mark.crash_full
@pytest.mark.parametrize(("lot", "died"), [(lot, died) for lot in LOTS for died in places_to_die(lot)], ids=str)
async def test_the_rollback_of_a_killed_run_comes_by_the_failpoints_that_it_is_said_to(
    crash_arena: Arena, lot: Lot, died: str
) -> None:
    assert set((await crash_arena.learn(lot, died)).passed_back) == set(comes_by_back(lot, died))


@pytest.mark.rule(4, "after a crash: compare the target with INTENT, decide anew about what was not written")
@pytest.mark.rule(20, "a rollback that dies is taken up, whatever step it died in")
@pytest.mark.parametrize("case", sample(), ids=str)
async def test_a_killed_worker_costs_nothing(crash_arena: Arena, case: Case) -> None:
    await play(crash_arena, case)


@pytest.mark.crash_full
@pytest.mark.parametrize("case", all_cases(), ids=str)
async def test_a_worker_killed_anywhere_costs_nothing(crash_arena: Arena, case: Case) -> None:
    await play(crash_arena, case)


async def test_the_environment_names_the_place_at_which_a_worker_dies(crash_arena: Arena) -> None:
    async with crash_arena.fight(EXPORT) as fight:
        run_id = await fight.create()
        home = str(fight.pair.home.state.parent)
        command = [sys.executable, "-m", "tui_migrate.worker", str(run_id), "--home", home]
        for value, code in (("export.before_seal", -signal.SIGKILL), ("*:10", -signal.SIGKILL), ("nowhere", 0)):
            environment = {**os.environ, failpoints.VARIABLE: value}
            done = await asyncio.to_thread(
                subprocess.run, command, env=environment, input=b"\n", capture_output=True, timeout=SECONDS, cwd=ROOT
            )
            assert done.returncode == code
        await fight.resume(run_id)


async def play(arena: Arena, case: Case) -> None:
    """Kill a run's worker, or its rollback's, as a case has it, and check what comes of it."""
    calm = await arena.learn(case.lot, case.died)
    async with arena.fight(case.lot) as fight:
        run_id = await fight.create()
        if case.ending is Ending.RESUME_ROLLBACK:
            if case.died:
                await fight.kill(run_id, case.died, run_id)
            else:
                assert (await fight.pair.work(run_id)).record.failure is None
            rollback = await launch.create_rollback(fight.pair.home, run_id)
            await die(fight, rollback, run_id, case, calm.passed_back)
            await fight.resume_rollback(run_id, rollback, case.died)
            return
        await die(fight, run_id, run_id, case, calm.passed)
        if case.lot.twist.takes_back:
            await fight.resume_taking_back(run_id)
        elif case.ending is Ending.RESUME:
            await fight.resume(run_id)
        else:
            await fight.roll_back(run_id)


async def die(fight: Fight, worked: int, run_id: int, case: Case, passed: Sequence[str]) -> None:
    """Let a worker die where the case wants it: of the times that a run comes by there, at one that is its own."""
    if case.first:
        await fight.kill(worked, case.first, run_id)
        await fight.kill(worked, case.failpoint, run_id)
    else:
        count = passed.count(case.failpoint)
        times = count if case.at_last else 1 + case.fate % count
        await fight.kill(worked, f"{case.failpoint}:{times}", run_id)

"""Workers killed at random moments: at the Nth failpoint they come by, whichever that is, or after some time.

A failure names its seed; `TUI_MIGRATE_CRASH_SEED=SEED` plays it again (a death after some time is only as exact as the
machine's clock). A seed that failed once is kept in `kept_seeds.txt` and played always.
"""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from random import Random, SystemRandom

import pytest

from tests.crash.arena import Arena
from tests.crash.fight import Fight
from tests.crash.lots import Calm
from tests.crash.passing import EXPORT, LOTS
from tests.noting import noted
from tui_migrate.worker import launch

pytestmark = pytest.mark.slow

VARIABLE = "TUI_MIGRATE_CRASH_SEED"
KEPT = Path(__file__).with_name("kept_seeds.txt")
FEW, MANY = 6, 100


def kept_seeds() -> list[int]:
    return [int(line.split("#")[0]) for line in KEPT.read_text().splitlines() if line.split("#")[0].strip()]


@pytest.mark.parametrize("seed", [0, *kept_seeds()])
async def test_a_seed_that_is_kept_costs_nothing(crash_arena: Arena, seed: int) -> None:
    await play(crash_arena, seed)


@pytest.mark.parametrize("number", range(FEW))
async def test_a_worker_killed_at_some_moment_costs_nothing(crash_arena: Arena, number: int) -> None:
    await play(crash_arena, drawn_seed(number))


@pytest.mark.crash_full
@pytest.mark.parametrize("number", range(MANY))
async def test_a_worker_killed_at_a_hundred_moments_costs_nothing(crash_arena: Arena, number: int) -> None:
    await play(crash_arena, drawn_seed(number))


def drawn_seed(number: int) -> int:
    """The seed that the environment asks for, which is the first test's, or one of chance."""
    asked = os.environ.get(VARIABLE)
    return int(asked) + number if asked else SystemRandom().getrandbits(32)


async def play(arena: Arena, seed: int) -> None:
    with noted(f"to play it again: {VARIABLE}={seed}; to keep it: a line in {KEPT.name}"):
        await fight(arena, Random(seed))


async def fight(arena: Arena, chance: Random) -> None:
    """Let workers of one run die one after the other, then finish it or take it back, which may be broken off too."""
    lot = chance.choice(LOTS)
    calm = await arena.learn(lot)
    async with arena.fight(lot) as one:
        run_id = await one.create()
        await die_somewhere(one, run_id, run_id, chance, calm, calm.passed, times=chance.randint(1, 3))
        if lot == EXPORT or chance.random() < 0.5:
            await one.resume(run_id)
        elif not (await one.pair.record(run_id)).writes_begun:
            await one.roll_back(run_id)
        else:
            rollback = await launch.create_rollback(one.pair.home, run_id)
            await die_somewhere(one, rollback, run_id, chance, calm, calm.passed_back, times=chance.randint(0, 2))
            if not (await one.pair.record(rollback)).state.is_final:
                assert (await one.pair.work(rollback)).exit_code == 0
            record = await one.pair.record(rollback)
            assert (record.state.exit_code, record.findings) == (0, ())
            assert await one.pair.look() == one.before


async def die_somewhere(
    one: Fight, worked: int, run_id: int, chance: Random, calm: Calm, passed: Sequence[str], *, times: int
) -> None:
    """Kill some workers of a run; one that was too quick has ended it."""
    for _ in range(times):
        place, moment = chance.randint(1, len(passed)), chance.uniform(0, calm.seconds)
        by_time = chance.random() < 0.5
        killed = await one.arena.workers.work(
            one.pair.home, worked, "" if by_time else f"*:{place}", kill_after=moment if by_time else None
        )
        await one.check_dead(run_id)
        if killed != -signal.SIGKILL:
            assert (await one.pair.record(worked)).state.is_final
            return

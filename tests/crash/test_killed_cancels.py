"""Workers that hear a cancel with a rollback while they write, and are killed carrying it out."""

import asyncio
import signal

import pytest

from tests.crash.arena import Arena
from tests.crash.lots import Lot
from tests.crash.world import BATCH
from tui_migrate.journal.records import ROLL_BACK, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.worker import control, launch

pytestmark = pytest.mark.slow

SECONDS = 60.0
LOTS = [Lot(RunKind.COPY, Policy.OVERWRITE), Lot(RunKind.IMPORT, Policy.SKIP)]


async def killed_cancelling(arena: Arena, lot: Lot, failpoint: str) -> None:
    """Cancel a run behind its first batch, kill its worker at a place that lies behind that, and take the run up."""
    async with arena.fight(lot) as fight:
        home = fight.pair.home
        source = None if lot.kind is RunKind.COPY else PackageEnd(str(arena.package(lot.policy)))
        plan = await fight.pair.plan(lot.policy, source=source, kind=lot.kind, batch=BATCH)
        run_id = await launch.create_run(home, plan, rate_limit=1)
        working = asyncio.create_task(arena.workers.work(home, run_id, failpoint))
        async with asyncio.timeout(SECONDS), open_both(home.journal) as (_, reader):
            while not (await reader.run(run_id)).counts.inserted:
                assert not working.done()
                await asyncio.sleep(0.01)
        await control.ask(home, run_id, Wish.CANCEL, ROLL_BACK)
        assert await working == -signal.SIGKILL
        await fight.check_dead(run_id)
        rollbacks = await fight.rollbacks_of(run_id)
        if not rollbacks or not (await fight.pair.record(rollbacks[0])).state.is_final:
            assert (await fight.pair.work(run_id)).exit_code == 130
        record = await fight.pair.record(run_id)
        assert (record.state, record.failure) == (RunState.ROLLED_BACK, None)
        assert await fight.rollbacks_of(run_id) == (record.rolled_back_by,)
        assert (await fight.pair.record(record.rolled_back_by)).findings == ()
        assert fight.is_as_before(await fight.pair.look())


@pytest.mark.parametrize("failpoint", ["worker.before_last_word", "rollback.after_checkpoint"])
async def test_a_run_that_is_killed_cancelling_is_taken_back_once(crash_arena: Arena, failpoint: str) -> None:
    await killed_cancelling(crash_arena, LOTS[0], failpoint)


@pytest.mark.crash_full
@pytest.mark.parametrize("lot", LOTS, ids=str)
@pytest.mark.parametrize(
    "failpoint",
    [
        "worker.before_last_word",
        "worker.before_last_word:2",
        "journal.before_end",
        "journal.after_end",
        "worker.after_last_word",
        "journal.before_attempt:2",
        "journal.after_attempt:2",
        "rollback.before_checkpoint",
        "rollback.after_checkpoint",
        "rollback.after_documents",
        "rollback.after_rename",
        "rollback.after_drop",
        "rollback.after_named",
        "rollback.after_marked",
        "journal.after_end:2",
    ],
)
async def test_a_run_that_is_killed_anywhere_cancelling_is_taken_back_once(
    crash_arena: Arena, lot: Lot, failpoint: str
) -> None:
    await killed_cancelling(crash_arena, lot, failpoint)

"""Driving a run through its stages, with pauses and with second tries after a fault that can pass."""

from typing import Final, Protocol

from tui_migrate.engine.context import RunContext
from tui_migrate.engine.steering import Steered, Steering
from tui_migrate.engine.time_limit import TimeLimit
from tui_migrate.engine.work import Work, final_state
from tui_migrate.errors import Interrupted, Unreachable
from tui_migrate.findings import Severity
from tui_migrate.journal.records import Wish
from tui_migrate.journal.retries import retry_line
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.stores.retrying import backoff

TRIES: Final = 8
CHECK_TRIES: Final = 3
"""Tries after the first while nothing is written yet: a server that is away is soon said to be."""
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0

_STATE_OF: Final = {
    Stage.VALIDATE: RunState.VALIDATING,
    Stage.PREPARE: RunState.PREPARING,
    Stage.EXECUTE: RunState.EXECUTING,
    Stage.VERIFY: RunState.VERIFYING,
    Stage.COMMIT: RunState.COMMITTING,
}


class Waiting(Steering, Protocol):
    """Steering that can also be waited for."""

    async def wait_for_resume(self) -> None:
        """Return when the operator wants the run to go on. Raises Steered for stop and cancel."""
        ...

    async def wait(self, seconds: float) -> None:
        """Wait, but no longer than until the operator wants something. Raises Steered."""
        ...


async def drive(context: RunContext, work: Work, steering: Waiting, begun: Stage) -> RunState:
    """Work a run from the stage in which an earlier attempt left it; give the state in which it ended.

    Raises the errors of the tree, and Steered for stop and cancel.
    """
    limit = TimeLimit(context.run_id, context.plan)
    if begun is Stage.VALIDATE:
        await _enter(context, Stage.VALIDATE)
        async with limit.spent_on(Stage.VALIDATE):
            await _check(context, work, steering)
        await context.journal.transition(context.run_id, RunState.READY)
    patience = _Patience(context, TRIES)
    delay = 0.0
    while True:
        try:
            async with limit.spent_on(context.stage):
                await steering.wait(delay)
            await _work_through(context, work, limit)
        except Steered as asked:
            if asked.wish is not Wish.PAUSE:
                raise
            await work.close()
            await context.journal.transition(context.run_id, RunState.PAUSED)
            await steering.wait_for_resume()
            delay = 0.0
        except Unreachable as error:
            delay = await patience.delay_after(error)
            await work.close()
        else:
            return await final_state(context)


async def _check(context: RunContext, work: Work, steering: Waiting) -> None:
    """Run the checks, and again after a fault that can pass. Raises Unreachable where it does not."""
    patience = _Patience(context, CHECK_TRIES)
    while True:
        try:
            return await work.validate()
        except Unreachable as error:
            try:
                delay = await patience.delay_after(error)
            except Interrupted:
                raise error from None  # nothing was begun that could be resumed
        try:
            await steering.wait(delay)
        except Steered as asked:
            if asked.wish is not Wish.PAUSE:  # which is felt behind the checks
                raise


class _Patience:
    """Says how long to wait after a fault that can pass, and when to give up: after `tries` that came no further."""

    def __init__(self, context: RunContext, tries: int) -> None:
        self._context = context
        self._most = tries
        self._tries = 0
        self._done = 0

    async def delay_after(self, error: Unreachable) -> float:
        """Give the seconds to wait before the next try. Raises Interrupted."""
        context = self._context
        done = sum(one.documents_done for one in await context.reader.collections(context.run_id))
        self._tries = 1 if done > self._done else self._tries + 1
        self._done = max(done, self._done)
        if self._tries > self._most:
            raise Interrupted(
                f"given up after {self._most} tries: {error.message}", hint=f"tui-migrate resume {context.run_id}"
            ) from error
        wait = backoff(self._tries, FIRST_WAIT, LONGEST_WAIT)
        await context.say(retry_line(error.message, wait, self._tries, self._most), Severity.WARNING)
        return wait


async def _work_through(context: RunContext, work: Work, limit: TimeLimit) -> None:
    for stage, step in (
        (Stage.PREPARE, work.prepare),
        (Stage.EXECUTE, work.execute),
        (Stage.VERIFY, work.verify),
        (Stage.COMMIT, work.commit),
    ):
        await context.steering.gate(0)
        await _enter(context, stage)
        async with limit.spent_on(stage):
            await step()


async def _enter(context: RunContext, stage: Stage) -> None:
    context.stage = stage
    await context.journal.transition(context.run_id, _STATE_OF[stage])
    await context.journal.set_stage(context.run_id, stage)

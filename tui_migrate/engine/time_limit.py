"""The time that one attempt at a run, and each stage of it, may work; waiting for an operator does not count."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tui_migrate.errors import TimedOut
from tui_migrate.journal.states import Stage
from tui_migrate.plan.model import Plan


class TimeLimit:
    """Holds what is done within `spent_on` to the limits of a plan, in seconds."""

    def __init__(self, run_id: int, plan: Plan) -> None:
        self._run_id = run_id
        self._whole = plan.timeout
        self._each = plan.stage_timeout
        self._spent = dict.fromkeys(Stage, 0.0)

    @asynccontextmanager
    async def spent_on(self, stage: Stage) -> AsyncIterator[None]:
        """Let work of a stage go on for as long as is left to it, then cancel it. Raises TimedOut."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        timeout = asyncio.timeout(self._left(stage))
        try:
            async with timeout:
                yield
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise self._timed_out(stage) from error
        else:
            if timeout.expired():  # the cancellation was lost, and the work went on to its end
                raise self._timed_out(stage)
        finally:
            self._spent[stage] += loop.time() - begun

    def _left(self, stage: Stage) -> float | None:
        left = []
        if self._whole:
            left.append(self._whole - self._total())
        if self._each:
            left.append(self._each - self._spent[stage])
        return max(0.0, min(left)) if left else None

    def _timed_out(self, stage: Stage) -> TimedOut:
        is_stage = self._each and (not self._whole or self._each - self._spent[stage] < self._whole - self._total())
        if is_stage:
            what, limit = f"the stage {stage} has worked for {self._each:,} s", "each stage"
        else:
            what, limit = f"the run has worked for {self._whole:,} s and was in the stage {stage}", "the run"
        return TimedOut(
            f"{what}, which is as long as the plan allows {limit}",
            hint=f"tui-migrate resume {self._run_id} goes on where it stopped, with the same time again",
        )

    def _total(self) -> float:
        return sum(self._spent.values())

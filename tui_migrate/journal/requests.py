"""Writing what operators ask of runs, and what became of it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import aiosqlite

from tui_migrate.errors import Refused
from tui_migrate.journal.records import Control, ControlStatus, Wish
from tui_migrate.journal.request_reading import STANDING
from tui_migrate.journal.rows import row_of_run
from tui_migrate.journal.states import RunState


class RequestWriting:
    """What a writer of the journal does about requests; raises what its `transaction` raises."""

    clock: Callable[[], float]

    def transaction(self) -> AbstractAsyncContextManager[aiosqlite.Connection]:
        """Hold the write lock, commit at the end, roll back when anything is raised."""
        raise NotImplementedError

    async def file_control(self, run_id: int, wish: Wish, value: int, asked_by: str, state_seen: RunState) -> int:
        """Ask something of a run; older requests of the same kind that are still pending are superseded.

        Raises Refused for a run without a worker, and where a request that ends the run stands against it.
        """
        async with self.transaction() as database:
            state = RunState((await row_of_run(database, "SELECT state FROM runs WHERE id = ?", run_id))[0])
            if not state.is_active:
                raise Refused(
                    f"run {run_id:04d} is {state}: nobody is there to {wish.verb}", hint=f"tui-migrate status {run_id}"
                )
            pending = await database.execute_fetchall(
                "SELECT id, wish, asked_by FROM controls WHERE run_id = ? AND status = 'pending'", (run_id,)
            )
            for row in pending:
                earlier = Wish(row[1])
                if not wish.may_follow(earlier):
                    raise Refused(
                        f"run {run_id:04d} is about to end: {row[2]} has asked it to {earlier}",
                        hint=f"tui-migrate status {run_id}",
                    )
                if earlier is wish or not (earlier.is_setting or wish.is_setting):
                    await database.execute("UPDATE controls SET status = 'superseded' WHERE id = ?", (row[0],))
            made = await database.execute_insert(
                "INSERT INTO controls (run_id, wish, value, asked_by, asked_at, state_seen, status)"
                " VALUES (?, ?, ?, ?, ?, ?, 'pending')",
                (run_id, wish.value, value, asked_by, self.clock(), state_seen.value),
            )
        return int(made[0]) if made else 0

    async def answer_control(self, control: Control, status: ControlStatus, answer: str = "") -> None:
        """Record what became of a request."""
        async with self.transaction() as database:
            await database.execute(
                "UPDATE controls SET status = ?, answer = ? WHERE id = ?", (status.value, answer, control.id)
            )

    async def call_off_cancel(self, run_id: int) -> None:
        """Record that a request to cancel, and to roll back then, is not meant any more."""
        async with self.transaction() as database:
            await database.execute(
                f"UPDATE controls SET status = 'superseded' WHERE run_id = ? AND {STANDING}", (run_id,)
            )

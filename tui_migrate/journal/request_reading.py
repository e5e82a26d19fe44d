"""Reading what operators have asked of runs."""

from typing import Final

import aiosqlite

from tui_migrate.journal.records import Control, ControlStatus, Wish
from tui_migrate.journal.states import RunState

STANDING: Final = "wish = 'cancel' AND status IN ('pending', 'accepted')"
"""Requests to cancel that nobody has called off: each stands until its run has ended, whichever worker ends it."""


class RequestReading:
    """What a reader of the journal says of requests; raises what its `_rows` raises."""

    async def _rows(self, query: str, *values: object) -> list[aiosqlite.Row]:
        raise NotImplementedError

    async def controls(self, run_id: int, status: ControlStatus | None = None) -> tuple[Control, ...]:
        """Give the requests made of a run, oldest first."""
        rows = await self._rows(
            "SELECT id, run_id, wish, value, asked_by, asked_at, state_seen, status, answer FROM controls"
            " WHERE run_id = ? AND (? IS NULL OR status = ?) ORDER BY id",
            run_id,
            status,
            status,
        )
        return tuple(
            Control(
                row[0], row[1], Wish(row[2]), row[3], row[4], row[5], RunState(row[6]), ControlStatus(row[7]), row[8]
            )
            for row in rows
        )

    async def standing_cancel(self, run_id: int) -> Control | None:
        """Give the last request to cancel a run that nobody has called off or refused, carried out or not."""
        standing = (ControlStatus.PENDING, ControlStatus.ACCEPTED)
        found = [one for one in await self.controls(run_id) if one.wish is Wish.CANCEL and one.status in standing]
        return found[-1] if found else None

"""Pausing a run before the disk of its undo log is full.

A write that finds no room ends the run; a run that pauses goes on where it was as soon as somebody has made room.
"""

import asyncio
import shutil
from typing import Final

from tui_migrate.engine.context import RunContext
from tui_migrate.findings import Severity
from tui_migrate.packages.files import shown
from tui_migrate.plan.forecast import UNDO_RESERVE

RESERVE: Final = UNDO_RESERVE
"""Bytes that stay free."""


async def keep_room(context: RunContext) -> None:
    """Pause the run where the disk of its undo log is nearly full. Raises Steered."""
    if not context.plan.undo:
        return
    free = (await asyncio.to_thread(shutil.disk_usage, context.folder.path)).free
    if free < RESERVE:
        where = shown(context.folder.path)
        message = f"the disk of the undo log {where} is nearly full: {free:,} bytes are free, {RESERVE:,} stay so"
        await context.say(f"{message}; paused: make room, then tui-migrate resume {context.run_id}", Severity.WARNING)
        context.steering.pause()
        await context.steering.gate(0)

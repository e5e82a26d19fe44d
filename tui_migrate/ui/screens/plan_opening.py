"""Opening a plan that was saved to a file, to go on from it step by step."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.errors import TuiMigrateError
from tui_migrate.plan.yaml_form import from_yaml
from tui_migrate.strict_yaml import read
from tui_migrate.ui.draft import Draft, from_plan, refuse_unplannable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.end_dialogs import absolute, working_folder

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def ask_plan(app: "MigrateApp") -> Draft | None:
    """Ask for the file until there is a plan in it; None for esc. To be awaited in background work."""
    value = working_folder()
    key = app.session.keys.of("new.save")
    said: Sequence[str] = (f"A plan that was saved by {key} on the last step, or in a shell by --save-plan.",)
    while typed := await app.push_screen_wait(AskText("Open a plan", said, value)):
        try:
            return await asyncio.to_thread(_open, Path(absolute(typed.strip())))
        except TuiMigrateError as error:
            fault = Fault.of(error)
            value, said = typed, (f"✗ {fault.message}", *([fault.hint] if fault.hint else []))
    return None


def _open(path: Path) -> Draft:
    plan = from_yaml(read(path), str(path))
    refuse_unplannable(plan)
    return from_plan(plan)

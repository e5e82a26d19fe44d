"""Writing something to a file that the operator names, asked for until it is written."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.errors import TuiMigrateError
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.dialogs import AskText
from tui_migrate.ui.screens.end_dialogs import TEXT_CELLS, absolute, working_folder
from tui_migrate.ui.widgets.prose import wrap

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


async def write_to_file(
    app: "MigrateApp", title: str, said: Sequence[str], name: str, write: Callable[[Path], None]
) -> str | None:
    """Ask for a path and `write` there, in a thread; give the path, or None where the operator went back.

    `name` is the file's that is proposed. What cannot be written is asked for again, saying why. To be awaited in
    background work.
    """
    value = f"{working_folder()}{name}"
    while path := await app.push_screen_wait(AskText(title, said, value)):
        chosen = absolute(path.strip())
        try:
            await asyncio.to_thread(write, Path(chosen))
        except TuiMigrateError as error:
            fault = Fault.of(error)
            value, said = path, [line for one in (f"✗ {fault.message}", fault.hint) for line in wrap(one, TEXT_CELLS)]
        else:
            return chosen
    return None

"""Copying what is under the cursor: to the terminal's clipboard by OSC 52, or to a file.

A terminal does not say whether it took what it was sent, and many take no more than some dozens of kilobytes; a file
can always be written.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import create_private_file
from tui_migrate.redaction import redact
from tui_migrate.ui.copyable import Copyable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.end_dialogs import absolute, working_folder
from tui_migrate.wording import size

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

MOST_BYTES: Final = 64 * 1024
"""More is not sent to a clipboard."""


class Copying:
    """Copies what a screen offers; asks which where it offers several."""

    def __init__(self, app: "MigrateApp") -> None:
        self._app = app

    def copy(self, offered: Sequence[Copyable]) -> None:
        """Send one to the clipboard."""
        self._app.in_background(self._copy(offered), "copy")

    def write(self, offered: Sequence[Copyable]) -> None:
        """Write one to a file."""
        self._app.in_background(self._write(offered), "copy")

    async def _copy(self, offered: Sequence[Copyable]) -> None:
        if (one := await self._choose("Copy", offered)) is None:
            return
        text, key = redact(one.text), self._app.session.keys.of("app.write")
        if (length := len(text.encode())) > MOST_BYTES:
            self._app.say(f"{one.what} is {size(length)}, too much for a clipboard: {key} writes it to a file")
            return
        self._app.copy_to_clipboard(text)
        self._app.say(
            f"{one.what}: sent to the terminal's clipboard; {self._app.session.keys.of('app.write')} writes to a file",
            is_error=False,
        )

    async def _write(self, offered: Sequence[Copyable]) -> None:
        if (one := await self._choose("Write to a file", offered)) is None:
            return
        value = f"{working_folder()}{one.what.replace(' ', '-').lower()}.txt"
        said: Sequence[str] = ("A file that is not there yet; for you alone.",)
        while path := await self._app.push_screen_wait(AskText(f"Write {one.what} to", said, value)):
            chosen = Path(absolute(path.strip()))
            try:
                await asyncio.to_thread(create_private_file, chosen, redact(one.text) + "\n")
            except TuiMigrateError as error:
                fault = Fault.of(error)
                value, said = path, (f"✗ {fault.message}", fault.hint)
            else:
                self._app.say(f"{one.what}: written to {chosen}", is_error=False)
                return

    async def _choose(self, title: str, offered: Sequence[Copyable]) -> Copyable | None:
        if not offered:
            self._app.say("There is nothing under the cursor to copy.")
            return None
        if len(offered) == 1:
            return offered[0]
        choices = [(str(place), f"{one.what}  {_begin(one.text)}") for place, one in enumerate(offered)]
        chosen = await self._app.push_screen_wait(Choose(title, (), choices))
        return None if chosen is None else offered[int(chosen)]


def _begin(text: str) -> str:
    line = redact(text).partition("\n")[0]
    return line if len(line) <= 40 else f"{line[:39]}…"

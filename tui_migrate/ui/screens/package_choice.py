"""Choosing a package to read, window after window: its path, what opens it, and which of its databases is meant."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import TuiMigrateError
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.layer import Need, need_of
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import Fault, form_of
from tui_migrate.ui.passphrases import has_passphrase
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_dialogs import AskPath, working_folder

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

SENTENCE: Final = "A package in any form: a folder or a file, of tui-migrate, of mongodump or of another system."
_IDENTITY: Final = "The package is encrypted. The file of age identities that opens it, yours alone (mode 0600)."


async def ask_package(app: "MigrateApp", title: str, path: str = "") -> PackageEnd | None:
    """Ask for a package to read until what is given is one; None where the operator went back.

    To be awaited in background work. A passphrase goes to the session.
    """
    said = SENTENCE
    while True:
        chosen = await app.push_screen_wait(AskPath(title, said, path or working_folder(), with_files=True))
        if chosen is None:
            return None
        path = chosen
        try:
            end = await _opened(app, PackageEnd(path))
        except TuiMigrateError as error:
            fault = Fault.of(error)
            said = f"✗ {fault.message}" + (f": {fault.hint}" if fault.hint else "")
            continue
        if end is not None:
            return end


async def choose_database(app: "MigrateApp", end: PackageEnd, databases: tuple[str, ...]) -> PackageEnd | None:
    """Ask which of several databases is meant; None where the operator went back."""
    title = "Which database?"
    said = [f"{printable(end.path)} holds several; a run reads one."]
    key = await app.push_screen_wait(Choose(title, said, [(one, printable(one)) for one in databases]))
    return replace(end, database=key) if key is not None else None


async def _opened(app: "MigrateApp", end: PackageEnd) -> PackageEnd | None:
    """Give a package with what opens it, once it is known to be one; None where the operator went back."""
    if await asyncio.to_thread(_needs_identity, Path(end.path)):
        file = await app.push_screen_wait(AskPath("Identity", _IDENTITY, working_folder(), with_files=True))
        if file is None:
            return None
        end = replace(end, identity_file=file)
    elif not await has_passphrase(app, end):
        return None
    package = await asyncio.to_thread(open_source, end, app.session.home, app.session.passwords)
    try:
        await form_of(package)
    finally:
        await package.close()
    return end


def _needs_identity(path: Path) -> bool:
    return path.is_file() and need_of(FileContent(path)) is Need.IDENTITY

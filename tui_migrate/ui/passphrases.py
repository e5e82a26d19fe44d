"""What opens an encrypted package while the app runs: asked for in a window, tried, kept for the sitting alone."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import UsageError, WrongKey
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.layer import opened
from tui_migrate.packages.encryption.payload import check_installed
from tui_migrate.packages.package import Keys
from tui_migrate.plan.ends import needs_passphrase
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.ui.look import Fault
from tui_migrate.ui.screens.dialogs import AskPassphrase

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_NEW: Final = "Choose one, and keep it: without it nobody can open the package."


async def has_passphrase(app: "MigrateApp", end: PackageEnd, *, refused: str = "") -> bool:
    """See to it that a package has its passphrase, if it is under one; False where the operator went back.

    To be awaited in background work. That of a package to be read is tried before it is kept, that of a new one is
    asked for twice. `refused` is what was said against the one there is: another is asked for. Raises PackageDamaged.
    """
    passwords, problem = app.session.passwords, refused
    if refused:
        passwords.pop(end.label, None)
    if not await asyncio.to_thread(needs_passphrase, end, passwords):
        return True
    return await _ask(app, end, problem or (_NEW if end.with_passphrase else ""))


async def why_no_passphrase() -> str:
    """Say why nothing can be written under a passphrase here; empty where it can."""
    try:
        await asyncio.to_thread(check_installed)
    except UsageError as error:
        fault = Fault.of(error)
        return f"{fault.message}: {fault.hint}"
    return ""


async def has_new_passphrase(app: "MigrateApp", end: PackageEnd) -> bool:
    """Have a passphrase typed for a package to be made, whatever there was; False where the operator went back."""
    return await _ask(app, end, _NEW)


async def _ask(app: "MigrateApp", end: PackageEnd, problem: str) -> bool:
    while (typed := await app.push_screen_wait(AskPassphrase(end.path, problem=problem))) is not None:
        if problem := await _problem(app, end, typed):
            continue
        app.session.passwords[end.label] = typed
        return True
    return False


async def _problem(app: "MigrateApp", end: PackageEnd, typed: str) -> str:
    """Say what is wrong with a passphrase that was typed; empty where it can be kept."""
    if end.with_passphrase:
        again = await app.push_screen_wait(AskPassphrase(end.path, problem="Type the same again."))
        if again is None:
            return "it was typed once only"
        return "" if again == typed else "the two passphrases differ"
    try:
        await asyncio.to_thread(_try, Path(end.path), typed)
    except WrongKey as error:
        return printable(error.message)
    return ""


def _try(path: Path, typed: str) -> None:
    opened(FileContent(path.resolve()), Keys(passphrase=typed)).open().close()

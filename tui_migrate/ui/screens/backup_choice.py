"""What is asked before a backup is made, checked or restored: the database, the name, what opens the file."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tui_migrate.connections import named_for
from tui_migrate.errors import TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.plan.model import End, PackageEnd, StoreEnd
from tui_migrate.redaction import printable, redact
from tui_migrate.ui.look import Fault, place_words, read_connections, resolve
from tui_migrate.ui.passphrases import has_new_passphrase, has_passphrase, why_no_passphrase
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.end_choice import Role, choose_end
from tui_migrate.ui.screens.end_dialogs import TEXT_CELLS
from tui_migrate.ui.screens.named_end import environment_words
from tui_migrate.ui.screens.package_choice import ask_opener, opener_of
from tui_migrate.ui.widgets.prose import wrap
from tui_migrate.worker.backing_up import own_folder, package_end
from tui_migrate.worker.backups import Backup, BackupStatus, check_name, default_name, read_backups
from tui_migrate.worker.restoring import package_of

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

_OWN: Final = "own"
_OTHER: Final = "other"
_PLAIN: Final = "plain"
_SEAL: Final = "sealed"
_SEALED: Final = "Under a passphrase, which checking and restoring need again"


Asked = tuple[str, StoreEnd, PackageEnd]
"""What a new backup is called, of which database it is, and what it is written to."""


async def ask_backup(app: "MigrateApp", before: Asked | None = None) -> Asked | None:
    """Ask for a new backup's database, name and passphrase; each esc goes one question back, None before the first.

    With what was answered `before`, the last question is put first. To be awaited in background work. Raises
    StorageFailed, JournalError.
    """
    known = (await read_connections(app.session.home)).connections
    source: End | None = before[1] if before is not None else None
    while True:
        if before is None:
            source = await choose_end(app, Role.SOURCE, known, source, None, title="Back up", packages=False)
        if not isinstance(source, StoreEnd):
            return None
        if (package := await _ask_package(app, source, before)) is not None:
            return package[0], source, package[1]
        before = None


async def _ask_package(app: "MigrateApp", source: StoreEnd, before: Asked | None) -> tuple[str, PackageEnd] | None:
    name = default_name(source, app.session.clock())
    typed, at = await _ask_name(app, name) if before is None else before[0], ""
    if before is not None:
        at = _SEAL if before[2].with_passphrase else _PLAIN
    while typed is not None:
        if (target := await _ask_target(app, typed, at)) is not None:
            return typed, target
        typed, at = await _ask_name(app, typed), ""
    return None


async def _ask_target(app: "MigrateApp", name: str, at: str) -> PackageEnd | None:
    while (how := await _ask_how(app, at)) is not None:
        target = package_end(name, own_folder(app.session.home), encrypted=how == _SEAL)
        target = replace(target, with_passphrase=how == _SEAL)
        if how == _PLAIN or await has_new_passphrase(app, target):
            return target
        at = how
    return None


async def _ask_how(app: "MigrateApp", at: str) -> str | None:
    choices, said = [(_PLAIN, "As it is, for your user alone (mode 0600)"), (_SEAL, _SEALED)], list[str]()
    while (how := await app.push_screen_wait(Choose("How to write it", said, choices, at=at))) == _SEAL:
        if not (why := await why_no_passphrase()):
            return how
        said, at = wrap(f"✗ {why}", TEXT_CELLS), _PLAIN
    return how


async def opened_package(app: "MigrateApp", backup: Backup) -> PackageEnd | None:
    """Give the package of a backup with what opens it; None where the operator went back.

    To be awaited in background work. Raises Refused for a backup that cannot be used, PackageDamaged.
    """
    end = package_of(backup)
    if (opener := await opener_of(end)) is not None:
        return await ask_opener(app, end, opener)
    return end if await has_passphrase(app, end) else None


async def ask_place(app: "MigrateApp", backup: Backup) -> StoreEnd | None:
    """Ask into which database a backup is restored; None where the operator went back."""
    own = await resolve(backup.record.source, app.session.home)
    read = await read_connections(app.session.home)
    named = () if isinstance(own, Fault) else named_for(own[0], read.connections)
    choices, said = [(_OTHER, "Another database…")], []
    if isinstance(own, Fault):
        said = wrap(f"What it was made of is not known any more: {own.message}", TEXT_CELLS)
    else:
        how = "by its URL" if named else "which it was made of"
        by_name = [(one.label, f"{place_words(one)}, which it was made of   {one.environment.value}") for one in named]
        choices = [*by_name, (_OWN, f"{place_words(own[0])}, {how}   {environment_words(own[0])}"), *choices]
        said = wrap(f"The backup {backup.name} of {printable(redact(backup.record.source))}.", TEXT_CELLS)
    at = ""
    while (key := await app.push_screen_wait(Choose("Restore into", said, choices, at=at))) == _OTHER:
        chosen = await choose_end(app, Role.TARGET, read.connections, None, None, title="Restore into", packages=False)
        if isinstance(chosen, StoreEnd):
            return chosen
        at = _OTHER
    if key == _OWN and not isinstance(own, Fault):
        return own[0]
    return next((one for one in named if one.label == key), None)


async def _ask_name(app: "MigrateApp", name: str) -> str | None:
    said = ["A-Z, a-z, 0-9, . _ and -; it is the file's name too."]
    while (typed := await app.push_screen_wait(AskText("Name of the backup", said, name))) is not None:
        try:
            name = check_name(typed.strip())
            problem = await _taken(app.session.home, name)
        except TuiMigrateError as error:
            fault = Fault.of(error)
            name, problem = typed, f"{fault.message}: {fault.hint}"
        if not problem:
            return name
        said = wrap(f"✗ {problem}", TEXT_CELLS)
    return None


async def _taken(home: Home, name: str) -> str:
    """Say what has a name already; one that was given up makes way for it."""
    for one in await read_backups(home):
        if one.name == name and one.status is not BackupStatus.GIVEN_UP:
            return f"there is a backup {name} already ({one.status})"
    return ""

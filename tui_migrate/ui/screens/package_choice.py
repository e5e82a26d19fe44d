"""Choosing a package to read, window after window: its path, what opens it, and which of its databases is meant."""

import asyncio
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui_migrate.errors import CredentialsMissing, Refused, TuiMigrateError, UsageError, WrongKey
from tui_migrate.packages.content import FileContent
from tui_migrate.packages.encryption.layer import Need, need_of
from tui_migrate.packages.mongodump.single_files import read_head
from tui_migrate.packages.package import SeveralDatabases
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import PackageEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.opened import opened
from tui_migrate.ui.look import Fault, form_of
from tui_migrate.ui.passphrases import has_passphrase
from tui_migrate.ui.screens.dialogs import Choose
from tui_migrate.ui.screens.end_dialogs import AskPath, working_folder

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp

SENTENCE: Final = "A package in any form: a folder or a file, of tui-migrate, of mongodump or of another system."
_HEAD: Final = 28
"""A file under an AES key has so many bytes at least: nonce and tag."""
_PACKED: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK")
_LONGEST: Final = 4
"""Bytes of the longest character in UTF-8: the last one of a head may be cut."""


class Opener(Enum):
    """The file that opens an encrypted package: what it is called, and what is said of it when it is asked for."""

    IDENTITY = (
        "Identity",
        "The package is encrypted. The file of age identities that opens it, yours alone (mode 0600).",
    )
    KEY = (
        "Key file",
        "This is no package as it is. If Second Brain Database has encrypted it (AES-256-GCM), the file of its key"
        " opens it: 32 bytes, hexadecimal or base64, yours alone (mode 0600).",
    )

    def given(self, end: PackageEnd, path: str) -> PackageEnd:
        """Have a package opened by a file of this kind."""
        return replace(end, identity_file=path) if self is Opener.IDENTITY else replace(end, key_file=path)

    def of(self, end: PackageEnd) -> str:
        """The file that opens a package so far; empty where none was named."""
        return end.identity_file if self is Opener.IDENTITY else end.key_file


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
            said = fault_sentence(Fault.of(error))
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
    opener = await opener_of(end)
    if opener is not None:
        return await ask_opener(app, end, opener)
    if not await has_passphrase(app, end):
        return None
    try:
        await _recognise(app, end)
    except Refused:
        # Nothing marks a file under an AES key but that it is nothing else.
        if not await asyncio.to_thread(_looks_like_noise, Path(end.path)):
            raise
        if (with_key := await ask_opener(app, end, Opener.KEY)) is None:
            raise
        return with_key
    return end


async def opener_of(end: PackageEnd) -> Opener | None:
    """Say what kind of file opens a package; None where none does that is known. Raises PackageDamaged, Refused."""
    if end.key_file:
        return Opener.KEY
    return Opener.IDENTITY if await asyncio.to_thread(_needs_identity, Path(end.path)) else None


async def ask_opener(
    app: "MigrateApp", end: PackageEnd, opener: Opener, fault: Fault | None = None
) -> PackageEnd | None:
    """Ask for the file that opens a package until it does; None where the operator went back.

    `fault` is what is wrong with the one there is. To be awaited in background work. Raises what is wrong with the
    package itself.
    """
    title, sentence = opener.value
    path = opener.of(end) or working_folder()
    while True:
        said = sentence if fault is None else fault_sentence(fault)
        chosen = await app.push_screen_wait(AskPath(title, said, path, with_files=True))
        if chosen is None:
            return None
        path, tried = chosen, opener.given(end, chosen)
        try:
            await _recognise(app, tried)
        except SeveralDatabases:  # it is open: which of them is meant is asked later
            return tried
        except (CredentialsMissing, WrongKey, UsageError) as error:
            fault = Fault.of(error)
        else:
            return tried


def fault_sentence(fault: Fault) -> str:
    """Put a fault into one line for a window."""
    return f"✗ {fault.message}" + (f": {fault.hint}" if fault.hint else "")


async def _recognise(app: "MigrateApp", end: PackageEnd) -> None:
    """Open a package so far that its form is known. Raises what keeps it from that."""
    async with opened(partial(open_source, end, app.session.home, app.session.passwords)) as package:
        await form_of(package)


def _needs_identity(path: Path) -> bool:
    return path.is_file() and need_of(FileContent(path.resolve())) is Need.IDENTITY


def _looks_like_noise(path: Path) -> bool:
    """Say whether a file is neither text nor packed, and so may be encrypted without a mark."""
    if not path.is_file():
        return False
    head = read_head(FileContent(path.resolve()), _HEAD)
    if len(head) < _HEAD or head.startswith(_PACKED):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start <= _HEAD - _LONGEST
    return False

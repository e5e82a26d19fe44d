"""A connection as it is typed into the form: what is wrong with it, and writing it to the file."""

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Final

from tui_migrate import connections, system_keyring
from tui_migrate.connection_url import ConnectionUrl, parse_url
from tui_migrate.connections import Connection
from tui_migrate.errors import StorageFailed, UsageError
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import Environment
from tui_migrate.redaction import printable

LONGEST_NAME: Final = 64
"""Characters of a connection's name."""


class PasswordPlace(Enum):
    """Where the password of a connection is."""

    ASK = "ask"
    ENVIRONMENT = "environment"
    FILE = "file"
    KEYRING = "keyring"
    CLEAR = "clear"


PLACE_WORDS = (
    (PasswordPlace.ASK.value, "asked each time"),
    (PasswordPlace.ENVIRONMENT.value, "an environment variable"),
    (PasswordPlace.FILE.value, "a file of mode 0600"),
    (PasswordPlace.KEYRING.value, "the system keyring"),
    (PasswordPlace.CLEAR.value, "the connections' file, in clear"),
)


def places_for(before: Connection | None) -> tuple[tuple[str, str], ...]:
    """The places that can be chosen: the keyring only where its library is installed, or it has the password now."""
    has_keyring = system_keyring.is_installed() or (before is not None and before.keyring)
    return tuple(one for one in PLACE_WORDS if has_keyring or one[0] != PasswordPlace.KEYRING.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in the form. `where` names the variable or the file; `password` is what was typed or pasted."""

    name: str
    url: str
    environment: Environment
    place: PasswordPlace
    where: str = ""
    password: str | None = field(default=None, repr=False)
    before: Connection | None = None

    @property
    def secret(self) -> str | None:
        """The password to use now: what was typed, else what stood in the file in clear."""
        if self.password is not None or self.before is None:
            return self.password
        return self.before.password

    @property
    def kept(self) -> Connection | None:
        """The connection under whose account the keyring has the password until this is saved; None for none."""
        return self.before if self.before is not None and self.before.keyring else None

    def parsed(self) -> ConnectionUrl:
        """The URL in its parts. Raises UsageError."""
        return parse_url(self.url)

    def check(self, known: Mapping[str, Connection]) -> Connection:
        """Give the connection that this makes. Raises UsageError saying what is wrong with which field."""
        url = self.parsed()
        if not connections.is_name(self.name):
            raise _bad_name(self.name)
        if self.name in known and (self.before is None or self.before.name != self.name):
            raise UsageError(f"there is a connection {self.name} already", hint="choose another name")
        made = Connection(self.name, url.text, self.environment)
        if not url.needs_password or self.place is PasswordPlace.ASK:
            return made
        if self.place is PasswordPlace.CLEAR:
            if self.secret is None:
                raise UsageError("there is no password to write into the file", hint="type it into its field")
            return replace(made, password=self.secret)
        if self.place is PasswordPlace.KEYRING:
            if self.secret is None and self.kept is None:
                raise UsageError("there is no password to put into the keyring", hint="type it into its field")
            return replace(made, keyring=True)
        if not self.where:
            raise UsageError("the place of the password has no name", hint="type the variable's or the file's name")
        if self.place is PasswordPlace.ENVIRONMENT:
            if not connections.is_variable(self.where):
                raise UsageError("this cannot be the name of an environment variable", hint="mend the name")
            return replace(made, password_env=self.where)
        return replace(made, password_file=self.where)


def _bad_name(typed: str) -> UsageError:
    """Say what is wrong with a name, and name one that is near and right."""
    near = re.sub(r"[^a-z0-9_-]+", "-", typed.casefold()).strip("-")[:LONGEST_NAME]
    hint = f"call it {near}" if connections.is_name(near) else "call it prod-shop, for example"
    if not typed:
        return UsageError("the connection has no name yet", hint=hint)
    if len(typed) > LONGEST_NAME:
        return UsageError(
            f"the name has {len(typed)} characters, and {LONGEST_NAME} at most are wanted", hint="shorten it"
        )
    wrong = dict.fromkeys(one for one in typed if not connections.is_name(one))
    said = ", ".join("a blank" if one == " " else printable(one) for one in wrong)
    capitals = "; capital letters are not" if any(map(str.isupper, wrong)) else ""
    return UsageError(f"the name has {said}: a-z, 0-9, _ and - are allowed{capitals}", hint=hint)


def entry_of(before: Connection | None) -> Entry:
    """What the form begins with: an empty entry, or what is known of a connection that is to be changed."""
    if before is None:
        return Entry("", "", Environment.PRODUCTION, PasswordPlace.ASK)
    place = PasswordPlace.ASK
    if before.password_env:
        place = PasswordPlace.ENVIRONMENT
    elif before.password_file:
        place = PasswordPlace.FILE
    elif before.keyring:
        place = PasswordPlace.KEYRING
    elif before.password is not None:
        place = PasswordPlace.CLEAR
    where = before.password_env or before.password_file
    return Entry(before.name, before.url, before.environment, place, where, before=before)


def save(home: Home, entry: Entry) -> Connection:
    """Write the connection into the file, and its password to where it is to be. Blocks.

    A password file that is there is never written over. Where the file of connections cannot be written, neither place
    has a new password afterwards. Raises UsageError, StorageFailed, CredentialsMissing.
    """
    known = connections.load(home)
    made = entry.check(known)
    replaced = entry.before.name if entry.before is not None else ""
    kept = [made if one.name == replaced else one for one in known.values()]
    with ExitStack() as undo:
        _store(home, entry, made, undo)
        connections.write(home, kept if made in kept else [*kept, made])
        undo.pop_all()
    return made


def drop_moved(entry: Entry, made: Connection) -> None:
    """Take a password out of the keyring that the saved connection has elsewhere now. Blocks. Raises StorageFailed."""
    before = entry.kept
    if before is not None and not (made.keyring and made.account == before.account):
        system_keyring.forget(before.account)


def _store(home: Home, entry: Entry, made: Connection, undo: ExitStack) -> None:
    """Put the password into its file or the keyring; `undo` gets what takes it back."""
    if made.password_file and entry.secret is not None:
        path = connections.password_path(home, made.password_file)
        write_password(path, entry.secret)
        undo.callback(path.unlink, missing_ok=True)
    if not made.keyring:
        return
    secret, before = entry.secret, entry.kept
    if secret is None and before is not None and before.account != made.account:
        secret = connections.stored_password(before, home)
    if secret is None:
        return
    former = system_keyring.find(made.account)
    system_keyring.keep(made.account, secret)
    undo.callback(_put_back, made.account, former)


def _put_back(account: str, former: str | None) -> None:
    if former is None:
        system_keyring.forget(account)
    else:
        system_keyring.keep(account, former)


def write_password(path: Path, password: str) -> None:
    """Write a password into a new file that nobody else may read. Raises UsageError where one is there already."""
    make_private_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(
            f"the file {printable(str(path))} is there already, and is not written over",
            hint="leave the password empty to use it as it is, or name another file",
        ) from None
    except OSError as error:
        raise StorageFailed(f"cannot make {printable(str(path))}: {error.strerror}", hint="name another") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(password + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise StorageFailed(f"cannot write {printable(str(path))}: {error.strerror}", hint="make room") from error

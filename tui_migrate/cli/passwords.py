"""Passwords and passphrases on the command line: taken out of URLs, asked for on a terminal, never shown."""

import getpass
import json
import os
import sys
from collections.abc import Iterable
from typing import Final

from tui_migrate.cli.output import Output
from tui_migrate.connections import locate, parse_end
from tui_migrate.errors import CredentialsMissing, UsageError
from tui_migrate.packages.package import PASSPHRASE_VARIABLE
from tui_migrate.paths import Home
from tui_migrate.plan.ends import needs_passphrase
from tui_migrate.plan.model import End, PackageEnd, StoreEnd
from tui_migrate.redaction import printable

MAX_LINE: Final = 65_536

Passwords = dict[str, str]
"""Passwords that a user typed, by the label of the end they are for."""


def typed_end(text: str, home: Home, passwords: Passwords, output: Output, *, database: str = "") -> StoreEnd:
    """Find the end that a user typed, and keep a password in it apart. Raises UsageError."""
    end, password = parse_end(text, home, database=database)
    if password is not None:
        passwords[end.label] = password
        output.note(
            "tui-migrate: warning: a password on the command line is visible to others in ps and stays in the shell's"
            " history; use a connection with password_env (an environment variable), password_file or keyring"
        )
    return end


def ask_missing(ends: Iterable[End], home: Home, passwords: Passwords) -> None:
    """See to it that every end has its password or passphrase, asking on a terminal.

    Raises CredentialsMissing, naming what lacks.
    """
    missing: list[CredentialsMissing] = []
    for end in ends:
        if isinstance(end, PackageEnd):
            if needs_passphrase(end, passwords):
                passwords[end.label] = find_passphrase(end, twice=end.with_passphrase)
            continue
        try:
            locate(end, home, passwords)
        except CredentialsMissing as error:
            if may_ask():
                passwords[end.label] = _ask(end)
            else:
                missing.append(error)
    if missing:
        raise CredentialsMissing("; ".join(dict.fromkeys(one.message for one in missing)), hint=missing[0].hint)


def read_missing(ends: Iterable[End], home: Home, passwords: Passwords) -> None:
    """Take passwords from a line of JSON on stdin, where one lacks and stdin is no terminal. Raises UsageError."""
    if sys.stdin.isatty() or not _lacks(ends, home, passwords):
        return
    line = sys.stdin.readline(MAX_LINE)
    if not line.strip():
        return
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        # Nothing of the line is quoted and no error is chained: it holds passwords.
        raise UsageError(
            "the line on stdin is no JSON object of passwords", hint='it looks like {"prod/shop": "the password"}'
        )
    passwords.update(found)


def find_passphrase(end: PackageEnd, *, twice: bool) -> str:
    """Give the passphrase of a package: from the environment, or asked for on a terminal, `twice` for a new one.

    Raises CredentialsMissing, UsageError where the two differ.
    """
    if found := os.environ.get(PASSPHRASE_VARIABLE):
        return found
    name = printable(end.label)
    if not may_ask():
        raise CredentialsMissing(
            f"there is no passphrase for {name}",
            hint=f"set {PASSPHRASE_VARIABLE} in the environment, give --passphrase-file, or run this on a terminal",
        )
    typed = _typed(f"passphrase for {name}: ", name)
    if not typed:
        raise CredentialsMissing(f"no passphrase was given for {name}", hint="try again")
    if twice and _typed("the same again: ", name) != typed:
        raise UsageError("the two passphrases differ", hint="try again")
    return typed


def may_ask() -> bool:
    """Say whether somebody sits there who could answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _lacks(ends: Iterable[End], home: Home, passwords: Passwords) -> bool:
    for end in ends:
        if isinstance(end, PackageEnd):
            if needs_passphrase(end, passwords) and not os.environ.get(PASSPHRASE_VARIABLE):
                return True
            continue
        try:
            locate(end, home, passwords)
        except CredentialsMissing:
            return True
    return False


def _ask(end: StoreEnd) -> str:
    return _typed(f"password for {printable(end.label)}: ", end.label)


def _typed(prompt: str, label: str) -> str:
    try:
        return getpass.getpass(prompt, stream=sys.stderr)
    except EOFError as error:
        raise CredentialsMissing(f"nothing was given for {label}", hint="try again") from error

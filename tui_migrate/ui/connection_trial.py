"""Trying a connection before it is saved: is it well formed, and does somebody answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tui_migrate.connection_url import ConnectionUrl
from tui_migrate.connections import Connection, load, stored_password
from tui_migrate.errors import CredentialsMissing, TuiMigrateError
from tui_migrate.paths import Home
from tui_migrate.stores.registry import Locator
from tui_migrate.ui.connection_entry import Entry
from tui_migrate.ui.connection_rows import DEFAULT_DATABASE, end_of
from tui_migrate.ui.greeting import Greeting, greet
from tui_migrate.ui.keymap import Keymap
from tui_migrate.ui.look import Fault, first_error

Ask = Callable[[str, ConnectionUrl], Awaitable[str | None]]
"""Asks for the password of a connection of this name and URL; None where the operator gives none."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went: `greeting` says who answered, or why nobody did; None where it was not tried at all.

    `problem` is why the entry cannot be saved as it is. `password` is one that was typed, to be kept for the sitting.
    """

    entry: Entry
    greeting: Greeting | None = None
    problem: Fault | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a trial needs besides the entry; `at` is the time, `ask` asks for a password, `keys` are those in force."""

    home: Home
    passwords: Mapping[str, str] = field(repr=False)
    at: float
    ask: Ask
    keys: Keymap


async def try_entry(entry: Entry, around: Circumstances) -> Trial:
    """Check an entry, then connect with it. Raises nothing of the tree: it is all in what is given."""
    try:
        known = await asyncio.to_thread(load, around.home)
        made = entry.check(known)
    except TuiMigrateError as error:
        return Trial(entry, problem=Fault.of(error))
    typed: str | None = None
    try:
        typed, password = await _passwords(entry, made, around)
        url = entry.parsed()
        greeting = await greet(Locator(url.text, url.database or DEFAULT_DATABASE, password), around.at)
    except (TuiMigrateError, ExceptionGroup) as error:
        greeting = Greeting(around.at, fault=Fault.of(first_error(error)))
        typed = None
    return Trial(entry, greeting, password=typed)


async def _passwords(entry: Entry, made: Connection, around: Circumstances) -> tuple[str | None, str | None]:
    """Give the password that was typed, if one was, and the one to connect with. Raises CredentialsMissing."""
    url = entry.parsed()
    if not url.needs_password or entry.secret is not None:
        return entry.password, entry.secret
    found: str | None = None
    place = entry.kept if made.keyring and entry.kept is not None else made
    try:
        found = await asyncio.to_thread(stored_password, place, around.home)
    except CredentialsMissing:
        if made.password_file or made.keyring:
            raise
    found = found if found is not None else around.passwords.get(end_of(made).label)
    if found is not None:
        return None, found
    typed = await around.ask(made.name, url)
    if typed is None:
        raise CredentialsMissing("no password was given", hint=f"{around.keys.of('connection.save')} asks again")
    return typed, typed

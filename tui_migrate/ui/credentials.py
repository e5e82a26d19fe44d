"""Passwords while the app runs: asked for in a window, tried by connecting, kept for the sitting alone."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tui_migrate.connection_url import parse_url
from tui_migrate.connections import load, locate
from tui_migrate.errors import AuthenticationFailed, CredentialsMissing
from tui_migrate.plan.model import End, StoreEnd
from tui_migrate.stores.registry import Locator
from tui_migrate.ui.greeting import greet
from tui_migrate.ui.passphrases import has_passphrase
from tui_migrate.ui.screens.dialogs import AskPassword

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


def passwords_of(ends: Iterable[End], typed: Mapping[str, str]) -> dict[str, str]:
    """Give what was typed for these ends, by label: a worker is given no password that it has no use for."""
    labels = {one.label for one in ends}
    return {label: word for label, word in typed.items() if label in labels}


async def have_passwords(app: "MigrateApp", ends: Iterable[End]) -> bool:
    """See to it that each end has its password or passphrase; False where the operator went back from being asked.

    To be awaited in background work. A password that was typed is tried before it is kept; one that the server does
    not take is asked for again. Raises what keeps it from being tried: Unreachable, UsageError.
    """
    for end in ends:
        has_one = has_password(app, end) if isinstance(end, StoreEnd) else has_passphrase(app, end)
        if not await has_one:
            return False
    return True


async def has_password(app: "MigrateApp", end: StoreEnd, *, refused: str = "") -> bool:
    """Do so for one end. `refused` is what the server has said against the password there is: another is asked for."""
    session, problem = app.session, refused
    known = await asyncio.to_thread(load, session.home)
    connection = known.get(end.connection)
    try:
        await asyncio.to_thread(locate, end, session.home, session.passwords)
    except CredentialsMissing as error:
        # That there is none where none is kept is no news to whoever is being asked for it.
        is_kept = connection is not None and not connection.asks
        problem = problem or (error.message if is_kept else "")
    else:
        if not refused:
            return True
    url = parse_url(connection.url if connection is not None else end.url)
    while url.needs_password:
        password = await app.push_screen_wait(AskPassword(end.label, url.hosts, url.user, problem=problem))
        if password is None:
            return False
        try:
            await greet(Locator(url.text, end.database, password, end.connection), session.clock())
        except AuthenticationFailed as error:
            problem = error.message
        else:
            session.passwords[end.label] = password
            return True
    return True

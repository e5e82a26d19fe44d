"""Connecting to a database, read-only and with a time limit, to see who answers."""

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tui_migrate.connection_url import parse_url
from tui_migrate.errors import Unreachable
from tui_migrate.redaction import printable
from tui_migrate.stores.opened import opened
from tui_migrate.stores.registry import Locator, open_source
from tui_migrate.ui.look import CONNECT_SECONDS, Fault

SLOW_SECONDS: Final = 5.0
"""After so long a screen says how long it has been waiting."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Who answered at `at` (seconds since 1970): the server's version, its addresses, the user, how long that took.

    `fault` is why nobody did.
    """

    at: float
    version: str = ""
    addresses: tuple[str, ...] = ()
    user: str = ""
    milliseconds: int = 0
    fault: Fault | None = None

    def words(self) -> str:
        """Say it in one line."""
        if self.fault is not None:
            return self.fault.message
        return f"version {self.version or 'unknown'}, {self.milliseconds:,} ms, {self.who()}"

    def who(self) -> str:
        """Say as whom we were there."""
        return f"as {self.user}" if self.user else "without a user"


async def greet(locator: Locator, at: float) -> Greeting:
    """Connect and say who answered. Raises Unreachable, AuthenticationFailed, NotAuthorised, UsageError."""
    url = parse_url(locator.url)
    where = printable(f"{locator.name} ({url.hosts})" if locator.name else url.hosts)
    async with opened(partial(open_source, replace(locator, is_patient=False))) as source:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                identity = await source.identity()
                begin = time.monotonic()
                await source.collections(())
        except TimeoutError:
            raise Unreachable(
                f"{where} has not answered within {CONNECT_SECONDS:.0f} s",
                hint="check host and port, and what lies between",
            ) from None
        return Greeting(
            at=at,
            version=printable(source.capabilities.server_version),
            addresses=tuple(sorted(map(printable, identity.addresses))),
            user=printable(url.user),
            milliseconds=round((time.monotonic() - begin) * 1000),
        )

"""Looking at the ends of a plan: who answers, how fast, and what is there. Nothing here writes, nothing waits for ever.

Each look gives frozen values, the next one whenever more is known, to whoever asked; none of it knows the screen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Final

from tui_migrate import connections
from tui_migrate.connection_url import parse_url
from tui_migrate.connections import Connection
from tui_migrate.errors import (
    AuthenticationFailed,
    CredentialsMissing,
    TuiMigrateError,
    Unreachable,
    WrongKey,
)
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.package import Package, SeveralDatabases
from tui_migrate.paths import Home
from tui_migrate.plan.ends import open_source
from tui_migrate.plan.model import End, PackageEnd, StoreEnd
from tui_migrate.plan.presence import is_there
from tui_migrate.redaction import printable, redact
from tui_migrate.stores.base import CollectionInfo, Hosting, Identity, Source
from tui_migrate.stores.opened import opened
from tui_migrate.ui.next_steps import app_words

CONNECT_SECONDS: Final = 20.0
LIST_SECONDS: Final = 120.0


class LookState(Enum):
    """How far a look, a count or a check is."""

    CONNECTING = "connecting"
    READING = "reading"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_pending(self) -> bool:
        """True while it is under way."""
        return self in (LookState.CONNECTING, LookState.READING)


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, to what, and what to do next, in the app's words.

    `wants_password` where typing one may help, `databases` where one of them has to be chosen.
    """

    message: str
    hint: str = ""
    wants_password: bool = False
    databases: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"{self.message} — {self.hint}" if self.hint else self.message

    @classmethod
    def of(cls, error: TuiMigrateError) -> "Fault":
        """Put an error as it may stand on the screen."""
        wants_password = isinstance(error, (CredentialsMissing, AuthenticationFailed, WrongKey))
        databases = error.databases if isinstance(error, SeveralDatabases) else ()
        message, hint = (printable(redact(app_words(one))) for one in (error.message, error.hint))
        return cls(message, hint, wants_password, databases)


@dataclass(frozen=True, slots=True)
class EndLook:
    """What is known of an end. `at` is when the look began, or ended where it has (seconds since 1970).

    `form` is what a package turned out to be, None for a database. `is_there` is false where the server says that it
    has no such database.
    """

    end: End
    state: LookState
    at: float
    version: str = ""
    ping_ms: float = 0.0
    identity: Identity | None = None
    collections: tuple[CollectionInfo, ...] = ()
    fault: Fault | None = None
    form: PackageForm | None = None
    is_there: bool = True

    @property
    def documents(self) -> int:
        """Documents of all collections, estimated."""
        return sum(one.documents for one in self.collections)

    @property
    def size(self) -> int:
        """Bytes of all collections, estimated."""
        return sum(one.size for one in self.collections)


@dataclass(frozen=True, slots=True)
class ConnectionsRead:
    """The named connections, or why their file cannot be read."""

    connections: Mapping[str, Connection]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open an end: the home, the passwords that were typed, and the clock of the time-stamps."""

    home: Home
    passwords: Mapping[str, str] = field(repr=False)
    clock: Callable[[], float]

    @asynccontextmanager
    async def source(self, end: End) -> AsyncIterator[Source]:
        """Open an end to look at, and close it. A server that turns us away is not waited for: somebody watches."""
        async with opened(partial(open_source, end, self.home, self.passwords, is_patient=False)) as source:
            yield source


async def look_at_end(end: End, opening: Opening, report: Callable[[EndLook], object]) -> None:
    """Connect, then list what is there; say each time what is known by now. Faults are reported, not raised."""
    known = EndLook(end, LookState.CONNECTING, opening.clock())
    report(known)
    try:
        async with opening.source(end) as source:
            if isinstance(source, Package):
                known = await _look_into(source, known)
                report(known)
                found = await source.collections()  # may have to read all of it, however long that takes
            else:
                known = await _greet(source, known)
                report(known)
                async with patience(LIST_SECONDS, f"{place_words(end)} has not listed its collections"):
                    found = await source.collections()
                    known = replace(known, is_there=bool(found) or await is_there(source, end))
        report(replace(known, state=LookState.DONE, collections=found, at=opening.clock()))
    except* TuiMigrateError as group:
        fault = Fault.of(first_error(group))
        report(replace(known, state=LookState.FAILED, fault=fault, at=opening.clock()))


async def databases_of(end: StoreEnd, opening: Opening) -> tuple[str, ...] | Fault:
    """Name the databases of the server that an end is on, or say why they are not known."""
    try:
        slow = f"{host_words(end)} has not listed its databases"
        async with opening.source(end) as source, patience(CONNECT_SECONDS, slow):
            return await source.databases() if isinstance(source, Hosting) else ()
    except (TuiMigrateError, BaseExceptionGroup) as error:
        return Fault.of(first_error(error))


async def form_of(source: Source) -> PackageForm | None:
    """Say what form a package has; None of a database."""
    return await source.form() if isinstance(source, Package) else None


async def _greet(source: Source, known: EndLook) -> EndLook:
    async with patience(CONNECT_SECONDS, f"{place_words(known.end)} has not answered"):
        identity = await source.identity()
        ping = await _ping(source)
    version = source.capabilities.server_version
    return replace(known, state=LookState.READING, version=version, ping_ms=ping, identity=identity)


async def _look_into(package: Package, known: EndLook) -> EndLook:
    form, identity = await package.form(), await package.identity()
    version = package.capabilities.server_version
    return replace(known, state=LookState.READING, version=version, identity=identity, form=form)


async def read_connections(home: Home) -> ConnectionsRead:
    """Read the connections' file."""
    try:
        return ConnectionsRead(await asyncio.to_thread(connections.load, home))
    except TuiMigrateError as error:
        return ConnectionsRead({}, Fault.of(error))


async def resolve(text: str, home: Home, database: str = "") -> tuple[StoreEnd, str | None] | Fault:
    """Find the end that a user means, and a password that stood in it; or say what is wrong with the text."""
    try:
        return await asyncio.to_thread(connections.parse_end, text, home, database=database)
    except TuiMigrateError as error:
        return Fault.of(error)


def place_words(end: End) -> str:
    """Name an end shortly: `shop on staging`, `shop on db1.example:27017`, `package /backups/shop`."""
    if isinstance(end, PackageEnd):
        return f"package {printable(end.path)}"
    return f"{printable(end.database)} on {printable(host_words(end))}"


def host_words(end: StoreEnd) -> str:
    """The name of the connection, or the hosts of the URL: what is to be typed for a target in production."""
    return end.connection or parse_url(end.url).hosts


def first_error(error: BaseException) -> TuiMigrateError:
    """Give the error of our tree that a group holds; raises the group where there is none."""
    rest = [error]
    while rest:
        one = rest.pop(0)
        if isinstance(one, TuiMigrateError):
            return one
        if isinstance(one, BaseExceptionGroup):
            rest.extend(one.exceptions)
    raise error


@asynccontextmanager
async def patience(seconds: float, what: str) -> AsyncIterator[None]:
    """Wait so long at most. Raises Unreachable, which says `what` has not been done by then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Unreachable(f"{what} within {seconds:.0f} s", hint="check the server and the line") from None


async def _ping(source: Source) -> float:
    """Milliseconds that the shortest question takes; asking for no collection is one round trip."""
    clock = asyncio.get_running_loop().time
    began = clock()
    await source.collections(())
    return (clock() - began) * 1000

"""The connection to one MongoDB deployment: what of the URL holds, and what the server says it is."""

import asyncio
import logging
import threading
import uuid
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.saslprep import saslprep

from tui_migrate.errors import CredentialsMissing, TuiMigrateError, UsageError
from tui_migrate.stores.mongodb.failures import failure, is_turned_away, one_line, translated

Result = TypeVar("Result")

SELECTION_MS: Final = 10_000
KNOCK_SECONDS: Final = 2.0
"""How long a server may turn somebody away who does not wait for it: the driver tries again every half second."""

CONNECT_MS: Final = 10_000
SOCKET_MS: Final = 90_000
WRITE_MS: Final = 60_000
"""The longest that a server works on one write; below the socket's time-out, so that the server answers first."""

CLOSE_SECONDS: Final = 2.0
"""How long a server is told, at the end, what is not needed any more: its own time-outs see to that where it is silent.
"""

LONG_SECONDS: Final = 6 * 3600
"""The longest that counting a collection or building its indexes may take."""

WATCH_SECONDS: Final = 30.0
"""How often, meanwhile, the server is asked whether it is still there."""

_KEEPS_EMPTY_TIMESTAMPS: Final = (8, 0)
"""First version whose every release knows `bypassEmptyTsReplacement` (SERVER-88750; 5.0 to 7.0 got it in a patch)."""

_HAS_BSON_SIZE: Final = (4, 4)
"""First version with `$bsonSize`, and with expressions in a find's projection."""

_OVERRIDDEN: Final[Mapping[str, frozenset[str]]] = {
    "w": frozenset(("majority",)),
    "journal": frozenset(("true",)),
    "wtimeoutms": frozenset(),
    "readconcernlevel": frozenset(("majority",)),
    "readpreference": frozenset(("primary",)),
    "retrywrites": frozenset(("false",)),
    "timeoutms": frozenset(),
}
"""URL options that a target does not follow, each with the values that say the same as we do."""

_OVERRIDDEN_AT_SOURCE: Final = frozenset(("timeoutms",))

_SASL_PREPARED: Final = frozenset(("SCRAM-SHA-256", "DEFAULT"))
"""Mechanisms by which a password is prepared as RFC 4013 says."""

# What the driver logs is for whoever set a log up: without one Python would write tracebacks to the terminal.
logging.getLogger("pymongo").addHandler(logging.NullHandler())

_WARNINGS: Final = threading.Lock()
"""Held while the process-wide filters of warnings are others: two threads at once would put back the wrong ones."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a server said of itself: version, members, and the limits of one message."""

    version: str
    hosts: frozenset[str]
    is_sharded: bool
    has_transactions: bool
    max_document: int
    max_message: int
    max_batch: int
    keeps_empty_timestamps: bool
    has_bson_size: bool = False


class Link:
    """A client for one database, its write session and lock, and what is known of the server."""

    def __init__(
        self,
        url: str,
        database: str,
        password: str | None,
        *,
        as_source: bool,
        name: str = "",
        is_patient: bool = True,
    ) -> None:
        """Build the client without I/O.

        Raises UsageError for a URL that cannot be used, CredentialsMissing for a password that none can be.
        """
        self.scheme, self._hosts, given, query = _parts(url)
        # As messages call the server: by the name that the operator knows, where there is one.
        self.address = f"{name} ({self._hosts})" if name else self._hosts
        pairs = parse_qsl(query.replace(";", "&"), keep_blank_values=True)  # the driver takes either between options
        options = {name.lower(): value for name, value in pairs}
        self.overridden = _overridden(options, as_source=as_source)
        self._as_source = as_source
        self._options = options
        self._knocks = not is_patient and "serverselectiontimeoutms" not in options
        # The name this very client goes by at the server: by it one that died is told from all others.
        self.application = f"tui-migrate {uuid.uuid4().hex[:12]}"
        _refuse_unsayable(self.address, password if password is not None else given, options)
        self._client = _client(url, options, password, self.application)
        patience = self._client.options.pool_options.socket_timeout
        self.write_ms = min(WRITE_MS, int(patience * 1000)) if patience else WRITE_MS
        self._connecting = asyncio.Lock()
        self._deployment: Deployment | None = None
        self._session: AsyncClientSession | None = None
        self.writing = asyncio.Lock()
        self.bypasses_empty_timestamps = False
        with translated(self.address, "opening the database"):
            self.database = self._client.get_database(database)
        self.reading = self.database.with_options(
            read_preference=self._client.read_preference if as_source else ReadPreference.PRIMARY
        )

    @property
    def known(self) -> Deployment | None:
        """What the server said, once it was asked."""
        return self._deployment

    @property
    def seeds(self) -> frozenset[str]:
        """The addresses that the URL names; of an SRV name, none."""
        return frozenset(() if self.scheme.endswith("srv") else self._hosts.split(","))

    @property
    def round_trip(self) -> float | None:
        """Seconds to the nearest server and back, as the driver's own monitors measure them; None before they did."""
        servers = self._client.topology_description.server_descriptions().values()
        return min((one.round_trip_time for one in servers if one.round_trip_time is not None), default=None)

    @property
    def nodes(self) -> frozenset[str]:
        """The addresses connected to."""
        return frozenset(host if port is None else f"{host}:{port}" for host, port in self._client.nodes)

    @property
    def session(self) -> AsyncClientSession:
        """The session that all writes run in; there once the server was asked what it is."""
        if self._session is None:
            self._session = self._client.start_session(causal_consistency=False)
        return self._session

    @property
    def session_id(self) -> bytes:
        """The 16 bytes that name the write session at the server, empty before the first call."""
        return b"" if self._deployment is None else bytes(self.session.session_id["id"])

    @property
    def admin(self) -> AsyncDatabase[RawBSONDocument]:
        """The database in which commands to the whole server run."""
        return self._client.admin

    @property
    def config(self) -> AsyncDatabase[RawBSONDocument]:
        """The database in which a sharded cluster keeps its metadata."""
        return self._client.get_database("config")

    async def collection(self, name: str) -> AsyncCollection[RawBSONDocument]:
        """A collection to read from: a source as its URL says, a target from the primary what a majority has."""
        deployment = await self.deployment()
        concern = ReadConcern("majority" if deployment.has_transactions else None)
        if self._as_source and "readconcernlevel" in self._options:
            concern = self._client.read_concern
        with translated(self.address, f"opening {name}"):
            return self.reading.get_collection(name, read_concern=concern)

    async def deployment(self) -> Deployment:
        """Ask the server what it is, once. Raises Unreachable, AuthenticationFailed."""
        async with self._connecting:
            if self._deployment is None:
                with translated(self.address, "connecting"):
                    hello, build = await (self._knock() if self._knocks else self._ask())
                self._deployment = _deployment(hello, build)
                self.bypasses_empty_timestamps = self._deployment.keeps_empty_timestamps
        return self._deployment

    async def _ask(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return await self.admin.command("hello"), await self.admin.command("buildInfo")

    async def _knock(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Ask, but raise soon what the driver would at last, where all servers turn us away: slow ones may be so."""
        task = asyncio.create_task(self._ask())
        try:
            if not (await asyncio.wait((task,), timeout=KNOCK_SECONDS))[0]:
                servers = self._client.topology_description.server_descriptions().values()
                faults = [one.error for one in servers if one.error is not None and is_turned_away(one.error)]
                if faults and len(faults) == len(servers):
                    raise faults[0]
            return await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def long(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Wait LONG_SECONDS for a call, but only while the server answers others. Raises what pymongo raises."""

        async def patient() -> Result:
            with pymongo.timeout(LONG_SECONDS):
                return await call()

        task = asyncio.create_task(patient())
        try:
            while not (await asyncio.wait((task,), timeout=WATCH_SECONDS))[0]:
                await self.admin.command("ping")
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End the session and close the connections, of a server that is silent too. Never raises."""
        try:
            with pymongo.timeout(CLOSE_SECONDS):
                if self._session is not None:
                    await self._session.end_session()
                await self._client.close()
        except (PyMongoError, OSError):
            return


def _parts(url: str) -> tuple[str, str, str | None, str]:
    """Give scheme, hosts, password (None where there is none) and options as they stand in a URL.

    As the driver cuts it: `urlsplit` ends at a `#`, and fails for a `[` in a user name.
    """
    scheme, _, rest = url.partition("://")
    path, _, query = rest.partition("?")
    user, _, hosts = path.partition("/")[0].rpartition("@")
    _, colon, password = user.partition(":")
    return scheme, hosts, password if colon else None, query


def _client(
    url: str, options: Mapping[str, str], password: str | None, application: str
) -> AsyncMongoClient[RawBSONDocument]:
    settings: dict[str, Any] = {
        "appname": application,
        "document_class": RawBSONDocument,
        "retryWrites": False,
        "timeoutMS": None,
        "w": "majority",
        "journal": True,
    }
    limits = {"serverSelectionTimeoutMS": SELECTION_MS, "connectTimeoutMS": CONNECT_MS, "socketTimeoutMS": SOCKET_MS}
    limits["waitQueueTimeoutMS"] = SELECTION_MS
    if "servermonitoringmode" not in options:
        settings["serverMonitoringMode"] = "poll"  # the other mode keeps a second line open to every server
    if "retryreads" not in options:
        settings["retryReads"] = False  # whoever drives a run tries again, and says so
    settings |= {name: value for name, value in limits.items() if name.lower() not in options}
    if password is not None:
        settings["password"] = password
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return AsyncMongoClient(url, **settings)
        except (PyMongoError, UserWarning, ValueError, OSError) as error:
            raise _unusable(url, error) from None


def _refuse_unsayable(address: str, password: str | None, options: Mapping[str, str]) -> None:
    """Raise CredentialsMissing for a password that RFC 4013 (SASLprep) leaves nothing of, or forbids.

    The driver meets it in the middle of its conversation with the server, and fails as if it were at fault itself.
    """
    hint = "give the password anew, by the keyboard or from where it is kept"
    if password == "":
        raise CredentialsMissing(f"the password for {address} is empty", hint=hint)
    if password is None or options.get("authmechanism", "SCRAM-SHA-256").upper() not in _SASL_PREPARED:
        return
    try:
        saslprep(unquote(password))
    except (ValueError, IndexError):
        message = f"the password for {address} has a character that no password may have, such as one not to be seen"
        raise CredentialsMissing(message, hint=hint) from None


def _unusable(url: str, error: Exception) -> TuiMigrateError:
    """Say why a URL cannot be used; not in the driver's words where those could quote a piece of a password."""
    hint = "check its host, port and options, and percent-encode reserved characters"
    user, _, rest = url.partition("://")[2].rpartition("@")
    if "@" in user or ":" in user or "@" in rest:
        return UsageError("the URL cannot be used as it is given", hint=hint)
    if isinstance(error, PyMongoError):
        return failure(error, rest.partition("/")[0] or "the URL", "opening")
    return UsageError(f"the URL cannot be used: {one_line(str(error))}", hint=hint)


def _overridden(options: Mapping[str, str], *, as_source: bool) -> tuple[str, ...]:
    return tuple(
        f"{name}={one_line(value)}"
        for name, value in options.items()
        if name in _OVERRIDDEN
        and value.lower() not in _OVERRIDDEN[name]
        and (not as_source or name in _OVERRIDDEN_AT_SOURCE)
    )


def _deployment(hello: Mapping[str, Any], build: Mapping[str, Any]) -> Deployment:
    is_sharded = hello.get("msg") == "isdbgrid"
    version = str(build.get("version", ""))
    return Deployment(
        version=version,
        hosts=frozenset(
            str(host).lower() for name in ("hosts", "passives", "arbiters") for host in hello.get(name, ())
        ),
        is_sharded=is_sharded,
        has_transactions=is_sharded or "setName" in hello,
        max_document=int(hello.get("maxBsonObjectSize", 16 * 1024 * 1024)),
        max_message=int(hello.get("maxMessageSizeBytes", 48_000_000)),
        max_batch=int(hello.get("maxWriteBatchSize", 100_000)),
        keeps_empty_timestamps=tuple(build.get("versionArray", ()))[:2] >= _KEEPS_EMPTY_TIMESTAMPS,
        has_bson_size=tuple(build.get("versionArray", ()))[:2] >= _HAS_BSON_SIZE,
    )

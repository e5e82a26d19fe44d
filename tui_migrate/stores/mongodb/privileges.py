"""What the user of a connection may do, from what `connectionStatus` lists of its privileges.

Which resource of a privilege covers which collection is in MongoDB's manual, “Resource Document”, but for one thing
that only the server's source has (`buildResourceSearchList` in `authorization_session_impl.cpp`): “all databases” does
not mean `local` and `config`.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pymongo.errors import OperationFailure

from tui_migrate.stores.mongodb import roles
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import NOT_TO_BE_HAD, translated
from tui_migrate.stores.mongodb.roles import Role
from tui_migrate.stores.mongodb.writing import LENIENT
from tui_migrate.stores.permissions import Action, Permission

ASKING_MS: Final = 10_000
"""The longest that the server may take to answer."""

FRESH_SECONDS: Final = 5.0
"""For how long an answer holds."""

ANY_ACTION: Final = "anyAction"
"""By which the server lists a privilege that holds all actions."""

_OF_THE_SERVER: Final = frozenset(("local", "config"))


class Scope(Enum):
    """What kind of thing a resource is."""

    COLLECTIONS = "collections"
    CLUSTER = "cluster"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Resource:
    """What a privilege is for, or what an operation is on.

    Of a privilege an empty `database` is all of them, and an empty `collection` all that are not the server's own; of
    an operation an empty `collection` is the database as such.
    """

    scope: Scope
    database: str = ""
    collection: str = ""

    def covers(self, other: "Resource") -> bool:
        """Say whether a privilege for this is one for that, which an operation is on."""
        if self.scope is not Scope.COLLECTIONS or other.scope is not Scope.COLLECTIONS:
            return self.scope in (Scope.EVERYTHING, other.scope)
        if self.collection:
            return self.collection == other.collection and self.database in ("", other.database)
        if other.is_of_the_server:
            return False
        return self.database == other.database if self.database else other.database not in _OF_THE_SERVER

    @property
    def is_of_the_server(self) -> bool:
        """True of a collection that is only covered by its name."""
        is_replication = self.database == "local" and self.collection.startswith("replset.")
        return is_replication or self.collection.startswith("system.")


@dataclass(frozen=True, slots=True)
class Privilege:
    """Actions that a user may do on a resource."""

    resource: Resource
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection may do. `is_open` where it has no user: a server that lets such a one look asks for none."""

    is_open: bool
    privileges: tuple[Privilege, ...] = ()
    roles: tuple[Role, ...] = ()

    def permission(self, resource: Resource, action: Action) -> Permission:
        """Say whether the action may be done on a resource.

        A user without any privilege could not look at a collection: a server that lists none does not tell, and only
        the names of the user's roles may.
        """
        if self.is_open:
            return Permission.GRANTED
        if not self.privileges:
            return roles.permission(self.roles, resource.database, action)
        return Permission.GRANTED if grants(self.privileges, resource, action) else Permission.DENIED


def grants(privileges: Iterable[Privilege], resource: Resource, action: str) -> bool:
    """Say whether one of these privileges holds the action for the resource."""
    wanted = {action, ANY_ACTION}
    return any(not wanted.isdisjoint(one.actions) and one.resource.covers(resource) for one in privileges)


class Asked:
    """What was asked of one connection lately: a preflight asks about many actions in a moment."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._access: Access | None = None
        self._at = 0.0

    async def access(self, link: Link) -> Access:
        """Give what the connection may do, as it was no more than FRESH_SECONDS ago."""
        async with self._lock:
            if self._access is None or time.monotonic() - self._at > FRESH_SECONDS:
                self._access, self._at = await _ask(link), time.monotonic()
            return self._access


async def permissions(link: Link, asked: Asked, action: Action, collections: Collection[str]) -> dict[str, Permission]:
    """Ask what the user may do on each of these collections. Raises Unreachable, AuthenticationFailed."""
    access = await asked.access(link)
    database = link.database.name
    return {one: access.permission(Resource(Scope.COLLECTIONS, database, one), action) for one in collections}


async def _ask(link: Link) -> Access:
    command = {"connectionStatus": 1, "showPrivileges": True, "maxTimeMS": ASKING_MS}
    with translated(link.address, "asking what the user may do"):
        try:
            reply = await link.reading.command(
                command, read_preference=link.reading.read_preference, codec_options=LENIENT
            )
        except OperationFailure as error:
            if error.code not in NOT_TO_BE_HAD:
                raise
            return Access(is_open=False)
    return parse_access(reply)


def parse_access(reply: Mapping[str, Any]) -> Access:
    """Read the answer to `connectionStatus`; what is not understood of it grants nothing."""
    info = reply.get("authInfo")
    users = info.get("authenticatedUsers") if isinstance(info, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(users, list):
        return Access(is_open=False)
    listed = info.get("authenticatedUserPrivileges")
    found = map(_privilege, listed if isinstance(listed, list) else ())
    named = tuple(roles.parse_roles(info.get("authenticatedUserRoles")))
    return Access(is_open=not users, privileges=tuple(one for one in found if one is not None), roles=named)


def _privilege(entry: object) -> Privilege | None:
    if not isinstance(entry, Mapping):
        return None
    resource, actions = _resource(entry.get("resource")), entry.get("actions")
    if resource is None or not isinstance(actions, list):
        return None
    return Privilege(resource, frozenset(one for one in actions if isinstance(one, str)))


def _resource(entry: object) -> Resource | None:
    """Read a resource; one of another form (`system_buckets`) is none that is asked about here."""
    if not isinstance(entry, Mapping):
        return None
    if entry.get("anyResource") is True:
        return Resource(Scope.EVERYTHING)
    if entry.get("cluster") is True:
        return Resource(Scope.CLUSTER)
    database, collection = entry.get("db"), entry.get("collection")
    if isinstance(database, str) and isinstance(collection, str):
        return Resource(Scope.COLLECTIONS, database, collection)
    return None

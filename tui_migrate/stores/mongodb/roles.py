"""What MongoDB's own roles allow, for servers that name a user's roles and list no privileges.

From MongoDB's manual, “Built-In Roles”, as far as it concerns the actions that are asked about.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tui_migrate.stores.permissions import Action, Permission

_READ: Final = frozenset((Action.FIND, Action.LIST_COLLECTIONS))
_DEFINE: Final = frozenset((
    Action.CREATE_COLLECTION,
    Action.DROP_COLLECTION,
    Action.RENAME_COLLECTION,
    Action.CREATE_INDEX,
    Action.DROP_INDEX,
    Action.MODIFY_COLLECTION,
    Action.LIST_COLLECTIONS,
))  # fmt: skip
_READ_WRITE: Final = _READ | _DEFINE | {Action.INSERT, Action.UPDATE, Action.REMOVE}
_ADMIN: Final = _DEFINE | {Action.BYPASS_VALIDATION}
_NOTHING: Final = frozenset[Action]()

_OF_ONE_DATABASE: Final[Mapping[str, frozenset[Action]]] = {
    "read": _READ,
    "readWrite": _READ_WRITE,
    "dbAdmin": _ADMIN,
    "dbOwner": _READ_WRITE | _ADMIN,
    "userAdmin": _NOTHING,
}
_OF_ALL: Final[Mapping[str, frozenset[Action]]] = {
    "readAnyDatabase": _READ,
    "readWriteAnyDatabase": _READ_WRITE,
    "dbAdminAnyDatabase": _ADMIN,
    "root": frozenset(Action),
    "backup": _READ,
    "restore": _ADMIN | {Action.INSERT},
    "userAdminAnyDatabase": _NOTHING,
    "clusterMonitor": _NOTHING,
    "clusterManager": _NOTHING,
    "hostManager": _NOTHING,
    "clusterAdmin": _NOTHING,
}
"""These are kept in `admin`; there they are for every database."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a user, and the database that it is kept in."""

    name: str
    database: str

    def allows(self, database: str) -> frozenset[Action] | None:
        """Give what it allows on the collections of a database; None of a role that is none of MongoDB's own."""
        if self.database == "admin" and self.name in _OF_ALL:
            return _OF_ALL[self.name]
        of_one = _OF_ONE_DATABASE.get(self.name)
        return of_one if of_one is None or self.database == database else _NOTHING


def permission(roles: Iterable[Role], database: str, action: Action) -> Permission:
    """Say what follows from a user's roles.

    That a validator may not be bypassed does not follow: servers that list no privileges differ in that.
    """
    allowed = [one.allows(database) for one in roles]
    if any(one is not None and action in one for one in allowed):
        return Permission.GRANTED
    if not allowed or None in allowed or action is Action.BYPASS_VALIDATION:
        return Permission.UNTOLD
    return Permission.DENIED


def parse_roles(listed: object) -> Iterator[Role]:
    """Read the roles in the answer to `connectionStatus`; one of another form is named as nobody's."""
    for entry in listed if isinstance(listed, list) else ():
        name, database = (entry.get("role"), entry.get("db")) if isinstance(entry, Mapping) else (None, None)
        yield Role(name, database) if isinstance(name, str) and isinstance(database, str) else Role("", "")

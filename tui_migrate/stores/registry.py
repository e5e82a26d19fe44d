"""Which store serves which URL. A store's module, and with it its driver, is imported when it is first opened."""

from dataclasses import dataclass, field

from tui_migrate.errors import UsageError
from tui_migrate.stores.base import Source, Target
from tui_migrate.stores.readonly import ReadOnly


@dataclass(frozen=True, slots=True)
class Locator:
    """What it takes to open a store: a URL without a password, the database, and the password apart.

    `name` is that of the connection, by which messages call the server beside its hosts; empty where it has none. One
    that `is_patient` gives a server that turns it away the time of a restart or an election.
    """

    url: str
    database: str
    password: str | None = field(default=None, repr=False)
    name: str = ""
    is_patient: bool = True


def open_source(locator: Locator) -> Source:
    """Open a store to look at and read from; writes are not to be had from what this gives. No I/O yet."""
    return ReadOnly(_open(locator, as_source=True))


def open_target(locator: Locator) -> Target:
    """Open a store to write to. No I/O yet. Raises UsageError for a URL that no store serves."""
    return _open(locator, as_source=False)


def _open(locator: Locator, *, as_source: bool) -> Target:
    """Open a store; one that is a source only follows the read preference of its URL."""
    scheme = locator.url.partition(":")[0]
    if scheme in ("mongodb", "mongodb+srv"):
        from tui_migrate.stores.mongodb import MongoStore

        return MongoStore(
            locator.url,
            locator.database,
            locator.password,
            as_source=as_source,
            name=locator.name,
            is_patient=locator.is_patient,
        )
    if scheme == "memory":
        from tui_migrate.stores.memory import MemoryStore

        return MemoryStore.at(locator.url, locator.database)
    raise UsageError(
        f"no store serves the scheme {scheme!r}", hint="give a URL that starts with mongodb:// or mongodb+srv://"
    )

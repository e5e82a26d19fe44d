"""Whether a database is there at all: a server shows one that does not exist as one that holds nothing."""

from typing import Final

from tui_migrate.connection_url import parse_url
from tui_migrate.errors import Refused, UsageError
from tui_migrate.plan.model import End, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Hosting, Source

_NAMED: Final = 5
"""Databases of the server that are named beside the one that is not there."""


async def is_there(source: Source, end: End) -> bool:
    """Say whether a database that has no collection is there; where the server does not tell, it may be."""
    return await _others(source, end) is None


async def refuse_absent(source: Source, end: End) -> None:
    """Raise UsageError where the server of an end in which nothing was found says that it has no such database."""
    others = await _others(source, end)
    if others is not None and isinstance(end, StoreEnd):
        raise UsageError(absence_words(end), hint=f"names of databases are case-sensitive; {_listed(others)}")


def absence_words(end: StoreEnd) -> str:
    """Say that a database is not there: `staging has no database shop`."""
    return f"{printable(end.connection or parse_url(end.url).hosts)} has no database {printable(end.database)}"


async def _others(source: Source, end: End) -> tuple[str, ...] | None:
    """Name the databases that are there where this one is not, else give None."""
    if not isinstance(end, StoreEnd) or not isinstance(source, Hosting):
        return None
    try:
        names = await source.databases()
    except Refused:
        return None
    return None if end.database in names else names


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "the server has none yet"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"the server has {', '.join(map(printable, names[:_NAMED]))}{more}"

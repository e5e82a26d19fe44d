"""Which parts of a dump are read: one of its databases, without what belongs to the server that it came from."""

from collections.abc import Iterator, Sequence
from typing import Final

from tui_migrate.errors import Refused, UsageError
from tui_migrate.findings import Severity
from tui_migrate.packages.files import shown
from tui_migrate.packages.package import SeveralDatabases
from tui_migrate.packages.walking import Fault

SYSTEM_DATABASES: Final = ("admin", "config", "local")
USERS: Final = "$admin."
"""How the names begin under which `mongodump --dumpDbUsersAndRoles` puts users and roles beside the collections."""
SYSTEM: Final = "system."
BUCKETS: Final = "system.buckets."
OPLOG: Final = "oplog"

_RESTORE_HINT: Final = "restore it with mongorestore where it is wanted"


def choose_database(there: Sequence[str], wanted: str, where: str) -> str:
    """Choose the database to read: the one that is wanted, or the only one that is not the server's own.

    Raises UsageError where that one is not there, or where there are several and none is wanted; Refused where there is
    none, and for a database of the server's own.
    """
    if wanted and wanted not in there:
        raise UsageError(f"{where} has no database {shown(wanted)}", hint=f"it has {_listed(there)}")
    own = sorted(name for name in there if name not in SYSTEM_DATABASES)
    chosen = [wanted] if wanted else own
    if len(chosen) > 1:
        raise SeveralDatabases(f"{where} has {len(own)} databases", own, hint=f"choose one of them: {_listed(own)}")
    if not chosen or chosen[0] in SYSTEM_DATABASES:
        raise Refused(
            f"{where} has nothing but {_listed(there)}, which belongs to the server it came from"
            if there
            else f"there is no collection in {where}",
            hint="restore it with mongorestore" if there else "give the dump of a database that has collections",
        )
    return chosen[0]


def _listed(names: Sequence[str]) -> str:
    shortened = [shown(name) for name in sorted(names)[:20]]
    return ", ".join(shortened) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def left_out_databases(there: Sequence[str]) -> Iterator[Fault]:
    """Tell of the databases of the server's own that are in the dump."""
    for name in sorted(there):
        if name in SYSTEM_DATABASES:
            yield _left_out("system_left_out", name, "this database belongs to the server it came from")


def left_out(database: str, collection: str) -> Fault | None:
    """Say why a collection is not read, if it is not: what belongs to the server is not imported."""
    subject = f"{database}.{collection}"
    if collection.startswith(USERS):
        return _left_out("users_left_out", subject, "users and roles belong to the server")
    if collection.startswith(BUCKETS):
        return timeseries_left_out(f"{database}.{collection.removeprefix(BUCKETS)}")
    if collection.startswith(SYSTEM):
        return _left_out("system_left_out", subject, "this collection belongs to the server it came from")
    return None


def timeseries_left_out(subject: str) -> Fault:
    """A time-series collection lies in a dump as the server's compressed buckets, which only a server can unpack."""
    return _left_out("timeseries_left_out", subject, "a dump holds time series as the server's own buckets")


def oplog_left_out(where: str) -> Fault:
    """`mongodump --oplog` keeps what was written during the dump beside it, to be applied after."""
    return _left_out("oplog_left_out", where, "what was written while the dump was made is not applied")


def _left_out(code: str, subject: str, why: str) -> Fault:
    return Fault(code, subject, f"{why}: it is left out", _RESTORE_HINT, Severity.WARNING)

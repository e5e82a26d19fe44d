"""Ending what earlier writers have left at work in a MongoDB server, and telling whether anything of it may still be.

`killSessions` ends operations and aborts open transactions of sessions; a user may kill its own without a privilege.
An operation is listed by `currentOp` with the session it runs in, or at least with the name its connection goes by:
some servers list connections alone, each for as long as a command of it is at work. A listing in which the asking
connection does not stand itself is no listing.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from bson.binary import UUID_SUBTYPE, Binary
from pymongo.errors import OperationFailure

from tui_migrate.stores.base import Writer
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import NOT_TO_BE_HAD, translated
from tui_migrate.stores.mongodb.writing import LENIENT

LISTING_MS: Final = 10_000
"""The longest that the server may take to kill or to list."""


async def kill(link: Link, writers: Collection[Writer]) -> bool:
    """Kill the sessions of writers; say whether the server did."""
    sessions = [{"id": Binary(one.session, UUID_SUBTYPE)} for one in writers if one.session]
    if not sessions:
        return True
    with translated(link.address, "ending what an earlier attempt left at work"):
        try:
            await link.admin.command({"killSessions": sessions, "maxTimeMS": LISTING_MS}, codec_options=LENIENT)
        except OperationFailure as error:
            if error.code not in NOT_TO_BE_HAD:
                raise
            return False
    return True


async def may_be_writing(link: Link, writers: Collection[Writer]) -> bool:
    """Say whether an operation of these writers is listed, or the server does not tell."""
    listed = await _listed(link)
    if listed is None or not any(_application(one) == link.application for one in listed):
        return True
    sessions = {one.session for one in writers if one.session}
    applications = {one.application for one in writers if one.application}
    return any(_application(one) in applications or _session(one) in sessions for one in listed)


async def _listed(link: Link) -> list[Mapping[str, Any]] | None:
    """List what is at work, of all users or at least of this one; None where the server does not let us."""
    for scope in ({}, {"$ownOps": True}):
        command = {"currentOp": 1, **scope, "maxTimeMS": LISTING_MS}
        with translated(link.address, "asking what is at work"):
            try:
                reply = await link.admin.command(command, codec_options=LENIENT)
            except OperationFailure as error:
                if error.code not in NOT_TO_BE_HAD:
                    raise
            else:
                return [one for one in reply.get("inprog", ()) if isinstance(one, Mapping)]
    return None


def _session(operation: Mapping[str, Any]) -> bytes:
    session = operation.get("lsid")
    identifier = session.get("id") if isinstance(session, Mapping) else None
    return bytes(identifier) if isinstance(identifier, bytes) else b""


def _application(operation: Mapping[str, Any]) -> str:
    """The name a connection goes by, which not every server lifts out of the client's metadata."""
    found = operation.get("appName")
    metadata = operation.get("clientMetadata")
    if found is None and isinstance(metadata, Mapping):
        application = metadata.get("application")
        found = application.get("name") if isinstance(application, Mapping) else None
    return found if isinstance(found, str) else ""

"""What is in a MongoDB database: collections and views with their options, indexes and estimated sizes."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from tui_migrate.definitions import field, without
from tui_migrate.documents import pack
from tui_migrate.stores.base import CollectionInfo, CollectionKind
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import NAMESPACE_NOT_FOUND, translated
from tui_migrate.stores.mongodb.writing import LENIENT
from tui_migrate.stores.options import has_simple_order, kind_of

AT_ONCE: Final = 8
"""How many collections are asked about at the same time."""

_EMPTY: Final = pack(b"")
_OF_THE_SERVER: Final = ("admin", "config", "local")


async def collections(link: Link, names: Collection[str] | None) -> tuple[CollectionInfo, ...]:
    """List collections and views in the order of their names; the server's own (`system.*`) are left out."""
    deployment = await link.deployment()
    database = link.reading
    listed = await _listed(link, database, names)
    keys = await _shard_keys(link, list(listed)) if deployment.is_sharded else {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def described(name: str, entry: RawBSONDocument) -> CollectionInfo | None:
        async with turn:
            return await _described(link, database, name, entry, keys.get(name))

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(described(*one)) for one in sorted(listed.items())]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None  # callers look for the error itself, to try again or to show it
    return tuple(info for info in (task.result() for task in tasks) if info is not None)


async def databases(link: Link) -> tuple[str, ...]:
    """Name the databases, as far as the server tells this user. Raises NotAuthorised where it tells nothing."""
    await link.deployment()
    with translated(link.address, "listing the databases"):
        reply = await link.admin.command({"listDatabases": 1, "nameOnly": True}, codec_options=LENIENT)
    names = {str(one["name"]) for one in reply["databases"]}
    return tuple(sorted(names.difference(_OF_THE_SERVER)))


async def uuid_of(link: Link, name: str) -> bytes | None:
    """Give the uuid of a collection, None of a view or where there is none."""
    entry = (await _listed(link, link.database, [name])).get(name)
    return None if entry is None else _uuid(entry)


async def exists(link: Link, name: str) -> bool:
    """Say whether there is a collection or view of this name."""
    return bool(await _listed(link, link.database, [name]))


async def _listed(
    link: Link, database: AsyncDatabase[RawBSONDocument], names: Collection[str] | None
) -> dict[str, RawBSONDocument]:
    """Ask for the raw entries of `listCollections`, by name."""
    command: dict[str, Any] = {"listCollections": 1}
    if names is not None:
        command["filter"] = {"name": {"$in": list(names)}}
    with translated(link.address, f"listing the collections of {database.name}"):
        cursor = await database.cursor_command(command, read_preference=database.read_preference, codec_options=LENIENT)
        entries = [entry async for entry in cursor]
    named = {str(entry["name"]): entry for entry in entries}
    return {name: entry for name, entry in named.items() if not name.startswith("system.")}


async def _described(
    link: Link, database: AsyncDatabase[RawBSONDocument], name: str, entry: RawBSONDocument, shard_key: bytes | None
) -> CollectionInfo | None:
    """Describe one collection, or None where it was dropped meanwhile."""
    options = _part(entry, b"options")
    kind = kind_of(options)
    if kind is CollectionKind.VIEW:
        return CollectionInfo(name, kind, options, simple_order=has_simple_order(options))
    with translated(link.address, f"looking at {name}"):
        try:
            indexes = await _indexes(database, name)
            documents, size = await _size(database, name)
        except OperationFailure as error:
            if error.code == NAMESPACE_NOT_FOUND:
                return None
            raise
    return CollectionInfo(
        name, kind, options, indexes, _uuid(entry), documents, size, has_simple_order(options), shard_key
    )


async def _indexes(database: AsyncDatabase[RawBSONDocument], name: str) -> tuple[bytes, ...]:
    cursor = await database.cursor_command(
        {"listIndexes": name}, read_preference=database.read_preference, codec_options=LENIENT
    )
    return tuple([without(bytes(index.raw), frozenset((b"ns",))) async for index in cursor])


async def _size(database: AsyncDatabase[RawBSONDocument], name: str) -> tuple[int, int]:
    """Estimate documents and bytes; a server that does not tell (no privilege, no such command) counts as empty.

    `collStats` is asked because `$collStats` leaves the size out on some servers.
    """
    try:
        reply = await database.command(
            {"collStats": name}, read_preference=database.read_preference, codec_options=LENIENT
        )
    except OperationFailure:
        try:
            return await database[name].estimated_document_count(), 0
        except OperationFailure:
            return 0, 0
    return _number(reply, "count"), _number(reply, "size")


async def _shard_keys(link: Link, names: list[str]) -> dict[str, bytes]:
    """Ask a sharded cluster for the shard keys of collections; without the privilege there are none to be had."""
    spaces = {f"{link.database.name}.{name}": name for name in names}
    with translated(link.address, "asking for shard keys"):
        try:
            cursor = link.config["collections"].find({"_id": {"$in": list(spaces)}, "dropped": {"$ne": True}})
            entries = [entry async for entry in cursor]
        except OperationFailure:
            return {}
    return {spaces[str(entry["_id"])]: _part(entry, b"key") for entry in entries}


def _part(entry: RawBSONDocument, name: bytes) -> bytes:
    raw = bytes(entry.raw)
    found = field(raw, name)
    return _EMPTY if found is None or found.kind != 0x03 else raw[found.value : found.end]


def _uuid(entry: RawBSONDocument) -> bytes | None:
    info = entry.get("info")
    found = info.get("uuid") if isinstance(info, Mapping) else None
    return bytes(found) if isinstance(found, bytes) and entry.get("type") != "view" else None


def _number(reply: Mapping[str, Any], name: str) -> int:
    value = reply.get(name, 0)
    return int(value) if isinstance(value, (int, float)) else 0

"""Making, renaming and dropping collections, views and indexes of MongoDB, each acknowledged by a majority."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bson.raw_bson import RawBSONDocument
from pymongo.errors import OperationFailure

from tui_migrate.definitions import is_id_index, split_validation
from tui_migrate.errors import Refused, WriteRefused
from tui_migrate.redaction import printable
from tui_migrate.stores.mongodb.client import Link
from tui_migrate.stores.mongodb.failures import (
    DUPLICATE_KEY,
    INDEX_NOT_FOUND,
    NAMESPACE_EXISTS,
    NAMESPACE_NOT_FOUND,
    one_line,
    translated,
    without_values,
)
from tui_migrate.stores.mongodb.listing import exists, uuid_of
from tui_migrate.stores.mongodb.writing import LENIENT, confirm, write_concern

_DEFAULT_VALIDATION: Final = {"validator": {}, "validationLevel": "strict", "validationAction": "error"}


async def create_collection(link: Link, name: str, options: bytes) -> bytes | None:
    """Create a collection or view with raw options and give its uuid.

    Raises Refused where it exists: a server takes the creation of what is there with the same options for a success.
    """
    taken = Refused(f"there is a collection {printable(name)} at {link.address} already", hint="choose another name")
    if await exists(link, name):
        raise taken
    command = {"create": name} | dict(RawBSONDocument(options, LENIENT))
    if await _run(link, command, f"the creation of {name}", expected=(NAMESPACE_EXISTS,)):
        raise taken
    return await uuid_of(link, name)


async def drop_collection(link: Link, name: str) -> None:
    """Drop a collection or view; one that is not there is no error."""
    await _run(link, {"drop": name}, f"the dropping of {name}", expected=(NAMESPACE_NOT_FOUND,))


async def rename_collection(link: Link, name: str, new_name: str) -> None:
    """Rename within the database. Raises Refused where `new_name` exists or `name` does not."""
    database = link.database.name
    command = {"renameCollection": f"{database}.{name}", "to": f"{database}.{new_name}", "dropTarget": False}
    doing = f"the renaming of {name} to {new_name}"
    if await _run(link, command, doing, expected=(NAMESPACE_EXISTS,), in_admin=True):
        raise Refused(
            f"there is a collection {printable(new_name)} at {link.address} already", hint="choose another name"
        )


async def create_indexes(link: Link, name: str, indexes: Sequence[bytes]) -> None:
    """Create indexes from raw specifications, save that on `_id`, however long that takes.

    Raises WriteRefused where documents have the same value of a unique one.
    """
    specifications = [RawBSONDocument(one) for one in indexes if not is_id_index(one)]
    if not specifications:
        return
    command = {"createIndexes": name, "indexes": specifications}
    refusal = await _run(link, command, f"the indexing of {name}", expected=(DUPLICATE_KEY,), is_long=True)
    if refusal is not None:
        said = one_line(without_values(str(refusal)))
        raise WriteRefused(
            f"documents of {printable(name)} at {link.address} do not allow a unique index: {said}",
            hint="remove the duplicates, or leave the index out",
        ) from refusal


async def drop_index(link: Link, name: str, index: str) -> None:
    """Drop one index; one that is not there is no error."""
    command = {"dropIndexes": name, "index": index}
    await _run(link, command, f"the dropping of an index of {name}", expected=(INDEX_NOT_FOUND, NAMESPACE_NOT_FOUND))


async def set_validator(link: Link, name: str, options: bytes) -> None:
    """Set validator, level and action as these options have them; what they do not say is set to the default."""
    _, validation = split_validation(options)
    command = {"collMod": name} | _DEFAULT_VALIDATION | dict(RawBSONDocument(validation, LENIENT))
    await _run(link, command, f"the validator of {name}")


async def _run(
    link: Link,
    command: dict[str, Any],
    doing: str,
    *,
    expected: tuple[int, ...] = (),
    in_admin: bool = False,
    is_long: bool = False,
) -> OperationFailure | None:
    """Run a command in the write session; give the server's refusal where its code is expected, else raise it."""
    await link.deployment()
    database = link.admin if in_admin else link.database
    command["writeConcern"] = write_concern(link)
    if not is_long:
        command["maxTimeMS"] = link.write_ms

    async def send() -> Mapping[str, Any]:
        return await database.command(command, session=link.session, codec_options=LENIENT)

    with translated(link.address, doing):
        try:
            async with link.writing:
                if is_long:
                    reply = await link.long(send)
                else:
                    reply = await send()
        except OperationFailure as error:
            if error.code not in expected:
                raise
            return error
    confirm(link, reply, doing)
    return None

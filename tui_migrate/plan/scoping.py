"""Settling a scope while a plan is made: what is asked for is checked against the source, and written down exactly."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from tui_migrate.catalogs.model import Catalog
from tui_migrate.documents import RawId, id_field, pack
from tui_migrate.errors import Refused, UsageError
from tui_migrate.mapping.edit import fields_of
from tui_migrate.mapping.extended_json import parse_document, possible_ids, write_document, write_value
from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.mapping.new_owner import own_id_field, users_collection
from tui_migrate.mapping.ownership import owned_collections, shared_collections
from tui_migrate.mapping.source import MappedSource
from tui_migrate.mapping.values import parts_of, value_key, values_at
from tui_migrate.redaction import printable
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Searchable, Source

REDACTION_KEY_BYTES: Final = 32
MOST_NAME: Final = 255
"""Bytes of a collection's name; MongoDB's limit of a namespace is 255 bytes with the database's name."""

_DOCUMENT: Final = 0x03
_PATTERN: Final = 0x0B

_HALVES: Final = ((".files", ".chunks"), (".chunks", ".files"))


async def settle(
    scope: Scope, catalog: Catalog | None, source: Source, wanted: Sequence[CollectionInfo], named: Collection[str]
) -> tuple[Scope, list[CollectionInfo]]:
    """Give a scope as a plan keeps it, and of the `wanted` collections what is left, as the target is to get them.

    `named` are the collections that the user asked for by name: none of them is left out silently. Raises UsageError,
    Refused for what cannot be done.
    """
    if scope.is_whole:
        return scope, list(wanted)
    infos = {one.name: one for one in wanted}
    if (scope.owner or scope.owner_to or scope.redact) and catalog is None:
        raise UsageError(
            "--owner, --owner-to and --redact need a catalog, which says what belongs to whom and what is sensitive",
            hint="name one with --catalog; tui-migrate catalog list shows those there are",
        )
    settled = replace(scope, filters=tuple(_settled_filter(one, infos) for one in scope.filters))
    if scope.redact and not scope.redaction_key:
        settled = replace(settled, redaction_key=secrets.token_hex(REDACTION_KEY_BYTES))
    if catalog is not None and (scope.owner or scope.owner_to):
        there = {one.name: one for one in await source.collections()}
        settled = await _settled_owner(settled, catalog, source, there)
        infos = _of_owner(infos, catalog, named) if settled.owner else infos
    check_renames(settled.renames, infos)
    mapped = MappedSource(source, settled, catalog, list(infos))
    return settled, [_of_filter(mapped.described(one), settled, one.name) for one in infos.values()]


def _of_filter(info: CollectionInfo, scope: Scope, name: str) -> CollectionInfo:
    """Reckon with no more documents than a filter of a source's collection names by their `_id`."""
    queries = (one.query for one in scope.filters if one.collection == name)
    counts = [count for query in queries if (count := _ids_named(query)) is not None]
    return replace(info, documents=min(info.documents, *counts)) if counts else info


def _ids_named(query: str) -> int | None:
    """Count the documents that a filter names by their `_id`; None for a filter that goes by anything else."""
    for name, value in fields_of(parse_document(query, "a filter")):
        if name != b"_id":
            continue
        if value[0] != _DOCUMENT:
            return None if value[0] == _PATTERN else 1
        for operator, listed in fields_of(value[1:]):
            if operator == b"$in":
                return sum(1 for _ in fields_of(listed[1:]))
    return None


def _settled_filter(one: Filter, infos: Mapping[str, CollectionInfo]) -> Filter:
    name = printable(one.collection) or repr(one.collection)
    info = infos.get(one.collection)
    if info is None:
        raise UsageError(
            f"there is a filter for {name}, which is not among the collections of the plan",
            hint="names are those of the source, and case-sensitive",
        )
    if info.kind is CollectionKind.VIEW:
        raise UsageError(
            f"{name} is a view, of which the definition is taken and no document",
            hint="filter the collection that it looks at",
        )
    return replace(one, query=write_document(parse_document(one.query, f"the filter of {name}")))


def check_renames(renames: Sequence[Rename], names: Collection[str]) -> None:
    """Raise UsageError, Refused for new names that cannot be, or that are not for one of these collections."""
    to = {one.source: one.target for one in renames}
    if len(to) != len(renames):
        raise UsageError("a collection is renamed twice", hint="give each one new name")
    for one in renames:
        name, new = printable(one.source) or repr(one.source), printable(one.target) or repr(one.target)
        if one.source not in names:
            raise UsageError(
                f"{name} is to be renamed and is not among the collections of the plan",
                hint="names are those of the source, and case-sensitive",
            )
        if why := _why_no_name(one.target):
            raise UsageError(f"{new} is no name of a collection: {why}", hint="choose another")
        if one.target.startswith(("system.", "enxcol_.")):
            raise Refused(f"{new} is a name that belongs to the server", hint="choose another")
    taken: dict[str, str] = {}
    for name in names:
        new = to.get(name, name)
        if new in taken:
            raise Refused(
                f"{printable(taken[new])} and {printable(name)} would both become {printable(new)}",
                hint="choose another name, or leave one of the two out",
            )
        taken[new] = name
    _check_buckets(to, names)


def _why_no_name(name: str) -> str:
    """Say why no server takes a name for a collection (MongoDB's manual, “Naming Restrictions”); empty where it may."""
    if not name:
        return "it is empty"
    for character, what in (("$", "a $"), ("\0", "a null character")):
        if character in name:
            return f"it has {what} in it"
    if len(name.encode()) > MOST_NAME:
        return f"it has more than {MOST_NAME} bytes"
    return "it has a dot at its ends" if name.startswith(".") or name.endswith(".") else ""


def _check_buckets(to: Mapping[str, str], names: Collection[str]) -> None:
    """A GridFS bucket is two collections that are found by their names: they are renamed together."""
    for name in names:
        for mine, other in _HALVES:
            twin = name.removesuffix(mine) + other
            if not name.endswith(mine) or twin not in names:
                continue
            new, twin_new = to.get(name, name), to.get(twin, twin)
            if new.removesuffix(mine) + other != twin_new or not new.endswith(mine):
                raise Refused(
                    f"{printable(name)} and {printable(twin)} are one GridFS bucket and are renamed together",
                    hint=f"as --rename {name}=NEW{mine} --rename {twin}=NEW{other}",
                )


def _of_owner(
    infos: Mapping[str, CollectionInfo], catalog: Catalog, named: Collection[str]
) -> dict[str, CollectionInfo]:
    """Keep what belongs to users, and what of nobody's their documents refer to; of views those that were named."""
    kept = {*owned_collections(catalog, infos), *shared_collections(catalog, infos)}
    for name in named:
        if name in infos and name not in kept and infos[name].kind is not CollectionKind.VIEW:
            raise UsageError(
                f"the catalog {printable(catalog.name)} does not say whose the documents of {printable(name)} are, and"
                " no document of the user refers to them",
                hint="leave the collection out, or give it an owner in a catalog of your own",
            )
    left = {name: one for name, one in infos.items() if name in kept or (name in named)}
    if not left:
        raise UsageError(
            f"the catalog {printable(catalog.name)} knows no owner of any of these collections",
            hint="name another catalog, or leave --owner away",
        )
    return left


async def _settled_owner(scope: Scope, catalog: Catalog, source: Source, there: Mapping[str, CollectionInfo]) -> Scope:
    """Write down which values the ids on the command line mean, by what is found in the source."""
    if scope.owner:
        old = await _find_owner(scope.owner, catalog, source, there)
        scope = replace(scope, owner=write_value(old), owner_from="")
    else:
        # One user's data need not say in each document whose it is: all of it is meant.
        old = await _only_user(catalog, source, there)
        scope = replace(scope, owner_from=write_value(old))
    return replace(scope, owner_to=write_value(_like(scope.owner_to, old))) if scope.owner_to else scope


async def _find_owner(text: str, catalog: Catalog, source: Source, there: Mapping[str, CollectionInfo]) -> RawId:
    """Find the one value that an id means: the users have it, or else a field that says whose a document is."""
    possible = possible_ids(text, "the id of the user")
    places = [(users_collection(catalog), own_id_field(catalog))]
    for name in owned_collections(catalog, there):
        known = catalog.collection(name)
        if known is not None and known.owner is not None and not known.owner.steps:
            places.append((name, known.owner.field))
    for name, field in dict.fromkeys(places):
        info = there.get(name)
        found = await _met(source, info, field, possible) if info is not None else []
        if len(found) > 1:
            ways = " and as ".join(write_value(one) for one in found)
            raise UsageError(
                f"{printable(name)} has the id {printable(text)} as {printable(ways)}: which of them is meant?",
                hint="give the id as Extended JSON, in single quotes for the shell",
            )
        if found:
            return found[0]
    raise UsageError(
        f"no user {printable(text)} is found in the source, nor a document that belongs to one",
        hint='ids are case-sensitive; one of another type is given as Extended JSON, such as \'{"$oid": "…"}\'',
    )


async def _met(source: Source, info: CollectionInfo, field: str, possible: Sequence[RawId]) -> list[RawId]:
    """Give those of some values that a field of a collection has."""
    array = pack(b"".join(id_field(str(place).encode(), one) for place, one in enumerate(possible)))
    where = pack(b"\x03" + field.encode() + b"\x00" + pack(b"\x04$in\x00" + array))
    if isinstance(source, Searchable) and info.simple_order:
        blocks = source.search(info.name, where, order=info.kind.read_order)
    else:
        blocks = source.read(info.name, order=info.kind.read_order)
    waiting = {value_key(one): one for one in possible}
    found: list[RawId] = []
    path = parts_of(field)
    async with aclosing(blocks):
        async for block in blocks:
            for document in block.documents:
                for value in values_at(document, path):
                    if (met := waiting.pop(value_key(value), None)) is not None:
                        found.append(met)
            if not waiting:
                break
    return found


async def _only_user(catalog: Catalog, source: Source, there: Mapping[str, CollectionInfo]) -> RawId:
    """Give the id of the one user whose data the source holds."""
    info = there.get(users_collection(catalog))
    found: dict[bytes, RawId] = {}
    if info is not None:
        path = parts_of(own_id_field(catalog))
        async with aclosing(source.read(info.name, order=info.kind.read_order)) as blocks:
            async for block in blocks:
                found |= {value_key(value): value for one in block.documents for value in values_at(one, path)}
                if len(found) > 1:
                    break
    if len(found) != 1:
        raise UsageError(
            "--owner-to gives one user's documents to another, and whose they are now is not plain:"
            f" the source has {'no' if not found else 'several'} users",
            hint="name the user with --owner",
        )
    return next(iter(found.values()))


def _like(text: str, old: RawId) -> RawId:
    """Give the value that a new owner's id means: one of the type that the old one has, unless its type is said."""
    possible = possible_ids(text, "the id of the new owner")
    if len(possible) == 1 and text[:1] in ("{", '"', "["):
        return possible[0]
    same = [one for one in possible if one[0] == old[0]]
    if not same:
        raise UsageError(
            f"the id {printable(text)} of the new owner cannot be of the type that {write_value(old)} has",
            hint=f"give it as Extended JSON, as {json.dumps(text)} in single quotes for a text",
        )
    return same[0]

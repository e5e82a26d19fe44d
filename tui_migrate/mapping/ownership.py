"""Whose documents are meant: those that the catalog's owner paths lead to one user, and what these refer to.

A collection with an owner path gives the user's documents and no others. One without gives what the chosen documents
refer to, and what that refers to in its turn among such collections: the closure under references. Nothing else is
given, so nothing of another user.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from tui_migrate.catalogs.model import Catalog, Reference
from tui_migrate.documents import RawId, id_field, pack, raw_id
from tui_migrate.mapping.key_sets import KeySets
from tui_migrate.mapping.matching import Matches
from tui_migrate.mapping.paths import candidates
from tui_migrate.mapping.values import NOTHING, parts_of, value_key, values_at
from tui_migrate.stores.base import Block

Read = Callable[[str, bytes | None], AsyncGenerator[Block]]
"""Reads a collection of the source, which may leave out what surely does not match a query."""

MOST_ASKED: Final = 1_000
"""Values that are given to a server to choose by; where there are more, it gives all documents."""

_OWNER: Final = 0
"""The number of the set that holds the owner's id alone."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to belong to the owner: some value of a field is in a set."""

    field: str
    number: int


def owned_collections(catalog: Catalog, names: Iterable[str]) -> list[str]:
    """Give those collections whose documents belong to somebody."""
    return [name for name in names if (known := catalog.collection(name)) is not None and known.owner is not None]


def shared_collections(catalog: Catalog, names: Collection[str]) -> list[str]:
    """Give those collections whose documents belong to nobody, and to which references of owned ones lead."""
    reached = set(owned_collections(catalog, names))
    waiting = list(reached)
    shared: list[str] = []
    while waiting:
        known = catalog.collection(waiting.pop())
        for one in known.references if known is not None else ():
            if one.to in names and one.to not in reached:
                reached.add(one.to)
                waiting.append(one.to)
                shared.append(one.to)
    return shared


class Ownership:
    """Chooses the documents of one owner among `names`, collections of the source.

    `filters` are what else is asked of documents: one that is left out leads to nothing. Nothing is chosen before
    `resolve` was awaited.
    """

    def __init__(self, catalog: Catalog, owner: RawId, names: Collection[str], filters: Mapping[str, Matches]) -> None:
        self._catalog = catalog
        self._owned = owned_collections(catalog, names)
        self._shared = shared_collections(catalog, names)
        self._filters = filters
        self._opened: KeySets | None = None
        self._ways: dict[str, list[_Way]] = {}
        self._chains: dict[tuple[tuple[Reference, ...], str], int] = {}
        self._values: list[list[RawId] | None] = [[owner]]
        self._owner_key = value_key(owner)

    def close(self) -> None:
        """Let go of the sets."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    async def resolve(self, read: Read) -> None:
        """Find out which documents stand on the way to the owner, and which are referred to."""
        for name in self._owned:
            known = self._catalog.collection(name)
            if known is not None and known.owner is not None:
                self._ways[name] = [await self._way(known.owner.steps, known.owner.field, read)]
        self._ways.update((name, []) for name in self._shared)
        for _, one in self._references((*self._owned, *self._shared)):
            if not any(way.field == one.to_field for way in self._ways[one.to]):
                self._ways[one.to].append(_Way(one.to_field, self._new_set()))
        for name in dict.fromkeys(name for name, _ in self._references(self._owned)):
            await _each_block(read(name, self.query(name)), partial(self._take_references, name))
        leading_on = dict.fromkeys(name for name, _ in self._references(self._shared))
        for name in leading_on:
            await _each_block(read(name, None), partial(self._take_links, name))
        if leading_on:
            await asyncio.to_thread(self._sets.reach)
            for way in (way for name in self._shared for way in self._ways[name]):
                self._values[way.number] = None

    def query(self, name: str) -> bytes | None:
        """Give a query that leaves out only what is not chosen, or None where that would be too long a one."""
        return self._query(self._ways.get(name, []))

    def chosen(self, name: str, documents: Sequence[bytes]) -> list[bytes]:
        """Give those of a collection's documents that are the owner's or are referred to. Blocks."""
        return self._chosen(self._ways.get(name, []), documents)

    def _query(self, ways: Sequence[_Way]) -> bytes | None:
        if len(ways) != 1 or (values := self._values[ways[0].number]) is None:
            return None
        array = pack(b"".join(id_field(str(place).encode(), one) for place, one in enumerate(values)))
        return pack(b"\x03" + ways[0].field.encode() + b"\x00" + pack(b"\x04$in\x00" + array))

    def _chosen(self, ways: Sequence[_Way], documents: Sequence[bytes]) -> list[bytes]:
        left = set(range(len(documents)))
        for way in ways:
            path = parts_of(way.field)
            keys = {place: set(map(value_key, _referring(documents[place], path))) for place in left}
            there = self._which(way.number, frozenset[bytes]().union(*keys.values()))
            left -= {place for place in keys if keys[place] & there}
        return [one for place, one in enumerate(documents) if place not in left]

    @property
    def _sets(self) -> KeySets:
        if self._opened is None:
            self._opened = KeySets()
        return self._opened

    async def _way(self, steps: tuple[Reference, ...], field: str, read: Read) -> _Way:
        """Say by which field, and through which parents' keys, documents lead to the owner."""
        if not steps:
            return _Way(field, _OWNER)
        number = self._chains.get((steps, field))
        if number is None:
            parent_ways = [await self._way(steps[1:], field, read)]
            number = self._chains[steps, field] = self._new_set()
            path = parts_of(steps[0].to_field)

            def take(documents: Sequence[bytes]) -> None:
                chosen = self._chosen(parent_ways, documents)
                self._add(number, [value for one in chosen for value in values_at(one, path)])

            await _each_block(read(steps[0].to, self._query(parent_ways)), take)
        return _Way(steps[0].field, number)

    def _references(self, names: Iterable[str]) -> Iterator[tuple[str, Reference]]:
        """Give the references of these collections that lead to shared ones."""
        for name in names:
            known = self._catalog.collection(name)
            for one in known.references if known is not None else ():
                if one.to in self._shared:
                    yield name, one

    def _take_references(self, name: str, documents: Sequence[bytes]) -> None:
        chosen = self.chosen(name, self._filtered(name, documents))
        for _, reference in self._references([name]):
            path, number = parts_of(reference.field), self._number(reference)
            self._add(number, [value for one in chosen for value in values_at(one, path)])

    def _take_links(self, name: str, documents: Sequence[bytes]) -> None:
        named: list[tuple[int, bytes, bytes]] = []
        links: list[tuple[bytes, int, bytes]] = []
        for one in self._filtered(name, documents):
            mark = hashlib.blake2b(name.encode() + b"\x00" + (raw_id(one) or one), digest_size=16).digest()
            for way in self._ways[name]:
                named += [(way.number, value_key(value), mark) for value in _referring(one, parts_of(way.field))]
            for _, reference in self._references([name]):
                found = values_at(one, parts_of(reference.field))
                links += [(mark, self._number(reference), value_key(value)) for value in found]
        self._sets.link(named, links)

    def _filtered(self, name: str, documents: Sequence[bytes]) -> Sequence[bytes]:
        matches = self._filters.get(name)
        return documents if matches is None else [one for one in documents if matches(one)]

    def _number(self, reference: Reference) -> int:
        return next(way.number for way in self._ways[reference.to] if way.field == reference.to_field)

    def _new_set(self) -> int:
        self._values.append([])
        return len(self._values) - 1

    def _add(self, number: int, values: Sequence[RawId]) -> None:
        self._sets.add(number, map(value_key, values))
        known = self._values[number]
        if known is not None:
            self._values[number] = [*known, *values] if len(known) + len(values) <= MOST_ASKED else None

    def _which(self, number: int, keys: Collection[bytes]) -> frozenset[bytes]:
        if number == _OWNER:
            return frozenset(keys) & {self._owner_key}
        return self._sets.which(number, keys)


async def _each_block(blocks: AsyncGenerator[Block], take: Callable[[Sequence[bytes]], None]) -> None:
    """Have the documents of each block taken in a thread."""
    async with aclosing(blocks):
        async for block in blocks:
            await asyncio.to_thread(take, block.documents)


def _referring(document: bytes, path: Sequence[bytes]) -> Iterator[RawId]:
    """Give what a query about a field would look at, so that a server and we choose the same."""
    for value in candidates(document, path, expand=True):
        if value is not None and value[0] not in NOTHING:
            yield value

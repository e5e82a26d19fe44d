"""The order of an import: what documents refer to comes before them.

A database does not enforce references, so documents whose parents are not there yet are taken all the same. Where
collections refer to each other in a circle nothing can come first. They are handled in two passes: the collections of
a cycle are written one after the other, and what their references lead to is looked at when all of them are written.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from tui_migrate.catalogs.model import Catalog

Rank = tuple[int, int, str]
"""What decides between collections that may both come next: unknown ones last, then the catalog's order, the name."""


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """The order to import collections in.

    `cycles` are the groups of collections that refer to each other in circles, each in its order. A collection that
    refers to itself alone is none: it cannot come before itself.
    """

    names: tuple[str, ...]
    cycles: tuple[tuple[str, ...], ...] = ()


def import_order(catalog: Catalog, names: Iterable[str]) -> ImportOrder:
    """Put collections in order: parents first, by `order` and name where that is open, unknown ones last."""
    parents = _parents(catalog, names)
    rank = {name: _rank(catalog, name) for name in parents}
    groups = [tuple(sorted(one, key=lambda name: rank[name])) for one in _circles(parents)]
    group_of = {name: number for number, group in enumerate(groups) for name in group}
    before = [
        {group_of[parent] for name in group for parent in parents[name]} - {number}
        for number, group in enumerate(groups)
    ]
    after: list[list[int]] = [[] for _ in groups]
    for number, needed in enumerate(before):
        for parent in needed:
            after[parent].append(number)
    missing = [len(needed) for needed in before]
    ready = [(rank[groups[number][0]], number) for number, count in enumerate(missing) if not count]
    heapq.heapify(ready)
    ordered: list[tuple[str, ...]] = []
    while ready:
        _, number = heapq.heappop(ready)
        ordered.append(groups[number])
        for child in after[number]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, (rank[groups[child][0]], child))
    return ImportOrder(
        names=tuple(name for group in ordered for name in group),
        cycles=tuple(group for group in ordered if len(group) > 1),
    )


def cycles(catalog: Catalog, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Give the groups of these collections that refer to each other in circles."""
    return import_order(catalog, names).cycles


def _rank(catalog: Catalog, name: str) -> Rank:
    known = catalog.collection(name)
    return (0, known.order, name) if known else (1, 0, name)


def _parents(catalog: Catalog, names: Iterable[str]) -> dict[str, set[str]]:
    """Give for each name the others that its references lead to."""
    there = dict.fromkeys(names)
    found: dict[str, set[str]] = {}
    for name in there:
        known = catalog.collection(name)
        targets = {one.to for one in known.references} if known else set()
        found[name] = {one for one in targets if one in there and one != name}
    return found


def _circles(parents: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Give the groups of names that lead to each other; a name in no circle is a group of its own.

    R. Tarjan, “Depth-first search and linear graph algorithms” (1972), with a stack of its own in place of recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    found: list[list[str]] = []
    for root in parents:
        work = [] if root in index else [(root, iter(parents[root]))]
        while work:
            name, rest = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                open_names.append(name)
                is_open.add(name)
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    found.append(_cut(open_names, is_open, name))
            elif following not in index:
                work.append((following, iter(parents[following])))
            elif following in is_open:
                low[name] = min(low[name], index[following])
    return found


def _cut(open_names: list[str], is_open: set[str], name: str) -> list[str]:
    """Take the names from the end of the stack down to this one."""
    group = open_names[open_names.index(name) :]
    del open_names[-len(group) :]
    is_open.difference_update(group)
    return group

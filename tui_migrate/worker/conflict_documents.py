"""Reading one document of the queue of conflicts as it is now at both ends."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tui_migrate.documents import content_hash, normalise
from tui_migrate.errors import Unreachable
from tui_migrate.journal.records import ConflictRecord
from tui_migrate.ordering import order_key
from tui_migrate.paths import Home
from tui_migrate.plan.ends import open_planned_source
from tui_migrate.plan.model import Plan
from tui_migrate.redaction import printable
from tui_migrate.stores.base import Source
from tui_migrate.stores.lookup import keyed
from tui_migrate.stores.opened import opened
from tui_migrate.worker.rollback_preview import opened_target, patience

READ_SECONDS: Final = 60.0
"""How long a package may be read for one document: it is read from its start."""


@dataclass(frozen=True, slots=True)
class Sides:
    """A document's BSON bytes at both ends, None where there is none.

    `is_as_queued` says that both are what a decision would be about.
    """

    ours: bytes | None = field(repr=False)
    theirs: bytes | None = field(repr=False)
    is_as_queued: bool


async def read_sides(home: Home, plan: Plan, passwords: Mapping[str, str], conflict: ConflictRecord) -> Sides:
    """Read a document of the queue at both ends. Raises what keeps one of them from being read."""
    async with opened_target(plan, home, passwords) as target, patience("answered what it has of this document"):
        theirs = await _look_up(target, conflict)
    async with opened(partial(open_planned_source, plan, home, passwords)) as source:
        try:
            async with asyncio.timeout(READ_SECONDS):
                ours = await (_look_up if source.capabilities.lookup else _search)(source, conflict)
        except TimeoutError:
            name = printable(plan.source.label)
            said = f"{name} has not given the document within {READ_SECONDS:.0f} s"
            raise Unreachable(said, hint="try again") from None
    hashes = tuple(None if one is None else content_hash(one) for one in (ours, theirs))
    return Sides(ours, theirs, hashes == (conflict.ours, conflict.theirs))


async def _look_up(store: Source, conflict: ConflictRecord) -> bytes | None:
    async with aclosing(store.lookup(conflict.collection, [conflict.id])) as documents:
        async for one in documents:
            return normalise(one)
    return None


async def _search(store: Source, conflict: ConflictRecord) -> bytes | None:
    """Read a collection up to the document: a package has no index."""
    key = order_key(conflict.id)
    async with aclosing(store.read(conflict.collection)) as blocks:
        async for block in blocks:
            for document in block.documents:
                item = keyed(document)
                if item is not None and item.key == key:
                    return item.document
    return None

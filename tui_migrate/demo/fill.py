"""Fills the demo's two servers with the sample, once."""

import asyncio
import json
from collections.abc import Iterator
from itertools import islice
from typing import Final

from tui_migrate.demo import record
from tui_migrate.demo.locks import SAMPLE, Lock
from tui_migrate.demo.place import DemoPlace
from tui_migrate.demo.record import ServersRecord
from tui_migrate.demo.sample import definitions
from tui_migrate.demo.sample.documents import TARGET_COLLECTIONS, source_documents, target_documents
from tui_migrate.demo.sample.identity import COLLECTIONS
from tui_migrate.demo.sample.sizes import Sizes
from tui_migrate.errors import TuiMigrateError
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Target
from tui_migrate.stores.registry import Locator, open_target

SAMPLE_VERSION: Final = 1
"""Another one makes a demo that holds an older sample fill its servers anew."""

_BATCH: Final = 1_000
_WAIT_SECONDS: Final = 600.0


def sample_there(place: DemoPlace) -> int:
    """Say how many documents the sample has that the servers were filled with; 0 where they were not, or not wholly."""
    try:
        content = json.loads(place.sample_file.read_text())
        return int(content["documents"]) if content["version"] == SAMPLE_VERSION else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


async def fill(place: DemoPlace, servers: ServersRecord, documents: int) -> None:
    """Put the sample into both servers in place of whatever an unfinished attempt left. Raises TuiMigrateError."""
    sizes = Sizes.of(documents)
    with await Lock.wait(place.lock(SAMPLE), _WAIT_SECONDS):
        if sample_there(place):
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_fill_source(servers.url("source"), sizes))
                group.create_task(_fill_target(servers.url("target"), sizes))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        record.put(place.sample_file, json.dumps({"version": SAMPLE_VERSION, "documents": documents}))


async def _fill_source(url: str, sizes: Sizes) -> None:
    store = open_target(Locator(url, definitions.DATABASE))
    try:
        await _empty(store)
        for name in COLLECTIONS:
            await _create(store, name, definitions.indexes(name))
            await _insert(store, name, source_documents(name, sizes))
        await _create(store, definitions.VIEW, ())
    finally:
        await store.close()


async def _fill_target(url: str, sizes: Sizes) -> None:
    store = open_target(Locator(url, definitions.DATABASE))
    try:
        await _empty(store)
        for name in TARGET_COLLECTIONS:
            await _create(store, name, definitions.indexes(name, in_target=True))
            await _insert(store, name, target_documents(name, sizes))
    finally:
        await store.close()


async def _empty(store: Target) -> None:
    await store.identity()
    for one in await store.collections():
        await store.drop_collection(one.name)


async def _create(store: Target, name: str, indexes: tuple[bytes, ...]) -> None:
    options = definitions.options(name)
    kind = CollectionKind.VIEW if name == definitions.VIEW else CollectionKind.PLAIN
    await store.create_collection(CollectionInfo(name, kind, options), options)
    if indexes:
        await store.create_indexes(name, indexes)


async def _insert(store: Target, name: str, documents: Iterator[bytes]) -> None:
    while batch := list(islice(documents, _BATCH)):
        if refused := await store.insert(name, batch):
            raise TuiMigrateError(
                f"the demo's server refused a document of {name}: {refused[0].reason}",
                hint="start anew with tui-migrate demo --fresh",
            )

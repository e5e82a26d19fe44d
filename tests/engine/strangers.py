"""Somebody else who writes to a store while a run is at work on it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from tui_migrate.documents import RawId, raw_id
from tui_migrate.engine.migration import Migration
from tui_migrate.engine.verify import verify
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Change, ChangeResult, Decide, Refusal, Target
from tui_migrate.stores.memory import MemoryStore

Deed = Callable[[], Awaitable[object]]


@contextmanager
def before_insert(deed: Deed) -> Iterator[None]:
    """Let somebody act once, before the first insert and behind whatever was looked up for it."""
    waiting = [deed]
    real = MemoryStore.insert

    async def insert(
        store: MemoryStore, collection: str, documents: Sequence[bytes], **options: bool
    ) -> tuple[Refusal, ...]:
        if waiting:
            await waiting.pop()()
        return await real(store, collection, documents, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "insert", insert)
        yield


@contextmanager
def within_change(deed: Deed) -> Iterator[None]:
    """Let somebody act once, in the middle of the first change: behind its reading and before its writing."""
    waiting = [deed]
    real = MemoryStore.change

    async def change(
        store: MemoryStore, collection: str, ids: Sequence[RawId], decide: Decide, *, bypass_validation: bool = False
    ) -> ChangeResult:
        async def decide_late(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> Sequence[Change]:
            chosen = await decide(ids, seen)
            if waiting:
                await waiting.pop()()
            return chosen

        return await real(store, collection, ids, decide_late, bypass_validation=bypass_validation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "change", change)
        yield


@contextmanager
def before_verify(deed: Deed) -> Iterator[None]:
    """Let somebody act once, when everything is written and before any of it is looked at again."""
    waiting = [deed]

    async def verify_late(migration: Migration) -> None:
        if waiting:
            await waiting.pop()()
        await verify(migration)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui_migrate.engine.transfer.verify", verify_late)
        yield


async def overwrite(store: Target, *documents: bytes, name: str = "things") -> None:
    """Put documents in the place of those that have their ids."""
    for one in documents:
        await remove(store, one, name=name)
    assert await store.insert(name, documents) == ()


async def remove(store: Target, *documents: bytes, name: str = "things") -> None:
    """Delete what has the ids of these documents."""
    ids = [found for found in map(raw_id, documents) if found is not None]

    async def decide(some: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
        return [Change(found, one, None) for one in seen.values() if (found := raw_id(one)) is not None]

    await store.change(name, ids, decide)

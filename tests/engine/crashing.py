"""Dying in this process as a killed worker would: at every failpoint and around every write to a target."""

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.engine.scene import Scene
from tui_migrate import failpoints
from tui_migrate.documents import RawId
from tui_migrate.engine.undo_log import UndoLog
from tui_migrate.journal.records import RunRecord
from tui_migrate.ordering import Key
from tui_migrate.stores.base import Change, ChangeResult, Decide, Refusal
from tui_migrate.stores.memory import MemoryStore

DEFINING = (
    "create_collection",
    "drop_collection",
    "rename_collection",
    "create_indexes",
    "drop_index",
    "set_validator",
)


class Crash(BaseException):
    """The process is gone."""


class Trap:
    """Takes down the places it comes by and springs at one of them: at the `at`th, or at the `times`th of a name."""

    def __init__(
        self, at: int = 0, name: str = "", times: int = 1, error: Callable[[str], BaseException] = Crash
    ) -> None:
        self.at = at
        self.name = name
        self.times = times
        self.error = error
        self.passed: list[str] = []
        self.synced = 0

    def is_due(self, name: str) -> bool:
        self.passed.append(name)
        return len(self.passed) == self.at or (name == self.name and self.passed.count(name) == self.times)

    def __call__(self, name: str) -> None:
        if self.is_due(name):
            raise self.error(name)


@contextmanager
def trapped(trap: Trap, *, within: bool = True) -> Iterator[Trap]:
    """Set a trap around every write of every memory store and, `within` the engine, at every failpoint."""
    real = failpoints.failpoint
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if within and name.startswith("tui_migrate.") and getattr(module, "failpoint", None) is real:
                patch.setattr(module, "failpoint", trap)
        for name in DEFINING:
            patch.setattr(MemoryStore, name, _around(name, getattr(MemoryStore, name), trap))
        patch.setattr(MemoryStore, "insert", _insert(MemoryStore.insert, trap))
        patch.setattr(MemoryStore, "change", _change(MemoryStore.change, trap))
        patch.setattr(UndoLog, "_write", _write(UndoLog._write, trap))
        yield trap


async def work_through(scene: Scene, run_id: int, crashes: Iterable[int]) -> RunRecord:
    """Work a run that dies at these places one after the other, as far as it comes by them, and then to its end."""
    for place in crashes:
        with trapped(Trap(place)):
            try:
                await scene.work(run_id)
            except Crash:
                continue
            break
    record = await scene.record(run_id)
    return record if record.state.is_final else (await scene.work(run_id)).record


def _around(name: str, real: Callable[..., Awaitable[Any]], trap: Trap) -> Callable[..., Awaitable[Any]]:
    async def method(*arguments: Any) -> Any:
        trap(f"before {name}")
        result = await real(*arguments)
        trap(f"after {name}")
        return result

    return method


def _insert(
    real: Callable[..., Awaitable[tuple[Refusal, ...]]], trap: Trap
) -> Callable[..., Awaitable[tuple[Refusal, ...]]]:
    async def insert(
        store: MemoryStore, collection: str, documents: Sequence[bytes], **options: bool
    ) -> tuple[Refusal, ...]:
        trap("before insert")
        if trap.is_due("half an insert"):
            await real(store, collection, documents[: len(documents) // 2], **options)
            raise trap.error("half an insert")
        result = await real(store, collection, documents, **options)
        trap("after insert")
        return result

    return insert


def _change(real: Callable[..., Awaitable[ChangeResult]], trap: Trap) -> Callable[..., Awaitable[ChangeResult]]:
    async def change(
        store: MemoryStore,
        collection: str,
        ids: Sequence[RawId],
        decide: Decide,
        *,
        bypass_validation: bool = False,
    ) -> ChangeResult:
        async def half(ids: Sequence[RawId], seen: Mapping[Key, bytes]) -> list[Change]:
            chosen = list(await decide(ids, seen))
            return chosen[: len(chosen) // 2]

        trap("before change")
        if trap.is_due("half a change"):
            await real(store, collection, ids, half, bypass_validation=bypass_validation)
            raise trap.error("half a change")
        result = await real(store, collection, ids, decide, bypass_validation=bypass_validation)
        trap("after change")
        return result

    return change


def _write(real: Callable[[UndoLog, bytes, bool], None], trap: Trap) -> Callable[[UndoLog, bytes, bool], None]:
    def write(log: UndoLog, data: bytes, sync: bool) -> None:
        real(log, data, sync)
        if sync:
            trap.synced = log.size

    return write

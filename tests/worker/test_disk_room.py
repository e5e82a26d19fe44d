"""A run whose undo log's disk is nearly full."""

import asyncio
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from bson import encode

from tests.engine.mirrors import CAPPED
from tests.engine.scene import create, snapshot
from tests.suites.documents import EMPTY, index
from tests.worker.scene import WAIT_SECONDS, Scene, content, fill, make_plan, memory_end, store, without_undo
from tui_migrate.engine import disk_room
from tui_migrate.errors import Undecided
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ConflictState, RunRecord, Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import PlannedCollection, Policy, RunKind
from tui_migrate.worker import control


async def until_said(scene: Scene, run_id: int, times: int) -> None:
    """Wait until the journal has so many events about the disk."""
    reader = await JournalReader.open(scene.home.journal)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while sum("nearly full" in one.message for one in await reader.events(run_id)) < times:
                await asyncio.sleep(0.01)
    finally:
        await reader.close()


@pytest.mark.rule(25, "a run pauses when the disk of its undo log is nearly full")
async def test_a_run_pauses_before_its_disk_is_full_and_goes_on_when_there_is_room(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = memory_end(), memory_end()
    await fill(source)
    run_id = await scene.create(make_plan(RunKind.COPY, source, target))
    room = SimpleNamespace(free=disk_room.RESERVE - 1)
    monkeypatch.setattr(disk_room, "shutil", SimpleNamespace(disk_usage=lambda _: room))
    working = asyncio.create_task(scene.work(run_id))
    record = await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert record.counts.inserted == 0
    assert await content(target) == []
    await until_said(scene, run_id, times=1)
    await control.ask(scene.home, run_id, Wish.RESUME)
    await until_said(scene, run_id, times=2)
    await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    room.free = disk_room.RESERVE
    await control.ask(scene.home, run_id, Wish.RESUME)
    assert await working == 0
    assert await content(target) == await content(source)


@pytest.mark.rule(25, "a run pauses too before it writes what was decided")
async def test_a_run_pauses_before_the_decisions_that_its_disk_has_no_room_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = memory_end(), memory_end()
    await fill(source)
    assert not await store(target).insert("users", [encode({"_id": number}) for number in range(30)])
    run_id = await scene.create(replace(make_plan(RunKind.COPY, source, target), policy=Policy.ASK))
    assert await scene.work(run_id) == Undecided.exit_code
    assert await control.decide(scene.home, run_id, ConflictState.REPLACE) == 30
    room = SimpleNamespace(free=disk_room.RESERVE - 1)
    monkeypatch.setattr(disk_room, "shutil", SimpleNamespace(disk_usage=lambda _: room))
    working = asyncio.create_task(scene.work(run_id))
    record = await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert record.counts.replaced == 0
    room.free = disk_room.RESERVE
    await control.ask(scene.home, run_id, Wish.RESUME)
    assert await working == 0
    assert await content(target) == await content(source)


async def until_paused(scene: Scene, run_id: int, working: "asyncio.Task[int]") -> RunRecord:
    """Wait until a run is paused, which it is before it has ended."""
    pausing = asyncio.create_task(scene.until(run_id, lambda one: one.state is RunState.PAUSED))
    done, _ = await asyncio.wait((pausing, working), return_when=asyncio.FIRST_COMPLETED)
    if pausing not in done:
        pausing.cancel()
        await asyncio.wait((pausing,))
    assert pausing in done
    return pausing.result()


@pytest.mark.rule(25, "a run pauses too before it tries again what met a unique index")
async def test_a_run_pauses_before_the_deferred_documents_that_its_disk_has_no_room_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = memory_end(), memory_end()
    await create(store(target), "users", options=EMPTY, indexes=[index("n", unique=True)])
    assert not await store(target).insert("users", [encode({"_id": 2, "n": 1})])
    assert not await store(source).insert("users", [encode({"_id": 1, "n": 1}), encode({"_id": 2, "n": 2})])
    run_id = await scene.create(replace(make_plan(RunKind.COPY, source, target), policy=Policy.OVERWRITE))
    room = SimpleNamespace(free=disk_room.RESERVE - 1)
    enough = [SimpleNamespace(free=disk_room.RESERVE)]  # for the one batch
    monkeypatch.setattr(disk_room, "shutil", SimpleNamespace(disk_usage=lambda _: enough.pop() if enough else room))
    working = asyncio.create_task(scene.work(run_id))
    record = await until_paused(scene, run_id, working)
    assert (record.counts.inserted, record.counts.replaced) == (0, 1)
    room.free = disk_room.RESERVE
    await control.ask(scene.home, run_id, Wish.RESUME)
    assert await working == 0
    assert await content(target) == await content(source)


@pytest.mark.rule(25, "a mirror pauses before it deletes, and before it holds what is to be taken away whole")
@pytest.mark.parametrize("options", [EMPTY, CAPPED], ids=["deletes", "holds"])
async def test_a_mirror_pauses_before_it_takes_away_what_its_disk_has_no_room_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, options: bytes
) -> None:
    source, target = memory_end(), memory_end()
    await create(store(source), "users", options=EMPTY)
    for name in ("users", "old"):
        await create(store(target), name, options=EMPTY if name == "users" else options)
    await fill(target, "old")
    before = await snapshot(store(target))
    plan = replace(make_plan(RunKind.COPY, source, target), policy=Policy.OVERWRITE, mirror=True)
    collections = (*plan.collections, PlannedCollection("old", remove=True))
    run_id = await scene.create(replace(plan, collections=collections))
    room = SimpleNamespace(free=disk_room.RESERVE - 1)
    monkeypatch.setattr(disk_room, "shutil", SimpleNamespace(disk_usage=lambda _: room))
    working = asyncio.create_task(scene.work(run_id))
    await until_paused(scene, run_id, working)
    assert await snapshot(store(target)) == before
    room.free = disk_room.RESERVE
    await control.ask(scene.home, run_id, Wish.RESUME)
    assert await working == 0
    assert (await snapshot(store(target))).keys() == {"users"}


@pytest.mark.rule(25, "the pause is for the undo log")
async def test_a_run_without_an_undo_log_worth_the_name_does_not_pause(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = memory_end()
    await fill(source)
    run_id = await scene.create(without_undo(make_plan(RunKind.COPY, source, memory_end())))
    monkeypatch.setattr(disk_room, "RESERVE", shutil.disk_usage("/").total * 1000)
    assert await scene.work(run_id) == 0

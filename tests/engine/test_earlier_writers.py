"""Writes of a worker that died, which arrive when another has taken its run over."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import AsyncMongoClient

from tests.engine.crashing import Crash, Trap, trapped
from tests.engine.scene import Scene, Snapshot, put, same, snapshot
from tests.engine.servers import Pair, half_full, left_by, pair
from tests.engine.worlds import World
from tests.stores.mongodb.conftest import lost_sockets, stage
from tests.suites.documents import doc
from tests.suites.ids import int32
from tui_migrate.engine import earlier_writers
from tui_migrate.engine.earlier_writers import read_writers
from tui_migrate.engine.undo_reader import UndoReader
from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import RunState
from tui_migrate.paths import RunFolder
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Writer
from tui_migrate.stores.memory import MemoryStore
from tui_migrate.worker import control, launch

__all__ = ["lost_sockets", "stage"]

Stage = Callable[..., Awaitable[None]]

SECONDS = 30.0
LATE_MS = 3_000
"""For how long the server holds a write back: much longer than it takes to kill a worker and take its run over."""


@pytest.fixture
async def ends(
    tmp_path: Path, mongodb_second_url: str, mongodb_url: str, database: str, stage: Stage
) -> AsyncIterator[Pair]:
    """A target on which writes can be held back."""
    async with pair(tmp_path, (mongodb_second_url, mongodb_url), database) as made:
        yield made


async def filled(ends: Pair) -> tuple[World, Snapshot, Snapshot]:
    world = half_full(Policy.OVERWRITE)
    await world.put_into(ends.source, ends.target)
    before = await ends.look()
    return world, before, left_by(world, before, await snapshot(ends.source))


@asynccontextmanager
async def worker(ends: Pair, run_id: int) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tui_migrate.worker", str(run_id), "--home", str(ends.home.state.parent)),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


Connections = list[tuple[str, dict[str, Any]]]


async def connections(client: AsyncMongoClient[dict[str, Any]]) -> Connections:
    """The name of the program at each connection to the server, and what it has at work there, or had last."""
    listed = (await client.admin.command("currentOp"))["inprog"]
    names = [(one.get("clientMetadata") or {}).get("application", {}).get("name", "") for one in listed]
    return [(name, one.get("command") or {}) for name, one in zip(names, listed, strict=True)]


async def until(url: str, condition: Callable[[Connections], bool]) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        async with asyncio.timeout(SECONDS):
            while not condition(await connections(client)):
                await asyncio.sleep(0.01)
    finally:
        await client.close()


async def at_work(url: str, folder: RunFolder, command: str) -> None:
    """Return when the server has a command of a run's worker at work."""

    def is_at_work(listed: Connections) -> bool:
        names = {one.application for one in read_writers(folder.writers)}
        return any(name in names and command in current for name, current in listed)

    await until(url, is_at_work)


async def gone(url: str, folder: RunFolder) -> None:
    """Return when nothing that the writers of a run have sent is at work any more."""
    names = {one.application for one in read_writers(folder.writers)}
    await until(url, lambda listed: names.isdisjoint(name for name, _ in listed))


async def killed_while(ends: Pair, run_id: int, url: str, command: str, stage: Stage) -> None:
    """Work a run until the server holds a command back, and kill the worker then."""
    await stage(command, times=1, blockConnection=True, blockTimeMS=LATE_MS)
    async with worker(ends, run_id) as process:
        await at_work(url, ends.home.run(run_id), command)
        process.kill()


@pytest.mark.slow
@pytest.mark.rule(5, "a dead worker's write can still arrive")
@pytest.mark.parametrize("command", ["insert", "update", "commitTransaction"])
async def test_a_late_write_of_a_killed_worker_does_not_disturb_the_one_that_takes_over(
    ends: Pair, mongodb_url: str, stage: Stage, command: str
) -> None:
    world, before, after = await filled(ends)
    run_id = await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=world.batch))
    await killed_while(ends, run_id, mongodb_url, command, stage)
    ended = await ends.work(run_id)
    assert ended.record.state is RunState.COMPLETED_WITH_FINDINGS
    assert ended.codes - {"assumed_ours"} == {"id_type_differs", "options_differ"}
    assert same(await ends.look(), after)
    assert (await ends.roll_back(run_id)).exit_code == 0
    assert await ends.look() == before


@pytest.mark.slow
@pytest.mark.rule(5, "a dead worker's write can still arrive")
@pytest.mark.parametrize("command", ["insert", "update", "commitTransaction"])
async def test_a_late_write_of_a_killed_worker_does_not_survive_its_rollback(
    ends: Pair, mongodb_url: str, stage: Stage, command: str
) -> None:
    world, before, _ = await filled(ends)
    run_id = await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=world.batch))
    await killed_while(ends, run_id, mongodb_url, command, stage)
    undone = await ends.roll_back(run_id)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    await gone(mongodb_url, ends.home.run(run_id))
    assert await ends.look() == before


@pytest.mark.slow
@pytest.mark.rule(5, "a dead rollback's write can still arrive")
@pytest.mark.parametrize("command", ["delete", "commitTransaction"])
async def test_a_late_write_of_a_killed_rollback_does_not_disturb_the_one_that_goes_on(
    ends: Pair, mongodb_url: str, stage: Stage, command: str
) -> None:
    world, before, _ = await filled(ends)
    run = await ends.run(await ends.plan(Policy.OVERWRITE, batch=world.batch))
    rollback = await launch.create_rollback(ends.home, run.record.id)
    await killed_while(ends, rollback, mongodb_url, command, stage)
    assert read_writers(ends.home.run(rollback).writers)
    undone = await ends.work(rollback)
    assert (undone.exit_code, undone.record.findings) == (0, ())
    assert await ends.look() == before


@pytest.mark.slow
@pytest.mark.rule(5, "so can that of a living worker that lost its line")
async def test_a_line_that_is_lost_in_a_write_is_not_gone_on_with_as_the_same_writer(ends: Pair, stage: Stage) -> None:
    await ends.source.insert("things", [doc(int32(one)) for one in range(20)])
    await stage("insert", times=1, closeConnection=True)
    ended = await ends.run(await ends.plan(Policy.FAIL, batch=10))
    assert ended.exit_code == 0
    folder = ends.home.run(ended.record.id)
    writers = read_writers(folder.writers)
    with UndoReader(folder.undo_log) as undo:
        sessions = undo.index().sessions
    assert len(writers) == 2
    assert sessions == {one.session for one in writers}
    assert len(sessions) == len({one.application for one in writers}) == 2


class Server:
    """What a memory store stands for here: a server that knows its writers, and what it says of those that died."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.number = 1
        self.longest = 0.0
        self.at_work = 0
        """How often it is still said that something is at work."""
        self.calls: list[str] = []
        self.killed: set[Writer] = set()
        patch.setattr(MemoryStore, "session", property(lambda _: self.writer.session))
        patch.setattr(MemoryStore, "writer", property(lambda _: self.writer))
        patch.setattr(MemoryStore, "longest_write", property(lambda _: self.longest))
        patch.setattr(MemoryStore, "kill_writers", self._kill)
        patch.setattr(MemoryStore, "may_be_writing", self._may_be_writing)
        for name in ("lookup", "insert", "change", "create_collection", "drop_collection"):
            patch.setattr(MemoryStore, name, self._noted(name, getattr(MemoryStore, name)))

    @property
    def writer(self) -> Writer:
        return Writer(bytes([self.number] * 16), f"tui-migrate {self.number}")

    def _noted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def method(*values: Any, **named: Any) -> Any:
            self.calls.append(name)
            return real(*values, **named)

        return method

    async def _kill(self, writers: set[Writer]) -> None:
        self.calls.append("kill")
        self.killed = set(writers)

    async def _may_be_writing(self, writers: set[Writer]) -> bool:
        assert set(writers) == self.killed
        self.calls.append("ask")
        self.at_work -= 1
        return self.at_work >= 0


@pytest.fixture
async def server(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with a copy that died in its first insert."""
    await put(scene.source, *(doc(int32(one)) for one in range(4)))
    found = Server(monkeypatch)
    with trapped(Trap(name="after insert")), pytest.raises(Crash):
        await scene.run(await scene.plan(Policy.OVERWRITE))
    assert "kill" not in found.calls
    found.calls.clear()
    found.number, found.longest, found.at_work = 2, 60.0, 3
    return found


FIRST, SECOND, THIRD = (Writer(bytes([one] * 16), f"tui-migrate {one}") for one in (1, 2, 3))


@pytest.mark.rule(
    5, "resume first kills the sessions of the INTENT frames, then waits until nothing of theirs is listed"
)
async def test_a_resume_looks_at_nothing_before_nothing_is_at_work(scene: Scene, server: Server) -> None:
    ended = await scene.work(1)
    assert ended.exit_code == 0
    assert server.calls[:5] == ["kill", *["ask"] * 4]
    assert server.killed == {FIRST}
    assert read_writers(scene.home.run(1).writers) == {FIRST, SECOND}


@pytest.mark.rule(5, "the sessions are those of the undo log even where nothing else is left")
async def test_a_session_that_only_the_undo_log_tells_of_is_killed_too(scene: Scene, server: Server) -> None:
    scene.home.run(1).writers.unlink()
    assert (await scene.work(1)).exit_code == 0
    assert server.killed == {Writer(FIRST.session)}


@pytest.mark.rule(5, "rollback kills and waits likewise, for the run's writers and for its own that died")
async def test_a_rollback_ends_what_the_run_and_an_earlier_rollback_left(scene: Scene, server: Server) -> None:
    rollback = await launch.create_rollback(scene.home, 1)
    with trapped(Trap(name="before change")), pytest.raises(Crash):
        await scene.work(rollback)
    assert server.calls[:5] == ["kill", *["ask"] * 4]
    assert server.killed == {FIRST}
    server.calls.clear()
    server.number, server.at_work = 3, 3
    assert (await scene.work(rollback)).exit_code == 0
    assert server.calls[:5] == ["kill", *["ask"] * 4]
    assert server.killed == {FIRST, SECOND}
    assert read_writers(scene.home.run(rollback).writers) == {SECOND, THIRD}


@pytest.mark.rule(5, "or maxTimeMS has passed")
async def test_where_the_server_does_not_tell_the_longest_write_is_waited_for(scene: Scene, server: Server) -> None:
    server.longest, server.at_work = 0.4, 1_000_000
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert (await scene.work(1)).exit_code == 0
    assert loop.time() - begun >= 0.4
    assert server.calls.index("lookup") > server.calls.count("ask") > 1


@pytest.mark.rule(5, "the wait can be called off")
async def test_a_wait_can_be_cancelled(scene: Scene, server: Server) -> None:
    server.longest, server.at_work = 3_600.0, 1_000_000
    working = asyncio.create_task(scene.work(1))
    async with asyncio.timeout(SECONDS):
        while "ask" not in server.calls:
            await asyncio.sleep(0.01)
        await control.ask(scene.home, 1, Wish.CANCEL)
        ended = await working
    assert ended.record.state is RunState.CANCELLED
    assert not {"lookup", "insert", "change"} & set(server.calls)


@given(st.lists(st.tuples(st.binary(max_size=16), st.text("abc -0", max_size=20)), max_size=5), st.integers(0, 60))
def test_writers_are_read_again_and_a_torn_end_is_gone_on_behind(
    tmp_path_factory: pytest.TempPathFactory, writers: list[tuple[bytes, str]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "writers"
    written = [Writer(*one) for one in writers]
    for number, one in enumerate(written):
        earlier_writers._append(path, number, one)
    assert read_writers(path) == set(written)
    if written:
        content = path.read_bytes()
        last = content[:-1].rfind(b"\n") + 1
        path.write_bytes(content[: max(last, len(content) - 1 - cut)])
        earlier_writers._append(path, 7, Writer(b"\x01" * 16, "next"))
        assert {*written[:-1], Writer(b"\x01" * 16, "next")} <= read_writers(path)
    assert path.stat().st_mode & 0o077 == 0 if written else not path.exists()

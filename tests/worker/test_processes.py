"""Workers as processes of their own, between real servers, and what is done to them."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import killed_after
from tests.worker.conftest import Servers
from tests.worker.scene import SLOW, WAIT_SECONDS, Scene, make_plan, memory_end
from tests.worker.terminal import Terminal
from tests.worker.test_control import partials
from tests.worker.test_lock import wait_until_stopped
from tui_migrate.errors import Refused
from tui_migrate.journal.records import Wish
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import PackageEnd, RunKind
from tui_migrate.worker import control, launch
from tui_migrate.worker.lock import holder

DOCUMENTS = 60

pytestmark = pytest.mark.slow

Process = subprocess.Popen[bytes]


@contextmanager
def worker(scene: Scene, run_id: int) -> Iterator[Process]:
    """A worker as a child of the test, which sees its exit code and what it says."""
    command = [sys.executable, "-m", "tui_migrate.worker", str(run_id), "--home", str(scene.home.state.parent)]
    with killed_after(subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)) as process:
        yield process


def folder_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").readlink()


def umask_of(pid: int) -> int:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["Umask"], 8)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def ended(process: Process) -> int:
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return process.returncode


async def copying(scene: Scene, servers: Servers) -> tuple[int, int]:
    """A detached copy that has committed a batch and waits: run and pid."""
    servers.fill(DOCUMENTS)
    run_id = await scene.create(make_plan(RunKind.COPY, servers.source, servers.target), SLOW)
    await launch.start(scene.home, run_id, {})
    run = await scene.until_moving(run_id)
    assert run.worker_pid is not None
    assert holder(scene.home.run(run_id).lock) == run.worker_pid
    return run_id, run.worker_pid


async def finish(scene: Scene, servers: Servers, run_id: int, attempt: int) -> None:
    """Let a run go on, and see that its result is that of an undisturbed one."""
    await scene.until(run_id, lambda one: one.attempt == attempt and one.state.is_active)
    await scene.let_go(run_id)
    run = await scene.until_ended(run_id)
    assert (run.state, run.attempt, run.worker_pid, run.failure) == (RunState.COMPLETED, attempt, None, None)
    assert run.counts.inserted + run.counts.unchanged == DOCUMENTS
    assert servers.is_copied()


async def test_a_worker_is_detached_and_what_it_writes_is_for_the_user_alone(scene: Scene, servers: Servers) -> None:
    before = os.umask(0)
    try:
        run_id, pid = await copying(scene, servers)
    finally:
        os.umask(before)
    assert os.getsid(pid) == pid
    assert folder_of(pid) == Path("/")
    assert umask_of(pid) == 0o077
    modes = {one: stat.S_IMODE(one.stat().st_mode) for one in scene.home.state.rglob("*")}
    assert {mode for one, mode in modes.items() if one.is_dir()} == {0o700}
    assert {mode for one, mode in modes.items() if one.is_file()} == {0o600}
    assert {"lock", "undo.log", "worker.log", "journal.db-wal", "journal.db-shm"} <= {one.name for one in modes}
    await finish(scene, servers, run_id, 1)


async def test_a_request_to_terminate_ends_a_worker_after_its_batch(scene: Scene, servers: Servers) -> None:
    servers.fill(DOCUMENTS)
    run_id = await scene.create(make_plan(RunKind.COPY, servers.source, servers.target), SLOW)
    with worker(scene, run_id) as process:
        await scene.until_moving(run_id)
        process.terminate()
        assert await ended(process) == 5
    run = await scene.read(run_id)
    assert (run.state, run.counts.inserted) == (RunState.INTERRUPTED, 10)
    await launch.start(scene.home, run_id, {})
    await finish(scene, servers, run_id, 2)


async def test_a_hangup_changes_nothing(scene: Scene, servers: Servers) -> None:
    run_id, pid = await copying(scene, servers)
    os.kill(pid, signal.SIGHUP)
    await finish(scene, servers, run_id, 1)


async def test_a_worker_that_is_killed_leaves_a_run_that_the_next_one_finishes(scene: Scene, servers: Servers) -> None:
    run_id, pid = await copying(scene, servers)
    with pytest.raises(Refused, match=f"has a worker already .pid {pid}"):
        await launch.start(scene.home, run_id, {})
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(WAIT_SECONDS):
        while (await scene.seen(run_id)).state is not RunState.INTERRUPTED:
            await asyncio.sleep(0.01)
    assert (await scene.read(run_id)).state is RunState.EXECUTING
    await launch.start(scene.home, run_id, {})
    await finish(scene, servers, run_id, 2)


async def test_resume_takes_over_from_a_worker_that_is_stopped(scene: Scene, servers: Servers) -> None:
    run_id, pid = await copying(scene, servers)
    os.kill(pid, signal.SIGSTOP)
    wait_until_stopped(pid)
    home = str(scene.home.state.parent)
    command = [sys.executable, "-m", "tui_migrate", "resume", str(run_id), "--detach", "--home", home]
    resumed = await asyncio.to_thread(
        subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_SECONDS
    )
    assert resumed.returncode == 0, resumed.stderr
    assert holder(scene.home.run(run_id).lock) not in (None, pid)
    await finish(scene, servers, run_id, 2)


async def test_a_paused_run_goes_on_in_the_same_worker(scene: Scene, servers: Servers) -> None:
    run_id, pid = await copying(scene, servers)
    await control.ask(scene.home, run_id, Wish.PAUSE)
    await scene.until(run_id, lambda one: one.state is RunState.PAUSED)
    assert holder(scene.home.run(run_id).lock) == pid
    await control.ask(scene.home, run_id, Wish.RESUME)
    await scene.until(run_id, lambda one: one.state is RunState.EXECUTING)
    assert (await scene.read(run_id)).worker_pid == pid
    await finish(scene, servers, run_id, 1)


async def test_cancelling_a_live_export_leaves_nothing_of_it(scene: Scene, servers: Servers, tmp_path: Path) -> None:
    servers.fill(DOCUMENTS)
    plan = make_plan(RunKind.EXPORT, servers.source, PackageEnd(str(tmp_path / "package")))
    run_id = await scene.create(plan, SLOW)
    with worker(scene, run_id) as process:
        await scene.until_moving(run_id)
        assert len(partials(tmp_path)) == 1
        await control.ask(scene.home, run_id, Wish.CANCEL)
        assert await ended(process) == 130
    assert (await scene.read(run_id)).state is RunState.CANCELLED
    assert partials(tmp_path) == []
    assert not (tmp_path / "package").exists()


async def test_of_two_workers_started_at_once_the_second_ends_and_says_so(scene: Scene, servers: Servers) -> None:
    servers.fill(DOCUMENTS)
    run_id = await scene.create(make_plan(RunKind.COPY, servers.source, servers.target), SLOW)
    begun = await asyncio.gather(*(launch.start(scene.home, run_id, {}) for _ in range(2)), return_exceptions=True)
    refused = [one for one in begun if isinstance(one, Refused)]
    assert (sum(isinstance(one, str) for one in begun), len(refused)) == (1, 1)
    pid = holder(scene.home.run(run_id).lock)
    assert f"has a worker already (pid {pid})" in f"{refused[0]} {refused[0].hint}"
    assert "has a worker already" in scene.home.run(run_id).worker_log.read_text()
    await scene.until_moving(run_id)
    await finish(scene, servers, run_id, 1)


async def test_the_terminal_that_started_a_run_is_closed_and_the_run_goes_on(scene: Scene, servers: Servers) -> None:
    documents = 1_000
    servers.fill(documents)
    home, ends = str(scene.home.state.parent), ("--source", servers.source.url, "--target", servers.target.url)
    terminal = Terminal("copy", *ends, "--home", home, "--batch-documents", "10")
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while b"started" not in terminal.shown:
                assert terminal.process.poll() is None, terminal.shown
                await asyncio.sleep(0.01)
        await scene.until(1, lambda one: one.state is RunState.EXECUTING)
        await control.ask(scene.home, 1, Wish.RATE, SLOW)
        await scene.until(1, lambda one: one.rate_limit == SLOW)
        terminal.close()
        await ended(terminal.process)
        run = await scene.seen(1)
        assert run.state is RunState.EXECUTING
        assert run.counts.inserted < documents
        await scene.let_go(1)
        run = await scene.until_ended(1)
    finally:
        terminal.end()
    assert (run.state, run.attempt, run.counts.inserted) == (RunState.COMPLETED, 1, documents)
    assert servers.is_copied()


async def test_a_worker_that_ends_before_it_takes_the_run_up_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await scene.create(make_plan(RunKind.COPY, memory_end(), memory_end()))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/bin/false")
        with pytest.raises(Refused, match="ended before it took the run up"):
            await launch.start(scene.home, run_id, {"a": "x" * 100_000})
    await launch.start(scene.home, run_id, {})
    assert (await scene.until_ended(run_id)).state is RunState.FAILED


async def test_a_worker_that_does_not_come_to_it_is_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_id = await scene.copy()
    slow, told = tmp_path / "slow", tmp_path / "pid"
    slow.write_text(f"#!/bin/sh\necho $$ > {told}\nexec sleep 600\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(launch, "START_SECONDS", 0.5)
    try:
        with pytest.raises(Refused, match="has not taken it up within"):
            await launch.start(scene.home, run_id, {})
        async with asyncio.timeout(WAIT_SECONDS):
            while is_alive(int(told.read_text())):
                await asyncio.sleep(0.01)
    finally:
        if told.exists() and is_alive(int(told.read_text())):
            os.kill(int(told.read_text()), signal.SIGKILL)

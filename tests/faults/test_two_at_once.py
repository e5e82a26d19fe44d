"""Two workers for one run, two runs into one target, and a worker that is hung up on before it has begun."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.processes import killed_after
from tests.worker.conftest import Servers, scene, servers
from tests.worker.scene import SLOW, WAIT_SECONDS, Scene, make_plan
from tui_migrate.plan.model import RunKind, StoreEnd
from tui_migrate.worker.lock import holder

__all__ = ("scene", "servers")

pytestmark = pytest.mark.slow

DOCUMENTS = 40

Process = subprocess.Popen[bytes]


@contextmanager
def started(scene: Scene, *runs: int) -> Iterator[list[Process]]:
    """A worker for each of these runs."""
    home = str(scene.home.state.parent)
    with ExitStack() as ending:
        yield [
            ending.enter_context(
                killed_after(
                    subprocess.Popen(
                        [sys.executable, "-m", "tui_migrate.worker", str(one), "--home", home],
                        stdin=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                    )
                )
            )
            for one in runs
        ]


async def ended(process: Process, said: bytes = b"\n") -> tuple[int, str]:
    """Tell a worker that there are no passwords, wait until it has ended; its exit code and its log."""
    _, log = await asyncio.to_thread(process.communicate, said, WAIT_SECONDS)
    return process.returncode, log.decode()


async def test_of_two_workers_for_one_run_the_second_ends_at_once(scene: Scene, servers: Servers) -> None:
    servers.fill(DOCUMENTS)
    run_id = await scene.create(make_plan(RunKind.COPY, servers.source, servers.target), SLOW)
    with started(scene, run_id, run_id) as both:
        waiting = {asyncio.create_task(ended(one)) for one in both}
        done, waiting = await asyncio.wait(waiting, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        (code, log) = done.pop().result()
        pid = holder(scene.home.run(run_id).lock)
        assert pid in [one.pid for one in both if one.returncode is None]
        assert code == 4
        assert f"the run has a worker already (pid {pid})" in log
        assert "Traceback" not in log
        await scene.until_moving(run_id)
        await scene.let_go(run_id)
        assert (await waiting.pop())[0] == 0
    assert (await scene.read(run_id)).attempt == 1
    assert servers.is_copied()


async def test_of_two_runs_into_one_target_one_is_refused_by_whatever_name_it_goes(
    scene: Scene, servers: Servers
) -> None:
    """Started at the very same moment, the one by address, the other by the name of the host."""
    servers.fill(DOCUMENTS)
    by_name = StoreEnd(servers.target.database, url=servers.target.url.replace("127.0.0.1", "localhost"))
    runs = [await scene.create(make_plan(RunKind.COPY, servers.source, end), SLOW) for end in (servers.target, by_name)]
    with started(scene, *runs) as both:
        working = {asyncio.create_task(ended(process)): one for process, one in zip(both, runs, strict=True)}
        done, waiting = await asyncio.wait(working, timeout=WAIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        refused = working[next(iter(done))]
        other = next(one for one in runs if one != refused)
        assert done.pop().result()[0] == 4
        failure = (await scene.read(refused)).failure
        assert failure is not None
        assert failure.message == f"run {other:04d} is at work on the collection users of this target"
        assert f"tui-migrate cancel {other}" in failure.hint
        await scene.until_moving(other)
        await scene.let_go(other)
        assert (await waiting.pop())[0] == 0
    assert servers.is_copied()
    assert (await scene.read(refused)).counts.inserted == 0


async def test_a_hangup_before_a_worker_has_taken_its_run_up_changes_nothing(scene: Scene, servers: Servers) -> None:
    servers.fill(DOCUMENTS)
    run_id = await scene.create(make_plan(RunKind.COPY, servers.source, servers.target))
    with started(scene, run_id) as (process,):
        deadline = time.monotonic() + WAIT_SECONDS
        while not ignores_hangups(process.pid):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        assert (await ended(process))[0] == 0
    assert servers.is_copied()


def ignores_hangups(pid: int) -> bool:
    """Read the mask of ignored signals (proc_pid_status(5)): the lowest bit is that of signal 1."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    mask = next(line for line in lines if line.startswith("SigIgn:"))
    return bool(int(mask.split()[1], 16) & 1 << (signal.SIGHUP - 1))

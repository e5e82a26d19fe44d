"""The most memory that a worker has at any time, as the kernel counts it, whatever the size of the data."""

import asyncio
import random
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.scene import create
from tests.engine.servers import Pair, pair
from tests.faults.proxy import Trouble, Way, proxied
from tests.processes import killed_after
from tests.suites.documents import EMPTY, doc
from tests.suites.ids import int32
from tui_migrate.documents import RawId
from tui_migrate.engine.pipeline import BUDGET
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import Policy
from tui_migrate.stores.base import Target
from tui_migrate.stores.mongodb import reading
from tui_migrate.worker import launch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lost_sockets")]

MB = 1024 * 1024
SIXTEEN = 16 * MB - 4_096
PROGRAM = 64 * MB
"""What the interpreter, the driver and the journal take before there is any data."""

SECONDS = 240


@pytest.fixture
async def ends(tmp_path: Path, fresh_pair: tuple[str, str], database: str) -> AsyncIterator[Pair]:
    async with pair(tmp_path, fresh_pair, database) as made:
        yield made


def blob(number: int, size: int, seed: int = 0) -> bytes:
    """A document that no compression makes small."""
    content = random.Random(number * 1_000 + seed).randbytes(size - 40)
    return doc(int32(number), b=RawId(b"\x05" + len(content).to_bytes(4, "little") + b"\x00" + content))


async def put_all(store: Target, documents: Sequence[bytes]) -> None:
    size = max(1, 24 * MB // len(documents[0]))
    for start in range(0, len(documents), size):
        assert not await store.insert("things", documents[start : start + size])


def peak(ends: Pair, run_id: int) -> tuple[int, int]:
    """Let a process of its own work a run; its exit code, and the most memory that it had, in bytes.

    What wait4(2) tells would not do: it counts what the process that started it had.
    """
    command = [sys.executable, "-m", "tui_migrate.worker", str(run_id), "--home", str(ends.home.state.parent)]
    most, deadline = 0, time.monotonic() + SECONDS
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with killed_after(started) as process:
        while process.poll() is None:
            assert time.monotonic() < deadline
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
            most = max(most, int(found[1]) * 1024 if found else 0)
            time.sleep(0.005)
    print(f"peak {most / MB:.0f} MiB")  # noqa: T201 - shown by pytest -s
    return process.returncode, most


async def worked(ends: Pair, run_id: int, most: int) -> int:
    """See that a run stays below `most` bytes, and give how many it had."""
    code, used = await asyncio.to_thread(peak, ends, run_id)
    assert code in (0, 3), (await ends.record(run_id)).failure
    assert used < most, f"{used / MB:.0f} MiB"
    return used


async def test_a_worker_with_next_to_nothing_to_do_has_what_the_program_takes(ends: Pair) -> None:
    await put_all(ends.source, [blob(1, 100)])
    await worked(ends, await launch.create_run(ends.home, await ends.plan(batch=1_000)), PROGRAM)


@pytest.mark.parametrize("policy", [pytest.param(Policy.FAIL, marks=pytest.mark.crash_full), Policy.OVERWRITE])
async def test_documents_as_large_as_they_can_be(ends: Pair, policy: Policy) -> None:
    """One of them is under way at a time: in the answer, as read, as sent, and with its before-image."""
    await put_all(ends.source, [blob(one, SIXTEEN) for one in range(4)])
    if policy is Policy.OVERWRITE:
        await put_all(ends.target, [blob(one, SIXTEEN, seed=1) for one in range(4)])
    await worked(ends, await launch.create_run(ends.home, await ends.plan(policy, batch=1_000)), PROGRAM + 12 * 16 * MB)


@pytest.mark.crash_full
async def test_an_export_of_documents_as_large_as_they_can_be(ends: Pair, tmp_path: Path) -> None:
    await put_all(ends.source, [blob(one, SIXTEEN) for one in range(4)])
    await worked(ends, await ends.export(tmp_path / "package", batch=1_000), PROGRAM + 8 * 16 * MB)


async def test_ten_thousand_tiny_documents_take_hardly_more_than_one(ends: Pair) -> None:
    """Measured against a run of one, 3 MiB more, within 1 MiB; a leak of 1 KiB a document would be 10 MiB besides."""
    one = await worked(ends, await tiny(ends, 1), PROGRAM)
    await worked(ends, await tiny(ends, 10_000, after=1), one + 8 * MB)


@pytest.mark.crash_full
@pytest.mark.timeout(2 * SECONDS)
async def test_many_tiny_documents(ends: Pair) -> None:
    await worked(ends, await tiny(ends, 200_000), PROGRAM + BUDGET)


async def tiny(ends: Pair, count: int, *, after: int = 0) -> int:
    """Put tiny documents into the source, and a quarter of them into the target; give a run that copies them."""
    await put_all(ends.source, [doc(int32(one)) for one in range(after, count)])
    if not after:
        await create(ends.target, "things", options=EMPTY)
    await put_all(ends.target, [doc(int32(one)) for one in range(4 * after, count, 4)])
    return await launch.create_run(ends.home, await ends.plan(Policy.OVERWRITE, batch=1_000))


async def test_a_slow_target_holds_the_reading_back(
    ends: Pair, fresh_pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been read and not been written yet stays within a few batches, though there is much more to read."""
    monkeypatch.setattr(reading, "BATCH_DOCUMENTS", 4)
    total, batch = 12 * MB, 256 * 1024
    await put_all(ends.source, [blob(one, 64 * 1024) for one in range(total // (64 * 1024))])
    ports = [int(url.rpartition(":")[2]) for url in fresh_pair]
    async with proxied(ports[0]) as source, proxied(ports[1]) as target:
        ends.source_end = replace(ends.source_end, url=source.url(ends.source_end.database, 30_000))
        ends.target_end = replace(ends.target_end, url=target.url(ends.target_end.database, 30_000))
        target.drip, target.pause = 64 * 1024, 0.006
        run_id = await launch.create_run(ends.home, await ends.plan(batch=1_000, size=batch))
        begin = source.passed[Way.TO_WORKER] - target.passed[Way.TO_SERVER]
        target.arm(Trouble.TRICKLE, Way.TO_SERVER, 300_000)
        working = asyncio.create_task(ends.work(run_id))
        ahead = 0
        while not working.done() and (await ends.record(run_id)).state is not RunState.VERIFYING:
            ahead = max(ahead, source.passed[Way.TO_WORKER] - target.passed[Way.TO_SERVER] - begin)
            await asyncio.sleep(0.01)
        ended = await working
    assert ended.exit_code == 0
    print(f"ahead {ahead / MB:.1f} MiB of {total / MB:.0f}")  # noqa: T201 - shown by pytest -s
    assert ahead < total / 3

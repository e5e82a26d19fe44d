"""Runs at work that somebody follows, steers, leaves or kills, between real servers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ENCODED, Cli, Ends, copy
from tests.processes import killed_after
from tests.ui.live_run import LiveRun
from tui_migrate.cli import steering
from tui_migrate.cli.follow import Followed, caught_signals, follow
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ROLL_BACK, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.worker.lock import holder

SECONDS = 60.0
"""How long is waited for what has to come."""


pytestmark = pytest.mark.slow


@contextmanager
def slow_copy(cli: Cli, ends: Ends) -> Iterator[subprocess.Popen[str]]:
    """A copy in the foreground of another process, in batches of one document."""
    command = [sys.executable, "-m", "tui_migrate", *copy(ends, "--batch-documents", "1"), "--home", str(cli.folder)]
    started = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with killed_after(started) as process:
        yield process


def wait_for_worker(cli: Cli) -> int:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if pid := holder(cli.home.run(1).lock):
            return pid
        time.sleep(0.01)
    raise TimeoutError("no worker has started")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_the_worker_after_its_batch_and_resume_goes_on(
    cli: Cli, ends: Ends, number: signal.Signals
) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    with slow_copy(cli, ends) as process:
        wait_for_worker(cli)
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "asked the worker to stop after its batch" in err
    assert "~ interrupted  run 0001" in out
    assert "tui-migrate resume 1" in out
    assert "Traceback" not in out + err
    assert holder(cli.home.run(1).lock) is None
    cli_status = cli("status", "1", "--json").document
    assert (cli_status["state"], cli_status["worker"]) == ("interrupted", None)
    assert cli("attach", "1").code == 5
    done = cli("resume", "1", "--json")
    assert (done.code, done.document["state"]) == (0, "completed")
    assert len(ends.target_documents("users")) == 630


def test_a_hang_up_leaves_the_run_at_work(cli: Cli, ends: Ends) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    with slow_copy(cli, ends) as process:
        wait_for_worker(cli)
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "left run 0001 at work" in err
    assert cli("attach", "1", "--json").document["state"] == "completed"


def test_ctrl_c_leaves_the_run_at_work_when_it_comes_again(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    async def begun() -> None:
        pass

    async def interrupt_twice() -> Followed:
        with caught_signals() as signals:
            following = asyncio.create_task(follow(cli.home, 1, signals, begun))
            os.kill(os.getpid(), signal.SIGINT)
            async with asyncio.timeout(SECONDS):
                while await asked_of_run(cli) != [Wish.STOP]:
                    await asyncio.sleep(0.01)
                os.kill(os.getpid(), signal.SIGINT)
                return await following

    cli.home.prepare()
    with LiveRun(cli.home, quiet=True):
        followed = asyncio.run(interrupt_twice())
    assert followed.left
    assert "ctrl+c again leaves it at work" in capsys.readouterr().err


async def asked_of_run(cli: Cli) -> list[Wish]:
    reader = await JournalReader.open(cli.home.journal)
    try:
        return [one.wish for one in await reader.controls(1)]
    finally:
        await reader.close()


def test_pause_resume_and_cancel(cli: Cli, ends: Ends) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    assert cli(*copy(ends, "--batch-documents", "1", "--parallel", "2", "--detach")).code == 0
    assert cli("pause", "1").out == "asked run 0001 to pause after its batch\n"
    wait_for_state(cli, "paused")
    assert cli("status", "1", "--json").document["parallel"] == 2
    assert cli("parallel", "1", "3").out == "run 0001: 3 collections verified at once\n"
    assert cli("parallel", "1", "1", "--json").document["parallel"] == 1
    resumed = cli("resume", "1", "--detach", "--json")
    assert resumed.code == 0
    wait_for_state(cli, "executing")
    assert cli("pause", "1", "--json").document["id"] == 1
    wait_for_state(cli, "paused")
    resuming = subprocess.Popen(
        [sys.executable, "-m", "tui_migrate", "resume", "1", "--json", "--home", str(cli.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with killed_after(resuming) as following:
        assert following.stderr is not None
        said = [following.stderr.readline(), following.stderr.readline()]
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=SECONDS)
    assert (following.returncode, json.loads(out)["id"]) == (5, 1)
    assert said[0] == "asked run 0001 to go on\n"
    assert said[1].endswith("ctrl+c leaves it at work\n")
    assert "left run 0001 at work" in err
    # Its batches are so small that it may have ended by the time the command looks at it again.
    assert cli("cancel", "1").out in ("asked run 0001 to end for good after its batch\n", "run 0001: ✗ cancelled\n")
    attached = cli("attach", "1", "--json")
    assert (attached.code, attached.document["state"]) == (130, "cancelled")
    cli.refused("resume", "1", code=4, said="cannot be resumed", hint="status 1", error="refused")
    for command in (("pause", "1"), ("parallel", "1", "2")):
        cli.refused(*command, code=4, said="run 0001", hint="", error="refused")


def test_a_worker_that_is_busy_is_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "ANSWER_SECONDS", 0.0)
    cli.home.prepare()
    with LiveRun(cli.home, quiet=True):
        assert cli("pause", "1").out == "asked run 0001 to pause after its batch\n"
        assert cli("parallel", "1", "2").out == "asked run 0001: 2 collections verified at once\n"
        assert cli("cancel", "1").out == "asked run 0001 to end for good after its batch\n"


async def ask_too_late(cli: Cli, value: int) -> None:
    """Ask for a cancel of a run whose worker is dead, though the journal does not know."""
    async with open_both(cli.home.journal) as (journal, _):
        await journal.file_control(1, Wish.CANCEL, value, "anna@bastion", RunState.EXECUTING)


def test_a_run_that_was_to_be_rolled_back_is_so_by_its_next_worker(cli: Cli, ends: Ends) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    with slow_copy(cli, ends) as process:
        worker = wait_for_worker(cli)
        wait_for_state(cli, "executing")
        os.kill(worker, signal.SIGKILL)
        process.communicate(timeout=SECONDS)
    asyncio.run(ask_too_late(cli, ROLL_BACK))
    shown = cli("status", "1").out
    assert "as was asked: tui-migrate rollback 1 --confirm" in shown
    assert "go on with it: " not in shown
    words = "run 0001 was to be cancelled and rolled back"
    cli.refused("resume", "1", code=2, said=words, hint="rollback 1 --confirm", error="confirmation_needed")
    assert cli.process("worker", "1", "--json").document["state"] == "rolled_back"
    assert ends.target_documents("users") == []


def test_a_run_that_was_to_be_cancelled_is_gone_on_with_by_somebody_who_says_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.home.prepare()
    with LiveRun(cli.home, quiet=True):
        pass
    asyncio.run(ask_too_late(cli, 0))
    words = "run 0001 was to be cancelled, and its worker was gone"
    cli.refused("resume", "1", code=2, said=words, hint="cancel 1", error="confirmation_needed")
    assert "cancel it, as was asked: tui-migrate cancel 1" in cli("status", "1").out
    cli.refused("resume", "1", "--despite-cancel", code=2, said="no connection prod", hint="", error="usage")
    assert "as was asked" in cli("status", "1").out

    async def start(*_: object) -> str:
        return ""

    monkeypatch.setattr("tui_migrate.cli.steer.passwords_for", lambda *_: {})
    monkeypatch.setattr("tui_migrate.worker.launch.start", start)
    assert cli("resume", "1", "--despite-cancel", "--detach").code == 0
    assert "as was asked" not in cli("status", "1").out


def wait_for_state(cli: Cli, state: str) -> None:
    deadline = time.monotonic() + SECONDS
    while cli("status", "1", "--json").document["state"] != state:
        assert time.monotonic() < deadline


def test_a_worker_that_was_killed_is_seen_and_its_run_resumed_in_the_foreground(cli: Cli, ends: Ends) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    with slow_copy(cli, ends) as process:
        process_id = wait_for_worker(cli)
        wait_for_state(cli, "executing")
        subprocess.run(["kill", "-KILL", str(process_id)], check=True)
        out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 5
    assert "~ interrupted  run 0001" in out
    done = cli.process("worker", "1", "--json")
    assert (done.code, done.document["state"]) == (0, "completed")
    assert len(ends.target_documents("users")) == 630


def test_a_worker_shows_no_password_to_ps(cli: Cli, ends: Ends, guarded_url: str) -> None:
    many = ends.source_client[ends.database]["many"]
    many.insert_many({"_id": place} for place in range(600))
    target = f"mongodb://writer:{ENCODED}@{guarded_url}"
    words = ("--collections", "many", "--batch-documents", "1", "--detach")
    assert cli("copy", "--source", ends.source, "--target", target, *words).code == 0
    process = Path(f"/proc/{wait_for_worker(cli)}")
    for shown in ("cmdline", "environ"):
        content = (process / shown).read_bytes()
        assert content
        assert b"hunter2" not in content
    assert cli("attach", "1").code == 0


ON_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_a_terminal_shows_a_bar_and_may_be_closed(cli: Cli, ends: Ends) -> None:
    ends.source_client[ends.database]["users"].insert_many({"_id": place} for place in range(100, 700))
    master, slave = os.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, "-m", "tui_migrate", *copy(ends, "--batch-documents", "1")]
    process = subprocess.Popen(
        [*command, "--home", str(cli.folder)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(slave)
    drawn = b""
    with killed_after(process):
        try:
            while b"execute" not in drawn:
                drawn += os.read(master, 4_096)
        finally:
            os.close(master)
        assert process.wait(SECONDS) in (1, 5)
    assert b"\r" in drawn
    assert b"\x1b[K" in drawn
    assert cli("attach", "1", "--json").document["state"] == "completed"
    assert not (cli.home.state / "error.log").exists()

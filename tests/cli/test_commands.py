"""Whole runs from the command line, between real servers."""

import asyncio
import getpass
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ENCODED, PASSWORD, Cli, Ends
from tests.processes import killed_after
from tests.ui.live_run import LiveRun
from tui_migrate.cli import passwords, steering
from tui_migrate.cli.follow import Followed, caught_signals, follow
from tui_migrate.journal.reader import JournalReader
from tui_migrate.journal.records import ROLL_BACK, Wish
from tui_migrate.journal.session import open_both
from tui_migrate.journal.states import RunState
from tui_migrate.worker.lock import holder

HALF: list[dict[str, object]] = [{"_id": number, "age": number if number < 5 else -1} for number in range(10)]

SECONDS = 60.0
"""How long is waited for what has to come."""

pytestmark = pytest.mark.slow


def counts(document: dict[str, object]) -> list[int]:
    found = document["counts"]
    assert isinstance(found, dict)
    return [found[name] for name in ("inserted", "replaced", "unchanged", "skipped", "rejected")]


def copy(ends: Ends, *words: str) -> tuple[str, ...]:
    return ("copy", "--source", ends.source, "--target", ends.target, *words)


def test_lists_collections(cli: Cli, ends: Ends) -> None:
    done = cli("list-collections", "--url", ends.source)
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["name", "kind"],
        ["families", "collection"],
        ["grown", "view"],
        ["users", "collection"],
    ]
    rows = cli("list-collections", "--url", ends.source, "--json").document["collections"]
    assert isinstance(rows, list)
    assert rows[2] == {"name": "users", "kind": "collection", "documents": 30, "size": rows[2]["size"], "indexes": 1}
    server = ends.source.rpartition("/")[0]
    assert "users" in cli("list-collections", "--url", server, "--database", ends.database).out
    assert cli("list-collections", "--url", ends.target).out == "the database has no collections\n"
    assert not cli.folder.exists()


def test_copies_shows_and_takes_back(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", HALF)
    done = cli(*copy(ends, "--conflict-resolution", "overwrite", "--description", "a note"))
    assert done.code == 0
    assert done.out.startswith("✓ completed  run 0001  copy  mongodb://")
    assert "inserted 25  replaced 5  unchanged 5  skipped 0  rejected 0" in done.out
    assert f"→ take it back: tui-migrate rollback 1 --confirm --home {cli.folder}" in done.out
    assert done.err.startswith("run 0001: started")
    assert len(ends.target_documents("users")) == 30

    status = cli("status", "0001", "--json").document
    assert (status["id"], status["state"], status["rollback_available"]) == (1, "completed", True)
    assert counts(status) == [25, 5, 5, 0, 0]
    assert status["description"] == "a note"
    assert "note: a note" in cli("status", "1").out
    assert cli("history", "--json").document == {"runs": [status], "total_count": 1}

    unconfirmed = cli("rollback", "1", "--json")
    assert (unconfirmed.code, unconfirmed.error["code"]) == (2, "confirmation_needed")
    assert "delete 25 documents and put 5 back" in unconfirmed.error["message"]
    assert len(ends.target_documents("users")) == 30

    back = cli("rollback", "1", "--confirm", "--json")
    assert (back.code, back.document["state"], back.document["rollback_of"]) == (0, "completed", 1)
    assert ends.target_documents("users") == HALF
    assert ends.target_client[ends.database].list_collection_names() == ["users"]
    assert cli("status", "1", "--json").document["state"] == "rolled_back"
    assert "rolled back by run 0002" in cli("status", "1").out
    assert [line.split()[0] for line in cli("history").out.splitlines()] == ["run", "0002", "0001"]
    assert [line.split()[0] for line in cli("history", "--limit", "1", "--offset", "1").out.splitlines()[1:]] == [
        "0001"
    ]


def test_exports_and_imports(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    done = cli("export", "--url", ends.source, "--output", "out", "--collections", "users", "families", "--json")
    assert (done.code, done.document["kind"], done.document["target"]) == (0, "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "manifest.json").exists()
    done = cli("import", "--url", ends.target, "--input", "out", "--exclude", "families", "--json")
    assert (done.code, counts(done.document)) == (0, [30, 0, 0, 0, 0])
    assert len(ends.target_documents("users")) == 30
    assert ends.target_documents("families") == []


def test_a_dry_run_counts_and_writes_nothing(cli: Cli, ends: Ends) -> None:
    ends.fill_target("users", HALF)
    done = cli(*copy(ends, "--dry-run", "--conflict-resolution", "skip", "--json"))
    assert done.code == 0
    total = done.document["total"]
    assert isinstance(total, dict)
    assert {name: total[name] for name in ("documents", "insert", "replace", "unchanged", "skip", "refuse")} == {
        "documents": 35,
        "insert": 25,
        "replace": 0,
        "unchanged": 5,
        "skip": 5,
        "refuse": 0,
    }
    quick = cli(*copy(ends, "--dry-run=quick", "--json")).document
    assert quick["total"] == {"documents": 35, "insert": 25, "present": 10, "reject": 0}
    refused = cli(*copy(ends, "--dry-run"))
    assert refused.code == 4
    assert re.search(r"^users +yes +30 +20 +5 +5 ", refused.out, re.MULTILINE)
    assert "nothing was written" in refused.out
    assert ends.target_documents("users") == HALF
    assert not cli.folder.exists()


def test_only_validating_writes_nothing(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--validate-only", "--json"))
    assert (done.code, done.document["valid"]) == (0, True)
    assert not cli.folder.exists()


def test_a_saved_plan_is_run(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--collections", "users", "--batch-documents", "7", "--save-plan", "plan.yaml"))
    assert done.code == 0
    assert "tui-migrate start plan.yaml" in done.out
    assert not cli.home.journal.exists()
    assert cli("start", "plan.yaml", "--json").document["state"] == "completed"
    assert len(ends.target_documents("users")) == 30


def test_a_detached_run_is_attached_to(cli: Cli, ends: Ends) -> None:
    done = cli(*copy(ends, "--detach"))
    assert (done.code, done.out) == (0, "0001\n")
    attached = cli("attach", "1", "--json")
    assert (attached.code, attached.document["state"]) == (0, "completed")


def test_a_later_run_is_named_before_a_rollback(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    ends.source_client[ends.database]["users"].insert_one({"_id": 99})
    assert cli(*copy(ends)).code == 0
    for words in (("rollback", "1"), ("rollback", "1", "--confirm")):
        cli.refused(
            *words,
            code=4,
            said="run 0002 wrote to the same collections after run 0001",
            hint="rollback 2 --confirm",
            error="refused",
        )
    assert "run 0002 wrote to the same collections later" in cli("rollback", "1", "--despite-later").err
    done = cli("rollback", "1", "--despite-later", "--confirm")
    assert "warning: run 0002 wrote to the same collections later; what it changed is kept" in done.err
    assert done.code == 3
    assert ends.target_documents("users") == [{"_id": 99}]
    assert cli("rollback", "2", "--confirm").code == 0


def test_runs_are_taken_back_one_after_the_other_without_a_question(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    ends.source_client[ends.database]["users"].insert_one({"_id": 99})
    for _ in range(2):  # the second of these writes nothing, and stands in nobody's way
        assert cli(*copy(ends)).code == 0
    assert cli("rollback", "2", "--confirm").code == 0
    assert cli("rollback", "1", "--confirm").code == 0
    assert ends.target_client[ends.database].list_collection_names() == []


def test_deletes_a_record_and_asks_where_it_is_the_only_way_back(cli: Cli, ends: Ends) -> None:
    assert cli(*copy(ends)).code == 0
    cli.refused("delete", "1", code=2, said="only way back", hint="delete 1 --confirm", error="confirmation_needed")
    assert cli.home.run(1).undo_log.exists()
    assert cli("delete", "1", "--confirm", "--json").document == {"deleted": 1}
    assert not cli.home.run(1).path.exists()
    assert cli("history").out == "there are no runs\n"
    assert cli("export", "--url", ends.source, "--output", "out").code == 0
    assert cli("delete", "2").out == "deleted run 0002\n"


@pytest.fixture
def password_variable(cli: Cli, guarded_url: str) -> str:
    """A connection `safe` to the guarded server, whose password stands in the environment variable named."""
    cli.home.prepare()
    entries = {"url": f"mongodb://writer@{guarded_url}", "password_env": "SAFE_PASSWORD"}
    cli.home.connections.write_text(json.dumps({"connections": {"safe": entries}}))
    return "SAFE_PASSWORD"


def test_a_password_comes_from_the_environment_and_shows_nowhere(
    cli: Cli, ends: Ends, password_variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(password_variable, PASSWORD)
    words = ("copy", "--source", "safe/shop", "--target", ends.target, "--collections", "users")
    assert cli(*words).code == 0
    monkeypatch.delenv(password_variable)
    without = ("copy", "--source", "safe", "--target", ends.target)
    cli.refused(*without, code=4, said=password_variable, hint="export", error="credentials_missing")


def test_a_typed_password_reaches_the_worker(cli: Cli, ends: Ends, guarded_url: str) -> None:
    source = f"mongodb://writer:{ENCODED}@{guarded_url}"
    words = ("copy", "--source", source, "--target", ends.target, "--collections", "users")
    done = cli(*words)
    assert done.code == 0
    assert "warning: a password" in done.err


def test_a_missing_password_is_asked_for_on_a_terminal(
    cli: Cli, guarded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(prompt: str, stream: object) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr(passwords, "may_ask", lambda: True)
    monkeypatch.setattr(getpass, "getpass", answer)
    done = cli("list-collections", "--url", f"mongodb://writer@{guarded_url}")
    assert (done.code, len(asked)) == (0, 1)
    assert "writer@" in asked[0]


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

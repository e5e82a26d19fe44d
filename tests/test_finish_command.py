"""The command that is run at a run's end: what it is told, what it is not, and what is said where it fails."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tui_migrate import finish_command
from tui_migrate.finish_command import KEPT_VARIABLES, run_finish_command
from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind

WRITE = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open(sys.argv.pop(1), 'w'))"


async def test_it_is_told_id_state_and_kind_and_knows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROD_PASSWORD", "TUI_MIGRATE_PASSPHRASE", "COLORTERM"):
        monkeypatch.setenv(name, "s3cret")
    out = tmp_path / "out.json"
    command = (sys.executable, "-c", WRITE, str(out))
    assert await run_finish_command(command, 42, RunState.COMPLETED, RunKind.COPY) is None
    words, variables = json.loads(out.read_text())
    assert words[1:] == ["42", "completed", "copy"]
    assert set(variables) <= {*KEPT_VARIABLES, "LC_CTYPE"}
    assert "s3cret" not in out.read_text()


async def test_it_has_neither_our_terminal_nor_our_folder_and_does_not_end_with_us(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    told = "[os.getsid(0) == os.getpid(), os.getcwd(), *(os.readlink(f'/proc/self/fd/{one}') for one in range(3))]"
    command = (sys.executable, "-c", f"import json, os, sys; json.dump({told}, open(sys.argv[1], 'w'))", str(out))
    before, (reading, writing) = os.dup(0), os.pipe()
    try:
        os.dup2(reading, 0)
        assert await run_finish_command(command, 42, RunState.COMPLETED, RunKind.COPY) is None
    finally:
        os.dup2(before, 0)
        for one in (before, reading, writing):
            os.close(one)
    assert json.loads(out.read_text()) == [True, "/", *["/dev/null"] * 3]


async def test_one_that_is_not_there_is_said_to_be() -> None:
    said = await run_finish_command(("/nowhere/\x1bnotify",), 1, RunState.FAILED, RunKind.COPY)
    assert said == "the command of on_finish, /nowhere/\\x1bnotify, cannot be run: No such file or directory"


async def test_one_that_fails_is_said_to_have_failed() -> None:
    said = await run_finish_command((sys.executable, "-c", "raise SystemExit(3)"), 1, RunState.FAILED, RunKind.COPY)
    assert said is not None
    assert said.endswith("ended with 3")


async def test_one_that_takes_long_is_left_at_work(tmp_path: Path) -> None:
    mark, go = tmp_path / "mark", tmp_path / "go"
    os.mkfifo(go)
    code = f"import pathlib; pathlib.Path({str(go)!r}).read_text(); pathlib.Path({str(mark)!r}).touch()"
    said = await run_finish_command((sys.executable, "-c", code), 1, RunState.FAILED, RunKind.COPY, patience=0.05)
    assert said is None
    assert not mark.exists()
    (left,) = finish_command._LEFT_AT_WORK
    await asyncio.to_thread(go.write_text, "")
    assert left.wait(30) == 0
    assert mark.exists()
    finish_command._LEFT_AT_WORK.clear()

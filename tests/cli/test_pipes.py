"""Packages that go through pipes, between real commands, workers and servers."""

import gzip
import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Ends

SECONDS = 60


def command(cli: Cli, *words: str) -> list[str]:
    return [sys.executable, "-m", "tui_migrate", words[0], "--home", str(cli.folder), *words[1:]]


def piped(cli: Cli, *stages: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run commands with a pipe between each and the next; that of the last which failed is the exit code."""
    line = " | ".join(shlex.join(one) for one in stages)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def inputs(cli: Cli) -> list[Path]:
    return list(cli.home.inputs.iterdir()) if cli.home.inputs.exists() else []


@pytest.mark.slow
def test_an_export_is_piped_into_an_import(cli: Cli, ends: Ends) -> None:
    done = piped(
        cli,
        command(cli, "export", "--url", ends.source, "--output", "-"),
        command(cli, "import", "--url", ends.target, "--input", "-"),
    )
    assert done.returncode == 0, done.stderr.decode()
    assert ends.target_documents("users") == [{"_id": number, "age": number} for number in range(30)]
    assert len(ends.target_documents("families")) == 5
    assert "grown" in ends.target_client[ends.database].list_collection_names()
    assert b"Traceback" not in done.stderr
    assert inputs(cli) == []


@pytest.mark.slow
def test_what_comes_out_of_the_pipe_is_an_archive_and_nothing_else(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    with (tmp_path / "x.archive").open("wb") as file:
        words = command(cli, "export", "--url", ends.source, "--output", "-")
        done = subprocess.run(words, stdout=file, stderr=subprocess.PIPE, timeout=SECONDS, check=False)
    assert done.returncode == 0
    assert b"completed" in done.stderr
    assert gzip.decompress((tmp_path / "x.archive").read_bytes()).startswith(bytes.fromhex("6de29981"))
    assert cli("import", "--url", ends.target, "--input", str(tmp_path / "x.archive")).code == 0
    assert len(ends.target_documents("users")) == 30


@pytest.mark.slow
def test_a_reader_that_goes_away_fails_the_run_which_cannot_be_resumed(cli: Cli, ends: Ends) -> None:
    done = piped(cli, command(cli, "export", "--url", ends.source, "--output", "-"), ["true"])
    assert done.returncode == 1, done.stderr
    assert b"closed by the command that reads it" in done.stderr
    assert b"resume" not in done.stderr
    cli.refused("resume", "1", code=4, said="a pipe, which is gone", hint="cancel 1", error="refused")
    hint = json.loads(cli("status", "1", "--json").out)["failure"]["hint"]
    assert hint in cli("status", "1").out
    assert cli("cancel", "1").code == 0
    assert hint not in cli("status", "1").out


def test_a_pipe_excludes_what_would_spoil_it(cli: Cli, ends: Ends) -> None:
    words = ("export", "--url", ends.source, "--output", "-")
    for more, said in (
        (("--detach",), "exclude each other"),
        (("--save-plan", "p.yaml"), "cannot write into a pipe"),
        (("--format", "tar"), "cannot go through a pipe"),
        (("--format", "native"), "cannot go through a pipe"),
    ):
        done = cli(*words, *more)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
    done = cli(*words, "--json")
    assert done.code == 2
    assert "stdout" in done.error["message"]
    done = cli("import", "--url", ends.target, "--input", "-", "--save-plan", "p.yaml")
    assert done.code == 2
    assert not cli.home.journal.exists()


@pytest.mark.slow
def test_a_package_is_not_written_to_a_terminal_nor_read_from_one(cli: Cli, ends: Ends) -> None:
    main, terminal = pty.openpty()
    try:
        for words in (
            ("export", "--url", ends.source, "--output", "-"),
            ("import", "--url", ends.target, "--input", "-"),
        ):
            done = subprocess.run(
                command(cli, *words),
                stdin=terminal,
                stdout=terminal,
                stderr=subprocess.PIPE,
                timeout=SECONDS,
                check=False,
            )
            assert done.returncode == 2
    finally:
        os.close(main)
        os.close(terminal)


@pytest.mark.slow
def test_a_dry_run_of_an_export_into_a_pipe_writes_nothing_to_it(cli: Cli, ends: Ends) -> None:
    words = command(cli, "export", "--url", ends.source, "--output", "-", "--dry-run")
    done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"users" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", b"nothing came through the pipe"), (b"no package", b"no package of a form that is known")],
)
def test_an_input_that_is_no_package_leaves_nothing_behind(cli: Cli, ends: Ends, content: bytes, said: bytes) -> None:
    words = command(cli, "import", "--url", ends.target, "--input", "-")
    done = subprocess.run(words, input=content, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode in (2, 4)
    assert said in done.stderr
    assert inputs(cli) == []


@pytest.mark.slow
def test_what_came_through_a_pipe_is_kept_for_as_long_as_a_run_needs_it(cli: Cli, ends: Ends) -> None:
    export = command(cli, "export", "--url", ends.source, "--output", "-", "--collections", "users")
    read = command(cli, "import", "--url", ends.target, "--input", "-")
    ends.target_client[ends.database].create_collection("users", validator={"age": {"$lt": 10}})
    assert piped(cli, export, read).returncode == 1
    (kept,) = inputs(cli)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert piped(cli, export, [*read, "--dry-run"]).returncode == 0
    assert inputs(cli) == [kept]
    ends.target_client[ends.database].command({"collMod": "users", "validator": {}})
    assert cli("resume", "2").code == 3
    assert inputs(cli) == []
    assert cli("retry", "2").code in (0, 3)
    assert len(ends.target_documents("users")) == 30


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["cancel", "delete", "rollback"])
def test_a_run_that_is_given_up_needs_its_input_no_more(cli: Cli, ends: Ends, ending: str) -> None:
    export = command(cli, "export", "--url", ends.source, "--output", "-", "--collections", "users")
    ends.target_client[ends.database].create_collection("users", validator={"age": {"$lt": 10}})
    assert piped(cli, export, command(cli, "import", "--url", ends.target, "--input", "-")).returncode == 1
    assert len(inputs(cli)) == 1
    assert cli(ending, "2", *(() if ending == "cancel" else ("--confirm",))).code == 0
    assert inputs(cli) == []


@pytest.mark.slow
def test_a_name_that_ends_in_tar_makes_a_tar(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    assert cli("export", "--url", ends.source, "--output", str(tmp_path / "x.tar")).code == 0
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "xf", tmp_path / "x.tar", "-C", tmp_path / "unpacked"], check=True)
    for number, package in enumerate(("x.tar", "unpacked")):
        target = ends.target.replace(ends.database, f"{ends.database}_{number}")
        assert cli("import", "--url", target, "--input", str(tmp_path / package)).code == 0
        assert ends.target_client[f"{ends.database}_{number}"]["users"].count_documents({}) == 30
        ends.target_client.drop_database(f"{ends.database}_{number}")


@pytest.mark.parametrize(("text", "code"), [("0", 2), ("x", 2), ("1.5G", 2), ("12Q", 2)])
def test_a_size_that_is_none_is_refused(cli: Cli, ends: Ends, text: str, code: int) -> None:
    done = cli("import", "--url", ends.target, "--input", "x", "--max-unpacked", text)
    assert done.code == code
    assert "max-unpacked" in done.err


@pytest.mark.slow
def test_a_package_that_unpacks_to_more_than_it_may_is_refused(cli: Cli, ends: Ends, tmp_path: Path) -> None:
    path = str(tmp_path / "x.archive")
    assert cli("export", "--url", ends.source, "--output", path, "--format", "archive").code == 0
    assert cli("import", "--url", ends.target, "--input", path, "--max-unpacked", "1K").code == 4
    assert cli("import", "--url", ends.target, "--input", path, "--max-unpacked", "1MiB").code == 0

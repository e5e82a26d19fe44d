import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Cli
from tui_migrate import __version__
from tui_migrate.cli import app, runs
from tui_migrate.cli.app import arrange, build_app, main
from tui_migrate.errors import Unreachable
from tui_migrate.paths import Home
from tui_migrate.ui.web import server

COMMANDS = [
    *(
        "attach",
        "backup",
        "backups",
        "cancel",
        "catalog",
        "compare",
        "conflicts",
        "copy",
        "decide",
        "delete",
        "demo",
        "explain",
        "export",
        "history",
        "import",
    ),
    *(
        "list-collections",
        "parallel",
        "pause",
        "report",
        "resume",
        "retry",
        "rollback",
        "start",
        "status",
        "validate",
        "worker",
    ),
]
GROUPS = {"catalog": ("check", "infer", "list", "show"), "backups": ("list", "prune", "restore", "verify")}
CALLED = [
    *(one for one in COMMANDS if one not in GROUPS),
    *(f"{group} {one}" for group, names in GROUPS.items() for one in names),
]


@pytest.mark.parametrize(
    ("given_words", "arranged"),
    [
        ("", ""),
        ("history", "history"),
        ("--home h --json history --limit 3", "history --home h --json --limit 3"),
        ("--home=h history", "history --home=h"),
        ("copy --dry-run --json", "copy --dry-run=exact --json"),
        ("copy --dry-run=quick", "copy --dry-run=quick"),
        ("--json catalog list", "catalog list --json"),
        ("catalog --json --home h list", "catalog list --json --home h"),
        ("--home h catalog --json show x", "catalog show --home h --json x"),
        ("catalog --home h", "catalog --home h"),
        ("backups --json restore x --dry-run", "backups restore --json x --dry-run"),
        ("status -- --dry-run", "status -- --dry-run"),
        ("--home", "--home"),
        ("--json", "--json"),
    ],
)
def test_arranges_words(given_words: str, arranged: str) -> None:
    assert arrange(given_words.split()) == arranged.split()


@given(
    st.lists(st.sampled_from(["--home", "--json", "--home=x", "x", "catalog", "--dry-run", "--dry-run=quick", "--"]))
)
def test_arranging_loses_no_word(words: Sequence[str]) -> None:
    expected = ["--dry-run=exact" if word == "--dry-run" else word for word in words]
    assert sorted(word.replace("--dry-run=exact", "--dry-run") for word in arrange(words)) == sorted(
        word.replace("--dry-run=exact", "--dry-run") for word in expected
    )


def test_the_commands_are_those_of_the_design() -> None:
    assert sorted(name for name in build_app() if not name.startswith("-")) == COMMANDS


@pytest.mark.parametrize(("group", "names"), GROUPS.items())
def test_the_commands_of_a_group_are_these(group: str, names: Sequence[str]) -> None:
    assert sorted(name for name in build_app()[group] if not name.startswith("-")) == list(names)
    assert main([group, "--help"]) == 0


@pytest.mark.parametrize("command", CALLED)
def test_every_command_and_option_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: tui-migrate {command}")
    assert out.splitlines()[2]
    assert "--home PATH" in out
    called = build_app()
    for name in command.split():
        called = called[name]
    for argument in called.assemble_argument_collection(parse_docstring=True):
        if argument.parse and argument.show:
            assert argument.parameter.help, argument.name
    assert max(map(len, out.splitlines())) <= 80


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {command} " in out for command in COMMANDS)
    assert "the app opens" in " ".join(out.split())
    assert all(f"\n  {option} " in out for option in ("--web PORT", "--web-host ADDRESS", "--home PATH", "--json"))


def test_alone_it_says_what_to_try(cli: Cli) -> None:
    done = cli()
    assert done.code == 0
    assert "tui-migrate demo" in done.out
    assert str(cli.home.journal) in done.out
    assert not cli.folder.exists()
    assert cli("--json").document["version"] == __version__


def test_served_to_a_browser_it_says_where(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    async def serve(home: Home, host: str, port: int, say: Callable[[str], None]) -> None:
        asked.append((host, port))
        say("http://127.0.0.1:8000/token/")

    monkeypatch.setattr(server, "serve", serve)
    assert cli("--web=8000", "--json").document == {"address": "http://127.0.0.1:8000/token/"}
    assert cli("--web=0", "--web-host", "::1").out.splitlines()[0] == "tui-migrate is at http://127.0.0.1:8000/token/"
    assert asked == [("127.0.0.1", 8000), ("::1", 0)]


def test_a_place_to_listen_without_a_port_is_refused(cli: Cli) -> None:
    cli.refused("--web-host=::1", code=2, said="--web-host goes with --web", hint="--web PORT", error="usage")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


class Unforeseen(Exception):
    pass


def raises(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `history` meet an error that nobody foresaw."""
    from tui_migrate.cli import records

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(records, "read_runs", fail)


def test_an_unexpected_error_goes_to_a_file(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    raises(Unforeseen("at mongodb://u:hunter2@h/db"), monkeypatch)
    log = cli.home.state / "error.log"
    cli.refused("history", code=1, said="an unexpected Unforeseen", hint=str(log), error="failed")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    text = log.read_text()
    assert "test_app.py" in text
    assert "mongodb://u:***@h/db" in text


def test_an_unexpected_error_without_a_place_for_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    raises(Unforeseen(), monkeypatch)
    cli.folder.mkdir()
    (cli.folder / "state").write_text("")
    cli.refused("history", code=1, said="cannot be written", hint="space", error="failed")


def test_an_unexpected_error_where_the_home_is_a_file(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(words: Sequence[str]) -> None:
        raise Unforeseen

    monkeypatch.setattr("tui_migrate.cli.app.refuse_typed_passphrase", refuse)
    cli.folder.write_text("")
    cli.refused("history", code=2, said="is no folder", hint="--home", error="usage")


def test_an_error_in_a_group_is_found(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    group = ExceptionGroup("", [ExceptionGroup("", [Unreachable("h does not answer", hint="wait")])])
    raises(group, monkeypatch)
    cli.refused("history", code=1, said="h does not answer", hint="wait", error="unreachable")


def test_ctrl_c_before_a_run(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    raises(KeyboardInterrupt(), monkeypatch)
    cli.refused("history", code=130, said="cancelled", hint="history", error="cancelled")


@pytest.mark.parametrize("words", [(), ("--json",), ("history",), ("--help",)])
def test_a_closed_pipe_is_no_traceback(words: tuple[str, ...], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tui_migrate", *words],
            env={**os.environ, "TUI_MIGRATE_HOME": str(tmp_path)},
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [("--json",), ("history",), ("--help",), ("copy", "--help")])
def test_output_that_finds_no_room_says_so(words: tuple[str, ...], tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tui_migrate", *words],
            env={**os.environ, "TUI_MIGRATE_HOME": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"tui-migrate: error: the output cannot be written: No space left")
    assert not list(tmp_path.rglob("error.log"))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [(("history",), 0), (("status", "1"), 2)])
def test_closed_streams_are_nothing_to_stumble_over(
    words: tuple[str, ...], code: int, closed: str, tmp_path: Path
) -> None:
    line = " ".join([sys.executable, "-m", "tui_migrate", *words, closed])
    environment = {**os.environ, "TUI_MIGRATE_HOME": str(tmp_path)}
    done = subprocess.run(["sh", "-c", line], env=environment, timeout=60, check=False)
    assert done.returncode == code
    assert not list(tmp_path.rglob("error.log"))


def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    program = (
        "import os; from tui_migrate.cli.output import fill_closed_streams; fill_closed_streams();"
        "os._exit(0 if [os.stat(number).st_rdev for number in range(3)] == 3 * [os.stat(os.devnull).st_rdev]"
        " and os.open(os.devnull, os.O_RDONLY) > 2 else 1)"
    )
    line = f"{sys.executable} -c '{program}' <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], timeout=60, check=False).returncode == 0


def test_a_locale_without_our_marks_is_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui_migrate", "status", "7é"],
        env={**os.environ, "TUI_MIGRATE_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert b"\n  -> ids are numbers" in done.stderr


def test_the_modules_that_hold_commands_are_all_in_the_app() -> None:
    assert runs.history in {build_app()[name].default_command for name in COMMANDS}
    assert app.main is main


def test_json_output_is_ascii(cli: Cli) -> None:
    done = cli("status", "é\u202e", "--json")
    assert done.out.isascii()
    assert json.loads(done.out)["error"]["code"] == "usage"

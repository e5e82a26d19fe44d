import stat
from pathlib import Path

from textual.worker import WorkerFailed

from tui_migrate.errors import Unreachable
from tui_migrate.ui.terminal.crash import crash_line, log_crash

URL = "mongodb://anna:hunter2@db.example.net/shop"


def fail(password: str) -> None:
    raise ValueError(f"cannot parse {URL} with {len(password)} characters")


def caught() -> Exception:
    try:
        fail("hunter2")
    except ValueError as error:
        return error
    raise AssertionError


def test_the_log_has_the_traceback_and_no_secret(tmp_path: Path) -> None:
    log = tmp_path / "state" / "error.log"
    assert log_crash(log, caught())
    text = log.read_text()
    assert "in fail" in text
    assert "ValueError: cannot parse mongodb://anna:***@db.example.net/shop" in text
    assert "hunter2" not in text.replace('fail("hunter2")', "")


def test_the_log_is_the_users_alone_and_keeps_what_was_there(tmp_path: Path) -> None:
    log = tmp_path / "state" / "error.log"
    for _ in range(2):
        log_crash(log, caught())
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    assert log.read_text().count("ValueError: ") == 2


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    log = tmp_path / "state" / "error.log"
    assert not log_crash(log, caught())
    assert "cannot be written" in crash_line(log, caught(), logged=False)


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "error.log").symlink_to(tmp_path / "elsewhere")
    assert not log_crash(tmp_path / "error.log", caught())


def test_the_line_names_the_kind_of_error_and_the_log(tmp_path: Path) -> None:
    line = crash_line(tmp_path / "error.log", caught(), logged=True)
    assert line == f"tui-migrate: error: an unexpected ValueError; the details are in {tmp_path / 'error.log'}"


def test_an_error_of_ours_says_itself_what_happened(tmp_path: Path) -> None:
    line = crash_line(tmp_path, WorkerFailed(Unreachable(f"no answer\x1b[2J from {URL}")), logged=True)
    assert line.startswith("tui-migrate: error: no answer\\x1b[2J from mongodb://anna:***@db.example.net/shop; ")

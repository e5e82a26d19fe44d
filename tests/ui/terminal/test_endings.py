"""However the app ends, the terminal is as it was, and nobody has seen a secret."""

import os
import pty
import resource
import shlex
import signal
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

import pytest

from tests.processes import killed_after
from tests.ui.terminal.operator import DEADLINE_SECONDS, KEYS, ROOT, Operator, environment, sample
from tui_migrate.ui.terminal.modes import ENTER, LEAVE


def is_cooked(operator: Operator) -> bool:
    """Say whether the terminal echoes and hands on lines and signals, as for a shell."""
    wanted = termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN
    local = termios.tcgetattr(operator.child.child_fd)[tty.LFLAG]
    return isinstance(local, int) and local & wanted == wanted


def is_restored(operator: Operator) -> bool:
    sent = operator.received.decode()
    return is_cooked(operator) and LEAVE in sent[sent.rindex(ENTER) :]


def processor_seconds(pid: int) -> float:
    """Give the processor time a process has used (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """Give the processor time that all children used which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_the_terminal_restored(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        assert not is_cooked(operator)
        operator.child.kill(number)
        assert operator.until_ended() == code
        assert is_restored(operator)


@pytest.mark.parametrize("ignores", [False, True])
def test_a_hang_up_ends_it_at_once_without_spinning(tmp_path: Path, ignores: bool) -> None:
    command = shlex.join([sys.executable, "-m", "tests.ui.terminal.sample_app", str(tmp_path)])
    trap = "trap '' HUP; " if ignores else ""
    with Operator(["sh", "-c", f"{trap}exec {command}"], environment(tmp_path)) as operator:
        operator.begin()
        others, before = children_seconds(), processor_seconds(operator.pid)
        operator.hang_up()
        started = time.monotonic()
        while operator.child.isalive():
            assert time.monotonic() - started < DEADLINE_SECONDS
            time.sleep(0.01)
        assert operator.child.exitstatus == 129
        assert children_seconds() - others - before < 0.7


def test_a_terminal_that_goes_without_a_signal_ends_it_too(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 80))
    # A session of its own on a terminal that does not control it gets no SIGHUP, only the end of its input.
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.terminal.sample_app", str(tmp_path)],
        env=environment(tmp_path),
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    with killed_after(process):
        received = b""
        for sign in (b"orders", b"told 1\x07"):  # nothing is left to be written then
            while sign not in received:
                received += os.read(master, 65536)
            if sign == b"orders":
                os.write(master, KEYS["f12"].encode())
        os.close(master)
        assert process.wait(DEADLINE_SECONDS) == 129


@pytest.mark.parametrize("key", ["\x18", "\x19", "\x12"])
def test_a_crash_shows_one_line_and_no_secret(tmp_path: Path, key: str) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        operator.press(key)
        if key == "\x12":  # the next key that is read fails in the thread that reads
            operator.until(lambda: b"\x1b]2;told 2\x07" in operator.received, "that it will fail")
            operator.press("x")
        assert operator.until_ended() == 1
        assert is_restored(operator)
        log = tmp_path / "state" / "error.log"
        sent = operator.received.decode()
        after = sent[sent.rindex(LEAVE) + len(LEAVE) :].strip()
        assert after.startswith("tui-migrate: error: ")
        assert after.endswith(f"; the details are in {log}")
        assert "\n" not in after
        assert "Traceback (most recent call last)" in log.read_text()
        assert "mongodb://anna:***@db/" in log.read_text()
        for text in (sent, log.read_text().replace('secret = "hunter2-of-a-local"', "")):
            assert "hunter2" not in text


def test_the_app_goes_on_while_the_line_stands_still(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        # Far more than a pseudo-terminal keeps; nobody reads any of it.
        operator.press("\x1b[6~\x1b[5~" * 40)
        operator.press("\x18")
        log = tmp_path / "state" / "error.log"
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not log.exists():
            assert time.monotonic() < deadline, "the app stands still as well"
            time.sleep(0.01)
        assert operator.until_ended() == 1


@pytest.mark.parametrize("parent", [False, True])
def test_ctrl_z_gives_the_terminal_to_the_shell_and_comes_back_whole(tmp_path: Path, parent: bool) -> None:
    app = [sys.executable, "-m", "tests.ui.terminal.sample_app", str(tmp_path)]
    command = ["sh", "-c", f"{shlex.join(app)}; exit $?"] if parent else app
    shell = [sys.executable, "-m", "tests.ui.terminal.job_shell", *command]
    with Operator(shell, environment(tmp_path)) as operator:
        operator.begin()
        operator.press("x")
        operator.settle()
        before = operator.picture()
        operator.press("\x1a")
        operator.until_shown("STOPPED")
        assert is_restored(operator)
        operator.press("\n")
        operator.until(lambda: operator.picture() == before, "the screen to be drawn again")
        assert not is_cooked(operator)
        operator.press("x")
        operator.until(lambda: operator.screen.display[23].startswith("2"), "the count to be 2")
        operator.press("\x11")
        assert operator.until_ended() == 0
        assert is_restored(operator)


def test_ctrl_z_where_no_shell_could_continue_it_draws_anew(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        before = operator.picture()
        operator.press("\x1a")
        operator.until(lambda: operator.received.count(ENTER.encode()) == 2, "the terminal to be taken again")
        operator.settle()
        operator.until(lambda: operator.picture() == before, "the screen to be drawn again")


def test_a_stop_from_outside_is_followed_by_a_new_screen(tmp_path: Path) -> None:
    with sample(tmp_path) as operator:
        operator.begin()
        before = operator.picture()
        operator.child.kill(signal.SIGSTOP)
        operator.screen.reset()
        operator.child.kill(signal.SIGCONT)
        operator.until(lambda: operator.picture() == before, "the screen to be drawn again")

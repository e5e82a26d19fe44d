import signal
import subprocess
import sys

import pytest

from tests.demo.processes import is_alive, until
from tests.processes import kill, killed_after

STARTS_ONE = """
import subprocess, sys, time
from tui_migrate.demo import guarded
program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
process = subprocess.Popen(guarded.command([sys.executable, "-c", program], by=sys.argv[1]), stdin=subprocess.PIPE)
time.sleep(60)
"""

WAYS = [
    pytest.param("kernel", marks=pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")),
    "pipe",
]


@pytest.mark.parametrize("way", WAYS)
def test_the_command_ends_when_its_starter_is_killed(way: str) -> None:
    started = subprocess.Popen([sys.executable, "-c", STARTS_ONE, way], stdout=subprocess.PIPE, text=True)
    with killed_after(started) as starter:
        assert starter.stdout is not None
        command = int(starter.stdout.readline())
        try:
            assert is_alive(command)
            starter.send_signal(signal.SIGKILL)
            until(lambda: not is_alive(command), 30)
        finally:
            kill([command])


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_a_command_whose_starter_is_gone_already_is_not_run() -> None:
    line = [sys.executable, "-m", "tui_migrate.demo.guarded", "kernel", "1", sys.executable, "-c", "print('ran')"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_the_pipe_passes_on_sigterm_and_the_exit_code() -> None:
    line = [sys.executable, "-m", "tui_migrate.demo.guarded", "pipe", "0", sys.executable, "-c"]
    sleeping = [*line, "import time; print(1, flush=True); time.sleep(60)"]
    with killed_after(subprocess.Popen(sleeping, stdin=subprocess.PIPE, stdout=subprocess.PIPE)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 256 - signal.SIGTERM
    with killed_after(subprocess.Popen([*line, "raise SystemExit(7)"], stdin=subprocess.PIPE)) as ending:
        assert ending.wait(30) == 7

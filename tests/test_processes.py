import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes import kill, killed_after, killing_workers, of_session, with_words
from tui_migrate.paths import Home


def test_a_stopped_process_of_a_failing_test_is_gone() -> None:
    process = subprocess.Popen(["sleep", "600"])

    def fail() -> None:
        with killed_after(process):
            process.send_signal(signal.SIGSTOP)
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    assert process.returncode == -signal.SIGKILL


def test_what_a_process_has_started_goes_with_its_session() -> None:
    command = ["sh", "-c", "sleep 600 & echo $!; wait"]
    with killed_after(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)) as shell:
        assert shell.stdout is not None
        job = int(shell.stdout.readline())
        assert {shell.pid, job} <= set(of_session(shell.pid))
        kill(of_session(shell.pid))
        assert shell.stdout.read() == ""  # nobody has it open any more


def test_a_worker_that_has_no_lock_yet_is_found_by_its_home(tmp_path: Path) -> None:
    home = Home.find(tmp_path / "home")
    command = ["sh", "-c", "echo begun; read line", "worker", "--home"]
    pipe = subprocess.PIPE
    with (
        killed_after(subprocess.Popen([*command, str(tmp_path / "home-2")], stdin=pipe, stdout=pipe)) as other,
        killed_after(subprocess.Popen([*command, str(tmp_path / "home")], stdin=pipe, stdout=pipe)) as worker,
    ):
        for one in (other, worker):
            assert one.stdout is not None
            assert one.stdout.readline() == b"begun\n"
        with killing_workers(home):
            assert set(with_words(str(tmp_path))) == {other.pid, worker.pid}
        assert worker.wait(60) == -signal.SIGKILL
        assert other.poll() is None

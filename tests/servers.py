"""Starting and ending real servers for tests, each on a free port of 127.0.0.1 and in a folder of its own.

A server ends with the process that started it, however that ends.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tui_migrate.demo import guarded

START_SECONDS = 30.0
END_SECONDS = 10.0

_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class MongoServer:
    """A server that is up."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"


def find_secantusd() -> str | None:
    """Find the server beside this Python or on the PATH."""
    beside = Path(sys.executable).with_name("secantusd-py")
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("secantusd-py")


@contextmanager
def mongo_server(*options: str, storage: Path | None = None) -> Iterator[MongoServer]:
    """Run a SecantusDB server with further options of its command line; `storage` outlives it where it is given."""
    binary = find_secantusd()
    if binary is None:
        raise FileNotFoundError("secantusd-py is not installed: pip install 'tui-migrate[demo]'")
    with TemporaryDirectory(prefix="tui-migrate-test-") as name:
        folder = Path(name)
        (folder / "secantusd.toml").touch()
        fixed = ("--config", str(folder / "secantusd.toml"), "--host", "127.0.0.1", "--port", "0")
        place = ("--storage-path", str(storage or folder / "data"), "--cache-size", "256M")
        with _running([binary, *fixed, *place, *options], folder / "log") as process:
            yield MongoServer(_port(process, folder / "log"), process.pid)


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            guarded.command(command),
            stdin=subprocess.DEVNULL if sys.platform == "linux" else subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the server says where it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := _LISTENING.search(log.read_text(errors="replace")):
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")

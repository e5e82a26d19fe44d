"""Runs a command that ends when the process that started it is gone: `python -m tui_migrate.demo.guarded`.

kernel PID COMMAND…   Linux: the kernel sends SIGTERM when the parent, PID, ends (prctl(2), PR_SET_PDEATHSIG); the
                      setting outlives exec, so nothing of ours stays beside the command
pipe PID COMMAND…     elsewhere: this process stays, and ends the command when its standard input closes, which is a
                      pipe that only the parent holds
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

GRACE_SECONDS: Final = 8.0
"""How long a server may take to end after SIGTERM; SecantusDB takes 2 s."""

_PR_SET_PDEATHSIG: Final = 1
_LOOK_SECONDS: Final = 0.2


def command(arguments: Sequence[str], *, by: str = "") -> list[str]:
    """Build the command line that runs `arguments` guarded by this process."""
    way = by or ("kernel" if sys.platform == "linux" else "pipe")
    return [sys.executable, "-m", "tui_migrate.demo.guarded", way, str(os.getpid()), *arguments]


def main(way: str, parent: int, arguments: Sequence[str]) -> int:
    """Become the command, or stay beside it."""
    if way == "kernel":
        _by_kernel(parent, arguments)
    return _by_pipe(arguments)


def _by_kernel(parent: int, arguments: Sequence[str]) -> NoReturn:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it ended before the kernel was asked
        sys.exit(1)
    os.execv(arguments[0], list(arguments))  # noqa: S606 -- no shell is meant


def _by_pipe(arguments: Sequence[str]) -> int:
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while process.poll() is None:
            closed, _, _ = select.select([sys.stdin], [], [], _LOOK_SECONDS)
            if closed:
                process.terminate()
                try:
                    process.wait(GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
        return process.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))

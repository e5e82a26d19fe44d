"""A command on a pseudo-terminal of its own, which can be closed."""

import asyncio
import os
import pty
import subprocess
import sys
from contextlib import suppress

# Makes the terminal on stdin the controlling one of its new session, as a login does, and becomes the command.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "tui_migrate", *sys.argv[1:]])
"""


class Terminal:
    """Runs a command line of tui-migrate; `shown` is what it wrote so far."""

    def __init__(self, *words: str) -> None:
        self._main, side = pty.openpty()
        os.set_blocking(self._main, False)
        self.shown = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *words], stdin=side, stdout=side, stderr=side, start_new_session=True
        )
        os.close(side)
        asyncio.get_running_loop().add_reader(self._main, self._read)

    def close(self) -> None:
        """Close the terminal, as a lost connection does: the kernel sends SIGHUP to its session."""
        if self._main >= 0:
            asyncio.get_running_loop().remove_reader(self._main)
            os.close(self._main)
            self._main = -1

    def end(self) -> None:
        """Leave nothing behind."""
        self.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        try:
            self.shown += os.read(self._main, 65_536)
        except BlockingIOError:
            return
        except OSError:  # EIO: the command has ended
            asyncio.get_running_loop().remove_reader(self._main)

"""Named places, before and after each durable step, at which a test can stop the program dead. Free when off.

`TUI_MIGRATE_FAILPOINT=NAME` or `NAME:N` kills the process with SIGKILL when it comes by NAME for the Nth time; `*:N`
kills it at the Nth place it comes by, whatever that is called.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "TUI_MIGRATE_FAILPOINT"
ANY: Final = "*"

_name, _, _times = os.environ.get(VARIABLE, "").partition(":")
_left = int(_times or 1)


def failpoint(name: str) -> None:
    """Die here, if this is the place and the time."""
    if not _name or _name not in (name, ANY):
        return
    global _left  # noqa: PLW0603 - one counter a process is what a failpoint is
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

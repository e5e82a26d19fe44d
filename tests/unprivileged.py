"""Run as a script: becomes the command it is given, for which file modes hold even if its user is root.

Root passes by modes through two capabilities of Linux (capabilities(7)). A program that is executed gets none that is
not in the bounding set, and neither does any that it starts.
"""

import ctypes
import os
import sys

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def let_modes_hold() -> None:
    """Drop both for whatever is executed from now on."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the capability could not be dropped")


if __name__ == "__main__":
    if os.geteuid() == 0:
        let_modes_hold()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - a command of the tests, which no shell has to read

"""A shell with job control and nothing else: runs a command, says when it stops, continues it at each line it reads."""

import os
import signal
import sys


def main() -> int:
    """Run the command line in a process group of its own, in the foreground; give its exit code."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is wanted, this is one
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        os.tcsetpgrp(0, os.getpgrp())
        os.write(1, b"\x1b[2J\x1b[HSTOPPED, garbage everywhere\r\n")
        sys.stdin.readline()
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main())

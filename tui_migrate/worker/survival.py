"""How a worker outlives the login session it is started from.

A session and a log of its own (setsid) is enough where logging out ends nobody's processes. Where systemd ends them
(`KillUserProcesses` of logind.conf(5)), a worker lives on only in a scope of the user's own service manager, which
itself outlives the session where lingering is on (loginctl(1), enable-linger). systemd-run(1) with `--scope` becomes
the worker: its pid, standard input and environment stay.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

ASK_SECONDS: Final = 5.0
"""The longest that systemd may take to answer; one that does not is done without."""

_SCOPE: Final = ("--user", "--scope", "--quiet", "--collect")


@dataclass(frozen=True, slots=True)
class Survival:
    """What to put before a worker's command line, and what to warn of, empty where there is nothing to."""

    prefix: tuple[str, ...] = ()
    warning: str = ""


def find_survival() -> Survival:
    """Ask how a worker outlives its session. Blocks for a moment, never fails, and asks nobody where no systemd is."""
    loginctl, runner = shutil.which("loginctl"), shutil.which("systemd-run")
    if loginctl is None:
        return Survival()
    is_lingering = _asked(loginctl, "show-user", str(os.getuid()), "--property=Linger") == "Linger=yes"
    # A manager that cannot be reached shows only when it is asked for a scope; the worker must not be what fails on it.
    has_manager = is_lingering and bool(os.environ.get("XDG_RUNTIME_DIR"))
    if runner is not None and has_manager and _asked(runner, *_SCOPE, "true") is not None:
        return Survival((runner, *_SCOPE))
    if _asked(loginctl, "show-session", "--property=KillUserProcesses") != "KillUserProcesses=yes":
        return Survival()
    hint = "it could not be started in a scope of its own" if is_lingering else "loginctl enable-linger prevents that"
    return Survival(warning=f"logging out ends this worker, and the run has to be resumed then: {hint}")


def _asked(*command: str) -> str | None:
    """Give what a command says, None where it fails or takes too long."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return done.stdout.strip()

"""The command that the user wants to run when a run that was watched has ended.

It is told three words and nothing else: the run's id, the state it ended in, and its kind. Of the environment it gets
what a program needs to find its user and the desktop, never what may hold a password.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tui_migrate.journal.states import RunState
from tui_migrate.plan.model import RunKind
from tui_migrate.redaction import printable

KEPT_VARIABLES: Final = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "TZ",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)

PATIENCE_SECONDS: Final = 60.0
"""How long it is looked at whether the command fails; it goes on by itself after that."""

POLL_SECONDS: Final = 0.05

_LEFT_AT_WORK: Final[list["subprocess.Popen[bytes]"]] = []
"""Those that took too long: forgotten here, they would be complained about as leaks."""


async def run_finish_command(
    command: Sequence[str], run_id: int, state: RunState, kind: RunKind, patience: float = PATIENCE_SECONDS
) -> str | None:
    """Run the command, which outlives us if it takes longer; say in one line what went wrong with it, None if nothing.

    Whoever is cancelled here leaves it at work.
    """
    name = printable(command[0])
    try:
        process = _begin([*command, str(run_id), state.value, kind.value])
    except OSError as error:
        return f"the command of on_finish, {name}, cannot be run: {error.strerror}"
    deadline = time.monotonic() + patience
    try:
        while process.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)
    finally:
        if process.returncode is None:
            _LEFT_AT_WORK.append(process)
    if process.returncode:
        return f"the command of on_finish, {name}, ended with {process.returncode}"
    return None


def _begin(words: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start it without a terminal, so that it can neither draw over the screen nor end with it."""
    return subprocess.Popen(
        words,
        env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
        cwd=Path("/"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

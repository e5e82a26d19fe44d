"""Opens the app for a storm: `python -m tests.ui.terminal.stormed_app HOME LOG MAY_LEAVE`.

It cannot be left while the file MAY_LEAVE is not there. What Python complains about goes to LOG: warnings, exceptions
that nobody could raise, threads that are left; and on SIGUSR1 where it is, and what each task waits for.
"""

import asyncio
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui_migrate.cli.app import main
from tui_migrate.ui import opening

if TYPE_CHECKING:
    from tui_migrate.ui.app import MigrateApp


def keep_in(app: "MigrateApp", may_leave: Path) -> None:
    """Let no key leave the app until it may be left."""
    leave = app.exit

    def stay(*arguments: Any, **options: Any) -> None:
        app.session.wants_demo = False
        if may_leave.exists():
            leave(*arguments, **options)

    app.exit = stay  # type: ignore[method-assign] # which is the test's


def run(home: Path, log: Path, may_leave: Path) -> int:
    """Run the app as the command line does, and give its exit code."""

    def complain(text: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def warn(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: str | None = None,
    ) -> None:
        # The driver's monitors leave a connection to Python whose making was cancelled.
        if not str(message).startswith(("unclosed <socket", "unclosed transport")):
            complain(f"{category.__name__} at {filename}:{lineno}: {message}")

    def unraisable(failed: "sys.UnraisableHookArgs") -> None:
        complain(f"{failed.err_msg} {failed.object!r}: {''.join(traceback.format_exception(failed.exc_value))}")

    make = opening._make

    def make_kept_in(*arguments: Any, **options: Any) -> "MigrateApp":
        app = make(*arguments, **options)
        keep_in(app, may_leave)
        loop = asyncio.get_running_loop()

        def tell_tasks(_: int, frame: FrameType | None) -> None:
            with log.open("a", encoding="utf-8") as file:
                traceback.print_stack(frame, file=file)
                file.write(f"{app.screen_stack}, {app.focused} has the focus, keys: {vars(app._key_order)}\n")
                for task in asyncio.all_tasks(loop):
                    file.write(f"{task.get_name()} {task.get_coro()}\n")
                    task.print_stack(file=file)

        signal.signal(signal.SIGUSR1, tell_tasks)
        return app

    warnings.simplefilter("always")
    warnings.showwarning = warn
    sys.unraisablehook = unraisable
    opening._make = make_kept_in
    code = main(["--home", str(home)])
    for one in threading.enumerate():
        if one.name.startswith("terminal-"):
            complain(f"the thread {one.name} is left")
    return code


if __name__ == "__main__":
    sys.exit(run(*map(Path, sys.argv[1:])))

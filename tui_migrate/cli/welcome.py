"""What `tui-migrate` alone does: it opens the app; without a terminal it says what to try, and where its files are."""

import os
import sys
from typing import Annotated, Final, NoReturn

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from tui_migrate import __version__
from tui_migrate.cli.options import COMMON, Common, not_empty
from tui_migrate.cli.output import Output
from tui_migrate.errors import UsageError
from tui_migrate.paths import Home

_APP: Final = Group("The app", sort_key=80)

LOOPBACK: Final = "127.0.0.1"
"""Where the app is served to a browser: this machine alone."""

_COMMANDS = (
    ("demo", "two databases with sample data, ready to migrate"),
    ("list-collections --url URL", "what a database holds"),
    ("copy --source URL --target URL --dry-run", "what a copy would do; without --dry-run it does it"),
    ("export --url URL --output PATH", "a database into a package on disk"),
    ("import --url URL --input PATH", "and back"),
    ("history", "what was run, to look at, resume or roll back"),
)


def welcome(
    *,
    web: Annotated[
        int | None, Parameter(group=_APP, show_default=False, metavar="PORT", validator=Number(gte=0, lte=65_535))
    ] = None,
    web_host: Annotated[
        str | None, Parameter(group=_APP, show_default=False, metavar="ADDRESS", validator=not_empty)
    ] = None,
    common: Common = COMMON,
) -> int:
    """Open the app.

    Parameters
    ----------
    web
        Serve the app to a browser on this port instead; 0 is any that is free. The address that is printed has a token:
        whoever has it may do what you may.
    web_host
        Where --web listens, if not on 127.0.0.1; other machines can reach what is not loopback, and read along, for it
        is plain HTTP.
    """
    if web is not None:
        return _serve(common, web_host or LOOPBACK, web)
    if web_host is not None:
        raise UsageError("--web-host goes with --web", hint="--web PORT serves the app to a browser")
    from tui_migrate.ui.opening import Left, open_app, why_not

    refusal = why_not()
    if common.json or refusal is not None:
        _say_what_to_try(common.output, common.place, refusal.message if refusal is not None else "")
        return 0
    exit_code, left = open_app(common.place)
    if left is Left.FOR_DEMO:
        _become_demo(common.place)
    return exit_code


def _serve(common: Common, host: str, port: int) -> int:
    import asyncio

    from tui_migrate.ui.web.server import serve

    def say(address: str) -> None:
        common.output.document({"address": address})
        common.output.line(f"tui-migrate is at {address}")
        common.output.line("Keep the address to yourself. ctrl+c ends it; runs go on.")
        sys.stdout.flush()

    asyncio.run(serve(common.place, host, port, say))
    return 0


def _become_demo(home: Home) -> NoReturn:
    """Go on as the demo: an app is made once in a process, before anything else knows the terminal."""
    words = [sys.executable, "-P", "-m", "tui_migrate", "demo", "--home", str(home.state / "demo")]
    os.execv(words[0], words)  # noqa: S606 -- our own command line, without a shell


def _say_what_to_try(output: Output, home: Home, refusal: str) -> None:
    files = {"connections": home.connections, "journal": home.journal, "runs": home.state / "runs"}
    output.document(
        {
            "version": __version__,
            "commands": [f"tui-migrate {command}" for command, _ in _COMMANDS],
            "files": {name: str(path) for name, path in files.items()},
        }
    )
    output.line(f"tui-migrate {__version__} shows no screens here: {refusal}.")
    output.line("Everything can be done by commands too. To try:")
    output.line()
    width = max(len(command) for command, _ in _COMMANDS)
    for command, words in _COMMANDS:
        output.line(f"  tui-migrate {command:<{width}}  {words}")
    output.line()
    output.line("Every command explains itself with --help; tui-migrate --help lists them all. Files:")
    output.line()
    for name, path in files.items():
        output.line(f"  {name:<11}  {path}")

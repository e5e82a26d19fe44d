"""The command line's app: which commands there are, and the outermost edge where every error ends."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from tui_migrate import __version__
from tui_migrate.cli import (
    backup,
    catalogs,
    comparing,
    conflicts,
    demo,
    explain,
    looking,
    migrate,
    report,
    runs,
    steer,
    validate,
    welcome,
)
from tui_migrate.cli.encryption import refuse_typed_passphrase
from tui_migrate.cli.errors_out import as_known, log_unexpected, show_error, show_error_line
from tui_migrate.cli.help_page import HelpPage
from tui_migrate.cli.output import Output, StreamGone, fill_closed_streams
from tui_migrate.errors import Cancelled, TuiMigrateError, UsageError
from tui_migrate.paths import Home
from tui_migrate.plan.model import PIPE

_STREAM_GONE_EXIT_CODE: Final = 1
_PIPED: Final = ("--output", "--input")
_GROUPS: Final = ("catalog", "backups")
"""Commands that have commands of their own: what is meant stands in the next word."""


def build_app() -> App:
    """Make the app with all commands."""
    app = App(
        name="tui-migrate",
        help=(
            "Move document data between databases and packages, watch it happen, take it back. Without a command the"
            " app opens."
        ),
        version=__version__,
        help_formatter=HelpPage(),
        help_format="plaintext",
        result_action="return_value",
    )
    app.command(demo.demo)
    app.command(looking.list_collections)
    app.command(migrate.export)
    app.command(migrate.import_, name="import")
    app.command(migrate.copy)
    app.command(migrate.start)
    app.command(validate.validate)
    app.command(comparing.compare)
    app.command(backup.backup)
    app.command(backup.backups_group())
    app.command(catalogs.catalog_group())
    app.command(explain.explain)
    for command in (runs.history, runs.status, steer.attach, steer.pause, steer.resume, steer.cancel, steer.rollback):
        app.command(command)
    app.command(steer.parallel)
    app.command(steer.retry)
    app.command(conflicts.conflicts)
    app.command(conflicts.decide)
    app.command(report.report)
    app.command(runs.delete)
    app.command(steer.worker)
    return app


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. Nothing but a broken interpreter raises out of here."""
    fill_closed_streams()
    given = list(sys.argv[1:] if words is None else words)
    home, json = _globals(given)
    output = Output(json=json, home=home)
    try:
        try:
            return _run(given)
        except StreamGone:
            raise
        except CycloptsError as error:
            return _refuse(as_usage_error(error), output)
        except KeyboardInterrupt:
            return _refuse(Cancelled("cancelled", hint="tui-migrate history shows the runs there are"), output)
        except Exception as error:  # noqa: BLE001 -- the outermost edge: whatever nobody foresaw is logged here
            return _refuse(as_known(error) or _kept(error, home), output)
    except StreamGone as gone:
        # The interpreter must not stumble over the closed stream again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _say_why(gone, output)
        return _STREAM_GONE_EXIT_CODE


def _kept(error: Exception, home: Path | None) -> TuiMigrateError:
    """Log an error that nobody foresaw, and give what to tell the user: that there is no home to log it in, if so."""
    try:
        place = Home.find(home)
    except UsageError as unusable:
        return unusable
    return log_unexpected(error, place)


def _say_why(gone: StreamGone, output: Output) -> None:
    """Say that the output could not be written, unless it is that nobody wants it."""
    why = gone.__cause__
    if isinstance(why, OSError) and why.errno not in (errno.EPIPE, errno.EIO):
        with suppress(StreamGone):
            message = f"the output cannot be written: {why.strerror}"
            show_error_line(message, "make room where it goes, or send it elsewhere", output)


def _run(words: list[str]) -> int:
    app = build_app()
    if _opens_app(words):
        app.default(welcome.welcome)
    refuse_typed_passphrase(words)
    command, bound, _ = app.parse_args(arrange(words), print_error=False, exit_on_error=False)
    return command(*bound.args, **bound.kwargs) or 0


def arrange(words: Sequence[str]) -> list[str]:
    """Bring words into the order in which they are parsed.

    Options that stand before the command go behind it, `--dry-run` without a value means `--dry-run=exact`, and a pipe
    is tied to its option: the parser would take `-` for another one.
    """
    leading = _leading(words)
    if _opens_app(words):
        return list(words)
    head, rest = list(words[:leading]), list(words[leading:])
    named = 1
    if rest[:1] and rest[0] in _GROUPS:
        further = _leading(rest[1:])
        head, rest, named = [*head, *rest[1 : 1 + further]], [*rest[:1], *rest[1 + further :]], 2
    end = rest.index("--") if "--" in rest else len(rest)
    exact = "--dry-run=exact" if named == 1 else "--dry-run"  # of a group's commands it has no value
    options = list(_with_pipes(exact if word == "--dry-run" else word for word in rest[:end]))
    return [*options[:named], *head, *options[named:], *rest[end:]]


def _with_pipes(words: Iterable[str]) -> Iterator[str]:
    option = ""
    for word in words:
        if option:
            yield f"{option}={word}" if word == PIPE else option
        if word in _PIPED:
            option = word
            continue
        if not option or word != PIPE:
            yield word
        option = ""
    if option:
        yield option


def _opens_app(words: Sequence[str]) -> bool:
    """Say whether there is no command, but at most what says how to open the app, or asks for help with that."""
    rest = words[_leading(words) :]
    return not rest or rest[0].partition("=")[0] in ("--web", "--web-host", "--help", "-h")


def _leading(words: Sequence[str]) -> int:
    place = 0
    while place < len(words):
        if words[place] == "--home":
            place += 2
        elif words[place] == "--json" or words[place].startswith(("--home=", "--json=")):
            place += 1
        else:
            break
    return min(place, len(words))


def _globals(words: Sequence[str]) -> tuple[Path | None, bool]:
    """Find `--home` and `--json` without parsing, for errors that come before or out of parsing."""
    before = list(words[: words.index("--")] if "--" in words else words)
    home = next((word.partition("=")[2] for word in before if word.startswith("--home=")), "")
    if "--home" in before[:-1]:
        home = before[before.index("--home") + 1]
    json = any(word == "--json" or word.lower() in ("--json=true", "--json=yes", "--json=1") for word in before)
    return (Path(home) if home else None), json


def as_usage_error(error: CycloptsError) -> UsageError:
    """Put what the parser says in our form."""
    error.verbose = False
    chain = " ".join(error.command_chain or ())
    return UsageError(" ".join(str(error).split()), hint=f"see tui-migrate {chain + ' ' if chain else ''}--help")


def _refuse(error: TuiMigrateError, output: Output) -> int:
    show_error(error, output)
    return error.exit_code

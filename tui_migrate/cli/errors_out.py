"""How an error is shown: a line that says what happened and to what, a hint what to do next, never a traceback."""

import os
import sys
import traceback
from collections.abc import Sequence

from tui_migrate.cli.output import Output, shows_unicode
from tui_migrate.cli.render import finding_form
from tui_migrate.errors import Refused, StorageFailed, TuiMigrateError, UsageError
from tui_migrate.findings import Finding
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.redaction import redact


class ConfirmationNeeded(UsageError):
    """The command does what cannot be taken back lightly and was given without `--confirm`."""

    code = "confirmation_needed"


class CheckFailed(Refused):
    """Preflight checks say that the run must not start.

    `findings` are all that they found, `errors` those that are in the way: errors, and warnings of a strict plan.
    """

    def __init__(self, findings: Sequence[Finding], errors: Sequence[Finding]) -> None:
        from tui_migrate.plan.checks.paging import explain_words  # every command that fails would load it

        self.findings = tuple(findings)
        self.errors = tuple(errors)
        first = self.errors[0]
        hints = filter(None, (first.hint, explain_words(first)))
        super().__init__(f"{first.subject}: {first.message}", hint="; ".join(hints))


def show_error(error: TuiMigrateError, output: Output) -> None:
    """Write an error: JSON on stdout where that was asked for, else a line and its hint on stderr."""
    if output.json:
        output.document(_error_form(error))
        return
    shown: list[tuple[str, str]] = [(error.message, error.hint)]
    if isinstance(error, CheckFailed):
        shown += [(f"{one.subject}: {one.message}", one.hint) for one in error.errors[1:]]
    for message, hint in shown:
        show_error_line(message, hint, output)


def show_error_line(message: str, hint: str, output: Output) -> None:
    """Write one error and its hint on stderr."""
    output.note(f"tui-migrate: error: {message}")
    if hint:
        output.note(f"  {'→' if shows_unicode(to_errors=True) else '->'} {hint}")


def _error_form(error: TuiMigrateError) -> dict[str, object]:
    code = error.errors[0].code if isinstance(error, CheckFailed) else error.code
    shown: dict[str, object] = {"code": code, "message": redact(error.message), "hint": redact(error.hint)}
    if isinstance(error, CheckFailed):
        return {"error": shown, "findings": [finding_form(one) for one in error.findings]}
    return {"error": shown}


def as_known(error: BaseException) -> TuiMigrateError | None:
    """Give the error of our tree that this is, or that a group of errors holds."""
    if isinstance(error, TuiMigrateError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(as_known, error.exceptions)), None)
    return None


def log_unexpected(error: BaseException, home: Home) -> TuiMigrateError:
    """Keep the traceback of an error that nobody foresaw in a file of the home, and give what to tell the user."""
    path = home.state / "error.log"
    text = redact("".join(traceback.format_exception(error)))
    try:
        make_private_folder(home.state)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{sys.version.split()[0]} {sys.platform}\n{text}\n")
    except (OSError, StorageFailed):
        return TuiMigrateError(
            f"an unexpected {type(error).__name__}, and {path} cannot be written to say more", hint="free some space"
        )
    return TuiMigrateError(f"an unexpected {type(error).__name__}", hint=f"the details are in {path}; please report it")
